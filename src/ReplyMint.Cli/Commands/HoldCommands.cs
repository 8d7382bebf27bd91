using System.CommandLine;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Privacy;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Legal holds: what must not be removed while they stand.</summary>
internal static class HoldCommands
{
    public static Command Build() => new("hold", "keep something from being removed, such as for a court") { Set(), List(), Lift() };

    private static StoreCommand Set()
    {
        var tenant = StoreWords.TenantOption();
        var correspondent = new Option<string?>("--correspondent") { HelpName = "ADDRESS", Description = "all mail of one correspondent" };
        var mail = new Option<string?>("--mail") { HelpName = "ID", Description = "one mail" };
        var user = new Option<string?>("--user") { HelpName = "ADDRESS", Description = "a person who signs in" };
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "why it must stay", Required = true };
        return new StoreCommand("set", "keep a correspondent's mails, one mail, a user, or (without these) all of a tenant", async (context, parse, ct) =>
        {
            var why = Plain.Line(parse.GetValue(reason)!.Trim());
            if (why.Length is 0 or > 500)
                return context.Fail("--reason has 1 to 500 characters");
            if (new[] { parse.GetValue(correspondent), parse.GetValue(mail), parse.GetValue(user) }.Count(given => given is not null) > 1)
                return context.Fail("name one of --correspondent, --mail and --user");
            var (partition, scope, person) = await WhatAsync(context, parse.GetValue(tenant), parse.GetValue(correspondent), parse.GetValue(mail), parse.GetValue(user), ct);
            if (await context.Get<LegalHolds>().SetAsync(partition, scope, person, parse.GetValue(mail), why, StoreWords.Actor, ct) is not { } hold)
                return context.Fail($"there are {LegalHolds.Most} legal holds already; lift one that is not needed");
            context.Out.WriteLine(hold.Id);
            return ExitCode.Ok;
        })
        {
            Options = { tenant, correspondent, mail, user, reason }, Examples = ["hold set --correspondent anna@customer.example --reason \"case 12/34\""],
        };
    }

    private static async Task<(string Partition, HoldScope Scope, string? Person)> WhatAsync(CommandContext context, string? tenant, string? correspondent, string? mail, string? user, CancellationToken ct)
    {
        if (user is not null)
            return (KeyRing.Installation, HoldScope.User, (await context.UserAsync(user, ct)).Id);
        var owner = (await context.TenantAsync(tenant, ct)).Id;
        if (correspondent is not null)
            return (owner, HoldScope.Correspondent, (await context.Get<KeyRing>().RequireAsync(owner, ct)).Person(UserCommands.Normalized(correspondent)));
        if (mail is null)
            return (owner, HoldScope.Tenant, null);
        return await context.Get<Messages>().FindAsync(owner, mail, ct) is { } message
            ? (owner, HoldScope.Mail, message.Record.Person)
            : throw new WrongException($"there is no mail {Plain.Line(mail, 60)}; list them with: replymint messages list");
    }

    private static StoreCommand List()
    {
        return new StoreCommand("list", "list the legal holds of all tenants, and on users", async (context, _, ct) =>
        {
            var rows = new List<string[]>();
            async Task AddAsync(string partition, string name)
            {
                foreach (var (hold, reason) in await context.Get<LegalHolds>().ListAsync(partition, ct))
                    rows.Add([hold.Id, StoreWords.Time(hold.At), hold.By, name, $"{StoreWords.Word(hold.Scope)} {hold.Mail ?? (hold.Scope == HoldScope.User ? hold.Person : "")}".TrimEnd(), reason]);
            }
            await AddAsync(KeyRing.Installation, "-");
            foreach (var tenant in await context.Get<Tenants>().ListAsync(ct))
                await AddAsync(tenant.Id, tenant.Name);
            StoreWords.Table(context.Out, rows, "ID", "SINCE", "BY", "TENANT", "WHAT", "WHY");
            return ExitCode.Ok;
        });
    }

    private static StoreCommand Lift()
    {
        var id = StoreWords.Id("ID", "the hold, as listed");
        return new StoreCommand("lift", "lift a legal hold; erasures that waited for it go on", async (context, parse, ct) =>
        {
            var wanted = parse.GetValue(id)!;
            foreach (var partition in (await context.Get<Tenants>().ListAsync(ct)).Select(tenant => tenant.Id).Prepend(KeyRing.Installation))
                if (await context.Get<LegalHolds>().LiftAsync(partition, wanted, StoreWords.Actor, ct))
                {
                    context.Out.WriteLine($"lifted {wanted}");
                    return ExitCode.Ok;
                }
            return context.Fail($"there is no legal hold {Plain.Line(wanted, 60)}; list them with: replymint hold list");
        }) { Arguments = { id } };
    }
}
