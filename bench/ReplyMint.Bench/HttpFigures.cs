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
    private const int PairCount = 9;
    private const int Connections = 16;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    public static async Task HealthWhileModelsThinkAsync(Installations installations, Table table)
    {
        using var model = Rivals.Start("model", "2000");
        using var server = await installations.ServeAsync(await installations.MakeAsync(MailboxMode.Automatic), await model.SettingsAsync());
        using var connection = await KeptConnection.OpenAsync(server.Url.Port);
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
        var pairs = await PairsAsync(new(server.Id, server.Url.Port), new(bare.Id, (await bare.UrlAsync()).Port));
        table.Add("hardened /health ÷ bare Kestrel, median of 9 pairs", $"{pairs.Ratio:N2}", "at least 0.85", pairs.Ratio >= 0.85,
            $"{pairs.PerSecond:N0} /s beside {pairs.BarePerSecond:N0} /s; by CPU time {pairs.RatioByCpu:N2}");
    }

    /// <summary>A read that needs a caller: credential, limits, permission, one read of the store, all headers.</summary>
    public static async Task AuthenticatedReadAsync(Installations installations, Table table)
    {
        var folder = await installations.MakeAsync(MailboxMode.Off);
        var (token, key) = await Installations.CredentialsAsync(folder);
        using var bare = Rivals.Start("bare");
        using var server = await installations.ServeAsync(folder, "requests.read.perMinute=10000000", "requests.read.burst=10000000", "requests.tenantTimes=1000");
        foreach (var (name, header) in new[] { ("access token", $"Authorization: Bearer {token}"), ("API key", $"X-API-Key: {key}") })
        {
            var pairs = await PairsAsync(new(server.Id, server.Url.Port, "/api/v1/me", header), new(bare.Id, (await bare.UrlAsync()).Port));
            table.Add($"authenticated read, {name}", $"{pairs.PerSecond:N0} /s", "at least 15,000 /s", pairs.PerSecond >= 15_000,
                $"{pairs.Ratio:N2} of bare Kestrel ({pairs.BarePerSecond:N0} /s); by CPU time {pairs.RatioByCpu:N2}, {pairs.MicrosecondsOfCpu:N0} µs a request");
        }
    }

    private sealed record Server(int Process, int Port, string Target = "/health", string? Header = null);

    private sealed record Pairs(double PerSecond, double BarePerSecond, double Ratio, double RatioByCpu, double MicrosecondsOfCpu);

    /// <summary>The product and bare Kestrel in turns; every second pair the other way round, so that a slow drift of the machine favours nobody.</summary>
    private static async Task<Pairs> PairsAsync(Server product, Server bare)
    {
        foreach (var server in (Server[])[product, bare, product, bare])
            await LoadAsync(server);
        var (ours, plain, ratios) = (new double[PairCount], new double[PairCount], new double[PairCount]);
        double cpuOurs = 0, cpuPlain = 0;
        for (var i = 0; i < PairCount; i++)
        {
            for (var turn = 0; turn < 2; turn++)
                if (turn == i % 2)
                    (ours[i], cpuOurs) = await MeasureAsync(product, cpuOurs);
                else
                    (plain[i], cpuPlain) = await MeasureAsync(bare, cpuPlain);
            ratios[i] = ours[i] / plain[i];
        }
        Array.Sort(ratios);
        var (each, eachPlain) = (cpuOurs / ours.Sum(), cpuPlain / plain.Sum());
        return new(ours.Average(), plain.Average(), ratios[PairCount / 2], eachPlain / each, each * 1e6);
    }

    private static async Task<(double PerSecond, double Cpu)> MeasureAsync(Server server, double cpu)
    {
        var before = ProcessFigures.CpuSeconds(server.Process);
        var rate = await LoadAsync(server);
        return (rate, cpu + ProcessFigures.CpuSeconds(server.Process) - before);
    }

    private static async Task<double> LoadAsync(Server server)
    {
        var start = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(async () =>
        {
            using var connection = await KeptConnection.OpenAsync(server.Port, server.Target, server.Header);
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
                    using var connection = await KeptConnection.OpenAsync(port);
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
