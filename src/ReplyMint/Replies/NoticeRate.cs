using System.Text.Json;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>At most twelve notices go to one address within an hour, of all tenants together; what comes then waits for the next one. Kept in the store.</summary>
internal sealed class NoticeRate(IStore store, KeyRing keys, TimeProvider time)
{
    public const int Most = 12;
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    /// <summary>Counts one mail to each address in the commit that queues them; null, or how long all of them have to wait.</summary>
    public async Task<TimeSpan?> TakeAsync(Commit commit, IEnumerable<string> addresses, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var since = (now - Window).ToUnixTimeMilliseconds();
        var installation = await keys.RequireAsync(KeyRing.Installation, ct);
        foreach (var address in addresses.Select(address => AddressRules.Normalize(address) is { } form ? AddressRules.WithoutTag(form) : address).Distinct(StringComparer.Ordinal))
        {
            var key = ItemKey.Main(KeyRing.Installation, "rate/notice/" + installation.Hash("notice", address));
            var item = await store.GetAsync(key, ct);
            long[] recent = item is null ? [] : [.. JsonSerializer.Deserialize(item.Value.Span, LimitsJson.Default.RateRecord)!.At.Where(at => at > since)];
            if (recent.Length >= Most)
                return TimeSpan.FromMilliseconds(recent[^Most] - since + 1);
            commit.Put(key, JsonSerializer.SerializeToUtf8Bytes(new RateRecord(1, [.. recent, now.ToUnixTimeMilliseconds()]), LimitsJson.Default.RateRecord), Condition.Same(item), expires: now + Window);
        }
        return null;
    }
}
