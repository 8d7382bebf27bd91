using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Billing;

/// <summary>
/// Each hour: compares with Stripe. Each day: writes down which trials have ended and what the settings now say of plans, and counts the counters again.
/// </summary>
internal sealed partial class BillingClock(
    IStore store, StripeReconciliation stripe, Subscriptions subscriptions, BillingSettings settings, Tenants tenants, QuotaWarnings warnings, TimeProvider time, ILogger<BillingClock> log) : PeriodicService(Every, time)
{
    private const int TicksOfDay = 24;
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    private int _ticks;

    protected override async Task TickAsync(CancellationToken ct)
    {
        try
        {
            if (_ticks % TicksOfDay == 0)
                await WalkAsync(ct);
            // Not at the start: what was told meanwhile Stripe tells again by itself.
            if (_ticks++ > 0)
                await stripe.RunAsync(ct);
        }
        catch (ObjectDisposedException)
        {
            // A start that was refused gives all back without stopping us first.
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            LogFailed(log, Failure.Of(failure));
        }
    }

    /// <summary>Looks at all tenants once.</summary>
    public async Task WalkAsync(CancellationToken ct)
    {
        var before = await CountersAsync(ct);
        var counted = new Dictionary<ItemKey, long> { [Tenants.CountKey] = 0 };
        var moved = false;
        await foreach (var tenant in tenants.IdsAsync(ct))
        {
            counted[Tenants.CountKey]++;
            moved |= await MendAsync(tenant, ct);
            if ((await subscriptions.ReadAsync(tenant, ct)).Now is not { } now)
                continue;
            var key = Subscriptions.CountOf(now);
            counted[key] = counted.GetValueOrDefault(key) + 1;
            await warnings.LookAsync(tenant, ct);
        }
        // Counters that moved meanwhile can't be compared; tomorrow is soon enough.
        var after = await CountersAsync(ct);
        if (moved || before.Count != after.Count || before.Any(one => after.GetValueOrDefault(one.Key) != one.Value))
            return;
        var commit = new Commit();
        foreach (var key in counted.Keys.Union(before.Keys).Where(key => counted.GetValueOrDefault(key) != before.GetValueOrDefault(key)).Take(Commit.MaxOperations))
            commit.Add(key, counted.GetValueOrDefault(key) - before.GetValueOrDefault(key));
        if (!commit.IsEmpty)
            await store.CommitAsync(commit, ct);
    }

    /// <summary>What a plan allows follows the settings, and what has ended by itself says so.</summary>
    private Task<bool> MendAsync(string tenant, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        var reading = await subscriptions.ReadAsync(tenant, token);
        if (reading.Now is not { } now)
            return false;
        var after = now with
        {
            Replies = settings.Find(now.Plan)?.Replies ?? now.Replies,
            State = now.Source == PlanSource.Operator && now.Ends <= Time.GetUtcNow() ? SubscriptionState.Ended : now.State,
        };
        if (after == now)
            return false;
        Subscriptions.Write(commit, reading, after);
        return true;
    }, ct);

    private async Task<Dictionary<ItemKey, long>> CountersAsync(CancellationToken ct)
    {
        var counters = new Dictionary<ItemKey, long> { [Tenants.CountKey] = await tenants.CountAsync(ct) };
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, Subscriptions.CountPrefix, ct))
            counters[item.Key] = item.Count;
        return counters;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking after plans failed: {failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}
