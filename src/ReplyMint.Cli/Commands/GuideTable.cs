using ReplyMint.Guide;

namespace ReplyMint.Cli.Commands;

/// <summary>The guide's report for a person at a terminal.</summary>
internal static class GuideTable
{
    private const int Most = 600;

    public static void Write(GuideReport report, TextWriter to)
    {
        foreach (var one in report.Judgements)
        {
            to.WriteLine($"{one.Control.Id,-8} {Word(one),-15} {one.Control.Title}");
            // What this version can't look at is told once, below.
            foreach (var finding in one.Findings)
                if (finding.Outcome.Verdict == one.Verdict && one.Verdict != Verdict.Pass && one.Control.IsBuilt)
                    to.WriteLine($"         {finding.Look.Name()}: {Plain.Line(finding.Outcome.Evidence, Most)}");
            if (one.Accepted is { } accepted)
                to.WriteLine($"         accepted: {Plain.Line(accepted, Most)}");
            else if (one.Counts)
                to.WriteLine($"         mend: {one.Control.Remedy}");
            if (one.Note is { } note)
                to.WriteLine($"         it was accepted {Plain.Line(note, Most)}; that is over");
        }
        to.WriteLine();
        foreach (var way in report.Judgements.Where(one => !one.Control.IsBuilt).GroupBy(one => one.Findings[0].Outcome.Evidence, StringComparer.Ordinal))
            to.WriteLine($"{string.Join(" ", way.Select(one => one.Control.Id))}: {way.Key}.");
        to.WriteLine();
        to.WriteLine($"{report.Judgements.Count} controls of {Plain.Line(report.Of, Most)}: {report.Count(Verdict.Pass)} pass, {report.Count(Verdict.Fail)} fail, {report.Count(Verdict.Warn)} warn, "
            + $"{report.Count(Verdict.NotApplicable)} not applicable, {report.Count(Verdict.NotChecked)} not checked{(report.Accepted > 0 ? $"; {report.Accepted} findings are accepted" : "")}.");
        var partly = report.Judgements.Count(one => one.Verdict != Verdict.NotChecked && one.Findings.Any(finding => finding.Outcome.Verdict == Verdict.NotChecked));
        if (partly > 0)
            to.WriteLine($"{partly} of those that were checked could be looked at in one more way, which this run did not; --format json says which.");
    }

    private static string Word(Judgement one) => one.Verdict switch
    {
        Verdict.Fail => one.Accepted is null ? "FAIL" : "fail, accepted",
        Verdict.Warn => one.Accepted is null ? "WARN" : "warn, accepted",
        var verdict => verdict.Name(),
    };
}
