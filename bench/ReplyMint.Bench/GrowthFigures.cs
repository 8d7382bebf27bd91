using System.Diagnostics;
using System.Globalization;
using ReplyMint.Storage;

namespace ReplyMint.Bench;

/// <summary>Whether the embedded store answers as fast with a million items as with a thousand: reads by key, pages and durable commits, each in both stores in turn.</summary>
internal static class GrowthFigures
{
    private const int Few = 1_000;
    private const int Many = 1_000_000;
    private const int Rounds = 20;
    // Each of the few once: what is read twice comes from memory, and of a million next to nothing is.
    private const int Accesses = Few / Rounds;
    private const long Stride = 611_953;
    private const double Asked = 1.3;

    public static async Task StoreAsync(string folder, Table table)
    {
        await using var few = await FilledAsync(Path.Combine(folder, "few"), Few);
        await using var many = await FilledAsync(Path.Combine(folder, "many"), Many);
        foreach (var (name, access) in (IReadOnlyList<(string, Func<IStore, int, int, ValueTask>)>)
        [
            ("read by key", async (store, count, i) => await store.GetAsync(KeyOf(count, i), default)),
            ("page of 50", async (store, count, i) => await store.QueryAsync(ReplyMint.Storage.Table.Main, KeyOf(count, i).Partition, new("message/", Limit: 50), null, default)),
            ("durable commit", async (store, count, i) => await store.CommitAsync(new Commit().Put(KeyOf(count, i), Value(i), Condition.Any).Put(ItemKey.Main("t0", $"new/{Guid.NewGuid():N}"), Value(i), Condition.Absent), default)),
        ])
        {
            // In turn, so that whatever else the machine does meets both; the middle of all accesses.
            var (ofFew, ofMany) = (new List<long>(), new List<long>());
            for (var round = 0; round < Rounds; round++)
            {
                await RunAsync(few.Store, Few, round, access, ofFew);
                await RunAsync(many.Store, Many, round, access, ofMany);
            }
            var (a, b) = (Percentiles.Milliseconds([.. ofFew]), Percentiles.Milliseconds([.. ofMany]));
            table.Add($"embedded store: {name} with {Many:N0} items", $"p50 {b.P50:N3} ms, p99 {b.P99:N3} ms", $"{Asked} of {Few:N0} items", b.P50 <= Asked * a.P50, $"{b.P50 / a.P50:N2} of p50 {a.P50:N3} ms");
        }
    }

    private static async Task RunAsync(IStore store, int count, int round, Func<IStore, int, int, ValueTask> access, List<long> took)
    {
        for (var i = 0; i < Accesses; i++)
        {
            // It has no factor in common with the counts, so it comes to each item once, and near none that it was at before.
            var at = (int)((round * Accesses + i) * Stride % count);
            var start = Stopwatch.GetTimestamp();
            await access(store, count, at);
            took.Add(Stopwatch.GetTimestamp() - start);
        }
    }

    private static async Task<OpenStore> FilledAsync(string folder, int count)
    {
        var open = await OpenStore.OpenAsync(DataFolder.Open(folder), folder + "-config", new MasterKeySettings(), TimeProvider.System, default);
        await Parallel.ForEachAsync(Enumerable.Range(0, count).Chunk(100), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (some, ct) =>
        {
            var commit = new Commit();
            foreach (var i in some)
                commit.Put(KeyOf(count, i), Value(i), Condition.Any);
            await open.Store.CommitAsync(commit, ct);
        });
        return open;
    }

    /// <summary>Ten tenants.</summary>
    private static ItemKey KeyOf(int count, int i) => ItemKey.Main(string.Create(CultureInfo.InvariantCulture, $"t{(long)i * 10 / count}"), string.Create(CultureInfo.InvariantCulture, $"message/{i:D26}"));

    private static byte[] Value(int i) => System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"v\":1,\"number\":{i},\"text\":\"{new string('x', 400)}\"}}"));
}
