namespace ReplyMint.Storage;

/// <summary>
/// One after another, over all processes of a store: whoever has the turn is alone with what it is about. Within one process a lock does
/// the same for nothing, so this is for stores that several share. A turn ends by itself when its process does not come back.
/// </summary>
/// <param name="at">The item that stands for it.</param>
internal sealed class StoreTurn(IStore store, ItemKey at, TimeProvider time)
{
    // Far longer than what is done in a turn.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10) + SharedStore.Skew;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private const int MaxLooks = 150;

    /// <summary>Takes the turn; dispose of what is returned to give it back.</summary>
    /// <exception cref="StoreUnavailableException">Somebody else has it for longer than anybody waits.</exception>
    public async Task<IAsyncDisposable> TakeAsync(CancellationToken ct)
    {
        var id = Ids.Random('p');
        for (var looks = 0; looks < MaxLooks; looks++)
        {
            var commit = new Commit().Put(at, System.Text.Encoding.UTF8.GetBytes($"{{\"v\":1,\"by\":\"{id}\"}}"), Condition.Absent, expires: time.GetUtcNow() + Longest);
            if (await store.CommitAsync(commit, ct) == CommitResult.Committed)
                return new Turn(store, at, commit.Operations[0].Value);
            await Task.Delay(Look, ct);
        }
        throw new StoreUnavailableException("Another process is at the same for a long time. Try again later.");
    }

    private sealed class Turn(IStore store, ItemKey at, ReadOnlyMemory<byte> value) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            // Not the next one's, should ours have ended by itself.
            if (await store.GetAsync(at, CancellationToken.None) is { } item && item.Value.Span.SequenceEqual(value.Span))
                await store.CommitAsync(new Commit().Delete(at, Condition.At(item.Version)), CancellationToken.None);
        }
    }
}
