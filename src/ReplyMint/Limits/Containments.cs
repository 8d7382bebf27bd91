using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Limits;

/// <summary>What can be isolated. All sending is stopped by the installation's switch (<see cref="Switches"/>).</summary>
[JsonConverter(typeof(WireEnum<ContainedKind>))]
internal enum ContainedKind
{
    /// <summary>Sends nothing and changes nothing; reads, and its mail is taken and waits.</summary>
    Tenant,
    /// <summary>Can do nothing and can't come in, nor can his keys.</summary>
    User,
    /// <summary>An API key: opens nothing.</summary>
    Key,
    /// <summary>Sends nothing; its mail is taken and waits.</summary>
    Mailbox,
    /// <summary>A channel in: takes nothing, so that senders come again.</summary>
    Channel,
    /// <summary>A network, by its mark: HTTP answers it 403.</summary>
    Network,
}

/// <summary>Something is isolated for as long as this is there: ids only.</summary>
/// <param name="Tenant">Whose it is; null where it is the installation's.</param>
/// <param name="By">Who did it: a user's id, or a name of the audit log.</param>
/// <param name="Incident">For which incident, or null.</param>
internal sealed record Containment(int V, ContainedKind Kind, string Id, string? Tenant, string By, DateTimeOffset At, string? Incident);

/// <summary>
/// What is isolated (IR-1): records that the doors and the sender ask. Whoever manages them stands on a higher floor. That a tenant or
/// a mailbox sends nothing stands in its switch, which every sending holds in its own commit; so nothing leaves behind this one.
/// </summary>
internal sealed class Containments(IStore store, Switches switches, TimeProvider time)
{
    private const string Prefix = "contained/";

    /// <summary>Asked at each door, so what the store keeps in memory answers it.</summary>
    public async ValueTask<bool> IsAsync(ContainedKind kind, string id, CancellationToken ct) => await store.GetAsync(KeyOf(kind, id), ct) is not null;

    /// <summary>Adds an isolation to a commit; the caller adds the audit entry. False when it is so already.</summary>
    /// <param name="span">After which it ends by itself; null is never.</param>
    public async Task<bool> SetAsync(Commit commit, ContainedKind kind, string id, string? tenant, string by, string? incident, CancellationToken ct, TimeSpan? span = null)
    {
        if (await store.GetAsync(KeyOf(kind, id), ct) is not null)
            return false;
        commit.Put(KeyOf(kind, id), JsonSerializer.SerializeToUtf8Bytes(new Containment(1, kind, id, tenant, by, time.GetUtcNow(), incident), ContainmentJson.Default.Containment), Condition.Absent, expires: span is { } until ? time.GetUtcNow() + until : null);
        if (SwitchOf(kind, id, tenant) is { } at)
            await switches.ContainAsync(commit, at.Partition, at.Mailbox, true, ct);
        return true;
    }

    /// <summary>Adds to a commit that it is free again; what waited goes on. Null when it was not isolated.</summary>
    public async Task<Containment?> LiftAsync(Commit commit, ContainedKind kind, string id, CancellationToken ct)
    {
        if (await store.GetAsync(KeyOf(kind, id), ct) is not { } item)
            return null;
        var found = Read(item);
        commit.Delete(item.Key, Condition.Same(item));
        if (SwitchOf(kind, id, found.Tenant) is { } at)
            await switches.ContainAsync(commit, at.Partition, at.Mailbox, false, ct);
        return found;
    }

    public async Task<IReadOnlyList<Containment>> ListAsync(CancellationToken ct)
    {
        var all = new List<Containment>();
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, Prefix, ct))
            all.Add(Read(item));
        return [.. all.OrderBy(one => one.At)];
    }

    /// <summary>The marks of the networks that are shut out.</summary>
    public async Task<HashSet<string>> NetworksAsync(CancellationToken ct)
    {
        var marks = new HashSet<string>(StringComparer.Ordinal);
        var prefix = KeyOf(ContainedKind.Network, "").Sort;
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, prefix, ct))
            marks.Add(item.Key.Sort[prefix.Length..]);
        return marks;
    }

    private static (string Partition, string? Mailbox)? SwitchOf(ContainedKind kind, string id, string? tenant) => kind switch
    {
        ContainedKind.Tenant => (id, null),
        ContainedKind.Mailbox => (tenant!, id),
        _ => null,
    };

    private static ItemKey KeyOf(ContainedKind kind, string id) => ItemKey.Main(KeyRing.Installation, $"{Prefix}{WireWord.Of(kind)}/{id}");

    private static Containment Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, ContainmentJson.Default.Containment)!;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Containment))]
internal sealed partial class ContainmentJson : JsonSerializerContext;
