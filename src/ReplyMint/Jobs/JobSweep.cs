using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Jobs;

/// <summary>
/// Finds due jobs that nobody hinted at. A look reads so much and no more, and the next one goes on behind it, so that a
/// tenant with more due jobs than anybody can hold in memory hides nobody else's.
/// </summary>
internal sealed partial class JobSweep(JobQueue queue, IWorkQueue hints, JobClaims claims, ILogger<JobSweep> log)
{
    private const int PageSize = 500;
    private const int Pages = 8;

    // Where the next look at a shard begins; null is the oldest job.
    private readonly string?[] _behind = new string?[JobQueue.Shards];

    public async Task LookAsync(CancellationToken ct)
    {
        for (var shard = 0; shard < JobQueue.Shards; shard++)
            try
            {
                await LookAsync(shard, ct);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                LogFailed(log, shard, Failure.Of(failure));
            }
    }

    private async Task LookAsync(int shard, CancellationToken ct)
    {
        for (var pages = 0; pages < Pages; pages++)
        {
            var page = await queue.DueAsync(shard, PageSize, _behind[shard], ct);
            _behind[shard] = page.Cursor;
            foreach (var some in page.Items.Where(Wanted).Select(JobQueue.Read).Where(job => claims.IsFree(job) || claims.IsOurs(job)).Chunk(claims.AtOnce))
                foreach (var ours in await Task.WhenAll(some.Select(job => claims.IsOurs(job) ? Task.FromResult<Job?>(job) : claims.TakeAsync(job, ct))))
                    if (ours is not null)
                        hints.Offer(ours);
            if (page.Cursor is null)
                return;
        }
    }

    private bool Wanted(Item item)
    {
        var (tenant, kind) = JobQueue.Of(item.Key);
        return hints.Wants(item.Key, tenant, kind);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for due jobs of shard {Shard} failed: {Failure}")]
    private static partial void LogFailed(ILogger log, int shard, string failure);
}
