using System.Diagnostics;
using ReplyMint.Accounts;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Product;

namespace ReplyMint.Bench;

/// <summary>A function of Lambda against a Runtime API on this machine: its start, its memory, and one request when it is warm.</summary>
internal static class LambdaFigures
{
    private const int Starts = 9;
    private const int Warming = 300;
    private const int Events = 1_000;
    // What stands behind an event is over by then.
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(10);

    public static async Task FunctionAsync(Installations installations, Table table)
    {
        var folder = await installations.MakeAsync(MailboxMode.Off);
        var (_, key) = await Installations.CredentialsAsync(folder);
        if (installations.Binary is null)
            table.Add("Lambda: start to the first /next", $"not measured: no native binary", "under 80 ms");
        else
            await StartAsync(installations, folder, table);
        await EventAsync(installations, folder, key, table);
    }

    private static async Task StartAsync(Installations installations, string folder, Table table)
    {
        var (times, memory) = (new long[Starts], new double[Starts]);
        for (var i = 0; i < Starts; i++)
        {
            await using var api = new RuntimeApi();
            var start = Stopwatch.GetTimestamp();
            using var process = Start(installations, folder, api);
            await api.Asked.WaitAsync(TimeSpan.FromSeconds(30));
            times[i] = Stopwatch.GetTimestamp() - start;
            memory[i] = ProcessFigures.ResidentMegabytes(process.Id);
            await KillAsync(process);
        }
        var median = Percentiles.Milliseconds(times).P50;
        Array.Sort(memory);
        table.Add("Lambda: start to the first /next, median of 9", $"{median:N0} ms", "under 80 ms", median < 80);
        table.Add("Lambda: memory then (resident), median of 9", $"{memory[Starts / 2]:N0} MB", "under 64 MB", memory[Starts / 2] < 64);
    }

    private static async Task EventAsync(Installations installations, string folder, string key, Table table)
    {
        await using var api = new RuntimeApi();
        using var process = Start(installations, folder, api);
        await api.Asked.WaitAsync(TimeSpan.FromSeconds(30));
        var asked = new RestEvent("GET", "/api/v1/me") { Host = "localhost", Headers = [("X-API-Key", key), ("Accept", "application/json"), ("User-Agent", "bench"), ("X-Amzn-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793")] }.Json();
        for (var i = 0; i < Warming; i++)
            await SendAsync(api, asked);
        var took = new long[Events];
        using var timer = new PeriodicTimer(Between);
        for (var i = 0; i < Events; i++)
        {
            await timer.WaitForNextTickAsync();
            var start = Stopwatch.GetTimestamp();
            await SendAsync(api, asked);
            took[i] = Stopwatch.GetTimestamp() - start;
        }
        var memory = ProcessFigures.ResidentMegabytes(process.Id);
        await KillAsync(process);
        var (p50, p99) = Percentiles.Milliseconds(took);
        table.Add("Lambda: one warm authenticated request through the loop", $"p50 {p50:N2} ms", "under 2 ms", p50 < 2, $"p99 {p99:N2} ms; {memory:N0} MB resident");
    }

    private static async Task SendAsync(RuntimeApi api, string asked)
    {
        var answer = await api.SendAsync(asked, DateTimeOffset.UtcNow.AddSeconds(30));
        if (answer.ErrorType is not null || !answer.Body.Contains("\"statusCode\":200", StringComparison.Ordinal))
            throw new InvalidOperationException(answer.Body);
    }

    private static Process Start(Installations installations, string folder, RuntimeApi api)
    {
        var info = ServerChild.Command(folder, installations.Binary, "lambda", "--set", "requests.read.perMinute=10000000", "--set", "requests.read.burst=10000000", "--set", "requests.tenantTimes=1000");
        foreach (var (name, value) in new (string, string)[]
        {
            ("AWS_LAMBDA_RUNTIME_API", api.Address), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"), ("REPLYMINT_LAMBDA__FUNCTION", "api"), ("REPLYMINT_ENVIRONMENT", "development"),
            ("REPLYMINT_DATA", Path.Combine(folder, "data")), ("REPLYMINT_CONFIG", Path.Combine(folder, "config")),
        })
            info.Environment[name] = value;
        var process = Process.Start(info)!;
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        return process;
    }

    private static async Task KillAsync(Process process)
    {
        process.Kill();
        await process.WaitForExitAsync();
    }
}
