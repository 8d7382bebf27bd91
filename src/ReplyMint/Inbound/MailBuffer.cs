namespace ReplyMint.Inbound;

internal enum BufferState { Open, TooLarge, NoMemory }

/// <summary>Collects a mail's bytes up to a limit, taking from the budget as it grows and giving back on disposal.</summary>
internal sealed class MailBuffer(int limit, InboundBudget budget) : IDisposable
{
    private const int FirstSize = 8 * 1024;

    private byte[] _bytes = [];
    private InboundBudget _budget = budget;
    private int _length;
    private long _taken;

    public BufferState State { get; private set; }

    public ReadOnlyMemory<byte> Content => _bytes.AsMemory(0, _length);

    /// <summary>The collected bytes, writable: for decoding in place.</summary>
    public Memory<byte> Writable => _bytes.AsMemory(0, _length);

    /// <summary>Once the limit or the budget is passed, everything is dropped and the state stays.</summary>
    public void Append(ReadOnlySpan<byte> more)
    {
        if (State != BufferState.Open || !Reserve(more.Length))
            return;
        more.CopyTo(_bytes.AsSpan(_length));
        _length += more.Length;
    }

    /// <summary>Room for the next read, to be confirmed by <see cref="Advance"/>; empty when there is none.</summary>
    public Memory<byte> Room(int wanted) =>
        State == BufferState.Open && Reserve(wanted, exact: false) ? _bytes.AsMemory(_length) : Memory<byte>.Empty;

    public void Advance(int count)
    {
        _length += count;
        if (_length > limit)
            Drop(BufferState.TooLarge);
    }

    /// <summary>Reads to the end, or until the limit or the budget is passed.</summary>
    public async Task ReadAsync(Stream stream, CancellationToken ct)
    {
        while (Room(4096) is { Length: > 0 } room)
        {
            var read = await stream.ReadAsync(room, ct);
            if (read == 0)
                return;
            Advance(read);
        }
    }

    /// <summary>From here on another budget bears what was read. False when it has no room; then nothing has changed.</summary>
    public bool TryMoveTo(InboundBudget other)
    {
        if (!other.TryTake(_taken))
            return false;
        _budget.Return(_taken);
        _budget = other;
        return true;
    }

    public void Dispose()
    {
        _budget.Return(_taken);
        _taken = 0;
    }

    private bool Reserve(int more, bool exact = true)
    {
        var needed = (long)_length + more;
        if (exact && needed > limit)
            return Drop(BufferState.TooLarge);
        if (needed <= _bytes.Length)
            return true;
        var size = (int)Math.Min(Math.Max(needed, Math.Max(FirstSize, 2L * _bytes.Length)), Math.Max(needed, limit));
        // While growing, the old and the new array are both alive; the budget counts the new one only.
        var charge = Math.Max(0, size - InboundBudget.Free) - _taken;
        if (charge > 0 && !_budget.TryTake(charge))
            return Drop(BufferState.NoMemory);
        _taken += Math.Max(0, charge);
        var grown = GC.AllocateUninitializedArray<byte>(size);
        _bytes.AsSpan(0, _length).CopyTo(grown);
        _bytes = grown;
        return true;
    }

    private bool Drop(BufferState state)
    {
        State = state;
        _bytes = [];
        _length = 0;
        Dispose();
        return false;
    }
}
