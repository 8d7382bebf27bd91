using System.Diagnostics;
using Microsoft.AspNetCore.Http;

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

    public Task InvokeAsync(HttpContext context)
    {
        context.TraceIdentifier = NewTraceId();
        context.Response.OnStarting(_starting, context);
        return _next(context);
    }

    /// <summary>32 hex digits, the form of a W3C trace id. Never the caller's: it would let him write into our logs.</summary>
    public static string NewTraceId() => ActivityTraceId.CreateRandom().ToHexString();

    private Task Starting(object state)
    {
        var context = (HttpContext)state;
        _headers.Apply(context.Response.Headers, context.Request.Headers, context.TraceIdentifier, context.Request.IsHttps);
        return Task.CompletedTask;
    }
}
