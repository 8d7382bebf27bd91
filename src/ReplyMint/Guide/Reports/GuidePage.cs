using System.Globalization;
using System.Text;

namespace ReplyMint.Guide;

/// <summary>The catalogue as a page of the documentation; a test holds the page in docs to it.</summary>
internal static class GuidePage
{
    private static readonly (string Group, string Title)[] Groups =
    [
        ("CORS", "Which pages may call"), ("HDR", "Headers of answers"), ("NET", "Hosts, transport, bounds"), ("AUTH", "Who comes in"), ("INPUT", "What comes in"), ("MON", "What is watched"), ("AWS", "The cloud"),
        ("SEC", "Secrets"), ("IR", "Incidents"), ("GDPR", "People's rights"), ("SOC", "What is proved to others"), ("MAIL", "The mail itself"),
    ];

    /// <summary>Where it lies in the project.</summary>
    public const string File = "docs/security-guide.md";

    /// <summary>The line of the page on which a control begins, counted from 1.</summary>
    public static int LineOf(Control control) => Array.FindIndex(Write().Split('\n'), line => line.StartsWith(Heading(control), StringComparison.Ordinal)) + 1;

    private static string Heading(Control control) => $"### {control.Id}: ";

    public static string TitleOf(string group) => Groups.First(one => one.Group == group).Title;

    public static string Write()
    {
        var built = Catalogue.All.Count(control => control.IsBuilt);
        var page = new StringBuilder("# Security guide\n\n")
            .Append("What ReplyMint promises about its own security, and where `replymint guide` looks whether it holds ([how to run it](operations.md#the-security-guide)).\n")
            .Append("This page is written by `replymint guide write > ").Append(File).Append("`.\n\n")
            .Append(CultureInfo.InvariantCulture, $"{Catalogue.All.Count} controls; {built} are looked at, {Catalogue.All.Count - built} say that nothing looks at them yet.\n\n")
            .Append("live: from outside, at a running service. config: the settings in effect and the store. record: dated entries that people make. template: the AWS template. repo: the project's own files. rehearse: acts on a throw-away tenant.\n");
        foreach (var (group, title) in Groups)
        {
            page.Append("\n## ").Append(group).Append(": ").Append(title).Append('\n');
            foreach (var control in Catalogue.All)
                if (control.Id.StartsWith(group + "-", StringComparison.Ordinal))
                    Add(page, control);
        }
        return page.ToString();
    }

    private static void Add(StringBuilder page, Control control)
    {
        page.Append('\n').Append(Heading(control)).Append(control.Title).Append("\n\n")
            .Append(control.Why).Append(" *Mend:* ").Append(control.Remedy).Append("\n\n");
        foreach (var check in control.Checks)
            page.Append("- ").Append(check.Look.Name()).Append(check.Missing is null ? "\n" : $": not checked, {check.Missing}\n");
        page.Append("- sources: ").Append(control.Sources).Append('\n');
    }
}
