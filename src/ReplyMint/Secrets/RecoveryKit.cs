using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Secrets;

/// <summary>
/// The master key wrapped by a passphrase, as a text that survives on paper. What stands in its head is authenticated with it.
/// </summary>
internal sealed record RecoveryKit
{
    private const string Title = "ReplyMint recovery kit, form 1";
    private const int SaltBytes = 16;
    private const int HeadBytes = 8;
    private const byte Argon2id = 1;

    public required string StoreId { get; init; }
    public required DateOnly Made { get; init; }
    /// <summary>Of the master key in it (<see cref="MasterKey.Check"/>).</summary>
    public required string KeyCheck { get; init; }
    /// <summary>How the passphrase is stretched, the salt, and the wrapped key.</summary>
    public required byte[] Content { get; init; }

    public static RecoveryKit Make(MasterKey master, string storeId, DateOnly made, string passphrase, SealedForm form)
    {
        var (how, salt) = (KeyStretching.Usual, RandomNumberGenerator.GetBytes(SaltBytes));
        var head = new byte[HeadBytes];
        head[0] = Argon2id;
        head[1] = (byte)how.Lanes;
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(2), (ushort)how.Passes);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4), how.MemoryKilobytes);
        var kit = new RecoveryKit { StoreId = storeId, Made = made, KeyCheck = master.Check, Content = [.. head, .. salt] };
        return kit with { Content = [.. head, .. salt, .. master.WrapSelf(Passphrase.Stretch(passphrase, salt, how), form, kit.Context())] };
    }

    /// <summary>The master key; null when the passphrase is another, or the kit was changed.</summary>
    public MasterKey? Open(string passphrase)
    {
        if (Content.Length <= HeadBytes + SaltBytes || Content[0] != Argon2id)
            return null;
        var how = new KeyStretching(BinaryPrimitives.ReadInt32BigEndian(Content.AsSpan(4)), BinaryPrimitives.ReadUInt16BigEndian(Content.AsSpan(2)), Content[1]);
        if (!how.IsSane)
            return null;
        var key = Passphrase.Stretch(passphrase, Content[HeadBytes..(HeadBytes + SaltBytes)], how);
        return MasterKey.UnwrapSelf(key, Content.AsSpan(HeadBytes + SaltBytes), Context()) is { } master && master.Check == KeyCheck ? master : null;
    }

    public string Write()
    {
        var text = new StringBuilder()
            .AppendLine(Title)
            .AppendLine(CultureInfo.InvariantCulture, $"store  {StoreId}")
            .AppendLine(CultureInfo.InvariantCulture, $"made   {Made:yyyy-MM-dd}")
            .AppendLine(CultureInfo.InvariantCulture, $"key    {KeyCheck}")
            .AppendLine();
        foreach (var line in PaperLines.Write(Content))
            text.AppendLine(line);
        return text.AppendLine()
            .AppendLine("With its passphrase this opens everything that the store holds. Keep the two apart, and both away")
            .AppendLine("from the data. On a new machine: replymint secrets restore-key FILE (FILE may be typed off this page).")
            .ToString().ReplaceLineEndings("\n");
    }

    /// <param name="text">As written, or typed off paper: case, blanks and empty lines don't matter.</param>
    /// <returns>The kit, or what is wrong with it.</returns>
    public static (RecoveryKit? Kit, string? Problem) Read(string text)
    {
        if (text.Length > 16 * 1024 || !text.Contains("recovery kit, form", StringComparison.OrdinalIgnoreCase))
            return (null, "is no recovery kit of ReplyMint");
        if (!text.Contains(Title, StringComparison.OrdinalIgnoreCase))
            return (null, "is a recovery kit of another form; use the ReplyMint that made it");
        var lines = text.Split('\n').Select(line => line.Trim()).ToList();
        string? Head(string name) => lines.FirstOrDefault(line => line.StartsWith(name + " ", StringComparison.OrdinalIgnoreCase))?[name.Length..].Trim();
        if (Head("store") is not { } store || !Ids.IsRandom(store, 's'))
            return (null, "names no store (a line such as: store s0123...)");
        if (!DateOnly.TryParseExact(Head("made"), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var made))
            return (null, "has no date (a line such as: made 2026-11-24)");
        if (Head("key") is not { Length: > 0 } check)
            return (null, "has no line that starts with: key");
        var (content, problem) = PaperLines.Read(lines);
        return content is null ? (null, problem) : (new RecoveryKit { StoreId = store, Made = made, KeyCheck = check, Content = content }, null);
    }

    private byte[] Context() =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"recovery-kit\n1\n{StoreId}\n{Made:yyyy-MM-dd}\n{KeyCheck}\n{Convert.ToHexStringLower(Content.AsSpan(0, HeadBytes + SaltBytes))}"));
}
