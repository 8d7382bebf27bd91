using System.CommandLine;
using System.Globalization;
using System.Net;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Cli.Commands;

/// <summary>What the operator should know of.</summary>
internal static class AlertCommands
{
    public static Command Build() => new("alerts", "what the operator should look at") { List(), Show(), Acknowledge(), Network() };

    private static StoreCommand List()
    {
        var limit = StoreWords.LimitOption();
        var all = new Option<bool>("--all") { Description = "those that were acknowledged, too" };
        return new StoreCommand("list", "list alerts, the newest first", async (context, parse, ct) =>
        {
            var alerts = await context.Get<Alerts>().NewestAsync(Math.Clamp(parse.GetValue(limit), 1, 1000), ct);
            StoreWords.Table(context.Out, [.. alerts.Where(a => parse.GetValue(all) || a.AcknowledgedAt is null)
                .Select(a => (string[])[a.Id, StoreWords.Time(a.At), a.Kind, a.AcknowledgedAt is null ? "open" : "seen", a.Count is > 1 and var count ? string.Create(CultureInfo.InvariantCulture, $"{count} times: {a.Text}") : a.Text])], "ID", "AT", "KIND", "", "WHAT");
            return ExitCode.Ok;
        }) { Options = { limit, all } };
    }

    private static StoreCommand Show()
    {
        var id = StoreWords.Id("ID", "the alert");
        return new StoreCommand("show", "show one alert: what it is of, how often it was seen, what was contained", async (context, parse, ct) =>
        {
            if (await context.Get<Alerts>().FindAsync(parse.GetValue(id)!, ct) is not { } alert)
                return NotThere(context, parse.GetValue(id)!);
            StoreWords.Table(context.Out,
            [
                ["id", alert.Id], ["kind", alert.Kind], ["about", alert.Subject], ["tenant", alert.Tenant ?? "-"], ["since", StoreWords.Time(alert.At)],
                ["seen", alert.Count is { } count ? string.Create(CultureInfo.InvariantCulture, $"{count} times, last {StoreWords.Time(alert.LastAt ?? alert.At)}") : "-"], ["contained", alert.Contained ?? "-"],
                ["acknowledged", alert.AcknowledgedAt is { } at ? $"{StoreWords.Time(at)} by {alert.AcknowledgedBy ?? "somebody"}" : "no"],
            ], "WHAT", "");
            context.Out.WriteLine();
            context.Out.WriteLine(Plain.Line(alert.Text, 2_000));
            context.Out.WriteLine($"What it asks for: docs/operations.md, {alert.Kind}");
            return ExitCode.Ok;
        }) { Arguments = { id } };
    }

    private static StoreCommand Acknowledge()
    {
        var id = StoreWords.Id("ID", "the alert");
        return new StoreCommand("ack", "say that an alert was seen; it stays quiet until something new happens", async (context, parse, ct) =>
        {
            if (!await context.Get<Alerts>().AcknowledgeAsync(parse.GetValue(id)!, StoreWords.Actor, null, ct))
                return NotThere(context, parse.GetValue(id)!);
            context.Out.WriteLine($"acknowledged {parse.GetValue(id)}");
            return ExitCode.Ok;
        }) { Arguments = { id } };
    }

    /// <summary>Alerts name a network by a mark, so that none of them holds an address.</summary>
    private static StoreCommand Network()
    {
        var address = new Argument<string>("ADDRESS") { Description = "an IP address, from the proxy's log for example" };
        return new StoreCommand("network", "print by which mark alerts name a network", (context, parse, _) =>
        {
            if (!IPAddress.TryParse(parse.GetValue(address), out var known))
                return Task.FromResult(context.Fail($"{Plain.Line(parse.GetValue(address)!, 60)} is no IP address"));
            context.Out.WriteLine(context.Get<SecurityEvents>().MarkOf(known)!.Value.Near);
            return Task.FromResult(ExitCode.Ok);
        }) { Arguments = { address }, Examples = ["alerts network 192.0.2.7"] };
    }

    private static int NotThere(CommandContext context, string id) => context.Fail($"there is no alert {Plain.Line(id, 60)}; list them with: replymint alerts list");
}
