using System.Globalization;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Channels with an id and a proof of their own. Secrets are sealed with the owner's key and never shown again.</summary>
internal sealed class Channels(IStore store, KeyRing keys, AuditLog audit, TimeProvider time)
{
    /// <summary>For so long a secret that was replaced counts beside the new one, unless another time is said.</summary>
    public static readonly TimeSpan UsualOverlap = TimeSpan.FromHours(24);

    /// <summary>The store is one that functions on AWS share, whose network lets out little.</summary>
    public bool AreOnAws => store.IsShared;

    /// <param name="owner">A tenant's id, or <see cref="Channel.Operator"/>.</param>
    public async Task<Channel> AddAsync(string owner, string kind, string secret, Actor actor, CancellationToken ct) =>
        await AddAsync(new Channel("", owner, kind, secret), actor, ct) is (ClaimResult.Claimed, { } added) ? added : throw new InvalidOperationException("There are too many channels.");

    /// <param name="channel">Its id is given here.</param>
    /// <returns>Too many: the tenant has as many as it may. Taken: its mailbox has a server to send by already.</returns>
    public async Task<(ClaimResult Result, Channel? Channel)> AddAsync(Channel channel, Actor actor, CancellationToken ct)
    {
        var result = ClaimResult.Claimed;
        channel = channel with { Id = Ids.Random('c'), SecretSince = channel.Secret.Length > 0 ? time.GetUtcNow() : null };
        var partition = PartitionOf(channel.Owner);
        var own = await keys.RequireAsync(partition, ct);
        var added = await store.RetryAsync(async (commit, token) =>
        {
            // Before anything is counted: two at once conflict, and one counts again.
            await audit.AppendAloneAsync(commit, partition, new AuditEntry(actor, "channel.add", channel.Id, Details(channel)), token);
            if (channel.Owner != Channel.Operator
                && (await store.QueryAsync(Table.Main, partition, new Storage.Range("channel/", Limit: Channel.MostOfTenant), null, token)).Items.Count == Channel.MostOfTenant)
                result = ClaimResult.TooMany;
            else if (channel.Smtp is { } account && await store.GetAsync(WayOutKey(partition, account.Mailbox), token) is not null)
                result = ClaimResult.Taken;
            if (result != ClaimResult.Claimed)
            {
                commit.Clear();
                return false;
            }
            Write(commit, own, channel, null);
            foreach (var key in IndexKeys(channel))
                commit.Put(key, JsonSerializer.SerializeToUtf8Bytes(new OwnerRecord(1, partition, channel.Id), AccountsJson.Default.OwnerRecord), Condition.Absent);
            return true;
        }, ct);
        return (result, added ? channel : null);
    }

    /// <summary>The same with the usual overlap.</summary>
    public Task<bool> ChangeAsync(string id, Func<Channel, Channel> change, Actor actor, CancellationToken ct) => ChangeAsync(id, change, UsualOverlap, actor, ct);

    /// <summary>Changes a channel's settings; its id, owner and kind stay. False when there is no such channel.</summary>
    /// <param name="overlap">How long a secret that the change replaces counts on.</param>
    public Task<bool> ChangeAsync(string id, Func<Channel, Channel> change, TimeSpan overlap, Actor actor, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(IndexKey(id), token) is not { } index)
                return false;
            var partition = JsonSerializer.Deserialize(index.Value.Span, AccountsJson.Default.OwnerRecord)!.Tenant;
            if (await store.GetAsync(KeyOf(partition, id), token) is not { } item)
                return false;
            var before = await OpenAsync(item, token);
            var after = change(before) with { Id = before.Id, Owner = before.Owner, Kind = before.Kind };
            var details = Details(after);
            if (after.Secret != before.Secret)
            {
                var now = time.GetUtcNow();
                // A password that was changed is of no use to us any more; only what others sign with has to overlap.
                if (before.Account is not null)
                    overlap = TimeSpan.Zero;
                after = after with { PreviousSecret = overlap > TimeSpan.Zero ? before.Secret : null, PreviousUntil = now + overlap, SecretSince = now };
                details["secret"] = "changed";
                details["overlapHours"] = overlap.TotalHours.ToString("0.##", CultureInfo.InvariantCulture);
            }
            Write(commit, await keys.RequireAsync(partition, token), after, item);
            await audit.AppendAsync(commit, partition, new AuditEntry(actor, "channel.change", id, details), token);
            return true;
        }, ct);

    /// <summary>Adds to a commit what the channel itself told of, such as a confirmed subscription.</summary>
    public Task RecordAsync(Commit commit, Channel channel, string act, IReadOnlyDictionary<string, string> details, CancellationToken ct) =>
        audit.AppendAsync(commit, PartitionOf(channel.Owner), new AuditEntry(Actor.System, act, channel.Id, details), ct);

    public async ValueTask<Channel?> FindAsync(string id, CancellationToken ct)
    {
        // It stands in the address of a webhook, so anybody may ask for anything.
        if (!IdAttribute.IsId(id) || await store.GetAsync(IndexKey(id), ct) is not { } index)
            return null;
        var owner = JsonSerializer.Deserialize(index.Value.Span, AccountsJson.Default.OwnerRecord)!;
        return await store.GetAsync(KeyOf(owner.Tenant, id), ct) is { } item ? await OpenAsync(item, ct) : null;
    }

    /// <summary>The server that a mailbox's answers leave by; null when it has none of its own.</summary>
    public async ValueTask<Channel?> FindWayOutAsync(string tenant, string mailbox, CancellationToken ct) =>
        await store.GetAsync(WayOutKey(tenant, mailbox), ct) is { } index && JsonSerializer.Deserialize(index.Value.Span, AccountsJson.Default.OwnerRecord)!.Id is var id
            && await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? await OpenAsync(item, ct) : null;

    public async Task<IReadOnlyList<Channel>> ListAsync(string owner, CancellationToken ct)
    {
        var channels = new List<Channel>();
        await foreach (var item in store.AllAsync(Table.Main, PartitionOf(owner), "channel/", ct))
            channels.Add(await OpenAsync(item, ct));
        return channels;
    }

    public Task<bool> RemoveAsync(string id, Actor actor, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(IndexKey(id), token) is not { } index)
                return false;
            var owner = JsonSerializer.Deserialize(index.Value.Span, AccountsJson.Default.OwnerRecord)!;
            if (await store.GetAsync(KeyOf(owner.Tenant, id), token) is { } item && await OpenAsync(item, token) is { Smtp: { } account })
                commit.Delete(WayOutKey(owner.Tenant, account.Mailbox));
            commit.Delete(index.Key, Condition.Same(index));
            commit.Delete(KeyOf(owner.Tenant, id));
            commit.Delete(PolledKey(id));
            commit.Delete(PositionKey(owner.Tenant, id));
            await audit.AppendAsync(commit, owner.Tenant, new AuditEntry(actor, "channel.remove", id), token);
            return true;
        }, ct);

    /// <summary>All accounts that mail is fetched from, of all owners.</summary>
    public async Task<IReadOnlyList<Channel>> PolledAsync(CancellationToken ct)
    {
        var polled = new List<Channel>();
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, Polled, ct))
            if (JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.OwnerRecord)! is var owner
                && await store.GetAsync(KeyOf(owner.Tenant, owner.Id), ct) is { } found && await keys.TenantAsync(owner.Tenant, ct) is not null)
                polled.Add(await OpenAsync(found, ct));
        return polled;
    }

    /// <summary>Where what was fetched of an account ends; gone with the channel.</summary>
    internal static ItemKey PositionKey(string tenant, string id) => ItemKey.Main(tenant, "imap/" + id);

    private const string Polled = "imap-channel/";

    private static ItemKey PolledKey(string id) => ItemKey.Main(KeyRing.Installation, Polled + id);

    private static ItemKey WayOutKey(string tenant, string mailbox) => ItemKey.Main(tenant, "way-out/" + mailbox);

    private static IEnumerable<ItemKey> IndexKeys(Channel channel) => channel switch
    {
        { Kind: Channel.ByImap } => [IndexKey(channel.Id), PolledKey(channel.Id)],
        { Smtp: { } account } => [IndexKey(channel.Id), WayOutKey(channel.Owner, account.Mailbox)],
        _ => [IndexKey(channel.Id)],
    };

    private static Dictionary<string, string> Details(Channel channel)
    {
        var details = new Dictionary<string, string> { ["kind"] = channel.Kind };
        if (channel.Topics is { Count: > 0 } topics)
            details["topics"] = string.Join(' ', topics);
        if (channel.Account is { } account)
            details["mailbox"] = account.Mailbox;
        if (channel.Kind == Channel.Mailgun)
            details["verdicts"] = channel.Verdicts ? "true" : "false";
        return details;
    }

    private static void Write(Commit commit, TenantKeys own, Channel channel, Item? before)
    {
        var key = KeyOf(own.Tenant, channel.Id);
        commit.Put(key, JsonSerializer.SerializeToUtf8Bytes(new ClearRecord(1, channel.Id), AccountsJson.Default.ClearRecord), Condition.Same(before),
            own.Seal(key, (before?.Version ?? 0) + 1, JsonSerializer.SerializeToUtf8Bytes(channel, AccountsJson.Default.Channel)));
    }

    private static string PartitionOf(string owner) => owner == Channel.Operator ? KeyRing.Installation : owner;

    private static ItemKey KeyOf(string partition, string id) => ItemKey.Main(partition, "channel/" + id);

    private static ItemKey IndexKey(string id) => ItemKey.Main(KeyRing.Installation, "channel-owner/" + id);

    private async ValueTask<Channel> OpenAsync(Item item, CancellationToken ct)
    {
        var own = await keys.RequireAsync(item.Key.Partition, ct);
        return JsonSerializer.Deserialize(own.Open(item), AccountsJson.Default.Channel)!;
    }
}
