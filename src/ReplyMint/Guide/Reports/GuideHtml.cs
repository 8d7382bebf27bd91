using System.Globalization;
using System.Net;
using System.Text;

namespace ReplyMint.Guide;

/// <summary>The report as one page that needs nothing else: no script, nothing fetched. For whoever audits.</summary>
internal static class GuideHtml
{
    private const string Style = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
        h1{margin-bottom:0}h2{margin:2rem 0 .5rem;border-bottom:1px solid #d0d7de}
        details{border:1px solid #d0d7de;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}summary{cursor:pointer}
        b.v{display:inline-block;min-width:8.5rem}.fail{color:#b42318}.warn{color:#8a5a00}.pass{color:#1a7f37}.not{color:#57606a}
        dt{font-weight:600;margin-top:.4rem}dd{margin:0;overflow-wrap:anywhere}
        :root{color-scheme:light dark}
        @media print{body{max-width:none;margin:0;font-size:10pt}dl{margin:.3rem 0}details{break-inside:avoid}h2{break-after:avoid}details::details-content{content-visibility:visible;block-size:auto}}
        @media(max-width:40rem){summary b.v{min-width:0;margin-right:.5rem}}
        @media screen and (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}h2,details{border-color:#30363d}.fail{color:#ff7b72}.warn{color:#e3b341}.pass{color:#56d364}.not{color:#8b949e}}
        """;

    public static string Write(GuideReport report)
    {
        var page = new StringBuilder().Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">")
            .Append("<meta name=\"viewport\" content=\"width=device-width\"><title>Security guide</title><style>").Append(Style).Append("</style></head><body>\n<h1>Security guide</h1>\n");
        page.Append("<p>").Append(Safe(report.Of)).Append(", ").Append(report.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)).Append(", ReplyMint ").Append(Safe(report.Version)).Append("</p>\n<p>");
        foreach (var verdict in (Verdict[])[Verdict.Pass, Verdict.Fail, Verdict.Warn, Verdict.NotApplicable, Verdict.NotChecked])
            page.Append(CultureInfo.InvariantCulture, $"<b class=\"{ClassOf(verdict)}\">{report.Count(verdict)}</b> {verdict.Name()} &nbsp; ");
        if (report.Accepted > 0)
            page.Append(CultureInfo.InvariantCulture, $"<b>{report.Accepted}</b> of the findings accepted");
        page.Append("</p>\n<p class=\"not\">Each control says below what was asked and found. Not applicable: it can neither hold nor fail here. Not checked: nobody looked, which is no pass; the reason stands with it.</p>\n");
        if (report.HasFindings)
            page.Append("<p>To mend: ").AppendJoin(", ", report.Judgements.Where(one => one.Counts).Select(one => one.Control.Id)).Append("</p>\n");
        var group = "";
        foreach (var one in report.Judgements)
        {
            if (GroupOf(one.Control) != group)
                page.Append("<h2>").Append(group = GroupOf(one.Control)).Append(": ").Append(Safe(GuidePage.TitleOf(group))).Append("</h2>\n");
            Control(page, one);
        }
        return page.Append("<p class=\"not\">The last line of this file holds its hash and, where the installation was asked to sign, its signature. Both are looked at by: replymint guide verify FILE</p>\n</body></html>\n").ToString();
    }

    private static void Control(StringBuilder page, Judgement one)
    {
        page.Append(one.Counts ? "<details open>" : "<details>").Append("<summary><b class=\"v ").Append(ClassOf(one.Verdict)).Append("\">").Append(one.Verdict.Name()).Append(one.Accepted is null ? "" : ", accepted")
            .Append("</b> <b>").Append(one.Control.Id).Append("</b> ").Append(Safe(one.Control.Title)).Append("</summary><dl>");
        foreach (var finding in one.Findings)
            Term(page, $"{finding.Look.Name()}: {finding.Outcome.Verdict.Name()}", finding.Outcome.Evidence);
        if (one.Accepted is { } accepted)
            Term(page, "Accepted", accepted);
        if (one.Note is { } note)
            Term(page, "Not accepted any more", note);
        Term(page, "Why", one.Control.Why);
        Term(page, "Remedy", one.Control.Remedy);
        Term(page, "Sources", one.Control.Sources);
        page.Append("</dl></details>\n");
    }

    private static void Term(StringBuilder page, string term, string text) => page.Append("<dt>").Append(Safe(term)).Append("</dt><dd>").Append(Safe(text)).Append("</dd>");

    private static string GroupOf(Control control) => control.Id[..control.Id.IndexOf('-', StringComparison.Ordinal)];

    private static string ClassOf(Verdict verdict) => verdict switch { Verdict.Fail => "fail", Verdict.Warn => "warn", Verdict.Pass => "pass", _ => "not" };

    private static string Safe(string text) => WebUtility.HtmlEncode(text);
}
