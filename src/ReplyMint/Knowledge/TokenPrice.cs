namespace ReplyMint.Knowledge;

/// <summary>Bounds of what a model's price and its server's own count come to: costs are kept as millionths in 64 bits, and no product of these runs over.</summary>
internal static class TokenPrice
{
    /// <summary>Of a million tokens.</summary>
    public const decimal Most = 1_000_000;

    /// <summary>Of one call; no model takes so many. A server that says more, or less than none, is not believed: it is estimated instead.</summary>
    public const long MostTokens = 100_000_000;

    public static bool Is(decimal price) => price is >= 0 and <= Most;
}
