using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Channels with an id and a secret of their own. Secrets are sealed with the owner's key and never shown again.</summary>
internal sealed class Channels(IStore store, KeyRing keys, AuditLog audit)
{
    /// <param name="owner">A tenant's id, or <see cref="Channel.Operator"/>.</param>
    public async Task<Channel> AddAsync(string owner, string kind, string secret, Actor actor, CancellationToken ct)
    {
        var channel = new Channel(Ids.Random('c'), owner, kind, secret);
        var partition = Partition(owner);
        var own = await keys.RequireAsync(partition, ct);
        await store.RetryAsync(async (commit, token) =>
        {
            var key = KeyOf(partition, channel.Id);
            var plain = JsonSerializer.SerializeToUtf8Bytes(channel, AccountsJson.Default.Channel);
            commit.Put(key, JsonSerializer.SerializeToUtf8Bytes(new ClearRecord(1, channel.Id), AccountsJson.Default.ClearRecord), Condition.Absent, own.Seal(key, 1, plain));
            commit.Put(IndexKey(channel.Id), JsonSerializer.SerializeToUtf8Bytes(new OwnerRecord(1, partition, channel.Id), AccountsJson.Default.OwnerRecord), Condition.Absent);
            await audit.AppendAsync(commit, partition, new AuditEntry(actor, "channel.add", channel.Id, new Dictionary<string, string> { ["kind"] = kind }), token);
            return true;
        }, ct);
        return channel;
    }

    public async ValueTask<Channel?> FindAsync(string id, CancellationToken ct)
    {
        if (await store.GetAsync(IndexKey(id), ct) is not { } index)
            return null;
        var owner = JsonSerializer.Deserialize(index.Value.Span, AccountsJson.Default.OwnerRecord)!;
        return await store.GetAsync(KeyOf(owner.Tenant, id), ct) is { } item ? await OpenAsync(item, ct) : null;
    }

    public async Task<IReadOnlyList<Channel>> ListAsync(string owner, CancellationToken ct)
    {
        var channels = new List<Channel>();
        await foreach (var item in store.AllAsync(Table.Main, Partition(owner), "channel/", ct))
            channels.Add(await OpenAsync(item, ct));
        return channels;
    }

    public Task<bool> RemoveAsync(string id, Actor actor, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(IndexKey(id), token) is not { } index)
                return false;
            var owner = JsonSerializer.Deserialize(index.Value.Span, AccountsJson.Default.OwnerRecord)!;
            commit.Delete(index.Key, Condition.Same(index));
            commit.Delete(KeyOf(owner.Tenant, id));
            await audit.AppendAsync(commit, owner.Tenant, new AuditEntry(actor, "channel.remove", id), token);
            return true;
        }, ct);

    private static string Partition(string owner) => owner == Channel.Operator ? KeyRing.Installation : owner;

    private static ItemKey KeyOf(string partition, string id) => ItemKey.Main(partition, "channel/" + id);

    private static ItemKey IndexKey(string id) => ItemKey.Main(KeyRing.Installation, "channel-owner/" + id);

    private async ValueTask<Channel> OpenAsync(Item item, CancellationToken ct)
    {
        var own = await keys.RequireAsync(item.Key.Partition, ct);
        return JsonSerializer.Deserialize(own.Open(item), AccountsJson.Default.Channel)!;
    }
}
