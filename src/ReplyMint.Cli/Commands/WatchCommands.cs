using System.CommandLine;
using System.Globalization;
using ReplyMint.Incidents;
using ReplyMint.Limits;

namespace ReplyMint.Cli.Commands;

/// <summary>More in the log for a while, of one tenant, person, key or mailbox.</summary>
internal static class WatchCommands
{
    public static StoreCommand Start()
    {
        var what = new Argument<string>("WHAT") { Description = "tenant, user, key or mailbox" };
        what.AcceptOnlyFromAmong("tenant", "user", "key", "mailbox");
        var which = new Argument<string>("NAME") { Description = "the tenant's name, the person's or the mailbox's address, or the key's id" };
        var length = new Option<string>("--for") { HelpName = "SPAN", Description = $"30m, 2h or 3d; at most {Watches.Longest.TotalDays:0} days", Required = true };
        var incident = IncidentCommands.IncidentOption();
        return new StoreCommand("watch", "log each request and mail of somebody for a while (ids only); ends by itself", async (context, parse, ct) =>
        {
            if (SpanOf(parse.GetValue(length)!) is not { } span || span <= TimeSpan.Zero || span > Watches.Longest)
                return context.Fail($"--for: {Plain.Line(parse.GetValue(length)!, 60)} is no span such as 30m, 2h or 3d, of at most {Watches.Longest.TotalDays:0} days");
            var (kind, name) = (parse.GetValue(what)!, parse.GetValue(which)!);
            var (watched, id, tenant) = kind switch
            {
                "tenant" => (WatchedKind.Tenant, (await context.TenantAsync(name, ct)).Id, (string?)null),
                "user" => (WatchedKind.User, await ContainCommands.UserIdAsync(context, name, ct), null),
                "key" => (WatchedKind.Key, name, null),
                _ => await context.MailboxAsync(name, ct) is var mailbox ? (WatchedKind.Mailbox, mailbox.Id, mailbox.TenantId) : default,
            };
            var (result, watch) = await context.Get<WatchDesk>().StartAsync(watched, id, tenant, span, StoreWords.Actor, parse.GetValue(incident), ct);
            if (IncidentCommands.Problem(result, parse.GetValue(incident), $"there is no {kind} {Plain.Line(name, 60)}", $"{Watches.Most} watches are on already; end one with: replymint incident unwatch ID") is { } problem)
                return context.Fail(problem);
            context.Out.WriteLine($"{watch!.Id} until {StoreWords.Time(watch.Until)} (UTC)");
            return ExitCode.Ok;
        }) { Arguments = { what, which }, Options = { length, incident }, Examples = ["incident watch user lead@example.com --for 2h", "incident watch mailbox support@example.com --for 1d"] };
    }

    public static StoreCommand End()
    {
        var id = StoreWords.Id("WATCH", "the watch, as incident list shows it");
        return new StoreCommand("unwatch", "end a watch before its time", async (context, parse, ct) =>
        {
            if (!await context.Get<WatchDesk>().EndAsync(parse.GetValue(id)!, StoreWords.Actor, ct))
                return context.Fail($"there is no watch {Plain.Line(parse.GetValue(id)!, 60)}; list them with: replymint incident list");
            context.Out.WriteLine($"ended {parse.GetValue(id)}");
            return ExitCode.Ok;
        }) { Arguments = { id } };
    }

    /// <summary>Null for what is none.</summary>
    internal static TimeSpan? SpanOf(string text) =>
        text.Length > 1 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 10_000 ? text[^1] switch
        {
            'm' => TimeSpan.FromMinutes(number), 'h' => TimeSpan.FromHours(number), 'd' => TimeSpan.FromDays(number), _ => null,
        } : null;
}
