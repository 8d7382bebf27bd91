using System.Buffers;
using System.Text;

namespace ReplyMint.Replies;

/// <summary>Things that look like credentials. Nobody sends one by mail, so nobody may override it.</summary>
internal static class SecretSigns
{
    private const string KeyBlock = "-----BEGIN";

    private static readonly (string Prefix, int Behind, string Name)[] Prefixes =
    [
        ("sk-", 16, "a model key"), ("sk_live_", 12, "a payment key"), ("sk_test_", 12, "a payment key"), ("rk_live_", 12, "a payment key"), ("whsec_", 16, "a webhook secret"), ("AKIA", 16, "a cloud key"), ("ASIA", 16, "a cloud key"),
        ("ghp_", 20, "a code host's token"), ("gho_", 20, "a code host's token"), ("github_pat_", 20, "a code host's token"), ("glpat-", 16, "a code host's token"), ("xoxb-", 10, "a chat token"), ("xoxp-", 10, "a chat token"),
        ("AIza", 30, "a cloud key"), ("ya29.", 20, "a cloud token"), ("eyJ", 30, "a signed token"), ("key-", 32, "a mail provider's key"), ("SG.", 30, "a mail provider's key"), ("rm_", 24, "an API key"),
    ];

    private static readonly string[] Labels = ["password:", "password is", "passwort:", "passwort lautet", "kennwort:", "mot de passe:", "mot de passe :", "contraseña:", "api key:", "api-key:", "api_key", "apikey:", "secret:", "client_secret", "private key", "access token:", "bearer "];

    // One pass says of most texts that they hold none of them.
    private static readonly SearchValues<string> AnyPrefix = SearchValues.Create([.. Prefixes.Select(secret => secret.Prefix)], StringComparison.Ordinal);
    private static readonly SearchValues<string> AnyLabel = SearchValues.Create(Labels, StringComparison.OrdinalIgnoreCase);

    /// <summary>What there is, by its kind.</summary>
    public static IEnumerable<string> Find(string text) => Places(text).Select(place => place.Name).Distinct();

    /// <summary>The text without them, and without numbers of cards and accounts: nobody who answers needs them, least of all a model.</summary>
    public static string Mask(string text)
    {
        List<(int Start, int Length, string Name)> places = [.. Places(text), .. AccountNumbers.Places(text)];
        if (places.Count == 0)
            return text;
        var masked = new StringBuilder(text.Length);
        var at = 0;
        foreach (var (start, length, name) in places.OrderBy(place => place.Start))
        {
            if (start > at || at == 0)
                masked.Append(text, at, Math.Max(0, start - at)).Append('[').Append(name).Append(']');
            at = Math.Max(at, start + length);
        }
        return masked.Append(text, at, text.Length - at).ToString();
    }

    private static IEnumerable<(int Start, int Length, string Name)> Places(string text)
    {
        for (var at = text.IndexOf(KeyBlock, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(KeyBlock, at + KeyBlock.Length, StringComparison.OrdinalIgnoreCase))
        {
            var end = text.IndexOf("-----END", at, StringComparison.OrdinalIgnoreCase);
            end = end < 0 ? text.Length : text.IndexOf('\n', end) is var line and >= 0 ? line : text.Length;
            yield return (at, end - at, "a key block");
        }
        foreach (var (prefix, behind, name) in text.AsSpan().ContainsAny(AnyPrefix) ? Prefixes : [])
            for (var at = text.IndexOf(prefix, StringComparison.Ordinal); at >= 0; at = text.IndexOf(prefix, at + prefix.Length, StringComparison.Ordinal))
                if ((at == 0 || !char.IsAsciiLetterOrDigit(text[at - 1])) && Run(text, at + prefix.Length) is var run && run >= behind)
                    yield return (at, prefix.Length + run, name);
        foreach (var label in text.AsSpan().ContainsAny(AnyLabel) ? Labels : [])
            for (var at = text.IndexOf(label, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(label, at + label.Length, StringComparison.OrdinalIgnoreCase))
            {
                var value = at + label.Length;
                while (value < text.Length && text[value] is ' ' or ':' or '=' or '"')
                    value++;
                // "Password: see the letter" tells none; a value has a digit or is not a word.
                var length = Run(text, value);
                if (length >= 6 && text.AsSpan(value, length).ContainsAnyInRange('0', '9'))
                    yield return (value, length, "a password or key");
            }
        // A long run of mixed characters is a key whatever it is called.
        for (var i = 0; i < text.Length;)
        {
            var length = Run(text, i);
            if (length >= 40 && Mixed(text.AsSpan(i, length)) && !InLink(text, i))
                yield return (i, length, "a long random string");
            i += Math.Max(1, length);
        }
    }

    private static int Run(string text, int start)
    {
        var end = start;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '_' or '-' or '+' or '/' or '='))
            end++;
        return end - start;
    }

    private static bool Mixed(ReadOnlySpan<char> run)
    {
        int digits = 0, letters = 0, slashes = 0;
        foreach (var c in run)
        {
            if (char.IsAsciiDigit(c))
                digits++;
            else if (char.IsAsciiLetter(c))
                letters++;
            else if (c is '/' or '-' or '_')
                slashes++;
        }
        return digits >= 6 && letters >= 6 && slashes < run.Length / 8;
    }

    /// <summary>Links are checked as links, and passages may hold long ones.</summary>
    private static bool InLink(string text, int at)
    {
        var start = at;
        while (start > 0 && !char.IsWhiteSpace(text[start - 1]))
            start--;
        return text.AsSpan(start, at - start).Contains("://", StringComparison.Ordinal);
    }
}
