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
/// A bounce address must fit 64 octets before the at-sign (RFC 5321 4.5.3.1.1), so its signature is cut to what is left,
/// never below <see cref="MinMacChars"/> characters; the outbox id's own 80 random bits make a foreign one unguessable.
/// </remarks>
internal sealed class ReplyTokens
{
    public const string BouncePrefix = "bounces+";
    private const int MaxLocalPart = 64;
    private const int MaxIdChars = 40;
    private const int MacChars = 26;
    private const int MinMacChars = 7;
    private const char Version = '1';
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    /// <summary>Lengths 1 to 34. A token of the next version begins with "z", which is no length.</summary>
    private const string Lengths = "0123456789abcdefghijklmnopqrstuvwxy";

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

    /// <summary>"bounces+TOKEN@domain": the ids' lengths (one character each), the ids, and what fits of the MAC.</summary>
    /// <exception cref="ArgumentException">The two ids are together longer than 47 characters, which no local part has room for.</exception>
    public string BounceAddress(TokenSubject subject, string domain)
    {
        var ids = subject.TenantId.Length + subject.OutboxId.Length;
        if (Room(ids) < MinMacChars || !Fits(subject.TenantId) || !Fits(subject.OutboxId))
            throw new ArgumentException("Ids are 1 to 34 lower-case letters and digits, together at most 47.", nameof(subject));
        var mac = Mac('b', subject).AsSpan(0, Room(ids));
        return $"{BouncePrefix}{Lengths[subject.TenantId.Length]}{Lengths[subject.OutboxId.Length]}{subject.TenantId}{subject.OutboxId}{mac}@{domain}";
    }

    public TokenSubject? ReadBounceAddress(string address)
    {
        var at = address.LastIndexOf('@');
        if (at <= 0 || at > MaxLocalPart || !address.StartsWith(BouncePrefix, StringComparison.OrdinalIgnoreCase))
            return null;
        var token = address[BouncePrefix.Length..at].ToLowerInvariant();
        if (token.Length < 2)
            return null;
        var tenant = Lengths.IndexOf(token[0], StringComparison.Ordinal);
        var outbox = Lengths.IndexOf(token[1], StringComparison.Ordinal);
        if (tenant < 1 || outbox < 1 || token.Length <= 2 + tenant + outbox)
            return null;
        var subject = new TokenSubject(token.Substring(2, tenant), token.Substring(2 + tenant, outbox));
        return Verified('b', subject, token.AsSpan(2 + tenant + outbox), Room(tenant + outbox)) ? subject : null;
    }

    /// <summary>How much of the MAC a bounce address has room for.</summary>
    private static int Room(int ids) => Math.Min(MacChars, MaxLocalPart - BouncePrefix.Length - 2 - ids);

    private static bool Fits(string id) => id.Length < Lengths.Length && IsId(id);

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
        if (mac.Length != length || length < MinMacChars || !IsId(subject.TenantId) || !IsId(subject.OutboxId))
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
