using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Billing;

/// <summary>How the operator's wish for a plan ended.</summary>
internal enum PlanOutcome
{
    Done,
    NoTenant,
    NoPlan,
    /// <summary>The tenant pays by Stripe, which would say the old plan again.</summary>
    Pays,
}

/// <summary>A tenant's plan, and what is left of it.</summary>
/// <param name="Plan">Absent: none, and no quota.</param>
/// <param name="Replies">In a period.</param>
/// <param name="Period">A month, or the moment at which the subscription's period began.</param>
/// <param name="Until">When the next period begins; absent for calendar months.</param>
/// <param name="Ends">From then on nothing is left, unless the plan goes on.</param>
/// <param name="Leaves">Notice was given: it ends with the period.</param>
/// <param name="History">What was used by period, the newest first.</param>
internal sealed record PlanAnswer(
    string? Plan, PlanSource? Source, SubscriptionState? State, long? Replies, long? Used, long? Left, string? Period, DateTimeOffset? From, DateTimeOffset? Until, DateTimeOffset? Ends,
    bool? Leaves, long? Refunded, IReadOnlyList<QuotaPeriod> History);

/// <summary>Plans: what there are, which one a tenant has, and that the operator gives him another.</summary>
internal sealed class PlanDesk(IStore store, BillingSettings settings, Subscriptions subscriptions, Allowances allowances, Tenants tenants, AuditLog audit, TimeProvider time)
{
    private const int Periods = 12;

    public IReadOnlyList<PlanSettings> Plans => settings.Plans;

    /// <summary>Null: there is no such tenant.</summary>
    public async Task<PlanAnswer?> ShowAsync(string tenant, CancellationToken ct)
    {
        if (tenant == KeyRing.Installation || !await tenants.IsThereAsync(tenant, ct))
            return null;
        var now = (await subscriptions.ReadAsync(tenant, ct)).Now;
        var (quota, _) = await allowances.ReadAsync(tenant, ct);
        return new(now?.Plan, now?.Source, now is null ? null : StateOf(now), quota?.Replies, quota?.Used, quota?.Left, quota?.Period, now?.From, now?.Until, now?.Ends,
            now?.Leaves, now?.Refunded > 0 ? now.Refunded : null, await allowances.HistoryAsync(tenant, Periods, ct));
    }

    /// <param name="plan">Null: none from now on, and no quota.</param>
    public Task<PlanOutcome> SetAsync(string tenant, string? plan, Actor actor, CancellationToken ct)
    {
        var wanted = plan is null ? null : settings.Find(plan);
        if (plan is not null && wanted is null)
            return Task.FromResult(PlanOutcome.NoPlan);
        return store.RetryAsync(async (commit, token) =>
        {
            if (tenant == KeyRing.Installation || !await tenants.IsThereAsync(tenant, token))
                return PlanOutcome.NoTenant;
            var before = await subscriptions.ReadAsync(tenant, token);
            if (before.Now is { IsLiveAtStripe: true })
                return PlanOutcome.Pays;
            if (wanted is null && before.Now is null)
                return PlanOutcome.Done;
            Subscriptions.Write(commit, before, wanted is null ? null : subscriptions.Begin(wanted) with { Customer = before.Now?.Customer });
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "plan.set", tenant, new Dictionary<string, string> { ["plan"] = plan ?? "none", ["before"] = before.Now?.Plan ?? "none" }), token);
            return PlanOutcome.Done;
        }, ct);
    }

    /// <summary>A trial ends by itself, whether or not somebody has written it down yet.</summary>
    private SubscriptionState StateOf(Subscription one) =>
        one.Source == PlanSource.Operator && one.Ends <= time.GetUtcNow() ? SubscriptionState.Ended : one.State;
}
