using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Security;

/// <summary>
/// Notes what was refused, whoever refused it: one place on everybody's way, so that no door can forget it. Stands behind the question
/// where somebody comes from.
/// </summary>
internal sealed class RefusalNotes(RequestDelegate next, SecurityEvents events, AccessLines lines)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.Response.StatusCode is 400 or 401 or 404 or 405)
            Note(context);
        Tell(context);
    }

    /// <summary>What the log says of it; the gate's word counts whatever a page made of it (a way to prove the factor, for one).</summary>
    private void Tell(HttpContext context)
    {
        var (endpoint, status, from) = (context.GetEndpoint(), context.Response.StatusCode, context.Connection.RemoteIpAddress);
        var right = context.Features.Get<RefusedRight>();
        // What is not there and what is another's look the same to him, and here.
        if (context.Features.Get<Caller>() is { } caller && (right is not null || (status is 403 or 404 && endpoint is not null)))
            lines.Refusal(from, caller, right?.Name, (endpoint as RouteEndpoint)?.RoutePattern.RawText, status == 404 ? "404" : "403");
        else if (status == 401 && endpoint?.Metadata.GetMetadata<Protection>() is { Permission: null } protection)
            if (protection.Group == Protection.Webhooks.Group)
                lines.Proof(from, Way.Webhook, "refused", ChannelOf(context, endpoint));
            else if (protection.Group == Protection.Public.Group)
                lines.Proof(from, Way.Metrics, "refused", null);
    }

    private void Note(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        var from = context.Connection.RemoteIpAddress;
        if (context.Response.StatusCode == 401 && endpoint?.Metadata.GetMetadata<Protection>() is { } protection && protection.Group == Protection.Webhooks.Group)
            events.Note(SecurityEventKind.WebhookForged, from, subject: ChannelOf(context, endpoint));
        else if (context.Features.Get<Caller>() is not { } caller)
            events.Note(SecurityEventKind.RequestRefused, from, number: Target(context));
        else if (context.Response.StatusCode is 404 or 405)
            events.Note(SecurityEventKind.RequestRefused, caller with { Network = from }, Target(context));
    }

    /// <summary>Tells one path from another, and is nothing that could be read back: .NET hashes texts under a key of this process.</summary>
    private static long Target(HttpContext context) => context.Request.Path.GetHashCode();

    /// <summary>A tenant's own, or the operator's by its kind: never what a stranger wrote into the path.</summary>
    private static string ChannelOf(HttpContext context, Endpoint endpoint)
    {
        var pattern = (endpoint as RouteEndpoint)?.RoutePattern.RawText ?? "";
        var kind = pattern.Contains("/mailgun", StringComparison.Ordinal) ? "mailgun" : pattern.Contains("/ses", StringComparison.Ordinal) ? "ses" : "webhooks";
        return context.Request.RouteValues.TryGetValue("channel", out var named) && named is string { Length: 21 } id && IdAttribute.IsId(id) ? id : kind;
    }
}

internal static class RefusalSteps
{
    public static void UseRefusalNotes(this WebApplication app)
    {
        // A front without a store has nobody to tell.
        if (app.Services.GetService<SecurityEvents>() is { } events)
            app.Use(next => new RefusalNotes(next, events, app.Services.GetRequiredService<AccessLines>()).InvokeAsync);
    }
}
