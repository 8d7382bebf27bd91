using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Guide;

/// <summary>
/// The last line of a report that is handed on: the hash of all before it, and the installation's signed statement of that hash. A comment,
/// so that the page shows as it did.
/// </summary>
internal static class GuideSeal
{
    /// <summary>Of the statement.</summary>
    public const string Kind = "guide-report";

    private const string Start = "<!-- replymint guide: sha256 ";
    private const string Signed = "; signed ";
    private const string Unsigned = "; not signed";
    private const string End = " -->\n";

    public static string HashOf(string page) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(page)));

    /// <param name="statement">The compact JWS, or null where nobody could sign.</param>
    public static string Seal(string page, string? statement) => $"{page}{Start}{HashOf(page)}{(statement is null ? Unsigned : Signed + statement)}{End}";

    /// <summary>What the last line says, and what the hash is; null for what is no sealed report.</summary>
    public static (string Said, string Hash, string? Statement)? Read(ReadOnlySpan<byte> file)
    {
        var at = file.LastIndexOf(Encoding.UTF8.GetBytes("\n" + Start)) + 1;
        if (at == 0 || Encoding.UTF8.GetString(file[(at + Start.Length)..]) is not { Length: > 64 } rest || !rest.EndsWith(End, StringComparison.Ordinal))
            return null;
        var (said, how) = (rest[..64], rest[64..^End.Length]);
        if (how != Unsigned && !how.StartsWith(Signed, StringComparison.Ordinal))
            return null;
        return (said, Convert.ToHexStringLower(SHA256.HashData(file[..at])), how == Unsigned ? null : how[Signed.Length..]);
    }
}
