using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Limits;

/// <summary>One limit with the words that it is told by (draft-ietf-httpapi-ratelimit-headers).</summary>
internal sealed class NamedLimit(string name, RequestRate rate, int times = 1)
{
    public string Name => name;

    public BucketRule Rule { get; } = BucketRule.Of(rate, times);

    /// <summary>"read";q=300;w=15: so many at once, and after so many seconds of rest all of them again.</summary>
    public string Policy { get; } = string.Create(CultureInfo.InvariantCulture,
        $"\"{name}\";q={(long)rate.Burst * times};w={Math.Max((long)Math.Ceiling(rate.Burst * 60.0 / rate.PerMinute), 1)}");

    public string Tell(Taken taken) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{name}\";r={(long)taken.Left};t={(long)Math.Ceiling(taken.Full.TotalSeconds)}");
}

/// <summary>
/// How much each may ask (AUTH-6), on every route: a caller and his tenant, or the network of one who proved nothing. Stands
/// behind the question who asks and before the one what he may, so that refused requests count too.
/// </summary>
internal sealed class RequestLimits
{
    private readonly TakeTokens _take;
    private readonly (NamedLimit Own, NamedLimit Tenant, string Policy) _read, _write, _costly;
    private readonly NamedLimit _signIn, _webhooks, _public, _unproved;

    public RequestLimits(RequestLimitSettings settings, TakeTokens take)
    {
        _take = take;
        _read = Caller("read", settings.Read);
        _write = Caller("write", settings.Write);
        _costly = Caller("costly", settings.Costly);
        (_signIn, _webhooks) = (new("sign-in", settings.SignIn), new("webhooks", settings.Webhooks));
        (_public, _unproved) = (new("public", settings.Public), new("unproved", settings.Unproved));

        (NamedLimit, NamedLimit, string) Caller(string name, RequestRate rate)
        {
            var (own, tenant) = (new NamedLimit(name, rate), new NamedLimit("tenant-" + name, rate, settings.TenantTimes));
            return (own, tenant, $"{own.Policy}, {tenant.Policy}");
        }
    }

    /// <summary>The limit of a route for one who is signed in, or of its group for one who needs not be.</summary>
    public string NameOf(Endpoint? endpoint, string method) =>
        endpoint?.Metadata.GetMetadata<Protection>() is { Permission: not null } ? OfCaller(endpoint, method).Own.Name : OfNetwork(endpoint).Name;

    public async Task<IResult?> RefusalAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        return context.Features.Get<Caller>() is { } caller ? await OfCallerAsync(context, endpoint!, caller) : await OfNetworkAsync(context, OfNetwork(endpoint));
    }

    private async ValueTask<IResult?> OfCallerAsync(HttpContext context, Endpoint endpoint, Caller caller)
    {
        var (own, tenant, policy) = OfCaller(endpoint, context.Request.Method);
        var headers = context.Response.Headers;
        headers["RateLimit-Policy"] = policy;
        var taken = await _take(new(own.Name, caller.Id, 0), own.Rule, 1);
        if (!taken.Allowed)
        {
            headers["RateLimit"] = own.Tell(taken);
            return Refused(own, taken.Wait, "You asked too much in a short time.");
        }
        var ofAll = await _take(new(tenant.Name, caller.Tenant, 0), tenant.Rule, 1);
        headers["RateLimit"] = $"{own.Tell(taken)}, {tenant.Tell(ofAll)}";
        return ofAll.Allowed ? null : Refused(tenant, ofAll.Wait, "All callers of your organisation together asked too much in a short time.");
    }

    private async ValueTask<IResult?> OfNetworkAsync(HttpContext context, NamedLimit limit)
    {
        var taken = await _take(new(limit.Name, "", BucketKey.NetworkOf(context.Connection.RemoteIpAddress)), limit.Rule, 1);
        var headers = context.Response.Headers;
        headers["RateLimit-Policy"] = limit.Policy;
        headers["RateLimit"] = limit.Tell(taken);
        return taken.Allowed ? null : Refused(limit, taken.Wait, "Too many requests came from your network in a short time.");
    }

    private static TooMany Refused(NamedLimit limit, TimeSpan wait, string detail)
    {
        Measures.RateLimited.Add(limit.Name);
        return new(wait, detail);
    }

    private (NamedLimit Own, NamedLimit Tenant, string Policy) OfCaller(Endpoint endpoint, string method) =>
        endpoint.Metadata.GetMetadata<CostlyMark>() is not null ? _costly
            : HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? _read : _write;

    private NamedLimit OfNetwork(Endpoint? endpoint) => endpoint?.Metadata.GetMetadata<Protection>() is not { } protection ? _public
        : protection.Permission is not null ? _unproved
        : protection.Group == Protection.SignIn.Group || protection.Group == Protection.Door.Group ? _signIn
        : protection.Group == Protection.Webhooks.Group ? _webhooks : _public;
}

/// <summary>On routes whose work costs much more than a look into the store.</summary>
internal sealed class CostlyMark
{
    public static readonly CostlyMark Mark = new();

    private CostlyMark()
    {
    }
}

internal static class RequestLimitSteps
{
    public static TBuilder Costly<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(CostlyMark.Mark);

    public static void UseRequestLimits(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<RequestLimits>();
        app.Use(next => async context =>
        {
            if (await limits.RefusalAsync(context) is { } refusal)
                await refusal.ExecuteAsync(context);
            else
                await next(context);
        });
    }
}
