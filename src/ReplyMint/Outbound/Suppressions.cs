using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>Why an address gets no automatic answers.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SuppressionReason>))]
internal enum SuppressionReason { PermanentFailure, Complaint, HumanAsked }

internal sealed record SuppressionRecord(int V, SuppressionReason Reason, DateTimeOffset At);

/// <summary>Addresses that must not be answered, as keyed hashes only: they survive an erasure without naming anybody.</summary>
internal sealed class Suppressions(IStore store, KeyRing keys, WishLedger wishes, TimeProvider time)
{
    private const string Prefix = "suppressed/";
    /// <summary>A permanent bounce counts for so long (rule 13); complaints and wishes never end by themselves.</summary>
    public static readonly TimeSpan BounceCounts = TimeSpan.FromDays(60);

    public async Task AddAsync(string tenant, string address, SuppressionReason reason, CancellationToken ct)
    {
        if (await keys.TenantAsync(tenant, ct) is { } own)
            await store.RetryAsync((commit, token) => AddAsync(commit, own, address, reason, token), ct);
    }

    /// <summary>The same in the caller's commit. False, and nothing added, for what is no address, or when a stronger reason stands.</summary>
    public Task<bool> AddAsync(Commit commit, TenantKeys own, string address, SuppressionReason reason, CancellationToken ct) =>
        AddAsync(commit, own, address, reason, null, isNews: false, ct);

    /// <summary>That a person wants no answers, in the commit that writes down that he said so.</summary>
    /// <param name="isNews">He had not said so before: then there is a line of his also where somebody else's wish suppresses the address already, and may end before his.</param>
    public Task<bool> WithdrawAsync(Commit commit, TenantKeys own, string address, string person, bool isNews, CancellationToken ct) =>
        AddAsync(commit, own, address, SuppressionReason.HumanAsked, person, isNews, ct);

    private async Task<bool> AddAsync(Commit commit, TenantKeys own, string address, SuppressionReason reason, string? person, bool isNews, CancellationToken ct)
    {
        if (HashOf(own, address) is not { } hash)
            return false;
        var item = await store.GetAsync(KeyOf(own.Tenant, hash), ct);
        // A wish outlives all others, and a complaint the bounce that comes after it.
        if (item is not null && Read(item).Reason > reason)
            return false;
        Write(commit, own.Tenant, hash, reason, time.GetUtcNow(), item);
        if (isNews || (Lasts(reason) && (item is null || Read(item).Reason != reason)))
            await wishes.AddAsync(commit, own.Tenant, hash, person, reason, ct);
        return true;
    }

    /// <summary>Adds again what a line of the ledger says, which a restored store does not know. False when it does.</summary>
    public async Task<bool> AddAgainAsync(Commit commit, WishLine line, SuppressionReason reason, CancellationToken ct)
    {
        var item = await store.GetAsync(KeyOf(line.Tenant, line.Hash), ct);
        if (item is not null && Read(item).Reason >= reason)
            return false;
        Write(commit, line.Tenant, line.Hash, reason, line.At, item);
        return true;
    }

    /// <summary>That a person agreed (again), in the commit that writes it down: his wish ends, a bounce or a complaint stays.</summary>
    /// <param name="hadWithdrawn">As his consent stood before.</param>
    public async Task GiveAsync(Commit commit, TenantKeys own, string address, string person, bool hadWithdrawn, CancellationToken ct)
    {
        if (HashOf(own, address) is not { } hash)
            return;
        var item = await store.GetAsync(KeyOf(own.Tenant, hash), ct);
        SuppressionReason? stays = item is null ? null : Read(item).Reason;
        if (item is not null && stays == SuppressionReason.HumanAsked)
        {
            commit.Delete(item.Key, Condition.Same(item));
            stays = null;
        }
        else if (hadWithdrawn)
        {
            // The line says how the suppression stands.
            commit.Check(KeyOf(own.Tenant, hash), Condition.Same(item));
        }
        else
        {
            return;
        }
        await wishes.AddAsync(commit, own.Tenant, hash, person, stays is { } reason && Lasts(reason) ? reason : null, ct);
    }

    public async ValueTask<SuppressionRecord?> FindAsync(string tenant, string address, CancellationToken ct) =>
        await KeyOfAsync(tenant, address, ct) is { } key && await store.GetAsync(key, ct) is { } item ? Read(item) : null;

    /// <summary>All of a tenant: the hashes, since no address is stored.</summary>
    public async Task<IReadOnlyList<(string Hash, SuppressionRecord Record)>> ListAsync(string tenant, CancellationToken ct)
    {
        var all = new List<(string, SuppressionRecord)>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, Prefix, ct))
            all.Add((item.Key.Sort[Prefix.Length..], Read(item)));
        return all;
    }

    /// <summary>Takes a suppression back, in the caller's commit with its audit entry; what a person said himself counts as before. False when there is none.</summary>
    public async Task<bool> RemoveAsync(Commit commit, string tenant, string address, CancellationToken ct)
    {
        if (await KeyOfAsync(tenant, address, ct) is not { } key || await store.GetAsync(key, ct) is not { } item)
            return false;
        commit.Delete(key, Condition.Same(item));
        if (Lasts(Read(item).Reason))
            await wishes.AddAsync(commit, tenant, key.Sort[Prefix.Length..], null, null, ct);
        return true;
    }

    /// <summary>Where the address's suppression would lie; null when it is no address or the tenant has no keys.</summary>
    public async ValueTask<ItemKey?> KeyOfAsync(string tenant, string address, CancellationToken ct) =>
        await keys.TenantAsync(tenant, ct) is { } own && HashOf(own, address) is { } hash ? KeyOf(tenant, hash) : null;

    public static ItemKey KeyOf(string tenant, string hash) => ItemKey.Main(tenant, Prefix + hash);

    /// <summary>The name of an address's suppression, or null for what is no address.</summary>
    public static string? HashOf(TenantKeys own, string address) =>
        AddressRules.Normalize(address) is { } normalized ? own.Hash("suppressed", AddressRules.WithoutTag(normalized)) : null;

    /// <summary>A bounce ends by itself; what people said does not, and must not end with a restore either.</summary>
    private static bool Lasts(SuppressionReason reason) => reason != SuppressionReason.PermanentFailure;

    private static void Write(Commit commit, string tenant, string hash, SuppressionReason reason, DateTimeOffset at, Item? before) =>
        commit.Put(KeyOf(tenant, hash), JsonSerializer.SerializeToUtf8Bytes(new SuppressionRecord(1, reason, at), SuppressionJson.Default.SuppressionRecord),
            Condition.Same(before), expires: Lasts(reason) ? null : at + BounceCounts);

    public static SuppressionRecord Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, SuppressionJson.Default.SuppressionRecord)!;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SuppressionRecord))]
internal sealed partial class SuppressionJson : JsonSerializerContext;
