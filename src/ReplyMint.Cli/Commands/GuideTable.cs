using ReplyMint.Guide;

namespace ReplyMint.Cli.Commands;

/// <summary>The guide's report for a person at a terminal.</summary>
internal static class GuideTable
{
    private const int Most = 600;

    /// <summary>From so many controls on a reason is told once, below all of them.</summary>
    private const int Several = 3;

    private const int PerLine = 12;

    public static void Write(GuideReport report, TextWriter to)
    {
        var shared = Shared(report);
        foreach (var one in report.Judgements)
        {
            to.WriteLine($"{one.Control.Id,-8} {Word(one),-15} {one.Control.Title}");
            foreach (var finding in one.Findings)
                if (finding.Outcome.Verdict == one.Verdict && one.Verdict != Verdict.Pass && !(one.Verdict == Verdict.NotChecked && shared.ContainsKey(Reason(finding))))
                    to.WriteLine($"         {Reason(finding)}");
            if (one.Accepted is { } accepted)
                to.WriteLine($"         accepted: {Plain.Line(accepted, Most)}");
            else if (one.Counts)
                to.WriteLine($"         mend: {one.Control.Remedy}");
            if (one.Note is { } note)
                to.WriteLine($"         it was accepted {Plain.Line(note, Most)}; that is over");
        }
        to.WriteLine();
        foreach (var (reason, ids) in shared)
        {
            to.WriteLine($"Not checked, {reason}");
            foreach (var line in ids.Chunk(PerLine))
                to.WriteLine($"         {string.Join(' ', line)}");
        }
        if (shared.Count > 0)
            to.WriteLine();
        to.WriteLine($"{report.Judgements.Count} controls of {Plain.Line(report.Of, Most)}: {report.Count(Verdict.Pass)} pass, {report.Count(Verdict.Fail)} fail, {report.Count(Verdict.Warn)} warn, "
            + $"{report.Count(Verdict.NotApplicable)} not applicable, {report.Count(Verdict.NotChecked)} not checked{(report.Accepted > 0 ? $"; {report.Accepted} findings are accepted" : "")}.");
        var partly = report.Judgements.Count(one => one.Verdict != Verdict.NotChecked && one.Findings.Any(finding => finding.Outcome.Verdict == Verdict.NotChecked));
        if (partly > 0)
            to.WriteLine($"{partly} of those that were checked could be looked at in one more way, which this run did not; --format json says which.");
    }

    /// <summary>Why several controls were not looked at, and which.</summary>
    private static Dictionary<string, List<string>> Shared(GuideReport report)
    {
        var reasons = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var one in report.Judgements)
            if (one.Verdict == Verdict.NotChecked)
                foreach (var finding in one.Findings)
                {
                    if (!reasons.TryGetValue(Reason(finding), out var ids))
                        reasons[Reason(finding)] = ids = [];
                    ids.Add(one.Control.Id);
                }
        foreach (var (reason, ids) in reasons)
            if (ids.Count < Several)
                reasons.Remove(reason);
        return reasons;
    }

    private static string Reason(Finding finding) => $"{finding.Look.Name()}: {Plain.Line(finding.Outcome.Evidence, Most)}";

    private static string Word(Judgement one) => one.Verdict switch
    {
        Verdict.Fail => one.Accepted is null ? "FAIL" : "fail, accepted",
        Verdict.Warn => one.Accepted is null ? "WARN" : "warn, accepted",
        var verdict => verdict.Name(),
    };
}
