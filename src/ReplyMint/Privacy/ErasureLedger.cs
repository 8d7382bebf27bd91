using System.Runtime.CompilerServices;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>That something was erased: keyed hashes and ids, no more. It outlives what it names, here and in the places off the machine.</summary>
/// <param name="Tenant">Where the data lay; the installation for a user.</param>
/// <param name="Subject">As in <see cref="Erasure.Subject"/>.</param>
/// <param name="Key">The fingerprint of the correspondent's key that was destroyed: a restored one is told from that of a later life. Null where there was none.</param>
/// <param name="Mac">Keyed with the installation: nobody makes the next restore erase what he likes by writing into an anchor's place.</param>
internal sealed record ErasureLine(int V, string Id, ErasureKind Kind, string Tenant, string Subject, string? Key, DateTimeOffset At, string? Mac);

/// <summary>
/// The erasure ledger: a line for each erasure, in the commit that destroys the key, and at once in the places off the machine
/// (settings audit.anchors). A restored store is held to it before it serves (<see cref="ErasureReplay"/>).
/// </summary>
internal sealed class ErasureLedger(IStore store, KeyRing keys, Anchors anchors)
{
    private const string Prefix = "erased/";

    /// <summary>Before the names of lines in the places off the machine.</summary>
    public const string AnchorPrefix = "erasure/";

    /// <summary>Adds a line to the commit that erases. <see cref="CopyAsync"/> once that is committed.</summary>
    public async Task AddAsync(Commit commit, Erasure erasure, string? key, DateTimeOffset at, CancellationToken ct)
    {
        var line = await SignAsync(new ErasureLine(1, erasure.Id, erasure.Kind, erasure.Tenant, erasure.Subject, key, at, null), ct);
        var bytes = StoredJson.Write(line, PrivacyJson.Default.ErasureLine);
        commit.Put(KeyOf(line.Id), bytes, Condition.Any);
        await anchors.AddAsync(commit, NameOf(line.Id), bytes, ct);
    }

    /// <summary>Copies lines that wait to the places off the machine now; what fails there is tried again and alerted by itself.</summary>
    public Task CopyAsync(CancellationToken ct) => anchors.FlushAsync(ct);

    /// <summary>All lines of this store, the oldest first.</summary>
    public async IAsyncEnumerable<ErasureLine> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, Prefix, ct))
            if (await OpenAsync(item.Value, ct) is { } line)
                yield return line;
    }

    /// <summary>A line as it was copied, or null when it is none of this installation's.</summary>
    public async Task<ErasureLine?> OpenAsync(ReadOnlyMemory<byte> document, CancellationToken ct)
    {
        try
        {
            return JsonSerializer.Deserialize(document.Span, PrivacyJson.Default.ErasureLine) is { Mac: { } mac } line && (await SignAsync(line, ct)).Mac == mac ? line : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Puts a line into this store that it does not know, such as one that came after its backup.</summary>
    public Task KeepAsync(ErasureLine line, CancellationToken ct) =>
        store.CommitAsync(new Commit().Put(KeyOf(line.Id), StoredJson.Write(line, PrivacyJson.Default.ErasureLine), Condition.Any), ct).AsTask();

    private async Task<ErasureLine> SignAsync(ErasureLine line, CancellationToken ct) => line with
    {
        Mac = (await keys.RequireAsync(KeyRing.Installation, ct)).Hash("erasure-ledger", $"{line.V}\n{line.Id}\n{line.Kind}\n{line.Tenant}\n{line.Subject}\n{line.Key}\n{line.At.ToUnixTimeMilliseconds()}"),
    };

    private static ItemKey KeyOf(string id) => ItemKey.Main(KeyRing.Installation, Prefix + id);

    private static string NameOf(string id) => $"{AnchorPrefix}{id}.json";
}
