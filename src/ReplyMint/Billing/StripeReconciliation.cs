using ReplyMint.Accounts;
using ReplyMint.Audit;

namespace ReplyMint.Billing;

/// <summary>What a comparison with Stripe found.</summary>
/// <param name="Whole">False: Stripe did not answer to the end.</param>
/// <param name="Seen">Subscriptions that are ours.</param>
/// <param name="Mended">Plans that were not as Stripe says.</param>
internal sealed record Reconciled(bool Whole, int Seen, int Mended);

/// <summary>Lists all of Stripe's subscriptions and mends what webhooks missed. Also tells of those that somebody pays for who is nobody here.</summary>
internal sealed class StripeReconciliation(StripeApi api, StripeSync sync, Subscriptions subscriptions, BillingSettings settings, Tenants tenants, Alerts alerts)
{
    private const int MostPages = 2_000;

    /// <summary>Null: Stripe is not used.</summary>
    public async Task<Reconciled?> RunAsync(CancellationToken ct)
    {
        if (!settings.Stripe.IsOn)
            return null;
        var known = await subscriptions.OwnersAsync(ct);
        var (seen, mended, after) = (0, 0, "");
        for (var pages = 0; after is not null; pages++)
        {
            var answer = await api.GetAsync($"/v1/subscriptions?status=all&limit=50{(after.Length > 0 ? "&starting_after=" + after : "")}", ct);
            if (!answer.IsGood || pages == MostPages || StripeJson.Child(answer.Root!.Value, "data") is not { ValueKind: System.Text.Json.JsonValueKind.Array } data)
                return new(false, seen, mended);
            after = null;
            foreach (var said in data.EnumerateArray().Select(StripeSubscription.Of).OfType<StripeSubscription>())
            {
                after = said.Id;
                var owner = known.Remove(said.Id, out var one) ? one : said.Tenant;
                if (owner is null)
                    continue;
                seen++;
                if (!await tenants.IsThereAsync(owner, ct))
                {
                    if (!said.IsOver)
                        await alerts.RaiseAsync("stripe-orphan", said.Id, "Somebody pays at Stripe for a tenant that is not here (any more). Cancel the subscription there.", ct);
                }
                else if (sync.After((await subscriptions.ReadAsync(owner, ct)).Now, said.Id, said).Outcome != SyncOutcome.Unchanged && await sync.RefreshAsync(said.Id, owner, null, ct) == SyncOutcome.Applied)
                    mended++;
            }
            if (StripeJson.Child(answer.Root.Value, "has_more") is not { ValueKind: System.Text.Json.JsonValueKind.True })
                after = null;
        }
        // What Stripe does not list is asked for by its id: only its own word that there is none counts.
        foreach (var (id, owner) in known)
            if (await sync.RefreshAsync(id, owner, null, ct) == SyncOutcome.Applied)
                mended++;
        if (mended > 0)
            await alerts.RaiseAsync("stripe-mended", "stripe", $"{mended} plans were not as Stripe says, and are now. Events of Stripe's webhook do not arrive: look at the endpoint in Stripe's dashboard.", ct);
        return new(true, seen, mended);
    }
}
