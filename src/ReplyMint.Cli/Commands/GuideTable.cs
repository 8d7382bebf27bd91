using ReplyMint.Guide;

namespace ReplyMint.Cli.Commands;

/// <summary>The guide's report for a person at a terminal.</summary>
/// <param name="columns">How wide it is; null where lines are not broken, since a program or a file takes them.</param>
internal sealed class GuideTable(GuideReport report, TextWriter to, int? columns)
{
    private const int Most = 600;

    /// <summary>From so many controls on a reason is told once, below all of them.</summary>
    private const int Several = 3;

    /// <summary>Of a narrower terminal nobody reads a table.</summary>
    private const int Narrowest = 50;

    private const string Below = "         ";

    public static void Write(GuideReport report, TextWriter to, int? columns = null) => new GuideTable(report, to, columns is { } wide ? Math.Max(wide, Narrowest) : null).Write();

    private void Write()
    {
        var shared = Shared();
        foreach (var one in report.Judgements)
        {
            Line($"{one.Control.Id,-8} {Word(one),-15} ", one.Control.Title);
            foreach (var finding in one.Findings)
                if (finding.Outcome.Verdict == one.Verdict && !(one.Verdict == Verdict.NotChecked && shared.ContainsKey(Reason(finding))))
                    // What holds is only glanced at.
                    Line(Below, one.Verdict == Verdict.Pass && columns is { } wide ? Plain.Line(Reason(finding), wide - Below.Length) : Reason(finding));
            if (one.Accepted is { } accepted)
                Line(Below, $"accepted: {Plain.Line(accepted, Most)}");
            else if (one.Counts)
                Line(Below, $"mend: {one.Control.Remedy}");
            if (one.Note is { } note)
                Line(Below, $"it was accepted {Plain.Line(note, Most)}; that is over");
        }
        to.WriteLine();
        foreach (var (reason, ids) in shared)
        {
            Line("", $"Not checked, {reason}");
            Line(Below, string.Join(' ', ids));
        }
        if (shared.Count > 0)
            to.WriteLine();
        Line("", $"{report.Judgements.Count} controls of {Plain.Line(report.Of, Most)}: {report.Count(Verdict.Pass)} pass, {report.Count(Verdict.Fail)} fail, {report.Count(Verdict.Warn)} warn, "
            + $"{report.Count(Verdict.NotApplicable)} not applicable, {report.Count(Verdict.NotChecked)} not checked{(report.Accepted > 0 ? $"; {report.Accepted} findings are accepted" : "")}.");
        var partly = report.Judgements.Count(one => one.Verdict != Verdict.NotChecked && one.Findings.Any(finding => finding.Outcome.Verdict == Verdict.NotChecked));
        if (partly > 0)
            Line("", $"{partly} of those that were checked could be looked at in one more way, which this run did not; --format json says which.");
    }

    /// <summary>Further lines begin below the text of the first.</summary>
    private void Line(string head, string text)
    {
        foreach (var line in Plain.Broken(text, (columns ?? int.MaxValue) - head.Length))
        {
            to.WriteLine(head + line);
            head = new(' ', head.Length);
        }
    }

    /// <summary>Why several controls were not looked at, and which.</summary>
    private Dictionary<string, List<string>> Shared()
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
