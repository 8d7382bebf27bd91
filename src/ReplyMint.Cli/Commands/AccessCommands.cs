using System.CommandLine;
using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Incidents;

namespace ReplyMint.Cli.Commands;

/// <summary>Who can do what (SOC-1).</summary>
internal static class AccessCommands
{
    public static Command Build() => new("access", "who can do what, since when, and who gave it") { Review() };

    private static StoreCommand Review()
    {
        var tenant = new Option<string?>("--tenant") { HelpName = "NAME", Description = "only this tenant's; else the installation's and each tenant's" };
        var csv = new Option<bool>("--csv") { Description = "as CSV (RFC 4180), for a spreadsheet" };
        var json = StoreWords.JsonOption();
        var done = new Option<bool>("--done") { Description = "write down that somebody looked at it; the next review is due in records.reviewDays" };
        var note = new Option<string?>("--note") { HelpName = "TEXT", Description = "with --done: what was found" };
        return new StoreCommand("review", "print members, operators, keys and channels with their rights", async (context, parse, ct) =>
        {
            if (parse.GetValue(done))
            {
                if (parse.GetValue(note) is not { } found)
                    return context.Fail("--done needs --note TEXT: what was found");
                var record = await context.Get<Records>().AddAsync(RecordKinds.Review, StoreWords.Actor.Id, RecordCommands.NoteOf("--note", found), null, ct);
                context.Out.WriteLine($"{record.Item.Id}{(record.Item.DueAt is { } next ? $"; the next review is due on {RecordCommands.Date(next)}" : "")}");
                return ExitCode.Ok;
            }
            var reviews = context.Get<AccessReviews>();
            var of = parse.GetValue(tenant) is { } named ? (await context.TenantAsync(named, ct)).Id : null;
            if (parse.GetValue(csv))
                context.Out.Write(Csv(["kind", "id", "name", "tenant", "may", "only", "since", "by", "until", "used", "note"]));
            var rows = new List<string[]>();
            await foreach (var row in of is null ? reviews.AllAsync(ct) : reviews.OfTenantAsync(of, ct))
                if (parse.GetValue(csv))
                    context.Out.Write(Csv([row.Kind, row.Id, row.Name ?? "", row.Tenant ?? "", row.May, row.Only, Exact(row.Since), row.By ?? "", Exact(row.Until), Exact(row.Used), row.Note ?? ""]));
                else if (parse.GetValue(json))
                    context.Out.WriteLine(CliJson.Line(row));
                else
                    rows.Add([row.Kind, row.Id, row.Name ?? "", row.Tenant ?? "-", row.Since is { } since ? StoreWords.Time(since) : "", row.By ?? "", row.Note ?? "", row.Only.Length == 0 ? row.May : $"{row.May}; {row.Only}"]);
            StoreWords.Table(context.Out, rows, "KIND", "ID", "NAME", "TENANT", "SINCE", "BY", "", "MAY");
            return ExitCode.Ok;
        })
        {
            Options = { tenant, csv, json, done, note }, Examples = ["access review", "access review --tenant Acme --csv", "access review --done --note \"two keys revoked\""],
        };
    }

    private static string Exact(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    private static string Csv(IReadOnlyList<string> cells) => string.Join(',', cells.Select(Cell)) + "\r\n";

    /// <summary>Names come from people: a spreadsheet must take none for a formula.</summary>
    private static string Cell(string text)
    {
        var plain = Plain.Line(text, 2_000);
        if (plain.Length > 0 && plain[0] is ('=' or '+' or '-' or '@'))
            plain = "'" + plain;
        return plain.AsSpan().ContainsAny(",\"\n\r") ? $"\"{plain.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : plain;
    }
}
