namespace ReplyMint.Storage;

internal enum ConditionKind { Any, Absent, Version }

/// <summary>What must hold of an item for a commit to happen.</summary>
internal readonly record struct Condition(ConditionKind Kind, long Version)
{
    public static Condition Any => default;
    public static Condition Absent => new(ConditionKind.Absent, 0);
    public static Condition At(long version) => new(ConditionKind.Version, version);
    /// <summary>The item is as it was read: that version, or absent.</summary>
    public static Condition Same(Item? read) => read is null ? Absent : At(read.Version);
}

internal enum OperationKind { Put, Delete, Add, Check, Change, Expire }

internal readonly record struct Operation(
    OperationKind Kind, ItemKey Key, Condition Condition, ReadOnlyMemory<byte> Value, ReadOnlyMemory<byte> Sealed,
    DateTimeOffset? Expires, long Amount, long? Limit);

/// <summary>
/// Writes that depend on what is queued before the commit, such as the next link of a chain. They are decided when the commit takes
/// its place: commits with the same gate do so one after another, so that each can build on one that is not written yet.
/// </summary>
/// <param name="Gate">The gate's name; several are entered in the order of their names.</param>
/// <param name="Lock">The gate.</param>
/// <param name="Operations">The most that <paramref name="Fill"/> adds.</param>
/// <param name="Fill">Adds the writes; false is a conflict. Must not wait for anything.</param>
/// <param name="Settled">Told how it ended, with the gate open. False also after a filling that was not queued.</param>
internal sealed record LateWrites(string Gate, Lock Lock, int Operations, Func<Commit, bool> Fill, Action<bool> Settled);

/// <summary>How a commit took its place among the others.</summary>
internal enum Placing { Queued, Full, Conflict }

/// <summary>A set of writes that happen together or not at all. No key may stand in it twice (DynamoDB's rule).</summary>
internal sealed class Commit
{
    public const int MaxOperations = 100;

    /// <summary>DynamoDB's 400 KB hold the item's key and the names of its parts, too.</summary>
    public const int MaxItemBytes = 399 * 1024;

    /// <summary>DynamoDB's 4 MB, with the same room for each operation.</summary>
    public const int MaxBytes = (4 * 1024 - MaxOperations) * 1024;

    private readonly List<Operation> _operations = [];
    private List<LateWrites>? _late;
    private Action? _refused;
    private int _reserved;
    private int _decided;
    private int _bytes;

    public IReadOnlyList<Operation> Operations => _operations;

    public bool IsEmpty => _operations.Count == 0 && _late is null;

    /// <summary>For adapters: the gates that <see cref="Place"/> enters, in its order.</summary>
    public IEnumerable<string> Gates => _late?.Select(writes => writes.Gate) ?? [];

    public Commit Put(ItemKey key, ReadOnlyMemory<byte> value, Condition condition, ReadOnlyMemory<byte> @sealed = default, DateTimeOffset? expires = null) =>
        With(new(OperationKind.Put, key, condition, value, @sealed, expires, 0, null));

    /// <summary>
    /// Writes an item that is there, and leaves its expiry as it is: how long something is kept is nobody's business who changes it,
    /// and may have moved since he read it.
    /// </summary>
    public Commit Change(Item read, ReadOnlyMemory<byte> value, ReadOnlyMemory<byte> @sealed) =>
        With(new(OperationKind.Change, read.Key, Condition.At(read.Version), value, @sealed, null, 0, null));

    /// <summary>
    /// Moves the expiry of an item and nothing else: its version stays, so what is sealed with it still opens. Of an item that is not
    /// there (any more) it makes none.
    /// </summary>
    /// <param name="key">The item.</param>
    /// <param name="expires">Null is never; an instant that has passed removes it.</param>
    public Commit Expire(ItemKey key, DateTimeOffset? expires) =>
        With(new(OperationKind.Expire, key, default, default, default, expires, 0, null));

    public Commit Delete(ItemKey key, Condition condition = default) =>
        With(new(OperationKind.Delete, key, condition, default, default, null, 0, null));

    /// <summary>Moves a counter; the commit fails when the result would be above <paramref name="limit"/>. An absent counter is 0.</summary>
    public Commit Add(ItemKey counter, long amount, long? limit = null, DateTimeOffset? expires = null) =>
        With(new(OperationKind.Add, counter, default, default, default, expires, amount, limit));

    /// <summary>Writes nothing, but the commit happens only if the condition holds.</summary>
    public Commit Check(ItemKey key, Condition condition) =>
        With(new(OperationKind.Check, key, condition, default, default, null, 0, null));

    /// <summary>Whether something of the key is in it already.</summary>
    public bool Names(ItemKey key)
    {
        foreach (var operation in _operations)
            if (operation.Key == key)
                return true;
        return false;
    }

    /// <summary>Adds writes that are decided when the commit takes its place.</summary>
    public Commit Late(LateWrites writes)
    {
        if (_operations.Count + _reserved + writes.Operations > MaxOperations)
            throw new InvalidOperationException($"A commit holds at most {MaxOperations} operations.");
        _late ??= [];
        if (_late.Exists(other => other.Gate == writes.Gate))
            throw new InvalidOperationException("A gate stands in a commit twice.");
        _late.Add(writes);
        _late.Sort((a, b) => string.CompareOrdinal(a.Gate, b.Gate));
        _reserved += writes.Operations;
        return this;
    }

    /// <summary>Tells somebody when it did not happen: what he put into it may be out of date.</summary>
    public void WhenRefused(Action told) => _refused += told;

    /// <summary>Takes all back: what is committed then is nothing.</summary>
    public void Clear()
    {
        _operations.Clear();
        _bytes = 0;
        _late = null;
        _reserved = 0;
    }

    /// <summary>For adapters: decides what was left open and queues the commit, with its gates held.</summary>
    /// <param name="queue">Puts it behind all others; false when there is no room.</param>
    public Placing Place(Func<bool> queue)
    {
        if (_late is null)
            return queue() ? Placing.Queued : Placing.Full;
        var (held, filled, reserved) = (0, 0, _reserved);
        _decided = _operations.Count;
        _reserved = 0;
        var placing = Placing.Conflict;
        try
        {
            for (; held < _late.Count; held++)
                _late[held].Lock.Enter();
            while (filled < _late.Count && _late[filled].Fill(this))
                filled++;
            if (filled == _late.Count)
                placing = queue() ? Placing.Queued : Placing.Full;
        }
        finally
        {
            while (held > 0)
                _late[--held].Lock.Exit();
            _reserved = reserved;
            if (placing != Placing.Queued)
                Settle(false);
        }
        return placing;
    }

    /// <summary>For adapters: tells those who filled something in how it ended.</summary>
    public void Settle(bool committed)
    {
        if (!committed)
            _refused?.Invoke();
        if (_late is null)
            return;
        if (!committed)
        {
            foreach (var operation in _operations.Skip(_decided))
                _bytes -= BytesOf(operation);
            _operations.RemoveRange(_decided, _operations.Count - _decided);
        }
        foreach (var writes in _late)
            writes.Settled(committed);
    }

    private Commit With(Operation operation)
    {
        if (_operations.Count + _reserved >= MaxOperations)
            throw new InvalidOperationException($"A commit holds at most {MaxOperations} operations.");
        var bytes = BytesOf(operation);
        if (bytes > MaxItemBytes)
            throw new InvalidOperationException($"An item holds at most {MaxItemBytes} bytes.");
        if (_bytes + bytes > MaxBytes)
            throw new InvalidOperationException($"A commit holds at most {MaxBytes} bytes.");
        if (Names(operation.Key))
            throw new InvalidOperationException("A key stands in a commit twice.");
        _operations.Add(operation);
        _bytes += bytes;
        return this;
    }

    private static int BytesOf(Operation operation) => operation.Value.Length + operation.Sealed.Length;
}
