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
    private const int QuietConnections = 4;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);

    public static async Task OthersBesideANoisyCallerAsync(Installations installations, Table table)
    {
        var folder = await installations.MakeAsync(MailboxMode.Off);
        var (token, key) = await Installations.CredentialsAsync(folder);
        using var server = await installations.ServeAsync(folder);
        var port = server.Url.Port;
        await QuietAsync(port, key, TimeSpan.FromSeconds(2));
        var (_, alone) = Percentiles.Milliseconds(await QuietAsync(port, key, Round));
        var noise = NoiseAsync(port, token);
        var (_, beside) = Percentiles.Milliseconds(await QuietAsync(port, key, Round));
        var (sent, passed) = await noise;
        table.Add("others’ p99 beside a caller at 100 times his limit ÷ alone", $"{beside / alone:N2}", "under 2", beside < 2 * alone,
            $"{beside:N2} ms beside {alone:N2} ms; he sent {sent / Round.TotalSeconds:N0} /s, {passed:N0} passed");
    }

    /// <summary>Asks as often as one may, spread over a few connections.</summary>
    private static async Task<long[]> QuietAsync(int port, string key, TimeSpan round)
    {
        var took = await Task.WhenAll(Enumerable.Range(0, QuietConnections).Select(_ => Task.Run(async () =>
        {
            using var connection = await KeptConnection.OpenAsync(port, Target, $"X-API-Key: {key}");
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds((double)QuietConnections / LimitPerSecond));
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

    private static async Task<(long Sent, long Passed)> NoiseAsync(int port, string token)
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, NoisyConnections).Select(_ => Task.Run(async () =>
        {
            using var connection = await KeptConnection.OpenAsync(port, Target, $"Authorization: Bearer {token}");
            (long sent, long passed, var start) = (0, 0, Stopwatch.GetTimestamp());
            while (Stopwatch.GetElapsedTime(start) is var elapsed && elapsed < Round)
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
