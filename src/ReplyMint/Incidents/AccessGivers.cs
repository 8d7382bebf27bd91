using System.Collections.Immutable;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>Who gave a right, and when.</summary>
internal sealed record Giving(DateTimeOffset At, string By);

/// <summary>
/// What the audit log says of who gave which right: the newest act on each member, key and channel. A chain is read once and then
/// followed, one at a time, so that a call costs what was done since the one before.
/// </summary>
internal sealed class AccessGivers(IStore store) : IDisposable
{
    // Chains in memory, some 200 bytes for each right. Above the bound all are forgotten, which costs reading them again.
    private const int MostChains = 1_000;

    private static readonly HashSet<string> Gives = ["member.add", "member.change", "member.confirm", "key.create", "key.rotate", "channel.add", "channel.change"];
    private static readonly HashSet<string> Takes = ["member.remove", "key.revoke", "channel.remove"];

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Dictionary<string, (string? Cursor, ImmutableDictionary<string, Giving> Given)> _read = new(StringComparer.Ordinal);

    public void Dispose() => _one.Dispose();

    /// <summary>By the id of the user, key or channel.</summary>
    public async Task<IReadOnlyDictionary<string, Giving>> OfAsync(string chain, CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            var (cursor, known) = _read.GetValueOrDefault(chain, (null, ImmutableDictionary.Create<string, Giving>(StringComparer.Ordinal)));
            var given = known.ToBuilder();
            while (true)
            {
                // Reads of the store don't wait: others get their turn between pages.
                await Task.Yield();
                var page = await store.QueryAsync(Table.Audit, chain, new Storage.Range(AuditLog.EntryPrefix, Limit: 1_000), cursor, ct);
                if (page.Items.Count == 0)
                    break;
                foreach (var item in page.Items)
                    if (AuditRoutes.Read(item) is not { } entry)
                        continue;
                    else if (Gives.Contains(entry.Act))
                        given[entry.Target] = new(entry.At, entry.Actor);
                    else if (Takes.Contains(entry.Act))
                        given.Remove(entry.Target);
                cursor = page.Items[^1].Key.Sort;
            }
            if (_read.Count >= MostChains)
                _read.Clear();
            var now = given.ToImmutable();
            _read[chain] = (cursor, now);
            return now;
        }
        finally
        {
            _one.Release();
        }
    }
}
