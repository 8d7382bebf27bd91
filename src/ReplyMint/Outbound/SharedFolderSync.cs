using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>Makes names in a folder durable. Whoever asks while a sync runs shares the next one: many mails cost few syncs.</summary>
internal sealed class SharedFolderSync(string folder) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private long _asked, _done;

    public async Task SyncAsync(CancellationToken ct)
    {
        var mine = Interlocked.Increment(ref _asked);
        await _one.WaitAsync(ct);
        try
        {
            if (_done >= mine)
                return;
            var covers = Volatile.Read(ref _asked);
            FolderSync.Sync(folder);
            _done = covers;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
