using ReplyMint.Accounts;

namespace ReplyMint.Replies;

/// <summary>What of two answers to one mail is not the same.</summary>
/// <param name="Contradicts">Of the draft, where the person named another of the kind.</param>
/// <param name="Unsaid">Of the draft, where the person named none of the kind.</param>
/// <param name="LeftOut">Of the person, and not in the draft.</param>
internal sealed record FactDifference(IReadOnlyList<string> Contradicts, IReadOnlyList<string> Unsaid, IReadOnlyList<string> LeftOut);

/// <summary>Compares numbers, dates, amounts and links, read as the guard reads them (pure).</summary>
internal static class ShadowFacts
{
    public static FactDifference Compare(string draft, string answer, Mailbox box)
    {
        // What stands in each answer's frame says nothing about the mail.
        var frame = FactScanner.Scan($"{box.Signature}\n{box.DisplayName}\n{box.Address}", grants: true).Select(fact => (fact.Kind, fact.Canonical)).ToHashSet();
        var (ours, theirs) = (Facts(draft), Facts(answer));
        var (granted, said) = (Granted(draft), Granted(answer));
        var (contradicts, unsaid) = (new List<string>(), new List<string>());
        foreach (var fact in ours.Where(fact => !said.Contains((fact.Kind, fact.Canonical))))
            (theirs.Exists(other => other.Kind == fact.Kind && !granted.Contains((other.Kind, other.Canonical))) ? contradicts : unsaid).Add(fact.Written.Trim());
        return new(contradicts, unsaid, [.. theirs.Where(fact => !granted.Contains((fact.Kind, fact.Canonical))).Select(fact => fact.Written.Trim())]);

        List<Fact> Facts(string text) => [.. FactScanner.Scan(text, grants: false).Where(fact => fact.Kind != FactKind.Promise && !frame.Contains((fact.Kind, fact.Canonical))).DistinctBy(fact => fact.Canonical)];

        static HashSet<(FactKind, string)> Granted(string text) => [.. FactScanner.Scan(text, grants: true).Select(fact => (fact.Kind, fact.Canonical))];
    }
}
