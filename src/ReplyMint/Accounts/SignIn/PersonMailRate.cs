using System.Text.Json;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>At most three mails that lead somebody in go to one address within an hour (AUTH-7). Kept in the store: a restart forgets nothing.</summary>
internal sealed class PersonMailRate(IStore store, TimeProvider time)
{
    private const int Most = 3;
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    /// <summary>Counts one mail in the commit that queues it; null, or how long the next has to wait.</summary>
    /// <param name="address">Normalised; plus-tags make no other person of it.</param>
    public async Task<TimeSpan?> TakeAsync(Commit commit, TenantKeys installation, string address, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var key = ItemKey.Main(KeyRing.Installation, "rate/person-mail/" + installation.Hash("person-mail", Mail.AddressRules.WithoutTag(address)));
        var item = await store.GetAsync(key, ct);
        var since = (now - Window).ToUnixTimeMilliseconds();
        long[] recent = item is null ? [] : [.. JsonSerializer.Deserialize(item.Value.Span, LimitsJson.Default.RateRecord)!.At.Where(at => at > since)];
        if (recent.Length >= Most)
            return TimeSpan.FromMilliseconds(recent[^Most] - since + 1);
        commit.Put(key, JsonSerializer.SerializeToUtf8Bytes(new RateRecord(1, [.. recent, now.ToUnixTimeMilliseconds()]), LimitsJson.Default.RateRecord), Condition.Same(item), expires: now + Window);
        return null;
    }
}
