using System.Diagnostics;

namespace ReplyMint.Storage;

internal static class StoreCommits
{
    // Conflicts come from others' commits, each of which made progress; so many in a row mean a bug, not bad luck.
    private const int MaxTries = 100;

    /// <summary>
    /// Reads, decides and commits, anew on each conflict. <paramref name="build"/> reads what it needs, fills the commit
    /// and returns its outcome; an empty commit is not written.
    /// </summary>
    public static async Task<T> RetryAsync<T>(this IStore store, Func<Commit, CancellationToken, Task<T>> build, CancellationToken ct)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var began = Stopwatch.GetTimestamp();
            var commit = new Commit();
            var outcome = await build(commit, ct);
            if (commit.IsEmpty || await store.CommitAsync(commit, ct) == CommitResult.Committed)
                return outcome;
            // Group commit answers all contenders at the same moment; spread them, or the unlucky ones starve. The slower a try is,
            // the wider: over a network many of them are under way at once.
            if (tries > 1)
                await Task.Delay(TimeSpan.FromMilliseconds(1) + Random.Shared.NextDouble() * Math.Min(tries, 32) * Stopwatch.GetElapsedTime(began) / 2, ct);
        }
        throw new StoreUnavailableException($"A commit met {MaxTries} conflicts in a row.");
    }

    /// <summary>All items whose sort key starts with the prefix, page by page.</summary>
    public static async IAsyncEnumerable<Item> AllAsync(this IStore store, Table table, string partition, string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        string? cursor = null;
        do
        {
            var page = await store.QueryAsync(table, partition, new Range(prefix), cursor, ct);
            foreach (var item in page.Items)
                yield return item;
            cursor = page.Cursor;
        }
        while (cursor is not null);
    }
}
