using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Billing;

/// <summary>Why a page of Stripe's can't be had.</summary>
internal enum StripeRefusal
{
    None,
    /// <summary>Stripe is not used here.</summary>
    Off,
    NoPlan,
    /// <summary>The plan is not sold in this currency.</summary>
    NoPrice,
    /// <summary>There is a subscription, to be changed in the portal.</summary>
    Pays,
    /// <summary>Nothing was ever paid, so there is nothing to look at.</summary>
    NeverPaid,
    Unreachable,
}

/// <summary>A page of Stripe's for one tenant, or why there is none.</summary>
internal sealed record StripePage(string? Url, StripeRefusal Refusal = StripeRefusal.None);

/// <summary>Opens Stripe's own pages for a tenant's administrators: to buy a plan, and to look after it. What is bought there is bound to the tenant here.</summary>
internal sealed class StripeDesk(IStore store, StripeApi api, BillingSettings settings, Subscriptions subscriptions, AuditLog audit)
{
    public async Task<StripePage> CheckoutAsync(string tenant, string plan, string currency, Actor actor, CancellationToken ct)
    {
        if (!settings.Stripe.IsOn)
            return new(null, StripeRefusal.Off);
        if (settings.Find(plan) is not { } wanted)
            return new(null, StripeRefusal.NoPlan);
        if (wanted.Prices.FirstOrDefault(price => price.Currency == currency && price.Stripe.Length > 0) is not { } price)
            return new(null, StripeRefusal.NoPrice);
        var now = (await subscriptions.ReadAsync(tenant, ct)).Now;
        if (now is { IsLiveAtStripe: true })
            return new(null, StripeRefusal.Pays);
        var form = new Dictionary<string, string>
        {
            ["mode"] = "subscription",
            ["client_reference_id"] = tenant,
            ["metadata[tenant]"] = tenant,
            // On the subscription itself, so that each later event says whose it is.
            ["subscription_data[metadata][tenant]"] = tenant,
            ["line_items[0][price]"] = price.Stripe,
            ["line_items[0][quantity]"] = "1",
            ["success_url"] = settings.Stripe.ReturnUrl,
            ["cancel_url"] = settings.Stripe.ReturnUrl,
        };
        if (now?.Customer is { } customer)
            form["customer"] = customer;
        return await OpenAsync("/v1/checkout/sessions", form, tenant, new AuditEntry(actor, "plan.checkout", tenant, new Dictionary<string, string> { ["plan"] = plan, ["currency"] = currency }), ct);
    }

    public async Task<StripePage> PortalAsync(string tenant, Actor actor, CancellationToken ct)
    {
        if (!settings.Stripe.IsOn)
            return new(null, StripeRefusal.Off);
        if ((await subscriptions.ReadAsync(tenant, ct)).Now?.Customer is not { } customer)
            return new(null, StripeRefusal.NeverPaid);
        var form = new Dictionary<string, string> { ["customer"] = customer, ["return_url"] = settings.Stripe.ReturnUrl };
        return await OpenAsync("/v1/billing_portal/sessions", form, tenant, new AuditEntry(actor, "plan.portal", tenant), ct);
    }

    private async Task<StripePage> OpenAsync(string path, Dictionary<string, string> form, string tenant, AuditEntry entry, CancellationToken ct)
    {
        var answer = await api.PostAsync(path, form, Ids.Secret(32), ct);
        // A link that a browser is sent to: nothing else than a page in the open.
        if (!answer.IsGood || StripeJson.Text(answer.Root!.Value, "url") is not { } url || !Uri.TryCreate(url, UriKind.Absolute, out var page) || page.Scheme != Uri.UriSchemeHttps)
            return new(null, StripeRefusal.Unreachable);
        await store.RetryAsync(async (commit, token) =>
        {
            await audit.AppendAsync(commit, tenant, entry, token);
            return true;
        }, ct);
        return new(url);
    }
}
