using System.CommandLine;
using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Incidents;

namespace ReplyMint.Cli.Commands;

/// <summary>Ends sessions, keys or links for good.</summary>
internal static class RevokeCommand
{
    public static StoreCommand Build()
    {
        var what = new Argument<string>("WHAT") { Description = "sessions, keys or links (that sign in or invite)" };
        what.AcceptOnlyFromAmong("sessions", "keys", "links");
        var person = new Option<string?>("--person") { HelpName = "ADDRESS", Description = "only this person's, by address or id" };
        var tenant = new Option<string?>("--tenant") { HelpName = "NAME", Description = "only this tenant's" };
        var since = new Option<string?>("--since") { HelpName = "TIME", Description = "only what was made from then on: 2030-01-31, 2030-01-31T13:30Z, or how long ago, such as 3h" };
        var until = new Option<string?>("--until") { HelpName = "TIME", Description = "only what was made up to then" };
        var all = new Option<bool>("--all") { Description = "all there is, of everybody" };
        var (incident, yes) = (IncidentCommands.IncidentOption(), StoreWords.YesOption());
        return new StoreCommand("revoke", "end sessions, keys or links for good: a person's, a tenant's, of a time, or all", async (context, parse, ct) =>
        {
            var now = context.Get<TimeProvider>().GetUtcNow();
            var wish = new RevocationWish(
                parse.GetValue(what) switch { "sessions" => RevokedThing.Sessions, "keys" => RevokedThing.Keys, _ => RevokedThing.Links },
                parse.GetValue(person) is { } named ? await ContainCommands.UserIdAsync(context, named, ct) : null, parse.GetValue(tenant) is { } of ? (await context.TenantAsync(of, ct)).Id : null,
                TimeOf("--since", parse.GetValue(since), now), TimeOf("--until", parse.GetValue(until), now));
            if (wish is { User: null, Tenant: null, From: null, Until: null } != parse.GetValue(all))
                return context.Fail("say whose with --person, --tenant, --since or --until, or all of everybody's with --all alone");
            if (parse.GetValue(all) && !parse.GetValue(yes) && !await context.Confirm($"End all {parse.GetValue(what)} of everybody?", ct))
                return ExitCode.Failed;
            if (await context.Get<RevocationDesk>().StartAsync(wish, StoreWords.Actor, parse.GetValue(incident), now: false, ct) is not { } started)
                return context.Fail(IncidentCommands.Problem(ActResult.NoIncident, parse.GetValue(incident), "", "") + $" (or {Revocations.MostActive} revocations are at work)");
            // In force from here on; the removal may take longer, and goes on by itself should this command die.
            var done = await context.Get<RevocationDesk>().FinishAsync(started.Id, ct);
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done.Count} {(done.Count == 1 ? parse.GetValue(what)![..^1] : parse.GetValue(what))} ended"));
            return ExitCode.Ok;
        })
        {
            Arguments = { what }, Options = { person, tenant, since, until, all, incident, yes },
            Examples = ["incident revoke sessions --person lead@example.com", "incident revoke keys --tenant Acme --since 2h", "incident revoke sessions --all --yes"],
        };
    }

    /// <exception cref="WrongException">It is no time.</exception>
    internal static DateTimeOffset? TimeOf(string option, string? text, DateTimeOffset now)
    {
        if (text is null)
            return null;
        if (WatchCommands.SpanOf(text) is { } ago)
            return now - ago;
        return DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? at : throw new WrongException($"{option}: {Plain.Line(text, 60)} is no time such as {now:yyyy-MM-dd}, {now:yyyy-MM-dd'T'HH:mm}Z or 3h (ago)");
    }
}
