using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>What was taken for one call of a model, to be set right once its price is known.</summary>
internal sealed record ModelLease(string Tenant, IReadOnlyList<ItemKey> Counters, long Taken);

/// <summary>
/// What models cost in the last 24 hours, in whole millionths of the price's currency, one counter an hour. Taken before a call
/// at its worst price, so that many at once do not each find the same rest. Where there are several tenants none takes more than
/// half of a day's money, one with a bound of its own no more than that, and what is only tried out a tenth of the tenant's.
/// </summary>
internal sealed class ModelSpending(IStore store, Tenants tenants, Alerts alerts, TimeProvider time)
{
    private const string Spent = "model-spent/";
    private const string Tried = "model-tried/";
    private const decimal Unit = 1_000_000m;
    // What is acknowledged stays quiet for the rest of the day that it is about.
    private static readonly TimeSpan Quiet = TimeSpan.FromHours(12);

    private sealed record Budget(string Partition, string Prefix, decimal Limit);

    /// <summary>Null when not so much is left. What is never settled counts for a day.</summary>
    public async Task<ModelLease?> TakeAsync(string tenant, bool trial, decimal worst, decimal perDay, CancellationToken ct)
    {
        var share = (await tenants.PageAsync(2, null, ct)).Tenants.Count > 1 ? perDay / 2 : perDay;
        if ((await tenants.FindAsync(tenant, ct))?.ModelPerDay is { } own && own < share)
            share = own;
        List<Budget> budgets = [new(KeyRing.Installation, Spent, perDay), new(tenant, Spent, share)];
        if (trial)
            budgets.Add(new(tenant, Tried, share / 10));
        var amount = (long)Math.Ceiling(worst * Unit);
        Budget? full = null, near = null;
        var lease = await store.RetryAsync(async (commit, token) =>
        {
            (full, near) = (null, null);
            var hour = time.GetUtcNow().ToString("yyyyMMddHH", CultureInfo.InvariantCulture);
            var counters = new List<(ItemKey Key, long Limit)>();
            foreach (var budget in budgets)
            {
                var items = (await store.QueryAsync(Table.Main, budget.Partition, new Storage.Range(budget.Prefix), null, token)).Items;
                var key = ItemKey.Main(budget.Partition, budget.Prefix + hour);
                var before = items.Where(item => item.Key != key).Sum(item => item.Count);
                var whole = (long)Math.Min(budget.Limit * Unit, long.MaxValue / 2);
                var taken = items.Sum(item => item.Count) + amount;
                if (taken > whole)
                {
                    full = budget;
                    return null;
                }
                if (taken > whole / 5 * 4)
                    near ??= budget;
                counters.Add((key, whole - before));
            }
            // Others may take meanwhile: then the limit fails the commit, and all is read anew.
            foreach (var (key, limit) in counters)
                commit.Add(key, amount, limit, time.GetUtcNow().AddHours(24));
            return new ModelLease(tenant, [.. counters.Select(counter => counter.Key)], amount);
        }, ct);
        if ((full ?? near) is { Prefix: Spent } told)
            await WarnAsync(told.Partition, full is not null, ct);
        return lease;
    }

    /// <summary>Before the money is gone, and once it is. Whoever tries something out sees it himself.</summary>
    private Task WarnAsync(string partition, bool full, CancellationToken ct)
    {
        var (whose, of) = partition == KeyRing.Installation ? ("the installation", (string?)null) : ("a tenant", partition);
        return alerts.SeeAsync(full
            ? new("model-budget", partition, $"What models may cost {whose} in 24 hours is used up. Until some of it is a day old, mails are held without asking a model.", of)
            : new("model-budget-near", partition, $"Four fifths of what models may cost {whose} in 24 hours are spent, or taken for calls that run.", of), Quiet, ct);
    }

    /// <summary>What it really cost; not called off with the caller, because it is spent.</summary>
    public async Task SettleAsync(ModelLease lease, decimal cost)
    {
        var spent = (long)Math.Ceiling(cost * Unit);
        var (difference, now) = (spent - lease.Taken, time.GetUtcNow());
        var commit = new Commit();
        foreach (var key in lease.Counters.Where(_ => difference != 0))
            commit.Add(key, difference, expires: now.AddHours(24));
        if (spent > 0)
            commit.Add(UsageKeys.Cost(lease.Tenant, now), spent, expires: now.UtcDateTime.Date + UsageKeys.Kept);
        if (commit.IsEmpty)
            return;
        await store.CommitAsync(commit, CancellationToken.None);
    }
}
