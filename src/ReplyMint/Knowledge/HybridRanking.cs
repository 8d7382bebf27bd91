namespace ReplyMint.Knowledge;

/// <summary>
/// Puts what words found and what meaning found into one order, by their ranks alone (reciprocal rank fusion): the two scores are
/// of different kinds. The score that decides whether a passage answers stays that of the words.
/// </summary>
internal static class HybridRanking
{
    /// <summary>How many of each are looked at.</summary>
    public const int Depth = 50;

    /// <summary>The usual constant: the first ranks differ little, so that one ranking alone does not decide.</summary>
    private const double Evening = 60;

    /// <param name="words">What words found, best first.</param>
    /// <param name="near">What is near in meaning, best first, with the cosine.</param>
    /// <param name="answersFrom">The cosine from which the first of all answers whatever its words; 0 is never.</param>
    /// <param name="threshold">The score from which on a passage answers.</param>
    /// <param name="limit">Most hits.</param>
    public static IReadOnlyList<PassageHit> Fuse(IReadOnlyList<PassageHit> words, IReadOnlyList<PassageHit> near, double answersFrom, double threshold, int limit)
    {
        var all = new Dictionary<string, Ranked>(StringComparer.Ordinal);
        for (var i = 0; i < words.Count; i++)
            Of(words[i]).Rank += 1 / (Evening + i + 1);
        for (var i = 0; i < near.Count; i++)
        {
            var one = Of(near[i] with { Score = 0 });
            one.Rank += 1 / (Evening + i + 1);
            one.Cosine = near[i].Score;
        }
        var order = all.Values.ToList();
        order.Sort(static (a, b) => b.Rank.CompareTo(a.Rank) is not 0 and var byRank ? byRank : a.Order - b.Order);
        var hits = order.Take(limit).Select(one => one.Hit).ToList();
        if (order is [var first, ..] && answersFrom > 0 && first.Cosine >= answersFrom && first.Hit.Score < threshold)
            hits[0] = first.Hit with { Score = threshold };
        return hits;

        Ranked Of(PassageHit hit)
        {
            if (!all.TryGetValue(hit.Passage.Id, out var ranked))
                all[hit.Passage.Id] = ranked = new(hit, all.Count);
            return ranked;
        }
    }

    /// <param name="order">Among equals whom the words found comes first.</param>
    private sealed class Ranked(PassageHit hit, int order)
    {
        public PassageHit Hit => hit;
        public int Order => order;
        public double Rank { get; set; }
        public double Cosine { get; set; }
    }
}
