using System.CommandLine;
using System.Globalization;
using ReplyMint.Limits;

namespace ReplyMint.Cli.Commands;

/// <summary>Answers and calls by day, as the route tells them.</summary>
internal static class UsageCommand
{
    public static Command Build()
    {
        var (days, tenant) = (new DayOptions("the first of the month"), StoreWords.TenantOption());
        var json = new Option<bool>("--json") { Description = "all of it as one JSON object" };
        return new StoreCommand("usage", "answers and calls of the API, by day (UTC)", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var (from, to) = days.Read(parse);
            var (report, wrong) = await context.Get<UsageReports>().ReadAsync(owner.Id, from, to, ct);
            if (report is null)
                return context.Fail($"--{wrong!.Value.Member}: {wrong.Value.What}");
            if (parse.GetValue(json))
                context.Out.WriteLine(CliJson.Line(report));
            else
                StoreWords.Table(context.Out, [.. report.Days.Select(Row), ["all", Number(report.Replies), Number(report.Calls), Money(report.CostMillionths), "", ""]], "DAY", "ANSWERS", "CALLS", "MODEL", "ANSWERS BY MAILBOX", "CALLS BY GROUP AND KEY");
            return ExitCode.Ok;
        }) { Options = { days.From, days.To, tenant, json }, Examples = ["usage", "usage --from 2026-01-01 --to 2026-01-31 --json"] };
    }

    private static string[] Row(UsageDay day) =>
        [DayOptions.Name(day.Date), Number(day.Replies), Number(day.Calls), Money(day.CostMillionths), string.Join(", ", day.Mailboxes.Select(one => $"{one.Mailbox} {Number(one.Replies)}")), string.Join(", ", day.Groups.Select(one => $"{one.Group} {one.By} {Number(one.Calls)}"))];

    private static string Money(long millionths) => (millionths / 1_000_000m).ToString("0.00####", CultureInfo.InvariantCulture);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
