using System.Diagnostics;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Bench;

/// <summary>How many entries the audit log takes from sixteen writers at once, each durable before the next of its writer, and how fast a chain is verified.</summary>
internal static class AuditFigures
{
    private const int Writers = 16;
    private const int Asked = 5_000;
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(5);

    public static async Task AppendAsync(string folder, Table table)
    {
        await using var open = await OpenStore.OpenAsync(DataFolder.Open(Path.Combine(folder, "audit")), Path.Combine(folder, "audit-config"), new MasterKeySettings(), TimeProvider.System, default);
        foreach (var (chains, name) in (IReadOnlyList<(int, string)>)[(1, "one chain"), (Writers, "16 chains"), (1_000, "1,000 chains")])
        {
            var log = new AuditLog(open.Store, TimeProvider.System);
            await RunAsync(open, log, chains, TimeSpan.FromSeconds(1));
            var (entries, seconds) = await RunAsync(open, log, chains, Long);
            table.Add($"audit: appends by {Writers} writers at once, {name}", $"{entries / seconds:N0} /s", "5,000 /s", entries / seconds > Asked);
        }
        // Four times as many writers: what a server under load has.
        var (more, took) = await RunAsync(open, new AuditLog(open.Store, TimeProvider.System), 1, Long, Writers * 4);
        table.Add($"audit: appends by {Writers * 4} writers at once, one chain", $"{more / took:N0} /s");
        var watch = Stopwatch.StartNew();
        var (walk, count, cursor) = (new ChainWalk("chain0", null, 0, fault => throw new InvalidOperationException(fault.ToString())), 0, (string?)null);
        do
        {
            var page = await open.Store.QueryAsync(ReplyMint.Storage.Table.Audit, "chain0", new ReplyMint.Storage.Range(AuditLog.EntryPrefix, Limit: 1_000), cursor, default);
            foreach (var item in page.Items)
                walk.Next(++count, item.Value.Span);
            cursor = page.Cursor;
        }
        while (cursor is not null);
        table.Add("audit: entries verified, one chain", $"{count / watch.Elapsed.TotalSeconds:N0} /s");
    }

    private static async Task<(long Entries, double Seconds)> RunAsync(OpenStore open, AuditLog log, int chains, TimeSpan time, int writers = Writers)
    {
        var watch = Stopwatch.StartNew();
        var counts = await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            var count = 0L;
            for (; watch.Elapsed < time; count++)
            {
                var chain = $"chain{(writer + count * writers) % chains}";
                await open.Store.RetryAsync(async (commit, ct) =>
                {
                    await log.AppendAsync(commit, chain, new AuditEntry(Actor.Machine, "bench.append", "target", new Dictionary<string, string> { ["writer"] = "one" }), ct);
                    return true;
                }, default);
            }
            return count;
        })));
        return (counts.Sum(), watch.Elapsed.TotalSeconds);
    }
}
