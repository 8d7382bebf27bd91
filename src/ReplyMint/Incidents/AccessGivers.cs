using System.Collections.Immutable;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>Who gave a right, and when.</summary>
internal sealed record Giving(DateTimeOffset At, string By);

/// <summary>
/// What the audit log says of who gave which right: the newest act on each member, key and channel. A chain is read once and then
/// followed, by one caller at a time, so that a call costs what was done since the one before; who reads a long one keeps nobody from
/// the others, and what was read stays read when he hangs up.
/// </summary>
internal sealed class AccessGivers(IStore store) : IDisposable
{
    // Chains in memory, some 200 bytes for each right. Above the bound all are forgotten, which costs reading them again.
    private const int MostChains = 1_000;

    private static readonly HashSet<string> Gives = ["member.add", "member.change", "member.confirm", "key.create", "key.rotate", "channel.add", "channel.change"];
    private static readonly HashSet<string> Takes = ["member.remove", "key.revoke", "channel.remove"];

    private readonly Dictionary<string, Followed> _chains = new(StringComparer.Ordinal);

    /// <summary>One chain, as far as it was read.</summary>
    private sealed class Followed : IDisposable
    {
        public SemaphoreSlim One { get; } = new(1, 1);
        /// <summary>Who reads it or waits to; with none it may be forgotten.</summary>
        public int Callers { get; set; }
        public string? Cursor { get; set; }
        public ImmutableDictionary<string, Giving> Given { get; set; } = ImmutableDictionary.Create<string, Giving>(StringComparer.Ordinal);

        public void Dispose() => One.Dispose();
    }

    public void Dispose()
    {
        lock (_chains)
            foreach (var followed in _chains.Values)
                followed.Dispose();
    }

    /// <summary>By the id of the user, key or channel.</summary>
    public async Task<IReadOnlyDictionary<string, Giving>> OfAsync(string chain, CancellationToken ct)
    {
        var followed = Enter(chain);
        try
        {
            await followed.One.WaitAsync(ct);
            try
            {
                return await FollowAsync(chain, followed, ct);
            }
            finally
            {
                followed.One.Release();
            }
        }
        finally
        {
            lock (_chains)
                followed.Callers--;
        }
    }

    private Followed Enter(string chain)
    {
        lock (_chains)
        {
            if (!_chains.TryGetValue(chain, out var followed))
            {
                if (_chains.Count >= MostChains)
                    ForgetIdle();
                _chains[chain] = followed = new();
            }
            followed.Callers++;
            return followed;
        }
    }

    private void ForgetIdle()
    {
        foreach (var (chain, idle) in _chains.Where(each => each.Value.Callers == 0).ToList())
        {
            _chains.Remove(chain);
            idle.Dispose();
        }
    }

    private async Task<ImmutableDictionary<string, Giving>> FollowAsync(string chain, Followed followed, CancellationToken ct)
    {
        var (cursor, given) = (followed.Cursor, followed.Given.ToBuilder());
        try
        {
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
        }
        finally
        {
            // Whoever hung up on the way has read that much for the next one.
            (followed.Cursor, followed.Given) = (cursor, given.ToImmutable());
        }
        return followed.Given;
    }
}
