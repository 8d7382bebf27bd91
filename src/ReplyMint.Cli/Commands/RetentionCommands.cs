using System.CommandLine;
using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Privacy;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>How long what is kept, what went by itself, and what a legal hold keeps.</summary>
internal static class RetentionCommands
{
    public static Command Build() => new("retention", "how long what is kept, and what went because its time was over") { Show(), Set(), Report(), Held() };

    private static StoreCommand Show()
    {
        var (tenant, json) = (StoreWords.TenantOption(), StoreWords.JsonOption());
        return new StoreCommand("show", "show how long what is kept", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            Tell(context, (await context.Get<RetentionDesk>().ReadAsync(owner.Id, ct)).Value, parse.GetValue(json));
            return ExitCode.Ok;
        }) { Options = { tenant, json } };
    }

    private static StoreCommand Set()
    {
        var tenant = StoreWords.TenantOption();
        var raw = Days("--raw", $"the mail as it came, 1 to {RetentionRecord.MostRaw}");
        var text = Days("--text", $"what was read of it, and drafts, 1 to {RetentionRecord.MostText}");
        var record = Days("--record", $"that it came and what became of it, 1 to {RetentionRecord.MostRecord}");
        var attachments = new Option<bool?>("--attachments") { HelpName = "true|false", Description = "keep the bytes of attachments as long as the mail as it came" };
        return new StoreCommand("set", "change it, of what is stored already too; what is left out stays as it is", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            RetentionRecord Change(RetentionRecord before) => before with
            {
                RawDays = parse.GetValue(raw) ?? before.RawDays, TextDays = parse.GetValue(text) ?? before.TextDays,
                RecordDays = parse.GetValue(record) ?? before.RecordDays, Attachments = parse.GetValue(attachments) ?? before.Attachments,
            };
            var desk = context.Get<RetentionDesk>();
            // Judged on what was read, and changed only while that still is so.
            var before = await desk.ReadAsync(owner.Id, ct);
            if (desk.Wrong(Change(before.Value)) is { } wrong)
                return context.Fail($"--{wrong.Member.Replace("Days", "", StringComparison.Ordinal)} {wrong.What}");
            var (result, now) = await desk.SetAsync(owner.Id, Change, before.Version, StoreWords.Actor, ct);
            if (result != ChangeResult.Done)
                return context.Fail("somebody else changed it at this moment; look at it and try again");
            Tell(context, now.Value, json: false);
            if (!context.InServer)
                context.Out.WriteLine("What is stored already follows when the server runs.");
            return ExitCode.Ok;
        })
        {
            Options = { tenant, raw, text, record, attachments }, Examples = ["retention set --text 30 --record 90", "retention set --attachments true"],
        };
    }

    private static StoreCommand Report()
    {
        var (days, tenant) = (new DayOptions("29 days before the last"), StoreWords.TenantOption());
        var json = new Option<bool>("--json") { Description = "all of it as one JSON object" };
        return new StoreCommand("report", "what was removed because its time was over, by day (UTC) and kind", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var (from, to) = days.Read(parse);
            var (report, wrong) = await context.Get<RetentionReports>().ReadAsync(owner.Id, from, to, ct);
            if (report is null)
                return context.Fail($"--{wrong!.Value.Member}: {wrong.Value.What}");
            if (parse.GetValue(json))
                context.Out.WriteLine(CliJson.Line(report));
            else
                StoreWords.Table(context.Out, [.. report.Days.SelectMany(day => day.Kinds.Select(kind => (string[])[DayOptions.Name(day.Date), kind.Kind, Number(kind.Count)])), ["all", "", Number(report.Removed)]], "DAY", "WHAT", "REMOVED");
            return ExitCode.Ok;
        }) { Options = { days.From, days.To, tenant, json } };
    }

    private static StoreCommand Held()
    {
        var (tenant, limit) = (StoreWords.TenantOption(), StoreWords.LimitOption());
        return new StoreCommand("held", "mails that a legal hold keeps beyond their time, the oldest first", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var (mails, next) = await context.Get<RetentionReports>().HeldAsync(owner.Id, Math.Clamp(parse.GetValue(limit), 1, 1000), null, ct);
            StoreWords.Table(context.Out, [.. mails.Select(mail => (string[])[mail.Id, StoreWords.Time(mail.ReceivedAt), string.Join(", ", mail.Over), string.Join(", ", mail.Holds)])], "MAIL", "CAME", "OVER", "KEPT BY");
            if (next is not null)
                context.Out.WriteLine("There are more.");
            return ExitCode.Ok;
        }) { Options = { tenant, limit } };
    }

    private static void Tell(CommandContext context, RetentionRecord now, bool json)
    {
        var desk = context.Get<RetentionDesk>();
        if (json)
        {
            context.Out.WriteLine(CliJson.Line(RetentionAnswer.Of(now, desk)));
            return;
        }
        StoreWords.Table(context.Out,
        [
            ["mail as it came", Number(now.RawDays), Number(RetentionRecord.MostRaw)],
            ["text and drafts", Number(now.TextDays), Number(RetentionRecord.MostText)],
            ["record, receipt, answer", Number(now.RecordDays), Number(RetentionRecord.MostRecord)],
            ["attachments", desk.KeepsAttachments(now) ? Number(now.RawDays) : now.Attachments ? "not kept: no scanner is set" : "not kept", Number(RetentionRecord.MostRaw)],
        ], "WHAT", "DAYS", "MOST");
    }

    private static Option<int?> Days(string name, string description) => new(name) { HelpName = "DAYS", Description = description };

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
