namespace ReplyMint.Security;

/// <summary>Catches secrets that are no secrets: too short, a placeholder that nobody replaced, one pattern again and again.</summary>
internal static class SecretStrength
{
    public const int MinLength = 16;

    private const int MinDistinct = 6;

    // What people and sample files write instead of a secret. They may occur by chance, but not make up half of it.
    private static readonly string[] Placeholders =
    [
        "changeme", "changeit", "change", "replace", "password", "passwort", "placeholder", "example", "secret", "signing", "webhook",
        "default", "sample", "insert", "dummy", "super", "token", "admin", "test", "todo", "your", "here", "with", "this", "key", "the", "my",
    ];

    /// <returns>The rest of a sentence that starts with "the secret", or null when nothing speaks against it.</returns>
    public static string? Weakness(string secret)
    {
        if (secret.Length < MinLength)
            return $"is shorter than {MinLength} characters.";
        if (secret.AsSpan().ContainsAnyInRange('\0', '\u001f'))
            return "has more than one line or control characters in it.";
        if (Distinct(secret) < MinDistinct || IsRepetition(secret))
            return "repeats itself. Take a random one, for instance from: openssl rand -hex 32";
        if (IsSequence(secret))
            return "is a sequence. Take a random one, for instance from: openssl rand -hex 32";
        return WithoutPlaceholders(secret) * 2 < secret.Length
            ? "looks like a placeholder. Take the real one, or make one with: openssl rand -hex 32" : null;
    }

    private static int Distinct(string secret)
    {
        var seen = new HashSet<char>();
        foreach (var c in secret)
            seen.Add(c);
        return seen.Count;
    }

    /// <summary>The whole is a shorter part, at least twice.</summary>
    private static bool IsRepetition(string secret)
    {
        for (var period = 1; period <= Math.Min(secret.Length / 2, 64); period++)
            if (secret.AsSpan(period).SequenceEqual(secret.AsSpan(0, secret.Length - period)))
                return true;
        return false;
    }

    private static bool IsSequence(string secret)
    {
        var steps = 0;
        for (var i = 1; i < secret.Length; i++)
            if (Math.Abs(secret[i] - secret[i - 1]) <= 1)
                steps++;
        return steps * 4 > secret.Length * 3;
    }

    private static int WithoutPlaceholders(string secret)
    {
        var rest = secret;
        foreach (var word in Placeholders)
            rest = rest.Replace(word, "", StringComparison.OrdinalIgnoreCase);
        var left = 0;
        foreach (var c in rest)
            if (c is not ('-' or '_' or '.' or ' ' or '<' or '>' or '{' or '}' or '$'))
                left++;
        return left;
    }
}
