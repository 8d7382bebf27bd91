using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Storage;

namespace ReplyMint.Limits;

/// <summary>A stop switch as stored. Absent means on; only a stored record stops.</summary>
/// <param name="Contained">The tenant or mailbox is isolated (<see cref="Containments"/>): it stops apart from the switch, and starting the switch leaves it.</param>
internal sealed record SwitchRecord(int V, bool Stopped, string Reason, DateTimeOffset At, bool Contained = false);

/// <summary>A switch as read, with the item, so that a later commit can ask that it did not move meanwhile (MAIL-5).</summary>
/// <param name="Stopped">For whatever reason.</param>
/// <param name="Contained">Because the tenant or mailbox is isolated: its mail waits to be decided, too.</param>
internal sealed record SwitchState(ItemKey Key, Item? Item, bool Stopped, bool Contained)
{
    /// <summary>The commit happens only if the switch still stands as it was read.</summary>
    public void Hold(Commit commit) => commit.Check(Key, Condition.Same(Item));
}

/// <summary>Adds to the commit that lifts a switch what lets go on what it held; given by the room that holds it.</summary>
internal delegate void SwitchLifted(Commit commit, string partition, string? mailbox);

/// <summary>
/// Stop switches: for the whole installation, a tenant, or one mailbox. Reading and accepting mail goes on; what stops is
/// drafting and sending.
/// </summary>
internal sealed class Switches(IStore store, TimeProvider time, SwitchLifted? lifted = null)
{
    /// <summary>The switch of one scope: the installation itself, a whole tenant, or a mailbox of a tenant.</summary>
    public async ValueTask<SwitchState> ReadAsync(string partition, string? mailbox, CancellationToken ct)
    {
        var key = KeyOf(partition, mailbox);
        var item = await store.GetAsync(key, ct);
        var record = Read(item);
        return new SwitchState(key, item, record is { Stopped: true } or { Contained: true }, record is { Contained: true });
    }

    /// <summary>All that can stop a mail of this tenant and mailbox: one of them stopped is enough.</summary>
    public async ValueTask<IReadOnlyList<SwitchState>> ReadAllAsync(string tenant, string? mailbox, CancellationToken ct)
    {
        var states = new List<SwitchState>(3) { await ReadAsync(KeyRing.Installation, null, ct) };
        if (tenant != KeyRing.Installation)
            states.Add(await ReadAsync(tenant, null, ct));
        if (mailbox is not null)
            states.Add(await ReadAsync(tenant, mailbox, ct));
        return states;
    }

    /// <summary>Adds the change to a commit; the caller adds the audit entry.</summary>
    public async Task SetAsync(Commit commit, string partition, string? mailbox, bool stopped, string reason, CancellationToken ct)
    {
        var state = await ReadAsync(partition, mailbox, ct);
        Write(commit, state, partition, mailbox, new SwitchRecord(1, stopped, reason, time.GetUtcNow(), state.Contained));
    }

    /// <summary>Adds to a commit that a tenant or mailbox is isolated, or is not any more; its switch stays as it is.</summary>
    public async Task ContainAsync(Commit commit, string partition, string? mailbox, bool contained, CancellationToken ct)
    {
        var state = await ReadAsync(partition, mailbox, ct);
        Write(commit, state, partition, mailbox, (Read(state.Item) ?? new SwitchRecord(1, false, "", time.GetUtcNow())) with { Contained = contained });
    }

    private void Write(Commit commit, SwitchState before, string partition, string? mailbox, SwitchRecord record)
    {
        commit.Put(before.Key, JsonSerializer.SerializeToUtf8Bytes(record, LimitsJson.Default.SwitchRecord), Condition.Same(before.Item));
        if (record is { Stopped: false, Contained: false })
            lifted?.Invoke(commit, partition, mailbox);
    }

    private static SwitchRecord? Read(Item? item) => item is null ? null : JsonSerializer.Deserialize(item.Value.Span, LimitsJson.Default.SwitchRecord);

    private static ItemKey KeyOf(string partition, string? mailbox) => ItemKey.Main(partition, mailbox is null ? "switch" : "switch/" + mailbox);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SwitchRecord))]
[JsonSerializable(typeof(AllowanceRecord))]
[JsonSerializable(typeof(RateRecord))]
[JsonSerializable(typeof(IdempotencyRecord))]
[JsonSerializable(typeof(KeptAnswer))]
internal sealed partial class LimitsJson : JsonSerializerContext;
