using System.Text.Json;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>Events for webhooks: each goes with its job into the very commit that makes it true, so that none is lost and none made up.</summary>
internal sealed class WebhookEvents(IStore store, Webhooks webhooks, JobQueue jobs, TimeProvider time)
{
    /// <summary>The kind of the job that tells a webhook.</summary>
    public const string JobKind = "webhook";

    private static readonly TimeSpan Kept = TimeSpan.FromDays(14);

    /// <summary>Adds a delivery for each webhook that wants to hear of it. The sweeper finds their jobs: nobody waits for them.</summary>
    public async ValueTask RaiseAsync(Commit commit, string tenant, WebhookEvent happened, CancellationToken ct)
    {
        foreach (var webhook in await webhooks.OnAsync(tenant, ct))
        {
            if (!webhook.Events.Contains(happened.Kind))
                continue;
            var delivery = new WebhookDelivery { Id = Ids.Timed(time), Webhook = webhook.Id, Event = happened, At = time.GetUtcNow() };
            Write(commit, tenant, delivery, null);
            jobs.AddUnhinted(commit, tenant, JobKind, TargetOf(delivery));
        }
    }

    /// <summary>A page of a webhook's deliveries, the newest first.</summary>
    public async Task<(IReadOnlyList<WebhookDelivery> Deliveries, string? Next)> ListAsync(string tenant, string webhook, int limit, string? after, CancellationToken ct)
    {
        var page = await store.PickAsync(tenant, $"webhook-delivery/{webhook}/", descending: true, limit, after, null, ct);
        return ([.. page.Items.Select(Read)], page.Next);
    }

    /// <param name="target">Of the delivery's job.</param>
    internal async ValueTask<(WebhookDelivery Delivery, Item Item)?> FindAsync(string tenant, string target, CancellationToken ct) =>
        target.Split('.') is [var webhook, var id] && await store.GetAsync(KeyOf(tenant, webhook, id), ct) is { } item ? (Read(item), item) : null;

    internal static void Write(Commit commit, string tenant, WebhookDelivery delivery, Item? before) =>
        commit.Put(KeyOf(tenant, delivery.Webhook, delivery.Id), StoredJson.Write(delivery, WebhookJson.Default.WebhookDelivery), Condition.Same(before), expires: delivery.At + Kept);

    private static string TargetOf(WebhookDelivery delivery) => $"{delivery.Webhook}.{delivery.Id}";

    private static ItemKey KeyOf(string tenant, string webhook, string id) => ItemKey.Main(tenant, $"webhook-delivery/{webhook}/{id}");

    private static WebhookDelivery Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, WebhookJson.Default.WebhookDelivery)!;
}
