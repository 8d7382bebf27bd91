using System.Diagnostics;
using ReplyMint.Accounts;

namespace ReplyMint.Bench;

/// <summary>One caller who asks a hundred times as much as he may, and what the others notice of it (AUTH-6).</summary>
internal static class NoisyFigures
{
    private const string Target = "/api/v1/me";
    // The default limit of reads: 1,200 a minute.
    private const int LimitPerSecond = 20;
    private const int NoisyConnections = 8;
    private const int QuietCallers = 16;
    private const int Turns = 2;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Warming = TimeSpan.FromSeconds(5);

    public static async Task OthersBesideANoisyCallerAsync(Installations installations, Table table)
    {
        var folder = await installations.MakeAsync(MailboxMode.Off);
        var (token, _) = await Installations.CredentialsAsync(folder);
        var quiet = new string[QuietCallers];
        for (var i = 0; i < QuietCallers; i++)
            (_, quiet[i]) = await Installations.CredentialsAsync(folder);
        // All are of one tenant here; the bound of all together is not what is measured.
        using var server = await installations.ServeAsync(folder, "requests.tenantTimes=100");
        var port = server.Url.Port;
        // Compiled and warm on both ways, or the first round would pay for the second.
        await Task.WhenAll(QuietAsync(port, quiet, Warming), NoiseAsync(port, token, Warming));
        List<long> alone = [], beside = [];
        (long sent, long passed) = (0, 0);
        for (var turn = 0; turn < Turns; turn++)
        {
            alone.AddRange(await QuietAsync(port, quiet, Round));
            var noise = NoiseAsync(port, token, Round);
            beside.AddRange(await QuietAsync(port, quiet, Round));
            var (more, let) = await noise;
            (sent, passed) = (sent + more, passed + let);
        }
        var ((_, p99Alone), (_, p99Beside)) = (Percentiles.Milliseconds([.. alone]), Percentiles.Milliseconds([.. beside]));
        table.Add("others’ p99 beside a caller at 100 times his limit ÷ alone", $"{p99Beside / p99Alone:N2}", "under 2", p99Beside < 2 * p99Alone,
            $"{p99Beside:N2} ms beside {p99Alone:N2} ms; he sent {sent / Round.TotalSeconds / Turns:N0} /s, of which {passed / Round.TotalSeconds / Turns:N0} passed");
    }

    /// <summary>Each asks as often as he may.</summary>
    private static async Task<long[]> QuietAsync(int port, string[] keys, TimeSpan round)
    {
        var took = await Task.WhenAll(keys.Select(key => Task.Run(async () =>
        {
            using var connection = await KeptConnection.OpenAsync(port, Target, $"X-API-Key: {key}");
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / LimitPerSecond));
            var (took, start) = (new List<long>(), Stopwatch.GetTimestamp());
            while (Stopwatch.GetElapsedTime(start) < round)
            {
                var asked = Stopwatch.GetTimestamp();
                await connection.AskAsync();
                took.Add(Stopwatch.GetTimestamp() - asked);
                await timer.WaitForNextTickAsync();
            }
            return took;
        })));
        return [.. took.SelectMany(times => times)];
    }

    private static async Task<(long Sent, long Passed)> NoiseAsync(int port, string token, TimeSpan round)
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, NoisyConnections).Select(_ => Task.Run(async () =>
        {
            using var connection = await KeptConnection.OpenAsync(port, Target, $"Authorization: Bearer {token}");
            (long sent, long passed, var start) = (0, 0, Stopwatch.GetTimestamp());
            while (Stopwatch.GetElapsedTime(start) is var elapsed && elapsed < round)
            {
                // What the timer's grain made late is made up for at once.
                for (var due = (long)(elapsed.TotalSeconds * LimitPerSecond * 100 / NoisyConnections); sent < due; sent++)
                    passed += await connection.StatusAsync() == 200 ? 1 : 0;
                await Task.Delay(1);
            }
            return (sent, passed);
        })));
        return (counts.Sum(count => count.sent), counts.Sum(count => count.passed));
    }
}
