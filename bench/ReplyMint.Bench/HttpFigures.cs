using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ReplyMint.Accounts;

namespace ReplyMint.Bench;

/// <summary>The HTTP front: quick while others think, quick to start, and not much slower for its armour.</summary>
internal static class HttpFigures
{
    private const int Waiting = 100;
    private const int Starts = 9;
    private const int Pairs = 9;
    private const int Connections = 16;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    public static async Task HealthWhileModelsThinkAsync(Installations installations, Table table)
    {
        using var model = Rivals.Start("model", "2000");
        using var server = await installations.ServeAsync(await installations.MakeAsync(MailboxMode.Automatic), await model.SettingsAsync());
        using var connection = await HealthConnection.OpenAsync(server.Url.Port);
        for (var i = 0; i < 500; i++)
            await connection.AskAsync();
        var sending = MailFigures.SendAsync(server.SmtpPort, 4, Waiting);
        var took = new List<long>();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < 4)
        {
            var asked = Stopwatch.GetTimestamp();
            await connection.AskAsync();
            took.Add(Stopwatch.GetTimestamp() - asked);
            await timer.WaitForNextTickAsync();
        }
        await sending;
        var (p50, p99) = Percentiles.Milliseconds([.. took]);
        table.Add("/health while 100 mails wait for a 2 s model", $"p99 {p99:N1} ms", "under 10 ms", p99 < 10, $"p50 {p50:N2} ms");
    }

    public static async Task StartAsync(Installations installations, Table table)
    {
        if (installations.Binary is not { } binary)
        {
            table.Add("start to first 200 of /health", $"not measured: no native binary", "under 60 ms");
            table.Add("memory at start", $"not measured: no native binary", "under 64 MB");
            return;
        }
        var folder = await installations.MakeAsync(MailboxMode.Automatic);
        var (times, memory) = (new long[Starts], new double[Starts]);
        for (var i = 0; i < Starts; i++)
            (times[i], memory[i]) = await StartOnceAsync(binary, folder);
        var median = Percentiles.Milliseconds(times).P50;
        Array.Sort(memory);
        table.Add("start to first 200 of /health, median of 9", $"{median:N0} ms", "under 60 ms", median < 60);
        table.Add("memory at start (resident), median of 9", $"{memory[Starts / 2]:N0} MB", "under 64 MB", memory[Starts / 2] < 64);
    }

    public static async Task HardenedAgainstBareAsync(Installations installations, Table table)
    {
        using var bare = Rivals.Start("bare");
        using var server = await installations.ServeAsync(await installations.MakeAsync(MailboxMode.Off));
        var (hardenedPort, barePort) = (server.Url.Port, (await bare.UrlAsync()).Port);
        foreach (var port in (int[])[hardenedPort, barePort, hardenedPort, barePort])
            await LoadAsync(port);
        var (hardened, plain, ratios) = (new double[Pairs], new double[Pairs], new double[Pairs]);
        double cpuHardened = 0, cpuPlain = 0;
        for (var i = 0; i < Pairs; i++)
        {
            // Every second pair the other way round, so that a slow drift of the machine favours nobody.
            for (var turn = 0; turn < 2; turn++)
                if (turn == i % 2)
                    (hardened[i], cpuHardened) = await MeasureAsync(server.Id, hardenedPort, cpuHardened);
                else
                    (plain[i], cpuPlain) = await MeasureAsync(bare.Id, barePort, cpuPlain);
            ratios[i] = hardened[i] / plain[i];
        }
        var cpu = cpuPlain / plain.Sum() / (cpuHardened / hardened.Sum());
        Array.Sort(ratios);
        table.Add("hardened /health ÷ bare Kestrel, median of 9 pairs", $"{ratios[Pairs / 2]:N2}", "at least 0.85", ratios[Pairs / 2] >= 0.85,
            $"{hardened.Average():N0} /s beside {plain.Average():N0} /s; by CPU time {cpu:N2}");
    }

    private static async Task<(double PerSecond, double Cpu)> MeasureAsync(int process, int port, double cpu)
    {
        var before = ProcessFigures.CpuSeconds(process);
        var rate = await LoadAsync(port);
        return (rate, cpu + ProcessFigures.CpuSeconds(process) - before);
    }

    private static async Task<double> LoadAsync(int port)
    {
        var start = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(async () =>
        {
            using var connection = await HealthConnection.OpenAsync(port);
            var count = 0;
            for (; Stopwatch.GetElapsedTime(start) < Round; count++)
                await connection.AskAsync();
            return count;
        })));
        return counts.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<(long Ticks, double Megabytes)> StartOnceAsync(string binary, string folder)
    {
        int port;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }
        var info = new ProcessStartInfo(binary, ["serve", "--data", Path.Combine(folder, "data"), "--config", Path.Combine(folder, "config"), "--environment", "development", "--urls", $"http://127.0.0.1:{port}", "--set", "smtp.port=0"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        var start = Stopwatch.GetTimestamp();
        using var process = Process.Start(info)!;
        try
        {
            while (!process.HasExited)
                try
                {
                    using var connection = await HealthConnection.OpenAsync(port);
                    await connection.AskAsync();
                    return (Stopwatch.GetTimestamp() - start, ProcessFigures.ResidentMegabytes(process.Id));
                }
                catch (SocketException)
                {
                    // Not up yet. Looking all the time would take the processor from what is measured.
                    await Task.Delay(1);
                }
            throw new InvalidOperationException(await process.StandardError.ReadToEndAsync());
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }
}
