using ReplyMint.Storage;

namespace ReplyMint.Jobs;

/// <summary>
/// Whose turn a due job is, on a store that several processes share. Whoever adds a job hints at it in his own process, so all others
/// leave it alone for a while. After that, and at once where nobody was to hint, who finds it claims it first: one write, for these few only.
/// A claim saves work and keeps nothing right: two that run one job all the same meet at its commit. A store of one process knows no claims.
/// </summary>
internal sealed class JobClaims(IStore store, TimeProvider time)
{
    /// <summary>How long a job is left to whom it was hinted at; longer than a model commonly takes, or many mails would be drafted twice.</summary>
    public static readonly TimeSpan ForHints = TimeSpan.FromMinutes(2);

    /// <summary>How long a claim lasts. What is not done by then is begun by another process as well.</summary>
    public static readonly TimeSpan ForFinders = TimeSpan.FromMinutes(5);

    // Claims of this process that are not over.
    private const int MostOurs = 20_000;
    private readonly Lock _lock = new();
    private readonly Dictionary<ItemKey, DateTimeOffset> _ours = [];

    /// <summary>How many claims are made side by side: each is a write that is waited for. Of a store of one process it is none.</summary>
    public int AtOnce => store.IsShared ? 16 : 1;

    /// <summary>Whether this process has claimed it already. It is to be hinted at again when nothing came of the first hint: to wait for the claim's end would be for nobody.</summary>
    public bool IsOurs(Job job)
    {
        lock (_lock)
            return _ours.TryGetValue(job.Key, out var until) && until == job.Record.Until && until > time.GetUtcNow();
    }

    /// <summary>Whether who looks through due jobs should take this one.</summary>
    public bool IsFree(Job job) => !store.IsShared || job.Record.Until is { } until && until <= time.GetUtcNow() || job.Record.Until is null && (job.Record.Unhinted || HintEnds(job) <= time.GetUtcNow());

    /// <summary>Takes a job that is free. Null: another process was faster.</summary>
    public async Task<Job?> TakeAsync(Job job, CancellationToken ct)
    {
        if (!store.IsShared)
            return job;
        var commit = new Commit();
        var claimed = job.Claim(commit, time.GetUtcNow() + ForFinders);
        if (await store.CommitAsync(commit, ct) != CommitResult.Committed)
            return null;
        lock (_lock)
        {
            if (_ours.Count >= MostOurs)
                foreach (var key in _ours.Where(one => one.Value <= time.GetUtcNow()).Select(one => one.Key).ToList())
                    _ours.Remove(key);
            if (_ours.Count < MostOurs)
                _ours[claimed.Key] = claimed.Record.Until!.Value;
        }
        return claimed;
    }

    /// <summary>Whether a job that waited here for a place is still ours to begin: if not, another process may have claimed it, and this would be for nothing.</summary>
    public bool MayBegin(Job job) => !store.IsShared || (job.Record.Until ?? HintEnds(job)) > time.GetUtcNow();

    private static DateTimeOffset HintEnds(Job job) => JobQueue.DueAt(job.Key) + ForHints;
}
