using System.CommandLine;
using System.Globalization;
using ReplyMint.Limits;

namespace ReplyMint.Cli.Commands;

/// <summary>Answers and calls by day, as the route tells them.</summary>
internal static class UsageCommand
{
    public static Command Build()
    {
        var (from, to, tenant) = (Day("--from", "the first day (the first of the month)"), Day("--to", "the last day, itself included (today)"), StoreWords.TenantOption());
        var json = new Option<bool>("--json") { Description = "all of it as one JSON object" };
        return new StoreCommand("usage", "answers and calls of the API, by day (UTC)", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var (report, wrong) = await context.Get<UsageReports>().ReadAsync(owner.Id, Read("--from", parse.GetValue(from)), Read("--to", parse.GetValue(to)), ct);
            if (report is null)
                return context.Fail($"--{wrong!.Value.Member}: {wrong.Value.What}");
            if (parse.GetValue(json))
                context.Out.WriteLine(CliJson.Line(report));
            else
                StoreWords.Table(context.Out, [.. report.Days.Select(Row), ["all", Number(report.Replies), Number(report.Calls), ""]], "DAY", "ANSWERS", "CALLS", "CALLS BY GROUP AND KEY");
            return ExitCode.Ok;
        }) { Options = { from, to, tenant, json }, Examples = ["usage", "usage --from 2026-01-01 --to 2026-01-31 --json"] };
    }

    private static string[] Row(UsageDay day) =>
        [Name(day.Date), Number(day.Replies), Number(day.Calls), string.Join(", ", day.Groups.Select(one => $"{one.Group} {one.By} {Number(one.Calls)}"))];

    private static Option<string?> Day(string name, string description) => new(name) { HelpName = "YYYY-MM-DD", Description = description };

    private static DateOnly? Read(string option, string? text) => text is null ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
        : throw new WrongException($"{option}: {Plain.Line(text, 60)} is no day such as 2026-01-31");

    private static string Name(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
