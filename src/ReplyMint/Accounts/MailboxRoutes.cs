using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Mail;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>The answered addresses and how they are answered.</summary>
internal static class MailboxRoutes
{
    private const string Tag = "mailboxes";

    public static void MapMailboxes(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.MailboxesRead, Tag);
        read.MapGet("/mailboxes", ListAsync).WithName("ListMailboxes").WithSummary("The mailboxes that the caller sees").Produces<Listing<MailboxView>>();
        read.MapGet("/mailboxes/{id}", GetAsync).WithName("GetMailbox").WithSummary("A mailbox").Produces<MailboxView>();
        read.MapGet("/mailboxes/{id}/settings", (HttpContext context, Caller caller, string id, [FromServices] Mailboxes mailboxes, CancellationToken ct) => ShowAsync(context, caller, id, mailboxes, MailboxSettings.Of, ct))
            .WithName("GetMailboxSettings").WithSummary("How it answers").Produces<MailboxSettings>();
        read.MapGet("/mailboxes/{id}/schedule", (HttpContext context, Caller caller, string id, [FromServices] Mailboxes mailboxes, CancellationToken ct) => ShowAsync(context, caller, id, mailboxes, box => SchedulePlan.Of(box.Schedule), ct))
            .WithName("GetMailboxSchedule").WithSummary("When which mode holds, while the mode is schedule").Produces<SchedulePlan>();
        read.MapGet("/mailboxes/{id}/rules", (HttpContext context, Caller caller, string id, [FromServices] Mailboxes mailboxes, CancellationToken ct) => ShowAsync(context, caller, id, mailboxes, box => RulePlan.Of(box.Rules), ct))
            .WithName("GetMailboxRules").WithSummary("Its own rules, asked before any drafting").Produces<RulePlan>();
        read.MapGet("/mailboxes/{id}/shadow", (HttpContext context, Caller caller, string id, [FromServices] Mailboxes mailboxes, [FromServices] TimeProvider time, CancellationToken ct) => ShowAsync(context, caller, id, mailboxes, box => ShadowView.Of(box, time.GetUtcNow()), ct))
            .WithName("GetMailboxShadow").WithSummary("Whether answers are only drafted, and since when").Produces<ShadowView>();

        var write = routes.MapApi(Permission.MailboxesWrite, Tag);
        write.MapPut("/mailboxes/{id}/shadow", SetShadowAsync).WithName("ChangeMailboxShadow").WithSummary("Draft answers for some days and send none").Produces<ShadowView>();
        write.MapPost("/mailboxes", AddAsync).WithName("AddMailbox").WithSummary("Claim an address of a proved domain; it begins in mode draft").Produces<MailboxView>(201);
        write.MapDelete("/mailboxes/{id}", RemoveAsync).WithName("RemoveMailbox").WithSummary("Give the address up; mail to it is refused from then on").Produces(204);
        write.MapPut("/mailboxes/{id}/settings", SetAsync).WithName("ChangeMailboxSettings").WithSummary("Change how it answers").Produces<MailboxSettings>();
        write.MapPut("/mailboxes/{id}/schedule", SetScheduleAsync).WithName("ChangeMailboxSchedule").WithSummary("Replace the schedule").Produces<SchedulePlan>();
        write.MapPut("/mailboxes/{id}/rules", SetRulesAsync).WithName("ChangeMailboxRules").WithSummary("Replace the rules").Produces<RulePlan>();
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [AsParameters] PageQuery page, [FromServices] Mailboxes mailboxes, [FromServices] DomainOwners domains, CancellationToken ct)
    {
        if (page.Problem() is { } wrong)
            return wrong;
        var (found, next) = await mailboxes.ListAsync(caller.Tenant, caller.Sees, page.Size, page.Cursor, ct);
        var views = new List<MailboxView>(found.Count);
        foreach (var box in found)
            views.Add(await MailboxView.OfAsync(box, domains, ct));
        return TypedResults.Ok(new Listing<MailboxView>(views, next).Linked(context));
    }

    private static async Task<IResult> GetAsync(HttpContext context, Caller caller, string id, [FromServices] Mailboxes mailboxes, [FromServices] DomainOwners domains, CancellationToken ct)
    {
        if (!caller.Sees(id) || await mailboxes.FindVersionAsync(caller.Tenant, id, ct) is not { } found)
            return Problem.NotFound;
        EntityTags.Tell(context, found.Version);
        return TypedResults.Ok(await MailboxView.OfAsync(found.Value, domains, ct));
    }

    private static async Task<IResult> ShowAsync<T>(HttpContext context, Caller caller, string id, Mailboxes mailboxes, Func<Mailbox, T> show, CancellationToken ct)
    {
        if (!caller.Sees(id) || await mailboxes.FindVersionAsync(caller.Tenant, id, ct) is not { } found)
            return Problem.NotFound;
        EntityTags.Tell(context, found.Version);
        return TypedResults.Ok(show(found.Value));
    }

    internal static async Task<IResult> AddAsync(Caller caller, NewMailbox wanted, [FromServices] Mailboxes mailboxes, [FromServices] ProvedDomains domains, [FromServices] DomainOwners owners, CancellationToken ct)
    {
        if (AddressRules.Normalize(wanted.Address) is not { } address)
            return Problem.Of("address", "is no mail address");
        if (AddressRules.WithoutTag(address) != address)
            return Problem.Of("address", "has a tag behind a plus; what is sent to tags goes to the address without");
        var box = new Mailbox { Id = Ids.Random('m'), TenantId = caller.Tenant, Address = address, CatchAll = wanted.CatchAll, DisplayName = wanted.DisplayName ?? "" };
        if (MailboxChecks.Settings(box) is { } wrong)
            return Problem.Of(wrong.Member, wrong.What);
        switch (await domains.ConfirmAsync(caller.Tenant, AddressRules.Domain(address), Actor.Of(caller), ct))
        {
            case DomainProofResult.NoClaim:
                return new Problem(409, "The domain of this address is not proved yet. Add it at /api/v1/domains and set the TXT record, or ask the operator.");
            case DomainProofResult.NotThere:
                return new Problem(409, "The TXT record of the domain of this address is not there any more. Set it again as /api/v1/domains says.");
            case DomainProofResult.Contested:
                return new Problem(409, DomainRoutes.Contested);
            case DomainProofResult.NotAsked:
                return new Problem(503, "DNS did not answer. Try again in a while.");
        }
        return (await mailboxes.AddAsync(box, Actor.Of(caller), ct, proof: "dns")).Result switch
        {
            ClaimResult.Claimed => TypedResults.Created($"{RouteGroups.ApiRoot}/mailboxes/{box.Id}", await MailboxView.OfAsync(box, owners, ct)),
            ClaimResult.Taken => new Problem(409, "The address, or the rest of its domain, is claimed already."),
            ClaimResult.TooMany => new Problem(409, "There are as many mailboxes as a tenant may have. Remove one that is not needed, or ask the operator."),
            _ => Problem.Of("address", "is no mail address"),
        };
    }

    internal static async Task<IResult> RemoveAsync(Caller caller, string id, [FromServices] Mailboxes mailboxes, CancellationToken ct) =>
        caller.Sees(id) && await mailboxes.RemoveAsync(caller.Tenant, id, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;

    internal static Task<IResult> SetAsync(HttpContext context, Caller caller, string id, MailboxSettings wanted, [FromServices] Mailboxes mailboxes, CancellationToken ct) =>
        ChangeAsync(context, caller, id, mailboxes, wanted.On, MailboxChecks.Settings, MailboxSettings.Of, Details(wanted), ct);

    internal static Task<IResult> SetScheduleAsync(HttpContext context, Caller caller, string id, SchedulePlan wanted, [FromServices] Mailboxes mailboxes, CancellationToken ct) =>
        ChangeAsync(context, caller, id, mailboxes, box => box with { Schedule = wanted.ToSchedule() }, box => MailboxChecks.Schedule(box.Schedule), box => SchedulePlan.Of(box.Schedule),
            new() { ["schedule"] = wanted.Spans.Count.ToString(CultureInfo.InvariantCulture) }, ct);

    internal static Task<IResult> SetRulesAsync(HttpContext context, Caller caller, string id, RulePlan wanted, [FromServices] Mailboxes mailboxes, CancellationToken ct) =>
        ChangeAsync(context, caller, id, mailboxes, box => box with { Rules = wanted.ToRules() }, box => MailboxChecks.Rules(box.Rules), box => RulePlan.Of(box.Rules),
            new() { ["rules"] = wanted.Rules.Count.ToString(CultureInfo.InvariantCulture) }, ct);

    internal static Task<IResult> SetShadowAsync(HttpContext context, Caller caller, string id, ShadowPlan wanted, [FromServices] Mailboxes mailboxes, [FromServices] TimeProvider time, CancellationToken ct) =>
        ChangeAsync(context, caller, id, mailboxes, box => box.InShadowFor(wanted.Days, time.GetUtcNow()), _ => null, box => ShadowView.Of(box, time.GetUtcNow()),
            new() { ["shadowDays"] = wanted.Days.ToString(CultureInfo.InvariantCulture) }, ct);

    private static async Task<IResult> ChangeAsync<T>(
        HttpContext context, Caller caller, string id, Mailboxes mailboxes, Func<Mailbox, Mailbox> change, Func<Mailbox, Wrong?> check, Func<Mailbox, T> show, Dictionary<string, string> details, CancellationToken ct)
    {
        if (EntityTags.Required(context, out var version) is { } missing)
            return missing;
        if (!caller.Sees(id))
            return Problem.NotFound;
        if (check(change(new Mailbox { Id = id, TenantId = caller.Tenant, Address = "" })) is { } wrong)
            return Problem.Of(wrong.Member, wrong.What);
        var (result, now) = await mailboxes.ChangeAsync(caller.Tenant, id, version, change, Actor.Of(caller), details, ct);
        if (result == ChangeResult.TooLarge)
            return new Problem(422, MailboxChecks.TooLarge);
        if (result == ChangeResult.NotNow)
            return new Problem(409, MailboxChecks.InShadow);
        if (result != ChangeResult.Done)
            return result == ChangeResult.Changed ? EntityTags.Changed : Problem.NotFound;
        EntityTags.Tell(context, now.Version);
        return TypedResults.Ok(show(now.Value));
    }

    /// <summary>Fixed words only: what the tenant wrote has no place in a log that is never erased.</summary>
    private static Dictionary<string, string> Details(MailboxSettings wanted) => new()
    {
        ["mode"] = WireWord.Of(wanted.Mode), ["tone"] = WireWord.Of(wanted.Tone), ["language"] = wanted.Language, ["maxLength"] = wanted.MaxLength.ToString(CultureInfo.InvariantCulture),
        ["fixedAnswer"] = wanted.FixedAnswer.Length == 0 ? "none" : "set", ["nullReversePath"] = wanted.NullReversePath ? "true" : "false", ["quietSeconds"] = wanted.QuietSeconds.ToString(CultureInfo.InvariantCulture),
    };
}
