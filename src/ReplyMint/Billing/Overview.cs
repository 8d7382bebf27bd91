using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Billing;

/// <summary>How the installation stands, in numbers; nothing of any tenant's.</summary>
/// <param name="WithoutPlan">Tenants that have none, and no quota.</param>
/// <param name="AnswersThisHour">Of all tenants, in the clock hour in UTC.</param>
/// <param name="DueJobs">Work that waits for a worker, counted up to 4,000.</param>
/// <param name="OldestDueSeconds">For how long the first of it has waited.</param>
/// <param name="Failing">Parts that are not ready, as /ready names them.</param>
/// <param name="OpenAlerts">Of the newest 200, by kind.</param>
internal sealed record OverviewAnswer(
    long Tenants, long WithoutPlan, IReadOnlyList<PlanCount> Plans, long AnswersThisHour, long AnswersLastHour, int DueJobs, long OldestDueSeconds, IReadOnlyList<string> Failing, IReadOnlyList<AlertCount> OpenAlerts);

internal sealed record AlertCount(string Kind, int Open);

/// <summary>The operator's first look. Counters that each change moves, and a bounded look at queue and alerts: nothing is counted by reading all.</summary>
internal sealed class Overview(IStore store, Tenants tenants, Subscriptions subscriptions, JobQueue jobs, Alerts alerts, Readiness readiness, TimeProvider time)
{
    private const int NewestAlerts = 200;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapApi(Permission.TenantsRead, "tenants")
        .MapGet("/overview", async ([FromServices] Overview overview, CancellationToken ct) => TypedResults.Ok(await overview.ReadAsync(ct)))
        .WithName("GetOverview").WithSummary("How the installation stands: tenants, plans, queue, alerts").Produces<OverviewAnswer>().Costly();

    public async Task<OverviewAnswer> ReadAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var plans = await subscriptions.CountsAsync(ct);
        var count = await tenants.CountAsync(ct);
        var hours = await store.GetAsync([RateWindows.Hour(KeyRing.Installation, now), RateWindows.Hour(KeyRing.Installation, now.AddHours(-1))], ct);
        var depth = await jobs.DepthAsync(ct);
        var open = (await alerts.NewestAsync(NewestAlerts, ct)).Where(alert => alert.AcknowledgedAt is null).GroupBy(alert => alert.Kind).OrderBy(kind => kind.Key, StringComparer.Ordinal);
        return new(
            count, Math.Max(0, count - plans.Sum(plan => plan.Tenants)), plans, hours[0]?.Count ?? 0, hours[1]?.Count ?? 0, depth.Due, (long)depth.Oldest.TotalSeconds,
            await readiness.FailingAsync(ct), [.. open.Select(kind => new AlertCount(kind.Key, kind.Count()))]);
    }
}
