namespace ReplyMint.Storage;

/// <summary>Who keeps a store's master key, and the next one while it changes.</summary>
internal interface IKeyVault
{
    /// <summary>Where it lies, for people.</summary>
    string Where { get; }

    /// <summary>The key of a new store.</summary>
    /// <param name="commit">Makes the store; gets what has to be there with it.</param>
    /// <exception cref="StoreRefusedException">There can be none.</exception>
    Task<MasterKey> FirstAsync(Commit commit, CancellationToken ct);

    /// <summary>The key that a store needs, and during a change both.</summary>
    /// <param name="identity">What the store says.</param>
    /// <param name="version">Of the item that says it.</param>
    /// <returns>The keys, and what whoever starts should be told.</returns>
    /// <exception cref="StoreRefusedException">What is needed is not there.</exception>
    Task<(MasterKeys Masters, string? Notice)> ReadAsync(StoreIdentity identity, long version, CancellationToken ct);

    /// <summary>The key to change to. Nothing depends on it before <see cref="AddAsync"/>.</summary>
    /// <param name="identity">Names no next key.</param>
    /// <param name="file">A file that a person named for it, or null.</param>
    /// <returns>The key, or why there is none.</returns>
    /// <exception cref="StoreRefusedException">A file can't be read or written.</exception>
    Task<(MasterKey? Key, string? Refused)> NextAsync(StoreIdentity identity, string? file, CancellationToken ct);

    /// <summary>Keeps the next key beside the one in use.</summary>
    /// <param name="commit">Names it as the next.</param>
    Task AddAsync(Commit commit, MasterKey next, CancellationToken ct);

    /// <summary>The next key takes the place of the one in use. May be done again.</summary>
    /// <param name="commit">Says that the change is over; happens behind this.</param>
    /// <param name="identity">As it is before that.</param>
    /// <param name="old">What was in use; null when memory has it no more.</param>
    Task EndAsync(Commit commit, StoreIdentity identity, MasterKey? old, DateTimeOffset now, CancellationToken ct);

    /// <summary>Files with old keys that are kept beside the one in use, and since when.</summary>
    IReadOnlyList<(string File, DateTimeOffset Since)> Old();
}
