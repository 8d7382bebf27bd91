using System.CommandLine;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>People of tenants: who they are, what they may, how they come in.</summary>
internal static class UserCommands
{
    public static Command Build() => new("user", "people who sign in, and what they may") { List(), Show(), Add(), Remove(), ConfirmCommand.Build(), SignInLink(), ResetSecondFactor() };

    internal static Argument<string> AddressArgument() => new("ADDRESS") { Description = "the person's mail address" };

    /// <exception cref="WrongException">There is none.</exception>
    internal static async Task<User> UserAsync(this CommandContext context, string address, CancellationToken ct) =>
        await context.Get<Users>().FindByAddressAsync(address, ct)
            ?? throw new WrongException($"there is no user {Plain.Line(address, 60)}; list them with: replymint user list");

    internal static string Normalized(string address) =>
        Mail.AddressRules.Normalize(address) ?? throw new WrongException($"{Plain.Line(address, 60)} is no mail address");

    private static StoreCommand List()
    {
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("list", "list the people of all tenants, or of one", async (context, parse, ct) =>
        {
            var tenants = parse.GetValue(tenant) is { } named ? [await context.TenantAsync(named, ct)] : await context.Get<Tenants>().ListAsync(ct);
            var rows = new List<string[]>();
            foreach (var owner in tenants)
                foreach (var member in await context.Get<Members>().ListAsync(owner.Id, ct))
                    rows.Add([member.User, (await context.Get<Users>().FindAsync(member.User, ct))?.Address ?? "?", StoreWords.Word(member.Role), owner.Name, Remarks(member)]);
            StoreWords.Table(context.Out, rows, "ID", "ADDRESS", "ROLE", "TENANT", "");
            return ExitCode.Ok;
        }) { Options = { tenant } };
    }

    private static string Remarks(Membership member) => string.Join(", ",
        (IEnumerable<string>)[.. member.Mailboxes is { } boxes ? (string[])[$"{boxes.Count} mailboxes"] : [], .. member.HeldSince is null ? [] : (string[])[Unconfirmed]]);

    internal const string Unconfirmed = "held since the restore";

    private static StoreCommand Show()
    {
        var address = AddressArgument();
        return new StoreCommand("show", "show a person's roles", async (context, parse, ct) =>
        {
            var user = await context.UserAsync(parse.GetValue(address)!, ct);
            context.Out.WriteLine($"{user.Id} {Plain.Line(user.Address)}, since {StoreWords.Time(user.CreatedAt)}");
            foreach (var tenant in await context.Get<Members>().TenantsOfAsync(user.Id, ct))
                if (await context.Get<Members>().GetAsync(tenant, user.Id, ct) is { Value: var member })
                    context.Out.WriteLine($"{StoreWords.Word(member.Role)} of {(tenant == KeyRing.Installation ? "this installation" : Plain.Line((await context.Get<Tenants>().FindAsync(tenant, ct))?.Name ?? tenant))}, since {StoreWords.Time(member.AddedAt)}, by {member.AddedBy}{(member.HeldSince is null ? "" : ", " + Unconfirmed)}");
            var factors = await context.Get<SecondFactors>().FindAsync(user.Id, ct);
            context.Out.WriteLine(factors.Any ? $"second factor: {(factors.Totp is null ? "no app" : "an app")}, {factors.Passkeys.Count} passkeys, {factors.Recovery.Count} recovery codes" : "second factor: none");
            return ExitCode.Ok;
        }) { Arguments = { address } };
    }

    private static StoreCommand Add()
    {
        var address = AddressArgument();
        var tenant = StoreWords.TenantOption();
        var role = new Option<string>("--role") { HelpName = "ROLE", Description = "member, auditor or admin", Required = true };
        role.AcceptOnlyFromAmong("member", "auditor", "admin");
        return new StoreCommand("add", "add somebody to a tenant, or change his role there", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var wanted = Enum.Parse<Role>(parse.GetValue(role)!, ignoreCase: true);
            var (result, user) = await context.Get<MemberDesk>().AddAsync(owner.Id, Normalized(parse.GetValue(address)!), wanted, StoreWords.Actor, ct);
            if (result == MemberChange.LastAdmin)
                return context.Fail("this is the tenant's last administrator; make another one first");
            if (result == MemberChange.TooMany)
                return context.Fail("the tenant has as many members as it may (accounts.membersPerTenant); remove somebody first: replymint user remove ADDRESS");
            context.Out.WriteLine($"{user.Id} {Plain.Line(user.Address)} is {StoreWords.Word(wanted)} of {Plain.Line(owner.Name)}");
            return ExitCode.Ok;
        })
        {
            Arguments = { address }, Options = { role, tenant }, Examples = ["user add lead@example.com --role admin --tenant Acme"],
        };
    }

    private static StoreCommand Remove()
    {
        var address = AddressArgument();
        var tenant = StoreWords.TenantOption();
        var yes = StoreWords.YesOption();
        return new StoreCommand("remove", "remove somebody from a tenant; sessions and keys there end", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var user = await context.UserAsync(parse.GetValue(address)!, ct);
            if (!parse.GetValue(yes) && !await context.Confirm($"Remove {Plain.Line(user.Address)} from {Plain.Line(owner.Name)}?", ct))
                return ExitCode.Failed;
            switch (await context.Get<MemberDesk>().RemoveAsync(owner.Id, user.Id, StoreWords.Actor, ct))
            {
                case MemberChange.NotFound:
                    return context.Fail($"{Plain.Line(user.Address)} does not belong to {Plain.Line(owner.Name)}");
                case MemberChange.LastAdmin:
                    return context.Fail("this is the tenant's last administrator; make another one first");
            }
            context.Out.WriteLine($"removed {Plain.Line(user.Address)} from {Plain.Line(owner.Name)}");
            return ExitCode.Ok;
        }) { Arguments = { address }, Options = { tenant, yes } };
    }

    private static StoreCommand SignInLink()
    {
        var address = AddressArgument();
        var tenant = new Option<string?>("--tenant") { HelpName = "NAME", Description = "where to, by name or id; \"installation\" is the operator's own place" };
        return new StoreCommand("sign-in-link", "print a link that signs somebody in, once, within 10 minutes", async (context, parse, ct) =>
        {
            var user = await context.UserAsync(parse.GetValue(address)!, ct);
            var named = parse.GetValue(tenant);
            var to = named is null or KeyRing.Installation ? named : (await context.TenantAsync(named, ct)).Id;
            if (await context.Get<SignInDesk>().MakeAsync(user, to, StoreWords.Actor, ct) is not ({ } token, { } verifier))
                return context.Fail($"{Plain.Line(user.Address)} does not belong {(named is null ? "to any tenant" : "there")}; see: replymint user show {Plain.Line(user.Address)}");
            if (context.Get<AccountsSettings>().SignInUrl is { } page)
                context.Out.WriteLine($"{page}#token={token}&verifier={verifier}");
            else
                context.Out.WriteLine($"POST {RouteGroups.ApiRoot}/sign-in/complete\n{{\"token\":\"{token}\",\"verifier\":\"{verifier}\"}}");
            if (ConsoleAddress.Of(context.Get<HttpSettings>(), context.Get<AccountsSettings>()) is { } console)
                context.Out.WriteLine($"in the console: {console}{ConsoleAddress.Link}{token}&verifier={verifier}");
            // Unlike a mailed one it is bound to no browser: it was carried over by hand.
            context.Error.WriteLine("(whoever has this line can sign in as this person, once, within 10 minutes: hand it over in a safe way)");
            return ExitCode.Ok;
        })
        {
            Arguments = { address }, Options = { tenant }, Examples = ["user sign-in-link lead@example.com"],
        };
    }

    private static StoreCommand ResetSecondFactor()
    {
        var address = AddressArgument();
        var yes = StoreWords.YesOption();
        return new StoreCommand("reset-second-factor", "take away a person's second factors, when they are lost; make sure who asks", async (context, parse, ct) =>
        {
            var user = await context.UserAsync(parse.GetValue(address)!, ct);
            if (!parse.GetValue(yes) && !await context.Confirm($"Let {Plain.Line(user.Address)} in without a second factor, to enrol a new one?", ct))
                return ExitCode.Failed;
            if (!await context.Get<SecondFactors>().ResetAsync(user.Id, StoreWords.Actor, ct))
                return context.Fail($"{Plain.Line(user.Address)} has no second factor");
            // Whoever has what was lost may have a session, too.
            await context.Get<Sessions>().EndAllAsync(user.Id, StoreWords.Actor, ct);
            context.Out.WriteLine($"{Plain.Line(user.Address)} has no second factor any more; a new one is enrolled after the next sign-in");
            return ExitCode.Ok;
        }) { Arguments = { address }, Options = { yes } };
    }
}
