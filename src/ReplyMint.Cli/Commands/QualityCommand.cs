using System.CommandLine;
using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Replies;

namespace ReplyMint.Cli.Commands;

/// <summary>What became of drafts, as the route tells it.</summary>
internal static class QualityCommand
{
    public static Command Build()
    {
        var (days, tenant) = (new DayOptions("29 days before the last"), StoreWords.TenantOption());
        var json = new Option<bool>("--json") { Description = "all of it as one JSON object" };
        return new StoreCommand("quality", "what became of drafts, by day and mailbox (UTC)", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var (from, to) = days.Read(parse);
            var (report, wrong) = await context.Get<QualityReports>().ReadAsync(owner.Id, from, to, _ => true, ct);
            if (report is null)
                return context.Fail($"--{wrong!.Value.Member}: {wrong.Value.What}");
            if (parse.GetValue(json))
            {
                context.Out.WriteLine(CliJson.Line(report));
                return ExitCode.Ok;
            }
            if (report.Days.Count == 0)
                context.Out.WriteLine($"no draft was made or decided from {DayOptions.Name(report.From)} to {DayOptions.Name(report.To)}");
            var named = (await context.Get<Mailboxes>().ListAsync(owner.Id, ct)).ToDictionary(box => box.Id, box => box.Address, StringComparer.Ordinal);
            StoreWords.Table(context.Out, [.. report.Days.Concat(report.Totals).Select(row => Row(row, named.GetValueOrDefault(row.Mailbox, row.Mailbox)))],
                "DAY", "MAILBOX", "DRAFTED", "ALONE", "UNCHANGED", "EDITED", "WRITTEN", "REJECTED", "UP", "DOWN", "CHANGED BY", "DOWN FOR");
            return ExitCode.Ok;
        }) { Options = { days.From, days.To, tenant, json }, Examples = ["quality", "quality --from 2026-01-01 --to 2026-01-31 --json"] };
    }

    private static string[] Row(QualityRow row, string mailbox) =>
    [
        row.Date is { } day ? DayOptions.Name(day) : "all", mailbox,
        .. ((long[])[row.Drafted, row.SentAlone, row.Unchanged, row.Edited, row.Written, row.Rejected, row.ThumbsUp, row.ThumbsDown]).Select(number => number.ToString(CultureInfo.InvariantCulture)),
        row.EditDistance?.ToString("P1", CultureInfo.InvariantCulture) ?? "-", Reasons(row),
    ];

    /// <summary>Why people did not like an answer, as often as they said so: "incomplete 2, tone 1".</summary>
    private static string Reasons(QualityRow row)
    {
        var said = new List<string>();
        foreach (var (reason, times) in row.Reasons)
            said.Add(string.Create(CultureInfo.InvariantCulture, $"{reason} {times}"));
        return said.Count == 0 ? "-" : string.Join(", ", said);
    }
}
