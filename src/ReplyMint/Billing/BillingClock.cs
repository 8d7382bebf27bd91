using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Billing;

/// <summary>
/// Each hour: compares with Stripe. Each day: writes down which trials have ended and what the settings now say of plans, and counts the counters again.
/// When either was begun last stands in the store: of processes that share it one does it, and one that lives for minutes only knows what is due.
/// </summary>
internal sealed partial class BillingClock(
    IStore store, StripeReconciliation stripe, Subscriptions subscriptions, BillingSettings settings, Tenants tenants, QuotaWarnings warnings, TimeProvider time, ILogger<BillingClock> log) : PeriodicService(Every, time)
{
    /// <summary>How exact the hours are, and how soon what broke off is done by another.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    private bool _started;

    protected override async Task TickAsync(CancellationToken ct)
    {
        try
        {
            await OnceAsync("walk", TimeSpan.FromDays(1), WalkAsync, ct);
            // Not at the start: what was told meanwhile Stripe tells again by itself.
            if (_started && settings.Stripe.IsOn)
                await OnceAsync("stripe", TimeSpan.FromHours(1), stripe.RunAsync, ct);
            _started = true;
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

    /// <summary>Does the work unless somebody began it within that time. While it is done the mark is there for a short time only, so that work that breaks off is begun again.</summary>
    private async Task OnceAsync(string name, TimeSpan within, Func<CancellationToken, Task> work, CancellationToken ct)
    {
        var (mark, begun) = (ItemKey.Main(KeyRing.Installation, "billing-clock/" + name), Time.GetUtcNow());
        if (await store.GetAsync(mark, ct) is not null || await store.CommitAsync(new Commit().Put(mark, "{\"v\":1}"u8.ToArray(), Condition.Absent, expires: begun + Every), ct) != CommitResult.Committed)
            return;
        await work(ct);
        await store.CommitAsync(new Commit().Expire(mark, begun + within), ct);
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
