using System.Collections.Concurrent;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>A tenant's webhooks. Addresses and secrets are sealed; a secret is shown when it is made and never again.</summary>
internal sealed class Webhooks(IStore store, KeyRing keys, AuditLog audit, TimeProvider time)
{
    public const int Most = 10;

    /// <summary>Until then a receiver may still check with the secret before.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromHours(24);

    // Each accepted and decided mail asks who wants to hear of it; within this time the last answer serves. A change in this process is seen at once.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private const int MaxCached = 10_000;
    private const string Prefix = "webhook/";

    private readonly ConcurrentDictionary<string, (IReadOnlyList<Webhook> On, DateTimeOffset At)> _on = new(StringComparer.Ordinal);

    /// <summary>Null when the tenant has as many as one may have.</summary>
    public async Task<Versioned<Webhook>?> AddAsync(string tenant, Webhook wanted, Actor actor, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var added = await store.RetryAsync<Webhook?>(async (commit, token) =>
        {
            // Before anything is counted: two at once conflict, and one counts again.
            await audit.AppendAloneAsync(commit, tenant, new AuditEntry(actor, "webhook.add", wanted.Id, Details(wanted)), token);
            if ((await store.QueryAsync(Table.Main, tenant, new Storage.Range(Prefix, Limit: Most), null, token)).Items.Count >= Most)
            {
                commit.Clear();
                return null;
            }
            Write(commit, own, wanted, null);
            return wanted;
        }, ct);
        _on.TryRemove(tenant, out _);
        return added is null ? null : new(added, 1);
    }

    public async ValueTask<Versioned<Webhook>?> FindAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? new(Open(await keys.RequireAsync(tenant, ct), item), item.Version) : null;

    public async Task<IReadOnlyList<Webhook>> ListAsync(string tenant, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var webhooks = new List<Webhook>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, Prefix, ct))
            webhooks.Add(Open(own, item));
        return webhooks;
    }

    /// <summary>Those that are on.</summary>
    public async ValueTask<IReadOnlyList<Webhook>> OnAsync(string tenant, CancellationToken ct)
    {
        if (_on.TryGetValue(tenant, out var known) && time.GetUtcNow() - known.At < Fresh)
            return known.On;
        IReadOnlyList<Webhook> on = [.. (await ListAsync(tenant, ct)).Where(webhook => webhook.Enabled)];
        if (_on.Count >= MaxCached)
            _on.Clear();
        _on[tenant] = (on, time.GetUtcNow());
        return on;
    }

    /// <summary>Drops from memory what is kept of a tenant's.</summary>
    public void Forget(string tenant) => _on.TryRemove(tenant, out _);

    /// <summary>Changes a webhook; its id stays.</summary>
    /// <param name="version">What the caller read; null changes whatever is there.</param>
    public async Task<(ChangeResult Change, Versioned<Webhook> Now)> ChangeAsync(string tenant, string id, long? version, Func<Webhook, Webhook> change, string act, Actor actor, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var changed = await store.RetryAsync<(ChangeResult, Versioned<Webhook>)>(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(tenant, id), token) is not { } item)
                return (ChangeResult.NotFound, default);
            if (version is { } read && read != item.Version)
                return (ChangeResult.Changed, default);
            var after = change(Open(own, item)) with { Id = id };
            Write(commit, own, after, item);
            // Whoever switches it on again begins with a clean sheet.
            if (after.Enabled)
                commit.Delete(HealthKey(tenant, id));
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, act, id, Details(after)), token);
            return (ChangeResult.Done, new(after, item.Version + 1));
        }, ct);
        _on.TryRemove(tenant, out _);
        return changed;
    }

    /// <summary>A person's change; one that he leaves on is no longer off by itself.</summary>
    public Task<(ChangeResult Change, Versioned<Webhook> Now)> SetAsync(string tenant, string id, long? version, Func<Webhook, Webhook> change, Actor actor, CancellationToken ct) =>
        ChangeAsync(tenant, id, version, before => change(before) is var after && after.Enabled ? after with { DisabledBecause = null } : after, "webhook.change", actor, ct);

    public async Task<bool> RemoveAsync(string tenant, string id, Actor actor, CancellationToken ct)
    {
        var removed = await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(tenant, id), token) is not { } item)
                return false;
            commit.Delete(item.Key, Condition.Same(item)).Delete(HealthKey(tenant, id));
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "webhook.remove", id), token);
            return true;
        }, ct);
        _on.TryRemove(tenant, out _);
        return removed;
    }

    /// <summary>A new secret; what is sent is signed with the old one too, for <see cref="Overlap"/>.</summary>
    public Task<(ChangeResult Change, Versioned<Webhook> Now)> RotateAsync(string tenant, string id, Actor actor, CancellationToken ct)
    {
        var (secret, until) = (WebhookSignature.NewSecret(), time.GetUtcNow() + Overlap);
        return ChangeAsync(tenant, id, null, webhook => webhook with { Secret = secret, PreviousSecret = webhook.Secret, PreviousUntil = until }, "webhook.rotate-secret", actor, ct);
    }

    /// <summary>Since when nothing reached it; null when the last delivery did, or there was none.</summary>
    public async ValueTask<DateTimeOffset?> FailingSinceAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(HealthKey(tenant, id), ct) is { } item ? JsonSerializer.Deserialize(item.Value.Span, WebhookJson.Default.WebhookHealth)!.FailingSince : null;

    /// <summary>Adds to a commit how a delivery went, where that is news.</summary>
    /// <returns>Since when nothing reached it, this delivery included.</returns>
    internal async Task<DateTimeOffset?> RecordAsync(Commit commit, string tenant, string id, bool reached, CancellationToken ct)
    {
        var since = await FailingSinceAsync(tenant, id, ct);
        if (reached && since is not null)
            commit.Delete(HealthKey(tenant, id));
        else if (!reached && since is null)
            commit.Put(HealthKey(tenant, id), JsonSerializer.SerializeToUtf8Bytes(new WebhookHealth(1, time.GetUtcNow()), WebhookJson.Default.WebhookHealth), Condition.Any);
        return reached ? null : since ?? time.GetUtcNow();
    }

    private static Dictionary<string, string> Details(Webhook webhook) => new()
    {
        ["events"] = string.Join(',', webhook.Events), ["enabled"] = webhook.Enabled ? "true" : "false", ["because"] = webhook.DisabledBecause ?? "",
    };

    private static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, Prefix + id);

    private static ItemKey HealthKey(string tenant, string id) => ItemKey.Main(tenant, "webhook-health/" + id);

    private static void Write(Commit commit, TenantKeys own, Webhook webhook, Item? before)
    {
        var key = KeyOf(own.Tenant, webhook.Id);
        commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Same(before), own.Seal(key, (before?.Version ?? 0) + 1, JsonSerializer.SerializeToUtf8Bytes(webhook, WebhookJson.Default.Webhook)));
    }

    private static Webhook Open(TenantKeys own, Item item) => JsonSerializer.Deserialize(own.Open(item), WebhookJson.Default.Webhook)!;
}
