using System.Collections.Concurrent;
using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>Counts what a tenant's mails of a day take, in the commits that store them: the disk is everybody's.</summary>
internal sealed class StoredBytes(IStore store, Alerts alerts, InboundSettings settings, TimeProvider time)
{
    private const int MaxKnown = 10_000;

    private readonly long _most = settings.TenantMegabytesPerDay * 1024L * 1024;
    // Of whom the operator was told today: each refused mail would ask the store otherwise.
    private readonly ConcurrentDictionary<string, ItemKey> _told = new(StringComparer.Ordinal);

    /// <summary>The commit fails when it would be too much.</summary>
    public void Count(Commit commit, string tenant, long bytes)
    {
        var now = time.GetUtcNow();
        commit.Add(KeyOf(tenant, now), bytes, _most, now + TimeSpan.FromDays(2));
    }

    /// <summary>Whether so many more are too much.</summary>
    public async ValueTask<bool> IsFullAsync(string tenant, long bytes, CancellationToken ct) =>
        (await store.GetAsync(KeyOf(tenant, time.GetUtcNow()), ct))?.Count + bytes > _most;

    /// <summary>Mail of the tenant was refused because of it; the operator hears of it once a day.</summary>
    public async Task TellFullAsync(string tenant, CancellationToken ct)
    {
        var day = KeyOf(tenant, time.GetUtcNow());
        if (_told.TryGetValue(tenant, out var told) && told == day)
            return;
        if (_told.Count >= MaxKnown)
            _told.Clear();
        _told[tenant] = day;
        await alerts.RaiseAsync("tenant-mail-full", tenant, $"Tenant {tenant} was sent {settings.TenantMegabytesPerDay} MB of mail in a day (UTC), which is all it may. Senders are told to come again. Is somebody flooding it? Else raise inbound.tenantMegabytesPerDay.", ct);
    }

    private static ItemKey KeyOf(string tenant, DateTimeOffset now) => ItemKey.Main(tenant, "stored/" + now.ToString("yyyyMMdd", CultureInfo.InvariantCulture));
}
