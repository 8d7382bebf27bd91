using System.Buffers;
using System.Security.Cryptography;

namespace ReplyMint.Storage;

/// <summary>Random ids of lower-case letters and digits. They name no person, so logs and keys may hold them.</summary>
internal static class Ids
{
    // Crockford's alphabet in lower case: its characters sort as their values do.
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>What ids and secrets are made of.</summary>
    public static SearchValues<char> Letters { get; } = SearchValues.Create(Alphabet);

    // Ten letters have room for later ones than a date has.
    private static readonly long LastTime = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>26 characters: 50 bits of time in milliseconds, then 80 random bits; sorts by time.</summary>
    public static string Timed(TimeProvider time)
    {
        Span<char> id = stackalloc char[26];
        Stamp(time.GetUtcNow(), id);
        Fill(id[10..]);
        return new string(id);
    }

    /// <summary>What all ids of that millisecond begin with: sorts before each of them, and behind all earlier ones.</summary>
    public static string At(DateTimeOffset instant)
    {
        Span<char> id = stackalloc char[10];
        Stamp(instant, id);
        return new string(id);
    }

    /// <summary>Unix milliseconds of an id of <see cref="Timed"/>.</summary>
    public static long TimeOf(string id)
    {
        long ms = 0;
        foreach (var letter in id.AsSpan(0, Math.Min(10, id.Length)))
            ms = (ms << 5) | (uint)Math.Max(0, Alphabet.IndexOf(letter, StringComparison.Ordinal));
        return ms;
    }

    /// <summary>A letter and 20 random characters (100 bits).</summary>
    public static string Random(char prefix)
    {
        Span<char> id = stackalloc char[21];
        id[0] = prefix;
        Fill(id[1..]);
        return new string(id);
    }

    /// <summary>Whether a text has the form of <see cref="Random"/>.</summary>
    public static bool IsRandom(string text, char prefix) => text.Length == 21 && text[0] == prefix && !text.AsSpan(1).ContainsAnyExcept(Letters);

    /// <summary>Whether a text has the form of <see cref="Timed"/>.</summary>
    public static bool IsTimed(string text) => text.Length == 26 && !text.AsSpan().ContainsAnyExcept(Letters) && TimeOf(text) <= LastTime;

    /// <summary>Random characters of 5 bits each.</summary>
    public static string Secret(int length)
    {
        Span<char> secret = stackalloc char[length];
        Fill(secret);
        return new string(secret);
    }

    /// <param name="bits">0 to 31.</param>
    public static char Letter(int bits) => Alphabet[bits];

    /// <summary>The 5 bits of a letter, or -1.</summary>
    public static int Value(char letter) => Alphabet.IndexOf(letter, StringComparison.Ordinal);

    private static void Stamp(DateTimeOffset at, Span<char> id)
    {
        var ms = at.ToUnixTimeMilliseconds();
        for (var i = 9; i >= 0; i--, ms >>= 5)
            id[i] = Alphabet[(int)(ms & 31)];
    }

    private static void Fill(Span<char> into)
    {
        Span<byte> random = stackalloc byte[into.Length];
        RandomNumberGenerator.Fill(random);
        for (var i = 0; i < into.Length; i++)
            into[i] = Alphabet[random[i] & 31];
    }
}
