using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Billing;

/// <summary>What Stripe says of a subscription, as far as it matters here.</summary>
/// <param name="Status">In Stripe's words.</param>
/// <param name="Prices">Of all its items.</param>
/// <param name="Leaves">It ends with its period.</param>
/// <param name="Collects">False: nobody is asked to pay, though it goes on (pause_collection).</param>
/// <param name="Tenant">Whom the checkout that we made was for.</param>
internal sealed record StripeSubscription(
    string Id, string? Customer, string Status, IReadOnlyList<string> Prices, DateTimeOffset? From, DateTimeOffset? Until, DateTimeOffset? CancelAt, DateTimeOffset? EndedAt, bool Leaves, bool Collects, string? Tenant)
{
    /// <summary>It pays for nothing, and never will again.</summary>
    public bool IsOver => Status is "canceled" or "incomplete_expired";

    /// <summary>Null: it is none.</summary>
    public static StripeSubscription? Of(JsonElement root)
    {
        if (StripeJson.Text(root, "object") != "subscription" || StripeJson.Id(root, "id") is not { } id || StripeJson.Text(root, "status") is not { } status)
            return null;
        var items = StripeJson.Child(root, "items") is { } list && StripeJson.Child(list, "data") is { ValueKind: JsonValueKind.Array } data ? data.EnumerateArray().ToList() : [];
        // The period stood at the subscription before 2025-03-31, and stands at its items since.
        var item = items.Count > 0 ? items[0] : root;
        return new(
            id, StripeJson.Id(root, "customer"), status,
            [.. items.Select(one => StripeJson.Child(one, "price") is { } price ? StripeJson.Id(price, "id") ?? "" : "")],
            StripeJson.Time(item, "current_period_start") ?? StripeJson.Time(root, "current_period_start"), StripeJson.Time(item, "current_period_end") ?? StripeJson.Time(root, "current_period_end"),
            StripeJson.Time(root, "cancel_at"), StripeJson.Time(root, "ended_at"), StripeJson.Child(root, "cancel_at_period_end") is { ValueKind: JsonValueKind.True },
            StripeJson.Child(root, "pause_collection") is not { ValueKind: JsonValueKind.Object }, StripeJson.Tenant(root));
    }
}

/// <summary>An event of Stripe's. What it tells is asked of Stripe itself: only whom it concerns is taken from it.</summary>
/// <param name="Subscription">Which one it is about; null where it is about none.</param>
/// <param name="Tenant">Whom the thing in it names.</param>
/// <param name="Refunded">How much more was paid back than before.</param>
internal sealed record StripeEvent(string Id, string Type, string? Subscription, string? Tenant, string? Customer, long Refunded)
{
    /// <summary>Null: it is none.</summary>
    public static StripeEvent? Of(JsonElement root)
    {
        if (StripeJson.Text(root, "object") != "event" || StripeJson.Id(root, "id") is not { } id || StripeJson.Text(root, "type") is not { Length: > 0 and <= 100 } type
            || StripeJson.Child(root, "data") is not { } data || StripeJson.Child(data, "object") is not { ValueKind: JsonValueKind.Object } thing)
            return null;
        var customer = StripeJson.Id(thing, "customer");
        return StripeJson.Text(thing, "object") switch
        {
            "subscription" => new(id, type, StripeJson.Id(thing, "id"), StripeJson.Tenant(thing), customer, 0),
            // Who is named in two ways has to be the same.
            "checkout.session" => new(id, type, StripeJson.Id(thing, "subscription"), StripeJson.Text(thing, "client_reference_id") is { } named && named == StripeJson.Tenant(thing) ? named : null, customer, 0),
            "invoice" when Of(thing, "parent", "subscription_details") is { } details => new(id, type, StripeJson.Id(details, "subscription"), StripeJson.Tenant(details), customer, 0),
            "invoice" => new(id, type, StripeJson.Id(thing, "subscription"), null, customer, 0),
            "charge" when type == "charge.refunded" => new(id, type, null, null, customer, StripeJson.Number(thing, "amount_refunded") - (StripeJson.Child(data, "previous_attributes") is { } before ? StripeJson.Number(before, "amount_refunded") : 0)),
            _ => new(id, type, null, null, customer, 0),
        };
    }

    private static JsonElement? Of(JsonElement thing, string outer, string inner) => StripeJson.Child(thing, outer) is { } found ? StripeJson.Child(found, inner) is { ValueKind: JsonValueKind.Object } there ? there : null : null;

}

/// <summary>Members of Stripe's objects, which may be absent, null or of another kind than expected.</summary>
internal static class StripeJson
{
    // Above all amounts that Stripe takes: what two of them differ by fits, too.
    private const long MostNumber = 1_000_000_000_000_000;
    // The year 3000: what is later is no time of a subscription, and days can be added to what is earlier.
    private const long LastTime = 32_503_680_000;

    public static JsonElement? Child(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(JsonElement of, string name) => Child(of, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>An id, or that of an object that stands in its place.</summary>
    public static string? Id(JsonElement of, string name) =>
        (Child(of, name) is { ValueKind: JsonValueKind.Object } whole ? Text(whole, "id") : Text(of, name)) is { } id && StripeSettings.IsId(id) ? id : null;

    public static long Number(JsonElement of, string name) => Child(of, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) && number is >= -MostNumber and <= MostNumber ? number : 0;

    public static DateTimeOffset? Time(JsonElement of, string name) => Number(of, name) is > 0 and < LastTime and var seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    /// <summary>The tenant in its metadata, which only we write.</summary>
    public static string? Tenant(JsonElement of) => Child(of, "metadata") is { } metadata && Text(metadata, "tenant") is { } tenant && Ids.IsRandom(tenant, 't') ? tenant : null;
}
