using System.CommandLine;
using ReplyMint.Accounts;
using ReplyMint.Incidents;
using ReplyMint.Limits;

namespace ReplyMint.Cli.Commands;

/// <summary>Isolates, and lets go again.</summary>
internal static class ContainCommands
{
    private const string Sending = "sending";

    private static readonly string[] Whats = ["tenant", "user", "key", "mailbox", "channel", "network", Sending];

    public static StoreCommand Contain() => Build("contain", "isolate a tenant, user, key, mailbox, channel or network, or stop all sending; reading goes on", stop: true,
        ["incident contain tenant Acme --incident ID", "incident contain key ID", "incident contain channel smtp", "incident contain sending"]);

    public static StoreCommand Release() => Build("release", "let go what was contained; what waited goes on", stop: false, ["incident release tenant Acme --incident ID", "incident release sending"]);

    private static StoreCommand Build(string name, string description, bool stop, IReadOnlyList<string> examples)
    {
        var what = new Argument<string>("WHAT") { Description = string.Join(", ", Whats) };
        what.AcceptOnlyFromAmong(Whats);
        var which = new Argument<string?>("NAME") { Description = "the tenant's name, the person's or the mailbox's address, the key's or the channel's id (or smtp, mailgun), the network's address or mark; none for sending", Arity = ArgumentArity.ZeroOrOne };
        var incident = IncidentCommands.IncidentOption();
        return new StoreCommand(name, description, async (context, parse, ct) =>
        {
            var (kind, of, desk) = (parse.GetValue(what)!, parse.GetValue(incident), context.Get<ContainmentDesk>());
            if (kind == Sending != parse.GetValue(which) is null)
                return context.Fail(kind == Sending ? "sending takes no name: it is all of it" : $"say which {kind}");
            var result = kind == Sending ? await desk.SendingAsync(stop, StoreWords.Actor, of, ct)
                : await TargetAsync(context, kind, parse.GetValue(which)!, ct) is var target && stop ? await desk.ContainAsync(target, StoreWords.Actor, of, ct)
                : await desk.ReleaseAsync(target.Kind, target.Id, StoreWords.Actor, of, ct);
            var shown = Plain.Line(kind == Sending ? Sending : $"{kind} {parse.GetValue(which)}", 80);
            if (IncidentCommands.Problem(result, of, stop ? $"there is no {shown}" : $"{shown} is not contained", stop ? $"{shown} is contained already" : $"{shown} is not contained") is { } problem)
                return context.Fail(problem);
            context.Out.WriteLine(stop ? $"contained {shown}" : $"released {shown}");
            return ExitCode.Ok;
        }) { Arguments = { what, which }, Options = { incident }, Examples = examples };
    }

    private static async Task<ContainmentTarget> TargetAsync(CommandContext context, string kind, string name, CancellationToken ct)
    {
        switch (kind)
        {
            case "tenant":
                return new(ContainedKind.Tenant, (await context.TenantAsync(name, ct)).Id);
            case "user":
                return new(ContainedKind.User, await UserIdAsync(context, name, ct));
            case "mailbox":
                var mailbox = await context.MailboxAsync(name, ct);
                return new(ContainedKind.Mailbox, mailbox.Id, mailbox.TenantId);
            case "network":
                return new(ContainedKind.Network, System.Net.IPAddress.TryParse(name, out var address) ? context.Get<Security.SecurityEvents>().MarkOf(address)!.Value.Near : name);
            default:
                return new(kind == "key" ? ContainedKind.Key : ContainedKind.Channel, name);
        }
    }

    /// <summary>A person by address, or by the id that logs and alerts name.</summary>
    internal static async Task<string> UserIdAsync(CommandContext context, string name, CancellationToken ct) =>
        name.Contains('@', StringComparison.Ordinal) ? (await context.UserAsync(name, ct)).Id
        : (await context.Get<Users>().FindAsync(name, ct))?.Id ?? throw new WrongException($"there is no user {Plain.Line(name, 60)}; name an address, or an id");
}
