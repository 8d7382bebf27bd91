using System.CommandLine;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Cli.Commands;

/// <summary>API keys, as the routes make them: the same rules and the same audit entries.</summary>
internal static class KeyCommands
{
    public static Command Build() => new("key", "API keys of a tenant's own programs") { Create(), List(), Show(), Rotate(), Revoke() };

    private static StoreCommand Create()
    {
        var name = new Argument<string>("NAME") { Description = "what it is for" };
        var scopes = new Option<string>("--scopes") { HelpName = "SCOPES", Required = true, Description = "what it may, separated by commas, such as messages:read,drafts:write" };
        var owner = new Option<string?>("--owner") { HelpName = "ADDRESS", Description = "the administrator who answers for it, and with whose role it ends; else this machine" };
        var days = new Option<int?>("--days") { HelpName = "N", Description = "it ends after so many days, rotated or not" };
        var networks = new Option<string?>("--networks") { HelpName = "NETWORKS", Description = "usable from these addresses or networks only, separated by commas" };
        var mailboxes = new Option<string?>("--mailboxes") { HelpName = "ADDRESSES", Description = "sees these mailboxes only, separated by commas" };
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("create", "make a key and print it; it is shown this once", async (context, parse, ct) =>
        {
            var whose = await context.TenantAsync(parse.GetValue(tenant), ct);
            var boxes = new List<string>();
            foreach (var address in Split(parse.GetValue(mailboxes)) ?? [])
            {
                var mailbox = await context.MailboxAsync(address, ct);
                if (mailbox.TenantId != whose.Id)
                    return context.Fail($"the mailbox {Plain.Line(address, 60)} is not of the tenant {Plain.Line(whose.Name)}");
                boxes.Add(mailbox.Id);
            }
            if (parse.GetValue(days) is < 1 or > 36_500)
                return context.Fail("--days takes 1 to 36500");
            var wish = new ApiKeyWish
            {
                Name = parse.GetValue(name)!, Scopes = Split(parse.GetValue(scopes)) ?? [], Networks = Split(parse.GetValue(networks)), Mailboxes = boxes.Count == 0 ? null : boxes,
                ExpiresAt = parse.GetValue(days) is { } n ? context.Get<TimeProvider>().GetUtcNow().AddDays(n) : null,
            };
            var made = await context.Get<ApiKeys>().CreateAsync(whose.Id, wish, await OwnerAsync(context, whose, parse.GetValue(owner), ct), StoreWords.Actor, ct);
            return Tell(context, made, "");
        })
        {
            Arguments = { name }, Options = { scopes, owner, days, networks, mailboxes, tenant },
            Examples = ["key create \"shop system\" --scopes messages:read,messages:write", "key create backup --scopes receipts:read --networks 192.0.2.0/24 --days 90"],
        };
    }

    private static StoreCommand List()
    {
        var tenant = StoreWords.TenantOption();
        var json = StoreWords.JsonOption();
        return new StoreCommand("list", "list a tenant's keys; secrets are not kept and can't be shown", async (context, parse, ct) =>
        {
            var whose = await context.TenantAsync(parse.GetValue(tenant), ct);
            var rows = new List<string[]>();
            foreach (var key in await context.Get<ApiKeys>().ListAsync(whose.Id, ct))
            {
                var view = await ViewAsync(context, key, ct);
                if (parse.GetValue(json))
                    context.Out.WriteLine(CliJson.Line(view));
                rows.Add([key.Id, key.Name, view.Works ? StoreWords.Time(view.EndsAt) : "ended", view.LastUsedAt is { } at ? StoreWords.Time(at) : "never", string.Join(' ', key.Scopes)]);
            }
            if (!parse.GetValue(json))
                StoreWords.Table(context.Out, rows, "ID", "NAME", "ENDS", "USED", "SCOPES");
            return ExitCode.Ok;
        }) { Options = { tenant, json } };
    }

    private static StoreCommand Show()
    {
        var id = Id();
        return new StoreCommand("show", "show a key, without its secret", async (context, parse, ct) =>
        {
            context.Out.WriteLine(CliJson.Line(await ViewAsync(context, await FindAsync(context, parse.GetValue(id)!, ct), ct)));
            return ExitCode.Ok;
        }) { Arguments = { id } };
    }

    private static StoreCommand Rotate()
    {
        var id = Id();
        var overlap = new Option<int>("--overlap") { HelpName = "HOURS", Description = "how long the old secret works on, 0 to 720 (24)", DefaultValueFactory = _ => 24 };
        return new StoreCommand("rotate", "give a key a new secret and print it; it is shown this once", async (context, parse, ct) =>
        {
            var key = await FindAsync(context, parse.GetValue(id)!, ct);
            if (parse.GetValue(overlap) is < 0 or > 720)
                return context.Fail("--overlap takes 0 to 720");
            var made = await context.Get<ApiKeys>().RotateAsync(key.TenantId, key.Id, TimeSpan.FromHours(parse.GetValue(overlap)), null, StoreWords.Actor, ct);
            return Tell(context, made, key.Id);
        }) { Arguments = { id }, Options = { overlap }, Examples = ["key rotate ID --overlap 48"] };
    }

    private static StoreCommand Revoke()
    {
        var id = Id();
        var yes = StoreWords.YesOption();
        return new StoreCommand("revoke", "end a key at once", async (context, parse, ct) =>
        {
            var key = await FindAsync(context, parse.GetValue(id)!, ct);
            if (!parse.GetValue(yes) && !await context.Confirm($"Revoke the key {Plain.Line(key.Name)}?", ct))
                return ExitCode.Failed;
            if (!await context.Get<ApiKeys>().RevokeAsync(key.TenantId, key.Id, StoreWords.Actor, ct))
                throw Unknown(key.Id);
            context.Out.WriteLine($"revoked {key.Id}");
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { yes } };
    }

    private static Argument<string> Id() => StoreWords.Id("ID", "of the list; it stands in the key's text, too");

    /// <summary>The key's text alone on standard output, so that a script can take it.</summary>
    private static int Tell(CommandContext context, ApiKeyMade made, string id)
    {
        if (made.Wrong is { } wrong)
            return context.Fail($"{Option(wrong.Member)}: {wrong.Wrong}");
        if (made is not { Key: { } key, Text: { } text })
            throw Unknown(id);
        context.Error.WriteLine($"key {key.Id}, until {StoreWords.Time(key.EndsAt(context.Get<ApiKeys>().MaximalAge))} unless it is rotated before. It is shown this once:");
        context.Out.WriteLine(text);
        return ExitCode.Ok;
    }

    private static string Option(string member) => member switch
    {
        "name" => "NAME",
        "overlapHours" => "--overlap",
        "expiresAt" => "--days",
        _ => "--" + member,
    };

    private static async Task<string> OwnerAsync(CommandContext context, Tenant tenant, string? address, CancellationToken ct)
    {
        if (address is null)
            return Actor.Machine.Id;
        var user = await context.Get<Users>().FindByAddressAsync(address, ct);
        return user is not null && await context.Get<Members>().FindAsync(tenant.Id, user.Id, ct) is { } member && Permissions.Of(member.Role).Has(Permission.KeysWrite)
            ? user.Id : throw new WrongException($"{Plain.Line(address, 60)} is no administrator of {Plain.Line(tenant.Name)}");
    }

    private static async Task<ApiKey> FindAsync(CommandContext context, string id, CancellationToken ct) =>
        await context.Get<ApiKeys>().TenantOfAsync(id, ct) is { } tenant && await context.Get<ApiKeys>().FindAsync(tenant, id, ct) is { } key ? key : throw Unknown(id);

    private static WrongException Unknown(string id) => new($"there is no key {Plain.Line(id, 60)}; list them with: replymint key list");

    private static async ValueTask<ApiKeyView> ViewAsync(CommandContext context, ApiKey key, CancellationToken ct) =>
        await ApiKeyView.OfAsync(context.Get<ApiKeys>(), key, await context.Get<ApiKeyUses>().LastAsync(key.TenantId, key.Id, ct), ct);

    private static string[]? Split(string? list) => list?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
