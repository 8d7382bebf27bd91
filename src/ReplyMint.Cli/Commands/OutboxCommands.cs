using System.CommandLine;
using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Outbound;

namespace ReplyMint.Cli.Commands;

/// <summary>Mails on their way out: dead letters to replay or to leave, uncertain sendings to settle.</summary>
internal static class OutboxCommands
{
    public static Command Build() => new("outbox", "mails on their way out, dead letters, uncertain sendings") { List(), Show(), Replay(), Discard(), Settle() };

    private static StoreCommand List()
    {
        var (tenant, limit, json) = (StoreWords.TenantOption(), StoreWords.LimitOption(), StoreWords.JsonOption());
        var state = new Option<string?>("--state") { HelpName = "STATE", Description = "only queued, sending, sent, failed, uncertain, dead or cancelled ones" };
        state.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, [.. Enum.GetNames<OutboxState>().Select(n => n.ToLowerInvariant())]);
        return new StoreCommand("list", "list mails on their way out, the newest first", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var wanted = parse.GetValue(state);
            var left = Math.Clamp(parse.GetValue(limit), 1, 1000);
            var rows = new List<string[]>();
            string? cursor = null;
            do
            {
                (var entries, cursor) = await context.Get<Outbox>().ListAsync(owner.Id, 200, cursor, ct);
                foreach (var entry in entries.Where(e => wanted is null || string.Equals(StoreWords.Word(e.Record.State), wanted, StringComparison.OrdinalIgnoreCase)).Take(left - rows.Count))
                {
                    if (parse.GetValue(json))
                        context.Out.WriteLine(CliJson.Line(OutboxView.Of(entry)));
                    rows.Add([entry.Record.Id, StoreWords.Time(entry.Record.CreatedAt), StoreWords.Word(entry.Record.State),
                        entry.Record.Attempts.ToString(CultureInfo.InvariantCulture), entry.Mail.To, entry.Record.Detail]);
                }
            }
            while (cursor is not null && rows.Count < left);
            if (!parse.GetValue(json))
                StoreWords.Table(context.Out, rows, "ID", "SINCE", "STATE", "TRIES", "TO", "DETAIL");
            return ExitCode.Ok;
        }) { Options = { tenant, state, limit, json }, Examples = ["outbox list --state dead", "outbox list --state uncertain"] };
    }

    private static StoreCommand Show()
    {
        var (id, tenant) = (StoreWords.Id("ID", "the mail, as listed"), StoreWords.TenantOption());
        return new StoreCommand("show", "show a mail on its way out, and what was told of it", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            if (await context.Get<Outbox>().FindAsync(owner.Id, parse.GetValue(id)!, ct) is not { } entry)
                return context.Fail(None(parse.GetValue(id)!));
            context.Out.WriteLine(CliJson.Line(OutboxView.Of(entry)));
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { tenant } };
    }

    private static StoreCommand Replay()
    {
        var (id, tenant) = (StoreWords.Id("ID", "a dead or failed mail"), StoreWords.TenantOption());
        return new StoreCommand("replay", "try a dead letter again", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var wanted = parse.GetValue(id)!;
            var replayed = await context.Get<Outbox>().ReplayAsync(owner.Id, wanted, (commit, token) =>
                context.Get<AuditLog>().AppendAsync(commit, owner.Id, new(StoreWords.Actor, "outbox.replay", wanted), token), ct);
            if (replayed != ReplyMint.Outbound.Replay.Queued)
                return context.Fail(replayed == ReplyMint.Outbound.Replay.QuotaUsedUp ? "the quota is used up; see: replymint plan show"
                    : $"{Plain.Line(wanted, 60)} is not a dead letter; list them with: replymint outbox list --state dead");
            context.Out.WriteLine($"{wanted} is queued again{(context.InServer ? "" : "; it is sent when the server runs")}");
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { tenant } };
    }

    private static StoreCommand Discard()
    {
        var (id, tenant) = (StoreWords.Id("ID", "a dead or failed mail"), StoreWords.TenantOption());
        return new StoreCommand("discard", "leave a dead letter unsent, so that nobody is asked about it any more", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var wanted = parse.GetValue(id)!;
            if (!await context.Get<Outbox>().DiscardAsync(owner.Id, wanted, (commit, token) =>
                context.Get<AuditLog>().AppendAsync(commit, owner.Id, new(StoreWords.Actor, "outbox.discard", wanted), token), ct))
                return context.Fail(await context.Get<Outbox>().StateAsync(owner.Id, wanted, ct) is not { } record ? None(wanted)
                    : record.State == OutboxState.Uncertain ? $"{wanted} may have left, and is not unsent by saying so; say which: replymint outbox settle {wanted} --sent (it is not sent again) or --send-again"
                    : $"{wanted} is {StoreWords.Word(record.State)}, and no dead letter; list them with: replymint outbox list --state dead");
            context.Out.WriteLine($"{wanted} stays unsent");
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { tenant } };
    }

    private static StoreCommand Settle()
    {
        var (id, tenant) = (StoreWords.Id("ID", "an uncertain mail"), StoreWords.TenantOption());
        var sent = new Option<bool>("--sent") { Description = "it left: it is not sent again" };
        var again = new Option<bool>("--send-again") { Description = "it did not leave: it is sent again" };
        return new StoreCommand("settle", "say whether a mail left whose sending broke off", async (context, parse, ct) =>
        {
            if (parse.GetValue(sent) == parse.GetValue(again))
                return context.Fail("say one of --sent and --send-again; the recipient's server log or the recipient knows");
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var wanted = parse.GetValue(id)!;
            var left = parse.GetValue(sent);
            if (!await context.Get<Outbox>().SettleAsync(owner.Id, wanted, left, "settled by a person", (commit, token) =>
                context.Get<AuditLog>().AppendAsync(commit, owner.Id, new(StoreWords.Actor, left ? "outbox.settle-sent" : "outbox.settle-again", wanted), token), ct))
                return context.Fail($"{Plain.Line(wanted, 60)} is not uncertain; list such with: replymint outbox list --state uncertain");
            context.Out.WriteLine(left ? $"{wanted} counts as sent" : $"{wanted} is queued again");
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { sent, again, tenant } };
    }

    private static string None(string id) => $"there is no mail {Plain.Line(id, 60)} on its way out; list them with: replymint outbox list";
}

internal sealed record OutboxView(
    string Id, string State, string Purpose, int Attempts, DateTime CreatedAt, string To, string Subject, string MessageId, string Detail, IReadOnlyList<DeliveryEvent> Events)
{
    public static OutboxView Of(OutboxEntry e) => new(
        e.Record.Id, StoreWords.Word(e.Record.State), StoreWords.Word(e.Record.Purpose), e.Record.Attempts, e.Record.CreatedAt.UtcDateTime,
        e.Mail.To, e.Mail.Subject, e.Mail.MessageId, e.Record.Detail, e.Record.Events);
}
