using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

internal static class AuditFeature
{
    public static IServiceCollection AddAudit(this IServiceCollection services, AuditSettings settings, OpenStore open)
    {
        services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(AuditWire.Default));
        return services
            .AddSingleton(settings)
            .AddSingleton<AuditLog>()
            .AddSingleton<Alerts>()
            .AddSingleton<AttestationKeys>()
            .AddSingleton<Attestations>()
            .AddSingleton(provider => new Anchors(
                settings, open, provider.GetRequiredService<SecretSource>(), provider.GetRequiredService<OutsideClients>(), provider.GetRequiredService<Alerts>(),
                provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Anchors>>(), provider.GetService<Func<AnchorMailer>>()))
            .AddHostedService<AuditClock>();
    }

    public static void MapAudit(this IEndpointRouteBuilder routes) =>
        routes.MapPublic().MapMethods("/.well-known/attestation-keys.json", ["GET", "HEAD"], KeysAsync).Produces<AttestationKeySet>().WithName("ListAttestationKeys").WithSummary("The public keys, of all times, that sign this installation's roots, certificates and reports.");

    private static async Task<Ok<AttestationKeySet>> KeysAsync(HttpContext context, AttestationKeys keys, CancellationToken ct)
    {
        context.Response.Headers.CacheControl = "public, max-age=300";
        return TypedResults.Ok(await keys.PublicAsync(ct));
    }
}
