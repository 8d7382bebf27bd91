using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>
/// One hash chain for each tenant, and one for the installation. An entry goes into the same commit as its act, so there
/// is no act without an entry and no entry without its act. Its number and hash are decided when the commit takes its place
/// behind those of the same chain, so many writers at once need no second try.
/// </summary>
internal sealed class AuditLog(IStore store, TimeProvider time, ActorSealer? sealer = null)
{
    public const string EntryPrefix = "entry/";

    /// <summary>The digits of their keys have no room for more in one chain.</summary>
    public const long MostEntries = 999_999_999_999_999;

    /// <summary>The partition that lists all chains, each as chain/ID.</summary>
    public const string ListPartition = "chains";
    public const string ListPrefix = "chain/";

    // Heads in memory, about 300 bytes each. Above the bound all that rest are forgotten, which costs a read and perhaps a second try.
    public const int MaxChains = 20_000;
    private const int OperationsOfEntry = 3;

    private readonly ConcurrentDictionary<string, Chain> _chains = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _moved = new(StringComparer.Ordinal);

    /// <summary>Adds the entry to the commit, once for each chain; build it with <see cref="StoreCommits.RetryAsync"/>.</summary>
    /// <param name="commit">The act's.</param>
    /// <param name="chain">A tenant's id, or <see cref="KeyRing.Installation"/>.</param>
    /// <param name="entry">What was done.</param>
    public Task AppendAsync(Commit commit, string chain, AuditEntry entry, CancellationToken ct) => AppendAsync(commit, chain, entry, alone: false, ct);

    /// <summary>The same, and the commit conflicts with every other entry of the chain from now on: for who counts something and may not be overtaken.</summary>
    public Task AppendAloneAsync(Commit commit, string chain, AuditEntry entry, CancellationToken ct) => AppendAsync(commit, chain, entry, alone: true, ct);

    /// <summary>The newest entries first.</summary>
    public async Task<IReadOnlyList<AuditRecord>> NewestAsync(string chain, int limit, CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Audit, chain, new Storage.Range(EntryPrefix, Descending: true, Limit: limit), null, ct);
        return [.. page.Items.Select(item => JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.AuditRecord)!)];
    }

    /// <summary>Where the actor sat; null when it is not known, or nobody can know it any more.</summary>
    public async ValueTask<string?> NetworkAsync(string chain, AuditRecord record, CancellationToken ct)
    {
        if (record.Network is not { } value || sealer is null || PersonOf(record) is not { } person || await sealer(person, ct) is not { } key)
            return null;
        return key.Open(KeyOf(chain, record.Sequence), 1, value) is { } plain ? Encoding.UTF8.GetString(plain) : null;
    }

    /// <summary>The chains that got entries since the last call, in this process.</summary>
    public IReadOnlyList<string> TakeMoved()
    {
        var moved = _moved.Keys.ToList();
        foreach (var chain in moved)
            _moved.TryRemove(chain, out _);
        return moved;
    }

    /// <summary>They were taken, but nothing came of it.</summary>
    public void PutBackMoved(IEnumerable<string> chains)
    {
        foreach (var chain in chains)
            _moved.TryAdd(chain, 0);
    }

    internal static ItemKey Head(string chain) => new(Table.Audit, chain, "head");

    internal static ItemKey KeyOf(string chain, long sequence) =>
        new(Table.Audit, chain, string.Create(CultureInfo.InvariantCulture, $"{EntryPrefix}{sequence:D15}"));

    internal static AuditHead? ReadHead(Item? item) => item is null ? null : JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.AuditHead);

    private async Task AppendAsync(Commit commit, string chain, AuditEntry entry, bool alone, CancellationToken ct)
    {
        var state = StateOf(chain);
        var key = entry.Actor is { Network: not null, Person: { } person } && sealer is not null ? await sealer(person, ct) : null;
        Link? read = null;
        long? asOf = null;
        if (alone || state.Last is null)
        {
            // What is under way may still move the head; the version of one that was read too early is soon another entry's.
            if (state.Last is null)
                await state.QuietAsync().WaitAsync(ct);
            lock (state.Gate)
                asOf = state.Open == 0 ? state.Taken : null;
            var item = await store.GetAsync(Head(chain), ct);
            read = new(ReadHead(item) ?? new AuditHead(1, 0, AuditRecord.Start), item?.Version ?? 0);
        }
        Link? made = null;
        commit.Late(new(chain, state.Gate, OperationsOfEntry,
            filling =>
            {
                var last = state.Last ?? (state.Taken == asOf ? read : null);
                if (state.Forgotten || last is null || (alone && last.Version != read!.Version))
                    return false;
                made = Write(filling, chain, last, entry, key);
                state.Take(made);
                return true;
            },
            committed =>
            {
                if (made is null)
                    return;
                made = null;
                state.Settle(committed);
                if (committed)
                    _moved.TryAdd(chain, 0);
            }));
    }

    private Chain StateOf(string chain)
    {
        if (_chains.Count >= MaxChains)
            foreach (var known in _chains)
                if (known.Value.Forget())
                    _chains.TryRemove(known);
        return _chains.GetOrAdd(chain, static _ => new());
    }

    private Link Write(Commit commit, string chain, Link last, AuditEntry entry, SealingKey? key)
    {
        var at = KeyOf(chain, last.Head.Sequence + 1);
        var record = new AuditRecord
        {
            Sequence = last.Head.Sequence + 1,
            At = time.GetUtcNow(),
            Actor = entry.Actor.Id,
            Act = entry.Act,
            Target = entry.Target,
            Details = WithPerson(entry, key),
            Network = key?.Seal(at, 1, Encoding.UTF8.GetBytes(entry.Actor.Network!)),
            Previous = last.Head.Hash,
        };
        record = record with { Hash = AuditRecord.HashOf(record) };
        var head = new AuditHead(1, record.Sequence, record.Hash);
        commit.Put(at, JsonSerializer.SerializeToUtf8Bytes(record, AuditJson.Default.AuditRecord), Condition.Absent);
        commit.Put(Head(chain), JsonSerializer.SerializeToUtf8Bytes(head, AuditJson.Default.AuditHead), last.Version == 0 ? Condition.Absent : Condition.At(last.Version));
        if (last.Version == 0)
            commit.Put(new ItemKey(Table.Audit, ListPartition, ListPrefix + chain), "{\"v\":1}"u8.ToArray(), Condition.Any);
        return new(head, last.Version + 1);
    }

    /// <summary>Whose key sealed the network is said where it is not the actor's own: of an API key.</summary>
    private static IReadOnlyDictionary<string, string>? WithPerson(AuditEntry entry, SealingKey? key) =>
        key is null || entry.Actor.Person == entry.Actor.Id ? entry.Details
            : new Dictionary<string, string>(entry.Details ?? new Dictionary<string, string>()) { ["keyOwner"] = entry.Actor.Person! };

    private static string? PersonOf(AuditRecord record) => record.Details?.GetValueOrDefault("keyOwner") ?? record.Actor;

    /// <summary>The head that the next entry builds on, which may still be queued.</summary>
    private sealed record Link(AuditHead Head, long Version);

    /// <summary>What memory knows of a chain. All entries of a process are one line: each is built on the one before, or on a head that nothing can have moved since it was read.</summary>
    private sealed class Chain
    {
        private TaskCompletionSource? _quiet;

        public Lock Gate { get; } = new();

        /// <summary>Null: it has to be read.</summary>
        public volatile Link? Last;

        /// <summary>Commits that took a number, and nobody knows yet how they end. This and what follows is read with the gate held.</summary>
        public int Open { get; private set; }

        /// <summary>So many took a number ever.</summary>
        public long Taken { get; private set; }

        /// <summary>Another one stands in its place.</summary>
        public bool Forgotten { get; private set; }

        /// <summary>Ends when nothing is under way.</summary>
        public Task QuietAsync()
        {
            lock (Gate)
                return Open == 0 ? Task.CompletedTask : (_quiet ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        public void Take(Link made)
        {
            Last = made;
            Open++;
            Taken++;
        }

        public void Settle(bool committed)
        {
            lock (Gate)
            {
                // Those behind built on what is not there: they conflict, too, and the next one reads anew.
                if (!committed)
                    Last = null;
                if (--Open > 0)
                    return;
                _quiet?.SetResult();
                _quiet = null;
            }
        }

        /// <summary>False while something is under way.</summary>
        public bool Forget()
        {
            lock (Gate)
                return Forgotten |= Open == 0;
        }
    }
}
