using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>Who acts: a random id (a user's or a key's) or one of the names below, never an address.</summary>
internal sealed record Actor(string Id)
{
    /// <summary>A command on the machine, run by the user that owns the store.</summary>
    public static Actor Machine { get; } = new("operator@machine");
    public static Actor System { get; } = new("system");
}

/// <summary>An act that was done.</summary>
/// <param name="Act">Stable and short, such as "mailbox.add" or "draft.approve".</param>
/// <param name="Target">The id of what it was done to.</param>
/// <param name="Details">Settings before and after and the like; ids and values, no personal data.</param>
internal sealed record AuditEntry(Actor Actor, string Act, string Target, IReadOnlyDictionary<string, string>? Details = null);

/// <summary>The stored form of an entry. <see cref="Hash"/> covers all the rest, <see cref="Previous"/> included.</summary>
internal sealed record AuditRecord
{
    public int V { get; init; } = 1;
    public required long Sequence { get; init; }
    public required DateTimeOffset At { get; init; }
    public required string Actor { get; init; }
    public required string Act { get; init; }
    public required string Target { get; init; }
    public IReadOnlyDictionary<string, string>? Details { get; init; }
    /// <summary>Hex SHA-256 of the entry before, or 64 zeros for the first.</summary>
    public required string Previous { get; init; }
    public string? Hash { get; init; }
}

internal sealed record AuditHead(int V, long Sequence, string Hash);

/// <summary>
/// One hash chain for each tenant, and one for the installation. An entry goes into the same commit as its act, so there
/// is no act without an entry and no entry without its act.
/// </summary>
internal sealed class AuditLog(IStore store, TimeProvider time)
{
    private const string HeadSort = "head";
    private static readonly string Start = new('0', 64);

    /// <summary>Adds the entry to the commit. Two acts at once conflict on the head: build the commit with <see cref="StoreCommits.RetryAsync"/>.</summary>
    /// <param name="chain">A tenant's id, or <see cref="KeyRing.Installation"/>.</param>
    public async Task AppendAsync(Commit commit, string chain, AuditEntry entry, CancellationToken ct)
    {
        var item = await store.GetAsync(Head(chain), ct);
        var head = item is null ? new AuditHead(1, 0, Start) : JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.AuditHead)!;
        var record = new AuditRecord
        {
            Sequence = head.Sequence + 1,
            At = time.GetUtcNow(),
            Actor = entry.Actor.Id,
            Act = entry.Act,
            Target = entry.Target,
            Details = entry.Details,
            Previous = head.Hash,
        };
        record = record with { Hash = HashOf(record) };
        commit.Put(KeyOf(chain, record.Sequence), JsonSerializer.SerializeToUtf8Bytes(record, AuditJson.Default.AuditRecord), Condition.Absent);
        commit.Put(Head(chain), JsonSerializer.SerializeToUtf8Bytes(new AuditHead(1, record.Sequence, record.Hash), AuditJson.Default.AuditHead), Condition.Same(item));
    }

    /// <summary>The newest entries first.</summary>
    public async Task<IReadOnlyList<AuditRecord>> NewestAsync(string chain, int limit, CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Audit, chain, new Storage.Range("entry/", Descending: true, Limit: limit), null, ct);
        return [.. page.Items.Select(item => JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.AuditRecord)!)];
    }

    internal static string HashOf(AuditRecord record) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(record with { Hash = null }, AuditJson.Default.AuditRecord)));

    private static ItemKey Head(string chain) => new(Table.Audit, chain, HeadSort);

    private static ItemKey KeyOf(string chain, long sequence) =>
        new(Table.Audit, chain, string.Create(CultureInfo.InvariantCulture, $"entry/{sequence:D15}"));
}
