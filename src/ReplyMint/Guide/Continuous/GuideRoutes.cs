using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <param name="At">When the server looked last; absent before its first look, some minutes after it was started.</param>
/// <param name="Version">Of the server that looked.</param>
/// <param name="Controls">Those that settings, store and records show. From outside, of the template and of the code the command `replymint guide` looks at more.</param>
internal sealed record GuideAnswer(DateTimeOffset? At, string? Version, IReadOnlyList<GuideControlAnswer> Controls);

/// <param name="Id">Such as SOC-3.</param>
/// <param name="Verdict">pass, warn, fail, not applicable or not checked.</param>
/// <param name="Remedy">What to do where it does not hold; absent where it does.</param>
/// <param name="Evidence">What was seen, for operators only: it may name folders of the machine and other tenants.</param>
internal sealed record GuideControlAnswer(string Id, string Title, string Verdict, string? Remedy, IReadOnlyList<string>? Evidence);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GuideAnswer))]
internal sealed partial class GuideAnswers : JsonSerializerContext;

internal static class GuideFeature
{
    /// <param name="services">The application's.</param>
    /// <param name="clock">When a server looks itself.</param>
    /// <param name="settings">What it judges.</param>
    public static IServiceCollection AddGuide(this IServiceCollection services, GuideClockSettings clock, GuideSettings settings) => services
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(GuideAnswers.Default))
        .AddSingleton(clock)
        .AddSingleton(settings)
        .AddSingleton<GuideBook>()
        .AddHostedService<GuideClock>();

    public static void MapGuide(this IEndpointRouteBuilder routes) =>
        routes.MapApi(Permission.AuditRead, "guide").MapGet("/guide", GetAsync).WithName("GetGuide").WithSummary("What the server found when it last looked itself whether the controls of the security guide hold").Produces<GuideAnswer>();

    internal static async Task<IResult> GetAsync(Caller caller, [FromServices] GuideBook book, CancellationToken ct)
    {
        var (result, operates) = (await book.LastAsync(ct), caller.Tenant == KeyRing.Installation);
        return TypedResults.Ok(new GuideAnswer(result?.At, result?.Version, [.. from kept in result?.Controls ?? []
            let control = Catalogue.Find(kept.Id)
            // A later version may have taken it out.
            where control is not null
            select new GuideControlAnswer(kept.Id, control.Title, kept.Verdict.Name(), kept.Verdict is Verdict.Fail or Verdict.Warn ? control.Remedy : null,
                operates ? [.. kept.Findings.Select(finding => $"{finding.Look.Name()}: {finding.Outcome.Evidence}")] : null)]));
    }
}
