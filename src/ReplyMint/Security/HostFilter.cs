using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;

namespace ReplyMint.Security;

/// <summary>
/// Only configured names are served (NET-1). The framework's own filter answers without headers and lets an empty Host pass.
/// Two Host fields, and a target that names another host than the field does, are refused by Kestrel itself (RefusalObserver
/// gives that answer its headers and body).
/// </summary>
internal sealed class HostFilter
{
    private readonly RequestDelegate _next;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _hosts;

    public HostFilter(RequestDelegate next, IEnumerable<string> hosts)
    {
        _next = next;
        _hosts = hosts.ToFrozenSet(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public Task InvokeAsync(HttpContext context) =>
        IsServed(context.Request.Headers) ? _next(context)
            : new Problem(400, "The Host header does not name a host that is served here.").ExecuteAsync(context);

    private bool IsServed(IHeaderDictionary headers) =>
        headers.Host is { Count: 1 } host && HostName.TryWithoutPort(host[0], out var name) && _hosts.Contains(name);
}
