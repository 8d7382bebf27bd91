using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Secrets;

/// <summary>
/// A file that a passphrase opens: a head (name of the form, how the passphrase is stretched, salt), then pieces of at most 64 KB, each sealed with AES-256-GCM.
/// The nonce counts the pieces, under a key of this file alone (Argon2id, as for the recovery kit); head, number and whether it is the last
/// are authenticated, so nothing can be cut off, exchanged or put into another order. Any size in little memory.
/// </summary>
internal static class PassphraseSeal
{
    public const int Piece = 64 * 1024;

    internal const int TagBytes = 16;
    private const int SaltBytes = 16;
    private const int HowBytes = 8;

    private static readonly byte[] Form = Encoding.ASCII.GetBytes("replymint-sealed-1\n");

    internal static int HeadBytes => Form.Length + HowBytes + SaltBytes;

    internal static byte[] NewHead()
    {
        var head = new byte[HeadBytes];
        Form.CopyTo(head, 0);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(Form.Length), KeyStretching.Usual.MemoryKilobytes);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(Form.Length + 4), (ushort)KeyStretching.Usual.Passes);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(Form.Length + 6), (ushort)KeyStretching.Usual.Lanes);
        RandomNumberGenerator.Fill(head.AsSpan(Form.Length + HowBytes));
        return head;
    }

    /// <summary>Null when the head is none of ours.</summary>
    internal static AesGcm? Open(byte[] head, string passphrase)
    {
        var how = new KeyStretching(BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(Form.Length)), BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(Form.Length + 4)), BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(Form.Length + 6)));
        if (!head.AsSpan(0, Form.Length).SequenceEqual(Form) || !how.IsSane)
            return null;
        var key = Passphrase.Stretch(passphrase, head[(Form.Length + HowBytes)..], how);
        try
        {
            return new AesGcm(key, TagBytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    internal static (byte[] Nonce, byte[] Data) Around(byte[] head, long number, bool last)
    {
        var nonce = new byte[12];
        BinaryPrimitives.WriteInt64BigEndian(nonce.AsSpan(4), number);
        var data = new byte[head.Length + 1];
        head.CopyTo(data, 0);
        data[^1] = last ? (byte)1 : (byte)0;
        return (nonce, data);
    }
}

/// <summary>Writes such a file. Only <see cref="Complete"/> makes it whole: what breaks off before can't be opened to its end.</summary>
/// <param name="to">Stays the caller's.</param>
/// <param name="passphrase">Opens it.</param>
internal sealed class PassphraseWriter(Stream to, string passphrase) : IDisposable
{
    private readonly byte[] _head = PassphraseSeal.NewHead();
    private AesGcm? _cipher;
    private readonly byte[] _piece = new byte[PassphraseSeal.Piece];
    private int _filled;
    private long _number;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_filled == _piece.Length)
                Seal(last: false);
            var some = Math.Min(bytes.Length, _piece.Length - _filled);
            bytes[..some].CopyTo(_piece.AsSpan(_filled));
            _filled += some;
            bytes = bytes[some..];
        }
    }

    public void Complete() => Seal(last: true);

    public void Dispose() => _cipher?.Dispose();

    private AesGcm Begin()
    {
        to.Write(_head);
        return PassphraseSeal.Open(_head, passphrase)!;
    }

    private void Seal(bool last)
    {
        _cipher ??= Begin();
        var (nonce, data) = PassphraseSeal.Around(_head, _number++, last);
        var @sealed = new byte[_filled];
        Span<byte> tag = stackalloc byte[PassphraseSeal.TagBytes];
        _cipher.Encrypt(nonce, _piece.AsSpan(0, _filled), @sealed, tag, data);
        Span<byte> length = stackalloc byte[sizeof(int)];
        // The sign bit says that it is the last one.
        BinaryPrimitives.WriteInt32BigEndian(length, last ? _filled | int.MinValue : _filled);
        to.Write(length);
        to.Write(@sealed);
        to.Write(tag);
        _filled = 0;
    }
}

/// <summary>Reads such a file, piece by piece.</summary>
internal static class PassphraseReader
{
    /// <summary>The pieces in order.</summary>
    /// <exception cref="InvalidDataException">It is none, the passphrase is wrong, or it was changed or cut off; the message is the rest of a sentence that begins with the file's name.</exception>
    public static IEnumerable<byte[]> Read(Stream from, string passphrase)
    {
        var head = new byte[PassphraseSeal.HeadBytes];
        using var cipher = from.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length ? PassphraseSeal.Open(head, passphrase) : null;
        if (cipher is null)
            throw new InvalidDataException("is no sealed file of this program");
        var length = new byte[sizeof(int)];
        for (long number = 0; ; number++)
        {
            if (from.ReadAtLeast(length, length.Length, throwOnEndOfStream: false) < length.Length)
                throw new InvalidDataException("ends too early");
            var said = BinaryPrimitives.ReadInt32BigEndian(length);
            var (last, size) = (said < 0, said & int.MaxValue);
            if (size > PassphraseSeal.Piece)
                throw new InvalidDataException("was changed");
            var @sealed = new byte[size + PassphraseSeal.TagBytes];
            if (from.ReadAtLeast(@sealed, @sealed.Length, throwOnEndOfStream: false) < @sealed.Length)
                throw new InvalidDataException("ends too early");
            var (nonce, data) = PassphraseSeal.Around(head, number, last);
            var piece = new byte[size];
            try
            {
                cipher.Decrypt(nonce, @sealed.AsSpan(0, size), @sealed.AsSpan(size), piece, data);
            }
            catch (AuthenticationTagMismatchException)
            {
                throw new InvalidDataException(number == 0 ? "does not open with this passphrase, or was changed" : "was changed");
            }
            yield return piece;
            if (last && from.ReadByte() >= 0)
                throw new InvalidDataException("goes on behind its end");
            if (last)
                yield break;
        }
    }
}
