using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>Addresses of a tenant's that are told what happens.</summary>
internal static class WebhookRoutes
{
    public static void MapOutbound(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.WebhooksRead, "webhooks");
        read.MapGet("/webhooks", ListAsync).WithName("ListWebhooks").WithSummary("The webhooks").Produces<Listing<WebhookDetail>>();
        read.MapGet("/webhooks/{id}", GetAsync).WithName("GetWebhook").WithSummary("A webhook").Produces<WebhookDetail>();
        read.MapGet("/webhooks/{id}/deliveries", DeliveriesAsync).WithName("ListWebhookDeliveries").WithSummary("What it was told lately, the newest first, and how that went").Produces<Listing<DeliveryEntry>>();

        var write = routes.MapApi(Permission.WebhooksWrite, "webhooks");
        write.MapPost("/webhooks", AddAsync).WithName("AddWebhook").WithSummary("Add a webhook; its secret is shown once").Produces<WebhookWithSecret>(201).SecretAnswer();
        write.MapPut("/webhooks/{id}", ChangeAsync).WithName("ChangeWebhook").WithSummary("Change where it leads and what it is told; switch it off or on").Produces<WebhookDetail>();
        write.MapDelete("/webhooks/{id}", RemoveAsync).WithName("RemoveWebhook").WithSummary("Remove a webhook").Produces(204);
        write.MapPost("/webhooks/{id}/rotate-secret", RotateAsync).WithName("RotateWebhookSecret").WithSummary("A new secret; for a day what is sent carries signatures of both").Produces<WebhookWithSecret>().SecretAnswer();
        write.MapPost("/webhooks/{id}/test", TestAsync).WithName("TestWebhook").WithSummary("Send webhook.test now, once, and tell how that went").Produces<WebhookTestResult>().Costly();
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [FromServices] Webhooks webhooks, CancellationToken ct)
    {
        var details = new List<WebhookDetail>();
        foreach (var webhook in await webhooks.ListAsync(caller.Tenant, ct))
            details.Add(await DetailAsync(webhooks, caller, webhook, ct));
        return TypedResults.Ok(new Listing<WebhookDetail>(details, null).Linked(context));
    }

    private static async Task<IResult> GetAsync(HttpContext context, Caller caller, string id, [FromServices] Webhooks webhooks, CancellationToken ct)
    {
        if (await webhooks.FindAsync(caller.Tenant, id, ct) is not { } found)
            return Problem.NotFound;
        EntityTags.Tell(context, found.Version);
        return TypedResults.Ok(await DetailAsync(webhooks, caller, found.Value, ct));
    }

    private static async Task<IResult> DeliveriesAsync(HttpContext context, Caller caller, string id, [AsParameters] PageQuery page, [FromServices] Webhooks webhooks, [FromServices] WebhookEvents events, CancellationToken ct)
    {
        if (page.Problem() is { } wrong)
            return wrong;
        if (await webhooks.FindAsync(caller.Tenant, id, ct) is null)
            return Problem.NotFound;
        var (deliveries, next) = await events.ListAsync(caller.Tenant, id, page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<DeliveryEntry>([.. deliveries.Select(DeliveryEntry.Of)], next).Linked(context));
    }

    private static async Task<IResult> AddAsync(
        HttpContext context, Caller caller, NewWebhook wanted, [FromServices] Webhooks webhooks, [FromServices] WebhookRules rules, [FromServices] TimeProvider time, CancellationToken ct)
    {
        if (rules.Wrong(wanted.Url, wanted.Description ?? "", wanted.Events) is { } wrong)
            return Problem.Of(wrong.Member, wrong.What);
        var webhook = Webhook.New(wanted.Url, wanted.Description ?? "", wanted.Events, time);
        if (await webhooks.AddAsync(caller.Tenant, webhook, Actor.Of(caller), ct) is not { } added)
            return new Problem(409, $"There are {Webhooks.Most} webhooks already. Remove one that is not needed.");
        EntityTags.Tell(context, added.Version);
        return TypedResults.Created($"{RouteGroups.ApiRoot}/webhooks/{webhook.Id}", new WebhookWithSecret(WebhookDetail.Of(webhook, null), WebhookSignature.Show(webhook.Secret), null));
    }

    private static async Task<IResult> ChangeAsync(
        HttpContext context, Caller caller, string id, WebhookSettings wanted, [FromServices] Webhooks webhooks, [FromServices] WebhookRules rules, CancellationToken ct)
    {
        if (EntityTags.Required(context, out var version) is { } missing)
            return missing;
        if (rules.Wrong(wanted.Url, wanted.Description, wanted.Events) is { } wrong)
            return Problem.Of(wrong.Member, wrong.What);
        var (change, now) = await webhooks.SetAsync(caller.Tenant, id, version, webhook => webhook with
        {
            Url = new Uri(wanted.Url), Events = [.. wanted.Events.Distinct()], Description = wanted.Description, Enabled = wanted.Enabled,
        }, Actor.Of(caller), ct);
        return await AnswerAsync(context, change, now.Version, async () => TypedResults.Ok(await DetailAsync(webhooks, caller, now.Value, ct)));
    }

    private static async Task<IResult> RemoveAsync(Caller caller, string id, [FromServices] Webhooks webhooks, CancellationToken ct) =>
        await webhooks.RemoveAsync(caller.Tenant, id, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;

    private static async Task<IResult> RotateAsync(HttpContext context, Caller caller, string id, [FromServices] Webhooks webhooks, CancellationToken ct)
    {
        var (change, now) = await webhooks.RotateAsync(caller.Tenant, id, Actor.Of(caller), ct);
        return await AnswerAsync(context, change, now.Version, async () =>
            TypedResults.Ok(new WebhookWithSecret(await DetailAsync(webhooks, caller, now.Value, ct), WebhookSignature.Show(now.Value.Secret), now.Value.PreviousUntil)));
    }

    private static async Task<IResult> TestAsync(Caller caller, string id, [FromServices] Webhooks webhooks, [FromServices] WebhookSender sender, CancellationToken ct)
    {
        if (await webhooks.FindAsync(caller.Tenant, id, ct) is not { } found)
            return Problem.NotFound;
        var went = await sender.TestAsync(caller.Tenant, found.Value, Actor.Of(caller), ct);
        return TypedResults.Ok(new WebhookTestResult(went.Taken, went.Status, went.Failure));
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, ChangeResult change, long version, Func<Task<IResult>> done)
    {
        if (change != ChangeResult.Done)
            return change == ChangeResult.Changed ? EntityTags.Changed : Problem.NotFound;
        EntityTags.Tell(context, version);
        return await done();
    }

    private static async Task<WebhookDetail> DetailAsync(Webhooks webhooks, Caller caller, Webhook webhook, CancellationToken ct) =>
        WebhookDetail.Of(webhook, await webhooks.FailingSinceAsync(caller.Tenant, webhook.Id, ct));
}
