using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Outbound;

/// <summary>Whom a token belongs to.</summary>
internal readonly record struct TokenSubject(string TenantId, string OutboxId);

/// <summary>
/// Signed names that come back to us: in Message-IDs, in bounce addresses and in the loop mark. Each kind has its own
/// signature, so one can't be used as another. Lower case only, since mail servers may fold an address.
/// </summary>
/// <remarks>
/// A bounce address must fit 64 octets before the at-sign (RFC 5321 4.5.3.1.1), which both ids and a whole signature do not: of the tenant's
/// id three characters stand in it. They lead to the few tenants that it may be, and the signature, which covers both ids, says which.
/// </remarks>
internal sealed class ReplyTokens
{
    public const string BouncePrefix = "bounces+";
    private const int MaxLocalPart = 64;
    private const int MaxIdChars = 40;
    private const int MacChars = 26;
    private const int HintChars = 3;
    private const int MaxBouncedChars = 26;
    private const char Version = '1';
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    /// <summary>What the token in a bounce address begins with; the one before began with a length, which this is none of.</summary>
    private const char Whole = 'z';
    /// <summary>Of the address before: lengths 1 to 34.</summary>
    private const string Lengths = "0123456789abcdefghijklmnopqrstuvwxy";
    private const int LeastShort = 7;

    private readonly byte[] _key;

    /// <param name="key">32 bytes, used for nothing else.</param>
    public ReplyTokens(ReadOnlySpan<byte> key)
    {
        if (key.Length != 32)
            throw new ArgumentException("The key has 32 bytes.", nameof(key));
        _key = key.ToArray();
    }

    /// <summary>"v1.TENANT.OUTBOX.MAC@domain", without angle brackets.</summary>
    public string MessageId(TokenSubject subject, string domain) => Dotted('m', subject) + "@" + domain;

    public TokenSubject? ReadMessageId(string messageId)
    {
        var at = messageId.IndexOf('@', StringComparison.Ordinal);
        return at > 0 ? ReadDotted('m', messageId.AsSpan(0, at).TrimStart('<')) : null;
    }

    /// <summary>The value of the loop header.</summary>
    public string LoopMark(TokenSubject subject) => Dotted('l', subject);

    public TokenSubject? ReadLoopMark(string mark) => ReadDotted('l', mark.AsSpan().Trim());

    /// <summary>What stands in the link by which the reader of an answer says that he wants no more of them.</summary>
    public string Withdrawal(TokenSubject subject) => Dotted('w', subject);

    public TokenSubject? ReadWithdrawal(string token) => ReadDotted('w', token);

    /// <summary>"bounces+zHINT,OUTBOX,MAC@domain", without the commas.</summary>
    /// <exception cref="ArgumentException">An id is none, or is longer than there is room for.</exception>
    public string BounceAddress(TokenSubject subject, string domain)
    {
        if (!IsId(subject.TenantId) || !IsId(subject.OutboxId) || subject.TenantId.Length <= HintChars || subject.OutboxId.Length > MaxBouncedChars)
            throw new ArgumentException("Ids are lower-case letters and digits: of a tenant more than 3, of a mail at most 26.", nameof(subject));
        return $"{BouncePrefix}{Whole}{subject.TenantId.AsSpan(1, HintChars)}{subject.OutboxId}{Mac('c', subject)}@{domain}";
    }

    /// <summary>What the ids of those few tenants begin with whose a bounce address may be; null when it is none.</summary>
    public static string? TenantsOf(string address) => Bounced(address) is [Whole, _, _, _, ..] token ? "t" + token[1..(1 + HintChars)] : null;

    /// <summary>Whose it is, if it is this tenant's.</summary>
    public TokenSubject? ReadBounceAddress(string address, string tenant)
    {
        if (Bounced(address) is not [Whole, ..] token || token.Length <= 1 + HintChars + MacChars || TenantsOf(address) is not { } prefix || !tenant.StartsWith(prefix, StringComparison.Ordinal))
            return null;
        var subject = new TokenSubject(tenant, token[(1 + HintChars)..^MacChars]);
        return Verified('c', subject, token.AsSpan()[^MacChars..], MacChars) ? subject : null;
    }

    /// <summary>
    /// The same of an address of before, which named both ids and had room for seven characters of the signature: too few to believe, so whoever
    /// reads it looks whether that mail left under it. For mails of before that still come back.
    /// </summary>
    public TokenSubject? ReadShortBounceAddress(string address)
    {
        if (Bounced(address) is not { Length: > 2 } token)
            return null;
        var (tenant, outbox) = (Lengths.IndexOf(token[0], StringComparison.Ordinal), Lengths.IndexOf(token[1], StringComparison.Ordinal));
        var ids = 2 + tenant + outbox;
        if (tenant < 1 || outbox < 1 || token.Length < ids + LeastShort)
            return null;
        var subject = new TokenSubject(token.Substring(2, tenant), token.Substring(2 + tenant, outbox));
        return Verified('b', subject, token.AsSpan(ids), Math.Min(MacChars, MaxLocalPart - BouncePrefix.Length - ids)) ? subject : null;
    }

    private static string? Bounced(string address) =>
        address.LastIndexOf('@') is > 0 and <= MaxLocalPart and var at && address.StartsWith(BouncePrefix, StringComparison.OrdinalIgnoreCase) && at >= BouncePrefix.Length
            ? address[BouncePrefix.Length..at].ToLowerInvariant() : null;

    private string Dotted(char kind, TokenSubject subject)
    {
        if (!IsId(subject.TenantId) || !IsId(subject.OutboxId))
            throw new ArgumentException("Ids are 1 to 40 lower-case letters and digits.", nameof(subject));
        return $"v{Version}.{subject.TenantId}.{subject.OutboxId}.{Mac(kind, subject)}";
    }

    private TokenSubject? ReadDotted(char kind, ReadOnlySpan<char> token)
    {
        if (token.Length > 3 + 2 * (MaxIdChars + 1) + MacChars)
            return null;
        var parts = token.ToString().ToLowerInvariant().Split('.');
        if (parts.Length != 4 || parts[0] != "v1" || !IsId(parts[1]) || !IsId(parts[2]))
            return null;
        var subject = new TokenSubject(parts[1], parts[2]);
        return Verified(kind, subject, parts[3], MacChars) ? subject : null;
    }

    private bool Verified(char kind, TokenSubject subject, ReadOnlySpan<char> mac, int length)
    {
        if (mac.Length != length || !IsId(subject.TenantId) || !IsId(subject.OutboxId))
            return false;
        Span<byte> given = stackalloc byte[MacChars], right = stackalloc byte[MacChars];
        if (Encoding.UTF8.GetByteCount(mac) != length)
            return false;
        Encoding.UTF8.GetBytes(mac, given);
        Encoding.UTF8.GetBytes(Mac(kind, subject).AsSpan(0, length), right);
        return CryptographicOperations.FixedTimeEquals(given[..length], right[..length]);
    }

    /// <summary>The first 130 bits of HMAC-SHA256 over kind, version and the two ids, five bits a character.</summary>
    private string Mac(char kind, TokenSubject subject)
    {
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{kind}{Version}|{subject.TenantId}|{subject.OutboxId}"), hash);
        Span<char> text = stackalloc char[MacChars];
        for (var i = 0; i < MacChars; i++)
        {
            var bit = i * 5;
            var pair = (hash[bit / 8] << 8) | hash[bit / 8 + 1];
            text[i] = Alphabet[(pair >> (11 - bit % 8)) & 31];
        }
        return new string(text);
    }

    private static bool IsId(string id)
    {
        if (id.Length is < 1 or > MaxIdChars)
            return false;
        foreach (var c in id)
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c))
                return false;
        return true;
    }
}
