using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>
/// Removes files of mails that nothing names: a process that ended between a file and its commit leaves one, and it would
/// outlive what was promised of raw mails. At the start and once a day.
/// </summary>
internal sealed partial class BlobSweep(IBlobStore blobs, IStore store, TimeProvider time, ILogger<BlobSweep> log) : PeriodicService(Age, time)
{
    // Far longer than a commit takes, far shorter than raw mail is kept.
    private static readonly TimeSpan Age = TimeSpan.FromDays(1);

    protected override async Task TickAsync(CancellationToken ct)
    {
        try
        {
            var removed = 0;
            await foreach (var blob in blobs.BeforeAsync(Time.GetUtcNow() - Age, ct))
            {
                if (blob.Id is not null && await store.GetAsync(Messages.RawKey(blob.Tenant, blob.Id), ct) is not null)
                    continue;
                await blobs.RemoveAsync(blob, ct);
                removed++;
            }
            if (removed > 0)
                LogRemoved(log, removed);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or StoreUnavailableException)
        {
            LogFailed(log, Failure.Of(failure));
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Removed {count} files of mails that nothing names any more")]
    private static partial void LogRemoved(ILogger log, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for files that nothing names failed: {failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}
