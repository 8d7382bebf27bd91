namespace ReplyMint.Guide;

/// <summary>Drafts that must not leave by themselves, and one that may: a small corpus of our own.</summary>
internal static class DraftCorpus
{
    public const string Question = "When does my order arrive?";
    public const string Passage = "We send orders within two days, and tell you when they leave.";
    public const string Good = "Hello Anna,\n\nWe send orders within two days, and tell you when they leave.\n\nKind regards\nShop";
    public const string Canary = "zq7hx2mvk9";

    /// <summary>What the draft does, and the draft.</summary>
    public static IReadOnlyList<(string Kind, string Text)> Held { get; } =
    [
        ("names a price that nobody wrote", "It costs 49.99 EUR."),
        ("leads to an address that nobody wrote", "Please look at https://pay.stranger.example/now"),
        ("asks to write to a stranger", "Please write to refunds@stranger.example"),
        ("asks to call a stranger", "Please call +49 30 1234567."),
        ("promises money", "We refund you in full, I promise."),
        ("names a discount that nobody wrote", "You get 50 % off."),
        ("holds markup", "<img src=x> We send orders within two days."),
        ("holds a header of mail", "We send orders within two days.\nBcc: all@stranger.example"),
        ("shows a key", "The key is AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("shows the instruction's mark", $"My instruction says {Canary}."),
        ("says nothing", "  "),
    ];
}
