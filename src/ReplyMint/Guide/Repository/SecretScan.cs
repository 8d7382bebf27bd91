using System.Security.Cryptography;

namespace ReplyMint.Guide;

/// <param name="Kind">What it looks like.</param>
/// <param name="Line">Where it stands, from 1.</param>
/// <param name="Mark">The first 16 digits of its SHA-256: what a list of known ones names, and all that is ever shown of it.</param>
internal sealed record FoundSecret(string Kind, int Line, string Mark);

/// <summary>Finds what looks like a secret in a file: by the beginnings that issuers give their keys, and by names with a random value behind them.</summary>
internal static class SecretScan
{
    private const string Hex = "0123456789abcdef", Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", Word = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", Url = Word + "-_", Base64 = Word + "+/=", Dotted = Url + ".";

    /// <summary>A beginning, which characters follow, and how many at least.</summary>
    private static readonly (byte[] Begin, byte[] Follows, int Least, string Kind)[] Issued =
    [
        Issue("AKIA", Upper, 16, "AWS access key id"), Issue("ASIA", Upper, 16, "AWS access key id"),
        Issue("ghp_", Word, 30, "GitHub token"), Issue("gho_", Word, 30, "GitHub token"), Issue("ghs_", Word, 30, "GitHub token"), Issue("ghr_", Word, 30, "GitHub token"), Issue("github_pat_", Url, 22, "GitHub token"),
        Issue("glpat-", Url, 20, "GitLab token"), Issue("npm_", Word, 36, "npm token"), Issue("xoxb-", Url, 20, "Slack token"), Issue("xoxp-", Url, 20, "Slack token"), Issue("hooks.slack.com/services/T", Word + "/", 20, "Slack webhook"),
        Issue("sk_live_", Word, 20, "Stripe key"), Issue("rk_live_", Word, 20, "Stripe key"), Issue("whsec_", Base64, 24, "webhook secret"), Issue("sk-ant-", Url, 24, "model service key"), Issue("sk-proj-", Url, 24, "model service key"),
        Issue("AIza", Url, 35, "Google key"), Issue("SG.", Dotted, 40, "SendGrid key"), Issue("key-", Hex, 32, "Mailgun key"), Issue("AccountKey=", Base64, 40, "Azure key"), Issue("rm_live_", Url, 30, "ReplyMint key"), Issue("rm_test_", Url, 30, "ReplyMint key"),
        Issue("eyJ", Dotted, 80, "signed token"),
    ];

    /// <summary>Behind such a name stands a secret, when it is random.</summary>
    private static readonly byte[][] Names = [.. ((string[])["password", "passwd", "secret", "token", "apikey", "api_key", "signingkey", "signing_key", "private_key", "access_key", "credential"]).Select(Bytes)];

    private static readonly byte[] PrivateKey = Bytes("PRIVATE KEY-----"), Base64Bytes = Bytes(Base64), ValueBytes = Bytes(Base64 + "-_");

    public static IReadOnlyList<FoundSecret> Find(ReadOnlySpan<byte> content)
    {
        var found = new List<FoundSecret>();
        // What holds zeros is no text.
        if (content[..Math.Min(content.Length, 8_000)].Contains((byte)0))
            return found;
        foreach (var (begin, follows, least, kind) in Issued)
            for (var (at, next) = (0, content.IndexOf(begin)); next >= 0; next = content[at..].IndexOf(begin))
            {
                var start = at + next;
                at = start + begin.Length;
                var length = Run(content[at..], follows);
                if (length >= least && (start == 0 || !char.IsAsciiLetterOrDigit((char)content[start - 1])) && (kind != "signed token" || content.Slice(at, length).Count((byte)'.') == 2))
                    Add(content, start, begin.Length + length, kind, found);
            }
        PrivateKeys(content, found);
        Named(content, found);
        return found;
    }

    private static void PrivateKeys(ReadOnlySpan<byte> content, List<FoundSecret> found)
    {
        for (var (at, next) = (0, content.IndexOf(PrivateKey)); next >= 0; next = content[at..].IndexOf(PrivateKey))
        {
            at += next + PrivateKey.Length;
            var rest = content[at..];
            // A line's end, also one that is written as \n within a text.
            var gap = 0;
            while (gap < rest.Length && gap < 4 && (char)rest[gap] is '\r' or '\n' or '\\' or 'n' or ' ')
                gap++;
            if (gap > 0 && Run(rest[gap..], Base64Bytes) is var length and >= 40)
                Add(content, at + gap, length, "private key", found);
        }
    }

    private static void Named(ReadOnlySpan<byte> content, List<FoundSecret> found)
    {
        Span<byte> lower = new byte[content.Length];
        for (var i = 0; i < content.Length; i++)
            lower[i] = (char)content[i] is >= 'A' and <= 'Z' ? (byte)(content[i] + 32) : content[i];
        foreach (var name in Names)
            for (var (at, next) = (0, ((ReadOnlySpan<byte>)lower).IndexOf(name)); next >= 0; next = ((ReadOnlySpan<byte>)lower[at..]).IndexOf(name))
            {
                at += next + name.Length;
                var start = at;
                while (start < content.Length && start - at < 12 && (char)content[start] is ' ' or '=' or ':' or '"' or '\'' or '>' or ']')
                    start++;
                var length = start == at ? 0 : Run(content[start..], ValueBytes);
                if (length is >= 20 and <= 200 && content[at..start].ContainsAny((byte)'=', (byte)':') && LooksRandom(content.Slice(start, length)))
                    Add(content, start, length, $"value of {System.Text.Encoding.ASCII.GetString(name)}", found);
            }
    }

    /// <summary>Small letters, digits and capitals or signs in a mixture that words and names don't have.</summary>
    private static bool LooksRandom(ReadOnlySpan<byte> value)
    {
        Span<int> counts = stackalloc int[128];
        var (digits, letters, changes) = (0, 0, 0);
        for (var i = 0; i < value.Length; i++)
        {
            counts[value[i] & 127]++;
            var isDigit = char.IsAsciiDigit((char)value[i]);
            (digits, letters) = (digits + (isDigit ? 1 : 0), letters + (char.IsAsciiLetter((char)value[i]) ? 1 : 0));
            if (i > 0 && isDigit != char.IsAsciiDigit((char)value[i - 1]))
                changes++;
        }
        var entropy = 0.0;
        foreach (var count in counts)
            if (count > 0)
                entropy -= (double)count / value.Length * Math.Log2((double)count / value.Length);
        return digits >= 3 && letters >= 3 && changes >= 4 && entropy >= 3.3;
    }

    private static void Add(ReadOnlySpan<byte> content, int start, int length, string kind, List<FoundSecret> found)
    {
        var mark = Convert.ToHexStringLower(SHA256.HashData(content.Slice(start, length)).AsSpan(0, 8));
        if (!found.Exists(one => one.Mark == mark))
            found.Add(new(kind, content[..start].Count((byte)'\n') + 1, mark));
    }

    private static int Run(ReadOnlySpan<byte> text, ReadOnlySpan<byte> of) => text.IndexOfAnyExcept(of) is var end and >= 0 ? end : text.Length;

    private static (byte[] Begin, byte[] Follows, int Least, string Kind) Issue(string begin, string follows, int least, string kind) => (Bytes(begin), Bytes(follows), least, kind);

    private static byte[] Bytes(string text) => System.Text.Encoding.ASCII.GetBytes(text);
}
