using System.Globalization;
using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Billing;

/// <summary>A tenant's plan as it was read, so that a change can ask that it is still so.</summary>
internal sealed record SubscriptionReading(string Tenant, Subscription? Now, Item? Item);

/// <summary>
/// Plans of tenants as they are stored. What a plan allows is written beside it as the allowance that the sender's commits ask, and the
/// operator's counters move in the same commit; so nothing has to be counted to know how many have which plan.
/// </summary>
internal sealed class Subscriptions(IStore store, BillingSettings settings, TimeProvider time)
{
    public const string CountPrefix = "plan-count/";

    /// <summary>Of items of the installation that say whose a subscription of Stripe's is.</summary>
    public const string StripePrefix = "stripe-subscription/";

    /// <summary>The same of customers.</summary>
    public const string CustomerPrefix = "stripe-customer/";

    public async ValueTask<SubscriptionReading> ReadAsync(string tenant, CancellationToken ct)
    {
        var item = await store.GetAsync(KeyOf(tenant), ct);
        return new(tenant, item is null ? null : JsonSerializer.Deserialize(item.Value.Span, BillingJson.Default.Subscription)!, item);
    }

    /// <summary>Adds a change of plan to a commit, on condition that it is as it was read; null is none.</summary>
    public static void Write(Commit commit, SubscriptionReading before, Subscription? after)
    {
        if (after is null)
            commit.Delete(KeyOf(before.Tenant), Condition.Same(before.Item));
        else
            commit.Put(KeyOf(before.Tenant), JsonSerializer.SerializeToUtf8Bytes(after, BillingJson.Default.Subscription), Condition.Same(before.Item));
        Allowances.Set(commit, before.Tenant, after is null ? null : new AllowanceRecord(1, after.Replies, after.From, after.Until, after.Ends));
        if (before.Now is { } was && (after is null || CountOf(was) != CountOf(after)))
            commit.Add(CountOf(was), -1);
        if (after is not null && (before.Now is null || CountOf(before.Now) != CountOf(after)))
            commit.Add(CountOf(after), 1);
        Lead(commit, before.Tenant, StripePrefix, before.Now?.StripeId, after?.StripeId);
        Lead(commit, before.Tenant, CustomerPrefix, before.Now?.Customer, after?.Customer);
    }

    private static void Lead(Commit commit, string tenant, string prefix, string? before, string? after)
    {
        if (before is not null && before != after)
            commit.Delete(LeadOf(prefix, before));
        if (after is not null && before != after)
            commit.Put(LeadOf(prefix, after), JsonSerializer.SerializeToUtf8Bytes(new OwnerRecord(1, tenant, after), AccountsJson.Default.OwnerRecord), Condition.Any);
    }

    /// <summary>A plan from this moment on, as the operator gives it.</summary>
    public Subscription Begin(PlanSettings plan)
    {
        var now = time.GetUtcNow();
        DateTimeOffset? ends = plan.Days > 0 ? now.AddDays(plan.Days) : null;
        return new Subscription
        {
            Plan = plan.Name, Source = PlanSource.Operator, State = ends is null ? SubscriptionState.Active : SubscriptionState.Trialing, Replies = plan.Replies, ChangedAt = now,
            From = ends is null ? null : now, Until = ends, Ends = ends,
        };
    }

    /// <summary>Adds the first plan of a new tenant to the commit that makes him.</summary>
    public void Begin(Commit commit, string tenant)
    {
        if (settings.Find(settings.FirstPlan) is { } first)
            Write(commit, new(tenant, null, null), Begin(first));
    }

    /// <summary>Removes the plan of a tenant who is erased, and takes it from the counters; may be done again.</summary>
    public Task RemoveAsync(string tenant, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        if (await ReadAsync(tenant, token) is { Item: not null } reading)
            Write(commit, reading, null);
        return true;
    }, ct);

    /// <summary>Whose a subscription of Stripe's is; null when we know of none.</summary>
    public async ValueTask<string?> OwnerAsync(string stripeId, CancellationToken ct) =>
        await store.GetAsync(LeadOf(StripePrefix, stripeId), ct) is { } item ? OwnerOf(item) : null;

    /// <summary>Whose customer of Stripe's it is; null when we know of none.</summary>
    public async ValueTask<string?> CustomersAsync(string customer, CancellationToken ct) =>
        await store.GetAsync(LeadOf(CustomerPrefix, customer), ct) is { } item ? OwnerOf(item) : null;

    /// <summary>All subscriptions of Stripe's that we know, and whose they are.</summary>
    public async Task<Dictionary<string, string>> OwnersAsync(CancellationToken ct)
    {
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, StripePrefix, ct))
            owners[item.Key.Sort[StripePrefix.Length..]] = OwnerOf(item);
        return owners;
    }

    /// <summary>How many tenants have which plan, and how it stands.</summary>
    public async Task<IReadOnlyList<PlanCount>> CountsAsync(CancellationToken ct)
    {
        var counts = new List<PlanCount>();
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, CountPrefix, ct))
            if (item.Count > 0 && item.Key.Sort[CountPrefix.Length..].Split('/') is [var plan, var state])
                counts.Add(new(plan, state, item.Count));
        return counts;
    }

    private static ItemKey KeyOf(string tenant) => ItemKey.Main(tenant, "subscription");

    public static ItemKey CountOf(Subscription one) => ItemKey.Main(KeyRing.Installation, string.Create(CultureInfo.InvariantCulture, $"{CountPrefix}{one.Plan}/{WireWord.Of(one.State)}"));

    private static ItemKey LeadOf(string prefix, string id) => ItemKey.Main(KeyRing.Installation, prefix + id);

    private static string OwnerOf(Item item) => JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.OwnerRecord)!.Tenant;
}

/// <param name="State">As a plan's state is written.</param>
internal sealed record PlanCount(string Plan, string State, long Tenants);
