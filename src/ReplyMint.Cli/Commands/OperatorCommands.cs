using System.CommandLine;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Stop switches: what is stopped is held and waits; mail is still taken.</summary>
internal static class SwitchCommands
{
    public static Command Build() => new("switch", "stop and start all answering, a tenant's, or one mailbox's") { List(), Set() };

    private static StoreCommand List()
    {
        return new StoreCommand("list", "show which switches stand on stop", async (context, _, ct) =>
        {
            var switches = context.Get<Switches>();
            var rows = new List<string[]>();
            async Task Row(string name, string partition, string? mailbox) =>
                rows.Add([await switches.ReadAsync(partition, mailbox, ct) switch { { Contained: true } => "CONTAINED", { Stopped: true } => "STOPPED", _ => "running" }, name]);
            await Row("everything", KeyRing.Installation, null);
            foreach (var tenant in await context.Get<Tenants>().ListAsync(ct))
            {
                await Row($"tenant {tenant.Name}", tenant.Id, null);
                foreach (var mailbox in await context.Get<Mailboxes>().ListAsync(tenant.Id, ct))
                    await Row($"mailbox {mailbox.Address}", tenant.Id, mailbox.Id);
            }
            StoreWords.Table(context.Out, rows, "STATE", "WHAT");
            return ExitCode.Ok;
        });
    }

    private static StoreCommand Set()
    {
        var state = new Argument<string>("STATE") { Description = "stop or start" };
        state.AcceptOnlyFromAmong("stop", "start");
        var tenant = new Option<string?>("--tenant") { HelpName = "NAME", Description = "only this tenant" };
        var mailbox = new Option<string?>("--mailbox") { HelpName = "ADDRESS", Description = "only this mailbox" };
        var reason = new Option<string?>("--reason") { HelpName = "TEXT", Description = "why, for the audit log" };
        return new StoreCommand("set", "stop or start answering: of everything, or of what is named", async (context, parse, ct) =>
        {
            var (partition, box, name) = (KeyRing.Installation, (string?)null, "everything");
            if (parse.GetValue(mailbox) is { } address)
            {
                var found = await context.MailboxAsync(address, ct);
                (partition, box, name) = (found.TenantId, found.Id, $"mailbox {found.Address}");
            }
            else if (parse.GetValue(tenant) is { } named)
            {
                var found = await context.TenantAsync(named, ct);
                (partition, name) = (found.Id, $"tenant {found.Name}");
            }
            var stop = parse.GetValue(state) == "stop";
            await context.Get<SwitchDesk>().SetAsync(partition, box, stop, Plain.Line(parse.GetValue(reason) ?? ""), StoreWords.Actor, ct);
            if (!stop && (await context.Get<Switches>().ReadAsync(partition, box, ct)).Contained)
                context.Error.WriteLine("(it is contained because of an incident, and sends nothing until that is released: replymint incident list)");
            context.Out.WriteLine($"{Plain.Line(name)} is {(stop ? "stopped: mail is taken, nothing is answered or sent" : "running")}");
            return ExitCode.Ok;
        })
        {
            Arguments = { state }, Options = { tenant, mailbox, reason },
            Examples = ["switch set stop --reason \"wrong prices in the answers\"", "switch set start --mailbox support@example.com"],
        };
    }
}

/// <summary>Addresses that get no automatic answer.</summary>
internal static class SuppressionCommands
{
    public static Command Build() => new("suppression", "addresses that get no automatic answer") { List(), Remove() };

    private static StoreCommand List()
    {
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("list", "list suppressions; addresses are kept as keyed hashes only", async (context, parse, ct) =>
        {
            var all = await context.Get<Suppressions>().ListAsync((await context.TenantAsync(parse.GetValue(tenant), ct)).Id, ct);
            StoreWords.Table(context.Out, [.. all.Select(s => (string[])[s.Hash, StoreWords.Time(s.Record.At), s.Record.Reason.ToString()])], "HASH", "SINCE", "REASON");
            return ExitCode.Ok;
        }) { Options = { tenant } };
    }

    private static StoreCommand Remove()
    {
        var address = new Argument<string>("ADDRESS") { Description = "who may be answered again" };
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("remove", "let an address be answered again", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var removed = await context.Get<IStore>().RetryAsync(async (commit, token) =>
            {
                if (!await context.Get<Suppressions>().RemoveAsync(commit, owner.Id, parse.GetValue(address)!, token))
                    return false;
                await context.Get<AuditLog>().AppendAsync(commit, owner.Id, new(StoreWords.Actor, "suppression.remove", owner.Id), token);
                return true;
            }, ct);
            if (!removed)
                return context.Fail($"{Plain.Line(parse.GetValue(address)!, 60)} is not suppressed");
            context.Out.WriteLine("it may be answered again");
            return ExitCode.Ok;
        }) { Arguments = { address }, Options = { tenant } };
    }
}
