using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>A tenant's own ways in and out. What is secret of them is taken and never given.</summary>
internal static class ChannelRoutes
{
    public static void MapChannels(this IEndpointRouteBuilder routes)
    {
        routes.MapApi(Permission.MailboxesRead, "channels").MapGet("/channels", ListAsync).WithName("ListChannels").WithSummary("The tenant's own ways in and out").Produces<Listing<ChannelView>>();
        var write = routes.MapApi(Permission.MailboxesWrite, "channels");
        write.MapPost("/channels", AddAsync).WithName("AddChannel").WithSummary("Add a Mailgun account, Amazon SES, a mailbox by IMAP, or the server that a mailbox's answers leave by").Produces<ChannelView>(201);
        write.MapDelete("/channels/{id}", RemoveAsync).WithName("RemoveChannel").WithSummary("Remove it: what comes by it is refused from then on, and nothing leaves by it any more").Produces(204);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [FromServices] Channels channels, CancellationToken ct) =>
        TypedResults.Ok(new Listing<ChannelView>([.. (await channels.ListAsync(caller.Tenant, ct)).Select(ChannelView.Of)], null).Linked(context));

    internal static async Task<IResult> AddAsync(
        Caller caller, NewChannel wanted, [FromServices] Channels channels, [FromServices] Mailboxes mailboxes, [FromServices] OutsideAddress outside, [FromServices] HttpSettings settings, [FromServices] TimeProvider time, CancellationToken ct)
    {
        var channel = new Channel("", caller.Tenant, wanted.Kind, wanted.Secret ?? "") { Topics = wanted.Topics, Verdicts = wanted.Verdicts, Imap = wanted.Imap?.ToAccount(time.GetUtcNow()), Smtp = wanted.Smtp?.ToAccount() };
        if (MailboxChecks.Channel(channel, wanted.Secret is not null, outside, settings.Environment.NeedsHttps(), channels.AreOnAws) is { } wrong)
            return Problem.Of(wrong.Member, wrong.What);
        if (channel.Account is { } account && await mailboxes.GetAsync(caller.Tenant, account.Mailbox, ct) is null)
            return Problem.Of(channel.Kind + ".mailbox", "is no mailbox of the tenant");
        var (result, added) = await channels.AddAsync(channel, Actor.Of(caller), ct);
        return added is null
            ? new Problem(409, result == ClaimResult.Taken ? "Answers of the mailbox leave by another server already. Remove that channel first." : $"There are {Channel.MostOfTenant} channels already. Remove one that is not needed.")
            : TypedResults.Created($"{RouteGroups.ApiRoot}/channels/{added.Id}", ChannelView.Of(added));
    }

    internal static async Task<IResult> RemoveAsync(Caller caller, string id, [FromServices] Channels channels, CancellationToken ct) =>
        await channels.FindAsync(id, ct) is { } channel && channel.Owner == caller.Tenant && await channels.RemoveAsync(id, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;
}

/// <summary>What a tenant sets for all of its mailboxes.</summary>
internal static class SettingsRoutes
{
    public static void MapTenantSettings(this IEndpointRouteBuilder routes)
    {
        routes.MapApi(Permission.SettingsRead, "settings").MapGet("/settings", GetAsync).WithName("GetSettings").WithSummary("Time zone, who is told of waiting drafts, and whether all need a second factor").Produces<TenantSettings>();
        routes.MapApi(Permission.SettingsWrite, "settings").MapPut("/settings", SetAsync).WithName("ChangeSettings").WithSummary("Change them").Produces<TenantSettings>();
    }

    private static async Task<IResult> GetAsync(HttpContext context, Caller caller, [FromServices] Tenants tenants, CancellationToken ct)
    {
        if (await tenants.FindVersionAsync(caller.Tenant, ct) is not { } found)
            return Problem.NotFound;
        EntityTags.Tell(context, found.Version);
        return TypedResults.Ok(TenantSettings.Of(found.Value, caller.May.Has(Permission.SettingsWrite)));
    }

    internal static async Task<IResult> SetAsync(
        HttpContext context, Caller caller, TenantSettings wanted, [FromServices] Tenants tenants, [FromServices] NoticeAddresses addresses, [FromServices] OutsideAddress outside, [FromServices] HttpSettings settings, [FromServices] Standings standings, CancellationToken ct)
    {
        if (EntityTags.Required(context, out var version) is { } missing)
            return missing;
        if (MailboxChecks.Notices(wanted.On(new Tenant { Id = caller.Tenant, Name = "" }), outside, settings.Environment.NeedsHttps()) is { } wrong)
            return Problem.Of(wrong.Member, wrong.What);
        if (await addresses.ProblemAsync(caller.Tenant, wanted.Notices.Emails, ct) is { } unproved)
            return unproved;
        var details = new Dictionary<string, string>
        {
            ["timeZone"] = wanted.TimeZone, ["notices.emails"] = wanted.Notices.Emails.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), ["notices.webhook"] = wanted.Notices.Webhook is null ? "none" : "set",
        };
        if (wanted.SecondFactorForAll is { } all)
            details["secondFactorForAll"] = all ? "true" : "false";
        var (result, now) = await tenants.ChangeAsync(caller.Tenant, version, wanted.On, Actor.Of(caller), details, ct);
        if (result != Storage.ChangeResult.Done)
            return result == Storage.ChangeResult.Changed ? EntityTags.Changed : Problem.NotFound;
        standings.Changed(caller.Tenant);
        EntityTags.Tell(context, now.Version);
        return TypedResults.Ok(TenantSettings.Of(now.Value, full: true));
    }
}
