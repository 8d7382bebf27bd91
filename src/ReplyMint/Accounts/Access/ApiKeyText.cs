using System.Text;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>
/// The written form of an API key: rm_live_ID_SECRETCHECK. ID is public; SECRET has 160 random bits; CHECK is a CRC-32 of
/// all before it. So a scanner recognises a leaked key, and a typing error is refused without a look into the store.
/// </summary>
internal readonly record struct ApiKeyText
{
    /// <summary>All characters of a key, one case only: nothing to mix up when it is read out or copied.</summary>
    public const int Length = PrefixLength + IdLength + 1 + SecretLength + CheckLength;

    private const int PrefixLength = 8;
    private const int IdLength = 21;
    private const int SecretLength = 32;
    // 32 bits in characters of 5.
    private const int CheckLength = 7;

    private ApiKeyText(string text, bool live) => (Text, Live) = (text, live);

    /// <summary>The whole key: a secret.</summary>
    public string Text { get; }

    /// <summary>False for a key of an installation that is not in production.</summary>
    public bool Live { get; }

    /// <summary>The public id, by which the key is found; logs and answers may name it.</summary>
    public string Id => Text.Substring(PrefixLength, IdLength);

    public static ApiKeyText New(bool live, string id) => Of(live, id, Ids.Secret(SecretLength));

    /// <summary>Null for what is no key: wrong prefix, characters, length or check.</summary>
    public static ApiKeyText? Parse(string text)
    {
        if (text.Length != Length || text[PrefixLength] != 'k' || text[PrefixLength + IdLength] != '_')
            return null;
        var live = text.StartsWith(Prefix(true), StringComparison.Ordinal);
        if (!live && !text.StartsWith(Prefix(false), StringComparison.Ordinal))
            return null;
        if (text.AsSpan(PrefixLength, IdLength).ContainsAnyExcept(Ids.Letters) || text.AsSpan(PrefixLength + IdLength + 1).ContainsAnyExcept(Ids.Letters))
            return null;
        return Check(text.AsSpan(0, Length - CheckLength)).AsSpan().SequenceEqual(text.AsSpan(Length - CheckLength)) ? new(text, live) : null;
    }

    /// <summary>How a list shows a key: enough to recognise it, nothing to use it with.</summary>
    public static string Shown(bool live, string id) => Prefix(live) + id;

    private static ApiKeyText Of(bool live, string id, string secret)
    {
        var body = $"{Prefix(live)}{id}_{secret}";
        return new(body + Check(body), live);
    }

    private static string Prefix(bool live) => live ? "rm_live_" : "rm_test_";

    private static string Check(ReadOnlySpan<char> body)
    {
        var bits = Crc32(body);
        Span<char> check = stackalloc char[CheckLength];
        for (var i = CheckLength - 1; i >= 0; i--, bits >>= 5)
            check[i] = Ids.Letter((int)(bits & 31));
        return new string(check);
    }

    /// <summary>CRC-32 as in ISO 3309 (zip, PNG). It finds accidents, it protects nothing.</summary>
    private static uint Crc32(ReadOnlySpan<char> text)
    {
        const uint polynomial = 0xEDB88320;
        var crc = uint.MaxValue;
        foreach (var c in text)
        {
            crc ^= c;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * polynomial);
        }
        return ~crc;
    }

    /// <summary>Never the secret: records are printed by mistake.</summary>
    public override string ToString() => Shown(Live, Id);
}
