using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>
/// The master key, and while it changes the one before it as well. Wraps with the newest; opens with whichever it was.
/// </summary>
internal sealed class MasterKeys
{
    private volatile Held _held;

    /// <param name="wrapping">What wraps from now on.</param>
    /// <param name="before">During a change: what some keys are still wrapped with, or null.</param>
    /// <param name="identity">The version of the store's identity that says so; 0 before there is one.</param>
    public MasterKeys(MasterKey wrapping, MasterKey? before, long identity) => _held = new(wrapping, before, identity);

    /// <summary>How all that is new is sealed, by whatever key; set before anybody is served.</summary>
    public SealedForm Form { get; set; } = SealedForm.Aes256Gcm;

    /// <summary>Reads what a store's identity names, once that is another one; null where no other process changes it.</summary>
    public Func<Versioned<StoreIdentity>, CancellationToken, Task<MasterKeys>>? Anew { get; set; }

    private sealed record Held(MasterKey Wrapping, MasterKey? Before, long Identity);

    /// <summary>What wraps now.</summary>
    public MasterKey Wrapping => _held.Wrapping;

    /// <summary>During a change: the one before.</summary>
    public MasterKey? Before => _held.Before;

    /// <summary>
    /// What wraps now; the commit happens only as long as it does. Without that a tenant made at the moment of a change could be
    /// stored under the old key after everybody was looked at.
    /// </summary>
    public MasterKey WrapIn(Commit commit)
    {
        var held = _held;
        if (held.Identity > 0)
            commit.Check(StoreIdentity.At, Condition.At(held.Identity));
        return held.Wrapping;
    }

    /// <summary>Whether what was wrapped with a key can be opened; <paramref name="check"/> is null where that was not noted.</summary>
    public bool Open(string? check) => check is null || _held is var held && (held.Wrapping.Check == check || held.Before?.Check == check);

    /// <summary>Takes what another process has changed meanwhile.</summary>
    public async ValueTask RefreshAsync(IStore store, CancellationToken ct)
    {
        if (Anew is not null && await StoreIdentity.ReadAsync(store, ct) is { } read && read.Version != _held.Identity)
            Take(await Anew(read, ct));
    }

    /// <summary>Null when it was wrapped with neither, or changed.</summary>
    public byte[]? Unwrap(ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> context) =>
        _held is var held ? held.Wrapping.Unwrap(wrapped, context) ?? held.Before?.Unwrap(wrapped, context) : null;

    /// <summary>The identity names another key now, and that is stored.</summary>
    public void Change(MasterKey wrapping, MasterKey? before, long identity) => _held = new(wrapping, before, identity);

    /// <summary>The same, with what was read anew.</summary>
    public void Take(MasterKeys read) => _held = read._held;
}
