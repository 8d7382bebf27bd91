using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Billing;

/// <summary>What came of looking at a subscription of Stripe's.</summary>
internal enum SyncOutcome
{
    Applied,
    Unchanged,
    /// <summary>No tenant of ours has it: others may sell by the same account.</summary>
    NotOurs,
    /// <summary>It pays for something that no plan is.</summary>
    UnknownPrice,
    /// <summary>The tenant has another one that counts.</summary>
    Second,
    /// <summary>Stripe did not answer as it should; nothing was changed.</summary>
    Unreachable,
}

/// <summary>
/// Makes a tenant's plan what Stripe says. Whatever an event tells, the subscription is fetched behind the reading of the stored plan and
/// written on condition that this is still so: who writes last has asked last, in whatever order events come and however often.
/// </summary>
internal sealed class StripeSync(IStore store, StripeApi api, Subscriptions subscriptions, BillingSettings settings, Tenants tenants, AuditLog audit, Alerts alerts, TimeProvider time)
{
    /// <summary>In the audit log.</summary>
    public static readonly Actor Stripe = new("stripe");

    // Stripe tries for three days.
    private static readonly TimeSpan EventKept = TimeSpan.FromDays(30);

    public async ValueTask<bool> IsSeenAsync(string eventId, CancellationToken ct) => await store.GetAsync(EventKey(eventId), ct) is not null;

    /// <param name="id">The subscription's.</param>
    /// <param name="named">Whom the event names; counts only where we know nothing of the subscription yet, and Stripe says the same.</param>
    /// <param name="eventId">Remembered in the same commit, so that it counts once; null: somebody looks by himself.</param>
    public async Task<SyncOutcome> RefreshAsync(string id, string? named, string? eventId, CancellationToken ct)
    {
        StripeSubscription? said = null;
        var outcome = await store.RetryAsync(async (commit, token) =>
        {
            if (eventId is not null && await IsSeenAsync(eventId, token))
                return SyncOutcome.Unchanged;
            var owner = await subscriptions.OwnerAsync(id, token);
            var tenant = owner ?? named;
            if (tenant is null)
            {
                // Only to learn whose it is; what counts is asked behind the reading.
                var (found, first) = await FetchAsync(id, token);
                if (!found)
                    return SyncOutcome.Unreachable;
                tenant = first?.Tenant;
            }
            if (tenant is null || !await tenants.IsThereAsync(tenant, token))
                return SyncOutcome.NotOurs;
            var before = await subscriptions.ReadAsync(tenant, token);
            (var answered, said) = await FetchAsync(id, token);
            if (!answered)
                return SyncOutcome.Unreachable;
            // An event may name anybody; the checkout that we made says whom it was for.
            if (said is not null && said.Tenant != tenant && !(said.Tenant is null && owner == tenant))
                return SyncOutcome.NotOurs;
            var (wanted, after) = After(before.Now, id, said);
            if (wanted is SyncOutcome.Applied or SyncOutcome.Unchanged && eventId is not null)
                commit.Put(EventKey(eventId), "{\"v\":1}"u8.ToArray(), Condition.Absent, expires: time.GetUtcNow() + EventKept);
            if (wanted == SyncOutcome.Applied)
            {
                Subscriptions.Write(commit, before, after);
                await audit.AppendAsync(commit, tenant, new AuditEntry(Stripe, "plan.change", tenant, Details(before.Now, after!)), token);
            }
            return wanted;
        }, ct);
        if (outcome == SyncOutcome.UnknownPrice)
            await alerts.RaiseAsync("stripe-price", id, "A subscription at Stripe pays for a price that is none of billing.plans, or has no period. The tenant's plan stays as it was. Add the price to the settings; Stripe tells again, or: replymint plan reconcile.", ct);
        else if (outcome == SyncOutcome.Second)
            await alerts.RaiseAsync("stripe-second", id, "A tenant has two subscriptions at Stripe that both count. The first one is kept here; cancel one at Stripe, and pay back what was paid for it.", ct);
        return outcome;
    }

    /// <summary>Adds up what was paid back, of the tenant whose customer it is.</summary>
    public Task<SyncOutcome> RefundAsync(string customer, long amount, string eventId, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        if (await IsSeenAsync(eventId, token))
            return SyncOutcome.Unchanged;
        if (await subscriptions.CustomersAsync(customer, token) is not { } tenant || await subscriptions.ReadAsync(tenant, token) is not { Now: { } now } before)
            return SyncOutcome.NotOurs;
        commit.Put(EventKey(eventId), "{\"v\":1}"u8.ToArray(), Condition.Absent, expires: time.GetUtcNow() + EventKept);
        // Whether the plan goes on is Stripe's to say: a subscription that was paid back and not canceled goes on.
        Subscriptions.Write(commit, before, now with { Refunded = now.Refunded + amount });
        await audit.AppendAsync(commit, tenant, new AuditEntry(Stripe, "plan.refund", tenant, new Dictionary<string, string> { ["amount"] = amount.ToString(System.Globalization.CultureInfo.InvariantCulture) }), token);
        return SyncOutcome.Applied;
    }, ct);

    /// <summary>What the plan is once it is as Stripe says. Changes nothing.</summary>
    /// <param name="said">Null: Stripe knows of no such subscription (any more).</param>
    public (SyncOutcome Outcome, Subscription? After) After(Subscription? before, string id, StripeSubscription? said)
    {
        var own = before?.StripeId == id;
        var over = said is null || said.IsOver;
        // What never began, or is over, takes no other plan away.
        if (!own && (over || said!.Status == "incomplete"))
            return (SyncOutcome.Unchanged, null);
        if (!own && before is { IsLiveAtStripe: true })
            return (SyncOutcome.Second, null);
        var now = time.GetUtcNow();
        if (over)
            return Compared(before!, before! with { State = SubscriptionState.Canceled, Ends = Earlier(said?.EndedAt ?? now, before!.State == SubscriptionState.Canceled ? before.Ends : null), PastDueSince = null, Leaves = false });
        if (said!.Status == "incomplete")
            return (SyncOutcome.Unchanged, null);
        if (said.Prices.Count == 0 || said.Prices.Any(price => settings.OfPrice(price) is null) || said is not { From: { } from, Until: { } until } || StateOf(said) is not { } state)
            return (SyncOutcome.UnknownPrice, null);
        var plan = settings.OfPrice(said.Prices[0])!;
        var same = own && before!.State == state;
        DateTimeOffset? due = state == SubscriptionState.PastDue ? same ? before!.PastDueSince : now : null;
        DateTimeOffset ends = state switch
        {
            SubscriptionState.PastDue => due!.Value.AddDays(settings.GraceDays),
            SubscriptionState.Unpaid or SubscriptionState.Paused => same ? before!.Ends ?? now : now,
            _ when said.Leaves => until,
            // Who hears nothing of the next period goes on for as long as with a payment that is overdue.
            _ => until.AddDays(settings.GraceDays),
        };
        var after = new Subscription
        {
            Plan = plan.Name, Source = PlanSource.Stripe, State = state, Replies = plan.Replies, ChangedAt = now, From = from, Until = until, Ends = Earlier(ends, said.CancelAt),
            PastDueSince = due, Leaves = said.Leaves || said.CancelAt is not null, StripeId = id, Customer = said.Customer, Refunded = own ? before!.Refunded : 0,
        };
        return own ? Compared(before!, after) : (SyncOutcome.Applied, after);
    }

    private static (SyncOutcome, Subscription?) Compared(Subscription before, Subscription after) =>
        after with { ChangedAt = before.ChangedAt } == before ? (SyncOutcome.Unchanged, null) : (SyncOutcome.Applied, after);

    private static SubscriptionState? StateOf(StripeSubscription said) => said.Status switch
    {
        "trialing" or "active" when !said.Collects => SubscriptionState.Paused,
        "trialing" => SubscriptionState.Trialing,
        "active" => SubscriptionState.Active,
        "past_due" => SubscriptionState.PastDue,
        "unpaid" => SubscriptionState.Unpaid,
        "paused" => SubscriptionState.Paused,
        _ => null,
    };

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset? other) => other < one ? other.Value : one;

    /// <returns>False: nobody can say; null where there is none.</returns>
    private async Task<(bool Answered, StripeSubscription? Said)> FetchAsync(string id, CancellationToken ct)
    {
        var answer = await api.GetAsync("/v1/subscriptions/" + id, ct);
        if (answer is { Status: 404, Root: { } root } && StripeJson.Child(root, "error") is { } error && StripeJson.Text(error, "code") == "resource_missing")
            return (true, null);
        var said = answer.IsGood ? StripeSubscription.Of(answer.Root!.Value) : null;
        if (answer.Status is 401 or 403)
            await alerts.RaiseAsync("stripe-refused", "stripe", $"Stripe refuses our API key ({answer.Status}); plans are not kept up to date. Look at billing.stripe.apiKey.", ct);
        return (said?.Id == id, said);
    }

    private static Dictionary<string, string> Details(Subscription? before, Subscription after) => new()
    {
        ["plan"] = after.Plan, ["state"] = WireWord.Of(after.State), ["before"] = before is null ? "none" : $"{before.Plan} {WireWord.Of(before.State)}", ["subscription"] = after.StripeId ?? "",
    };

    private static ItemKey EventKey(string id) => ItemKey.Main(KeyRing.Installation, "stripe-event/" + id);
}
