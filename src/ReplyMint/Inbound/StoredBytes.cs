using System.Globalization;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>Counts what a tenant's mails of a day take, in the commits that store them: the disk is everybody's.</summary>
internal sealed class StoredBytes(IStore store, InboundSettings settings, TimeProvider time)
{
    private readonly long _most = settings.TenantMegabytesPerDay * 1024L * 1024;

    /// <summary>The commit fails when it would be too much.</summary>
    public void Count(Commit commit, string tenant, long bytes)
    {
        var now = time.GetUtcNow();
        commit.Add(KeyOf(tenant, now), bytes, _most, now + TimeSpan.FromDays(2));
    }

    /// <summary>Whether so many more are too much.</summary>
    public async ValueTask<bool> IsFullAsync(string tenant, long bytes, CancellationToken ct) =>
        (await store.GetAsync(KeyOf(tenant, time.GetUtcNow()), ct))?.Count + bytes > _most;

    private static ItemKey KeyOf(string tenant, DateTimeOffset now) => ItemKey.Main(tenant, "stored/" + now.ToString("yyyyMMdd", CultureInfo.InvariantCulture));
}
