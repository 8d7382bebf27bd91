using System.Globalization;
using ReplyMint.Mail;

namespace ReplyMint.Cli.Commands;

/// <summary>An explained mail for people's eyes.</summary>
internal static class ExplainText
{
    public static void Write(ExplainedMail mail, TextWriter to)
    {
        to.WriteLine(mail.File);
        Field(to, "From", Addresses(mail.From!));
        Field(to, "To", Addresses(mail.To!));
        Field(to, "Cc", Addresses(mail.Cc!));
        Field(to, "Reply-To", Addresses(mail.ReplyTo!));
        Field(to, "Subject", mail.Subject!);
        Field(to, "Date", mail.Date?.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture) ?? "");
        Field(to, "Message-ID", mail.MessageId!);
        Field(to, "In-Reply-To", mail.InReplyTo!);
        Field(to, "Wrote", mail.Reply!);
        Field(to, "Signature", mail.Signature!);
        Field(to, "Quoted", Lines(mail.Quoted!));
        foreach (var hidden in mail.Hidden!)
            Field(to, "Hidden", hidden);
        foreach (var attachment in mail.Attachments!)
            Field(to, "Attached", $"{attachment.FileName} ({attachment.ContentType}, {attachment.Size} bytes)");
        foreach (var problem in mail.Problems!)
            Field(to, "Broken", problem);
        Field(to, "Sender", mail.Authentication is { } a ? $"{a.Source} says: spf {a.Spf}, dkim {a.Dkim}, dmarc {a.Dmarc}" : "not asked (needs --authserv-id)");
        var verdict = mail.Verdict!;
        Field(to, "Verdict", verdict.Reasons.Count == 0 ? verdict.Result : $"{verdict.Result}, because of {string.Join(", ", verdict.Reasons)}");
        foreach (var rule in verdict.Rules.Where(r => r.Outcome is not ("pass" or "not asked")))
            Field(to, "", $"rule {rule.Rule} {rule.Name}: {rule.Outcome}{(rule.Saw.Length > 0 ? $", saw {Plain.Line(rule.Saw)}" : "")}");
        Field(to, "Passed", Names(verdict, "pass"));
        Field(to, "Not asked", Names(verdict, "not asked"));
        to.WriteLine();
    }

    private static void Field(TextWriter to, string name, string value)
    {
        if (value.Length == 0)
            return;
        var lines = Plain.Text(value).TrimEnd().Split('\n');
        to.WriteLine($"  {name,-12}{lines[0]}");
        foreach (var line in lines[1..])
            to.WriteLine($"  {"",-12}{line}");
    }

    private static string Addresses(IReadOnlyList<MailAddress> addresses) =>
        string.Join(", ", addresses.Select(a => a.Name.Length > 0 ? $"{a.Name} <{a.Address}>" : a.Address));

    private static string Lines(string quoted)
    {
        if (string.IsNullOrWhiteSpace(quoted))
            return "";
        var count = quoted.TrimEnd().Count(c => c == '\n') + 1;
        return count == 1 ? "1 line" : $"{count} lines";
    }

    private static string Names(ExplainedVerdict verdict, string outcome) =>
        string.Join(", ", verdict.Rules.Where(r => r.Outcome == outcome).Select(r => r.Name));
}
