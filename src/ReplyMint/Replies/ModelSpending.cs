using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>What was taken for one call of a model, to be set right once its price is known.</summary>
internal sealed record ModelLease(string Tenant, IReadOnlyList<ItemKey> Counters, long Taken);

/// <summary>
/// What models cost in the last 24 hours, in whole millionths of the price's currency, one counter an hour. Taken before a call
/// at its worst price, so that many at once do not each find the same rest. Where there are several tenants none takes more than
/// half of a day's money, and what is only tried out a tenth of the tenant's.
/// </summary>
internal sealed class ModelSpending(IStore store, Tenants tenants, TimeProvider time)
{
    private const string Spent = "model-spent/";
    private const string Tried = "model-tried/";
    private const decimal Unit = 1_000_000m;

    /// <summary>Null when not so much is left. What is never settled counts for a day.</summary>
    public async Task<ModelLease?> TakeAsync(string tenant, bool trial, decimal worst, decimal perDay, CancellationToken ct)
    {
        var share = (await tenants.PageAsync(2, null, ct)).Tenants.Count > 1 ? perDay / 2 : perDay;
        List<(string Partition, string Prefix, decimal Limit)> budgets = [(KeyRing.Installation, Spent, perDay), (tenant, Spent, share)];
        if (trial)
            budgets.Add((tenant, Tried, share / 10));
        var amount = (long)Math.Ceiling(worst * Unit);
        return await store.RetryAsync(async (commit, token) =>
        {
            var hour = time.GetUtcNow().ToString("yyyyMMddHH", CultureInfo.InvariantCulture);
            var counters = new List<(ItemKey Key, long Limit)>();
            foreach (var (partition, prefix, limit) in budgets)
            {
                var items = (await store.QueryAsync(Table.Main, partition, new Storage.Range(prefix), null, token)).Items;
                var key = ItemKey.Main(partition, prefix + hour);
                var before = items.Where(item => item.Key != key).Sum(item => item.Count);
                var whole = (long)Math.Min(limit * Unit, long.MaxValue / 2);
                if (items.Sum(item => item.Count) + amount > whole)
                    return null;
                counters.Add((key, whole - before));
            }
            // Others may take meanwhile: then the limit fails the commit, and all is read anew.
            foreach (var (key, limit) in counters)
                commit.Add(key, amount, limit, time.GetUtcNow().AddHours(24));
            return new ModelLease(tenant, [.. counters.Select(counter => counter.Key)], amount);
        }, ct);
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
