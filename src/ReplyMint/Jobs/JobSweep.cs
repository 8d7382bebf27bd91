using Microsoft.Extensions.Logging;
using ReplyMint.Security;

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
            foreach (var item in page.Items)
            {
                var (tenant, kind) = JobQueue.Of(item.Key);
                if (hints.Wants(item.Key, tenant, kind) && JobQueue.Read(item) is var job && claims.IsFree(job) && await claims.TakeAsync(job, ct) is { } ours)
                    hints.Offer(ours);
            }
            if (page.Cursor is null)
                return;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for due jobs of shard {Shard} failed: {Failure}")]
    private static partial void LogFailed(ILogger log, int shard, string failure);
}
