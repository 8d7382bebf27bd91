using System.CommandLine;
using ReplyMint.Accounts;

namespace ReplyMint.Cli.Commands;

/// <summary>Who is signed in, and the end of it; and the keys that sign their tokens.</summary>
internal static class SessionCommands
{
    public static Command Build() => new("session", "people who are signed in") { List(), End(), RotateSigningKey() };

    private static StoreCommand List()
    {
        var address = new Argument<string?>("ADDRESS") { Description = "only this person's, with where they sit", Arity = ArgumentArity.ZeroOrOne };
        var limit = StoreWords.LimitOption();
        return new StoreCommand("list", "list the sessions, those seen last first", async (context, parse, ct) =>
        {
            if (parse.GetValue(address) is { } named)
            {
                var seen = await context.Get<Sessions>().ListAsync((await UserAsync(context, named, ct)).Id, ct);
                StoreWords.Table(context.Out, [.. seen.Select(s => (string[])[s.Session.Id, StoreWords.Time(s.Session.SignedInAt), StoreWords.Time(s.Session.LastSeenAt), s.Client.Network ?? "", s.Client.Agent ?? ""])],
                    "ID", "SIGNED IN", "SEEN", "FROM", "WITH");
                return ExitCode.Ok;
            }
            var all = await context.Get<Sessions>().NewestAsync(parse.GetValue(limit), ct);
            StoreWords.Table(context.Out, [.. all.Select(s => (string[])[s.Id, StoreWords.Time(s.SignedInAt), StoreWords.Time(s.LastSeenAt), s.User, s.Tenant])], "ID", "SIGNED IN", "SEEN", "USER", "TENANT");
            return ExitCode.Ok;
        }) { Arguments = { address }, Options = { limit }, Examples = ["session list", "session list lead@example.com"] };
    }

    private static StoreCommand End()
    {
        var address = new Argument<string>("ADDRESS") { Description = "the person" };
        var id = new Argument<string?>("ID") { Description = "only this session; else all of his", Arity = ArgumentArity.ZeroOrOne };
        var yes = StoreWords.YesOption();
        return new StoreCommand("end", "sign a person out, at once", async (context, parse, ct) =>
        {
            var user = await UserAsync(context, parse.GetValue(address)!, ct);
            if (!parse.GetValue(yes) && !await context.Confirm($"Sign {Plain.Line(user.Address)} out?", ct))
                return ExitCode.Failed;
            if (parse.GetValue(id) is { } one)
            {
                if (!await context.Get<Sessions>().EndAsync(user.Id, one, StoreWords.Actor, ct))
                    return context.Fail($"there is no session {Plain.Line(one, 60)} of this person; list them with: replymint session list {Plain.Line(user.Address)}");
                context.Out.WriteLine($"ended {Plain.Line(one)}");
                return ExitCode.Ok;
            }
            var ended = await context.Get<Sessions>().EndAllAsync(user.Id, StoreWords.Actor, ct);
            context.Out.WriteLine($"{ended} session{(ended == 1 ? "" : "s")} ended");
            return ExitCode.Ok;
        }) { Arguments = { address, id }, Options = { yes }, Examples = ["session end lead@example.com --yes"] };
    }

    private static StoreCommand RotateSigningKey()
    {
        var drop = new Option<bool>("--drop-old") { Description = "take no token of the old keys any more, because one may have leaked" };
        return new StoreCommand("rotate-signing-key", "sign access tokens with a new key from now on (by itself every 30 days)", async (context, parse, ct) =>
        {
            var dropped = parse.GetValue(drop);
            var ring = await context.Get<SigningKeys>().RotateAsync(dropped, StoreWords.Actor, ct);
            context.Out.WriteLine($"{ring.Keys[^1].Id} signs from now on; {(dropped ? "every older access token is refused, clients refresh" : "tokens of the old key stay good until they end")}");
            return ExitCode.Ok;
        }) { Options = { drop } };
    }

    private static async Task<User> UserAsync(CommandContext context, string address, CancellationToken ct) =>
        await context.Get<Users>().FindByAddressAsync(address, ct) ?? throw new WrongException($"there is no user {Plain.Line(address, 60)}");
}
