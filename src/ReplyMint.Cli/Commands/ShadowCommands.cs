using System.CommandLine;
using System.Globalization;
using ReplyMint.Replies;

namespace ReplyMint.Cli.Commands;

/// <summary>What came of a mailbox's shadow mode.</summary>
internal static class ShadowCommands
{
    public static Command Build() => new("shadow", "try a mailbox without sending: how drafts compare with what people answered") { Report() };

    private static StoreCommand Report()
    {
        var address = new Argument<string>("ADDRESS") { Description = "the mailbox" };
        var json = new Option<bool>("--json") { Description = "all of it as one JSON object" };
        return new StoreCommand("report", "compare the drafts of a mailbox's shadow mode with what people answered", async (context, parse, ct) =>
        {
            var mailbox = await context.MailboxAsync(parse.GetValue(address)!, ct);
            if (await context.Get<ShadowReports>().ReadAsync(mailbox.TenantId, mailbox.Id, ct) is not { } report)
                return context.Fail($"{Plain.Line(mailbox.Address)} was never in shadow mode; begin it with: replymint mailbox set {Plain.Line(mailbox.Address)} --shadow-days 14");
            if (parse.GetValue(json))
                context.Out.WriteLine(CliJson.Line(report));
            else
                Write(context.Out, report);
            return ExitCode.Ok;
        }) { Arguments = { address }, Options = { json }, Examples = ["shadow report support@example.com", "mailbox set support@example.com --shadow-days 14"] };
    }

    private static void Write(TextWriter to, ShadowReport report)
    {
        to.WriteLine($"shadow mode from {StoreWords.Time(report.From)} to {StoreWords.Time(report.Until)} UTC{(report.Running ? ", still running" : "")}");
        StoreWords.Table(to,
        [
            Row("mails", report.Mails, "that came, people's own answers apart"), Row("drafted", report.Drafted, "with a draft"), Row("alone", report.WouldLeave, "drafts that would have left without a person"),
            Row("answered", report.Answered, "to which a person's answer was seen"), Row("compared", report.Compared, string.Create(CultureInfo.InvariantCulture, $"with both; {report.DraftLength} characters on average, people {report.AnswerLength}")),
            Row("language", report.SameLanguage, "of these in the person's language"), Row("contradicting", report.Contradicting, "name another number, date, amount or link than the person"),
            Row("unsaid", report.Unsaid, "name one of which the person said nothing"), Row("left out", report.LeftOut, "lack one that the person named"),
            Row("wrong alone", report.WrongAlone, string.Create(CultureInfo.InvariantCulture, $"of {report.ComparedAlone} compared ones that would have left without a person")),
            Row("ignored", report.IgnoredButAnswered, "mails that the policy ignores and a person answered"), Row("no draft", report.UndraftedButAnswered, "mails without a draft that a person answered"),
        ], "FIGURE", "COUNT", "WHAT");
        foreach (var one in report.Differences.Where(one => one.Alone).Take(10))
            to.WriteLine($"  {one.Message}: {Plain.Line(string.Join("; ", Said("contradicts", one.Contradicts), Said("unsaid", one.Unsaid), Said("left out", one.LeftOut)).Trim(' ', ';'), 160)}");
        to.WriteLine(report.Advice switch { ShadowAdvice.MayAnswer => "may answer by itself", ShadowAdvice.HoldEverything => "hold everything", _ => "wait for more" } + ": " + report.Why);
    }

    private static string Said(string what, IReadOnlyList<string> facts) => facts.Count == 0 ? "" : $"{what} {string.Join(", ", facts)}";

    private static string[] Row(string name, int count, string what) => [name, count.ToString(CultureInfo.InvariantCulture), what];
}
