using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;

namespace ReplyMint.Limits;

internal static class UsageRoutes
{
    /// <summary>Stands behind the gate: what was refused there counts for nobody.</summary>
    public static void UseUsage(this WebApplication app)
    {
        var counters = app.Services.GetService<UsageCounters>();
        app.Use(next => context =>
        {
            if (counters is not null && context.Features.Get<Caller>() is { } caller && context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<Protection>()?.Permission is not null)
                counters.Count(caller.Tenant, endpoint.Metadata.GetMetadata<ITagsMetadata>()?.Tags is [var tag, ..] ? tag : "other", caller.Kind == CallerKind.Key ? caller.Id : UsageKeys.People);
            return next(context);
        });
    }

    public static void MapUsage(this IEndpointRouteBuilder routes) =>
        routes.MapApi(Permission.UsageRead, "usage").MapGet("/usage", ReadAsync).WithName("GetUsage").WithSummary("Answers and calls by day; of this month unless told").Produces<UsageReport>().Costly();

    private static async Task<IResult> ReadAsync(Caller caller, DateOnly? from, DateOnly? to, [FromServices] UsageReports reports, CancellationToken ct)
    {
        var (report, wrong) = await reports.ReadAsync(caller.Tenant, from, to, ct);
        return wrong is { } what ? Problem.Of(what.Member, what.What) : TypedResults.Ok(report);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(UsageReport))]
[JsonSerializable(typeof(DateOnly?))]
internal sealed partial class LimitsWire : JsonSerializerContext;
