using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>The two parts of a backup: they are kept for different times, so that what an old copy of the data holds of an erased person can't be read any more.</summary>
internal enum BackupPart : byte
{
    /// <summary>Everything but the wrapped keys.</summary>
    Data = (byte)'D',
    /// <summary>The wrapped keys, and which store they are of.</summary>
    Keys = (byte)'K',
}

/// <summary>The clear beginning of a part. The key of the rest is derived from all of it, so nothing of it can be changed.</summary>
/// <param name="At">The instant that the part shows, UTC, in milliseconds.</param>
/// <param name="KeyCheck">Which master key opens it (<see cref="MasterKey.Check"/>).</param>
/// <param name="Salt">16 random bytes: each part has a key of its own.</param>
/// <param name="Form">How the rest is sealed.</param>
internal sealed record BackupHeader(BackupPart Part, string StoreId, DateTimeOffset At, string KeyCheck, byte[] Salt, SealedForm Form)
{
    /// <summary>The newest form that is written and read here.</summary>
    public const byte NewestForm = (byte)SealedForm.ChaCha20Poly1305;

    public const int Bytes = MagicBytes + 2 + IdBytes + 8 + CheckBytes + SaltBytes;

    private const int MagicBytes = 8, IdBytes = 21, CheckBytes = 22, SaltBytes = 16;

    private static ReadOnlySpan<byte> Magic => "RMBACKUP"u8;

    public static BackupHeader Of(BackupPart part, string storeId, DateTimeOffset at, MasterKey master, SealedForm form) =>
        new(part, storeId, DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds()), master.Check, RandomNumberGenerator.GetBytes(SaltBytes), form);

    public byte[] Write()
    {
        var bytes = new byte[Bytes];
        Magic.CopyTo(bytes);
        bytes[MagicBytes] = (byte)Form;
        bytes[MagicBytes + 1] = (byte)Part;
        var rest = bytes.AsSpan(MagicBytes + 2);
        Encoding.ASCII.GetBytes(StoreId, rest[..IdBytes]);
        BinaryPrimitives.WriteInt64BigEndian(rest[IdBytes..], At.ToUnixTimeMilliseconds());
        Encoding.ASCII.GetBytes(KeyCheck, rest.Slice(IdBytes + 8, CheckBytes));
        Salt.CopyTo(rest[(IdBytes + 8 + CheckBytes)..]);
        return bytes;
    }

    /// <exception cref="BackupRefusedException">It is no part of a backup, or of a newer form.</exception>
    public static BackupHeader Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Bytes || !bytes.StartsWith(Magic))
            throw new BackupRefusedException("it is no part of a backup, or its beginning is damaged");
        if (bytes[MagicBytes] > NewestForm)
            throw new BackupRefusedException($"it was written by a newer ReplyMint (form {bytes[MagicBytes]}; this one knows {NewestForm}), or its beginning is damaged");
        var rest = bytes[(MagicBytes + 2)..];
        var id = Encoding.ASCII.GetString(rest[..IdBytes]);
        var ms = BinaryPrimitives.ReadInt64BigEndian(rest[IdBytes..]);
        if (bytes[MagicBytes] == 0 || (BackupPart)bytes[MagicBytes + 1] is not (BackupPart.Data or BackupPart.Keys) || !Ids.IsRandom(id, 's') || ms < 0 || ms > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            throw new BackupRefusedException("its beginning is damaged");
        return new((BackupPart)bytes[MagicBytes + 1], id, DateTimeOffset.FromUnixTimeMilliseconds(ms), Encoding.ASCII.GetString(rest.Slice(IdBytes + 8, CheckBytes)), rest.Slice(IdBytes + 8 + CheckBytes, SaltBytes).ToArray(), (SealedForm)bytes[MagicBytes]);
    }

    /// <summary>The key of one part: no other part, and nothing else that is sealed, has it.</summary>
    internal byte[] Key(MasterKey master) => master.Derive("backup part\n" + Convert.ToHexStringLower(SHA256.HashData(Write())));
}

/// <summary>A part of a backup can't be used; the message is the end of a sentence that begins with the file.</summary>
internal sealed class BackupRefusedException(string message) : Exception(message);
