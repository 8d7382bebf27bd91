using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Telemetry;

namespace ReplyMint.Security;

/// <summary>The outermost middleware: names the request, and sees to it that no answer leaves without its headers, errors included.</summary>
internal sealed class EveryAnswer
{
    private readonly RequestDelegate _next;
    private readonly SecurityHeaders _headers;
    private readonly Func<object, Task> _starting;

    public EveryAnswer(RequestDelegate next, SecurityHeaders headers)
    {
        _next = next;
        _headers = headers;
        _starting = Starting;
    }

    public async Task InvokeAsync(HttpContext context)
    {
        // Its trace id is 32 hex digits, and never the caller's: that would let him write into our logs.
        using var span = Spans.Root("request", ActivityKind.Server, Spans.CallerOf(context.Request.Headers.TraceParent is [{ } one] ? one : null));
        context.TraceIdentifier = span.TraceId.ToHexString();
        context.Response.OnStarting(_starting, context);
        await _next(context);
        if (span.IsAllDataRequested)
            Describe(context, span);
    }

    /// <summary>For what is refused before a request is one. 32 hex digits, the form of a W3C trace id.</summary>
    public static string NewTraceId() => ActivityTraceId.CreateRandom().ToHexString();

    /// <summary>By the route's template: a path may hold what is nobody's business.</summary>
    private static void Describe(HttpContext context, Activity span)
    {
        var (method, route) = (Known(context.Request.Method), (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText);
        span.DisplayName = route is null ? method : $"{method} {route}";
        span.Tag("http.request.method", method);
        span.Tag("http.route", route);
        span.SetTag("http.response.status_code", context.Response.StatusCode);
        if (context.Response.StatusCode >= 500)
            span.Fail();
    }

    private static string Known(string method) => HttpMethods.GetCanonicalizedValue(method) is var known && known.Length < 8 && known.AsSpan().IndexOfAnyExceptInRange('A', 'Z') < 0
        && (HttpMethods.IsGet(known) || HttpMethods.IsHead(known) || HttpMethods.IsPost(known) || HttpMethods.IsPut(known) || HttpMethods.IsDelete(known) || HttpMethods.IsOptions(known)) ? known : "_OTHER";

    private Task Starting(object state)
    {
        var context = (HttpContext)state;
        _headers.Apply(context.Response.Headers, context.Request.Headers, context.TraceIdentifier, context.Request.IsHttps);
        return Task.CompletedTask;
    }
}
