using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ReplyMint.Security;

/// <summary>
/// The last stop before a handler (INPUT-1): path, query and body are what the route's parameters and records say. Attached once,
/// to the groups. What is no JSON, of the wrong type, unknown or given twice was refused when it was read.
/// </summary>
internal sealed class RequestRules
{
    /// <summary>On every route that passes here; a test asks for it.</summary>
    public static readonly object Mark = new RequestRules();

    private static readonly ConditionalWeakTable<Endpoint, RequestPlan> Plans = [];

    private RequestRules()
    {
    }

    public static RouteGroupBuilder Attach(RouteGroupBuilder group) => group.WithMetadata(Mark).AddEndpointFilter(CheckAsync);

    public static RequestPlan PlanOf(RouteEndpoint endpoint, IServiceProvider services) =>
        Plans.TryGetValue(endpoint, out var plan) ? plan
            : Plans.GetOrAdd(endpoint, RequestPlan.Of(endpoint, services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions));

    private static ValueTask<object?> CheckAsync(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        var http = call.HttpContext;
        var plan = PlanOf((RouteEndpoint)http.GetEndpoint()!, http.RequestServices);
        return Refusal(call, http, plan) is { } refusal ? new(refusal) : next(call);
    }

    private static Problem? Refusal(EndpointFilterInvocationContext call, HttpContext http, RequestPlan plan)
    {
        if (!plan.PathIsGood(http.Request.RouteValues))
            return Problem.NotFound;
        if (http.Request.QueryString.HasValue && plan.WrongQuery(http.Request.Query) is { } wrong)
            return wrong;
        if (!plan.TakesBody)
            return http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true ? Problem.Of("body", "is not taken here") : null;
        if (plan.Body is null)
            return null;
        foreach (var argument in call.Arguments)
            if (argument is not null && argument.GetType() == plan.BodyType)
                return plan.Body.Wrong(argument) is { } errors ? new Problem(400, "The request is not valid.", errors) : null;
        return Problem.Of("body", "is missing");
    }
}
