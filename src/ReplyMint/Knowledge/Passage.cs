namespace ReplyMint.Knowledge;

/// <summary>A piece of a tenant's knowledge: what an answer may rest on.</summary>
/// <param name="Id">Stable within its source: hash of source name and position.</param>
/// <param name="Source">The file's name as given, such as "faq.md".</param>
/// <param name="Question">The heading or question, or empty.</param>
internal sealed record Passage(string Id, string Source, string Question, string Answer)
{
    public int V { get; init; } = 1;
    /// <summary>"en", "de", "fr", "es" or "" when not told.</summary>
    public string Language { get; init; } = "";
    /// <summary>The entry's own id where its file gives one (JSONL "id"), else empty. Parts of a split entry share it.</summary>
    public string Ref { get; init; } = "";
}

/// <summary>A passage that was found, with how well it fits.</summary>
/// <param name="Score">0 to 1: share of the question's weighted words that the passage covers, less what its best rival has; comparable between queries.</param>
internal sealed record PassageHit(Passage Passage, double Score);
