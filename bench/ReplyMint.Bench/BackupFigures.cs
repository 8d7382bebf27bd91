using System.Diagnostics;
using ReplyMint.Accounts;
using ReplyMint.Tests.Product;

namespace ReplyMint.Bench;

/// <summary>A backup of a store while mail comes in: how fast it is, and what the mail feels of it.</summary>
internal static class BackupFigures
{
    private const int Connections = 16;
    private const int Stored = 20_000;
    private const int Beside = 6_000;

    public static async Task WhileMailComesInAsync(Installations installations, Table table)
    {
        var folder = await installations.MakeAsync(MailboxMode.Off);
        using var server = await installations.ServeAsync(folder, "jobs.workers=1");
        await MailFigures.SendAsync(server.SmtpPort, Connections, Stored);
        var target = Path.Combine(folder, "backups");
        await CreateAsync(installations, folder, target);

        var (alone, aloneP99) = await AcceptAsync(server);
        using var stop = new CancellationTokenSource();
        var made = 0;
        var backups = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await CreateAsync(installations, folder, target);
                made++;
            }
        });
        var (beside, besideP99) = await AcceptAsync(server);
        await stop.CancelAsync();
        await backups;
        table.Add("durably accepted beside backups one after another, 16 connections", $"{beside:N0} mails/s", beside: $"{beside / alone:N2} of {alone:N0} without; p99 {besideP99:N0} ms, {aloneP99:N0} without; {made} backups");

        var start = Stopwatch.GetTimestamp();
        var bytes = await CreateAsync(installations, folder, target);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        table.Add("a backup of a quiet server (copied, checked, encrypted, signed)", $"{bytes / seconds / 1e6:N0} MB/s", beside: $"{bytes / 1e6:N0} MB in {seconds:N1} s");
        var parts = new DirectoryInfo(target).GetFiles().OrderByDescending(file => file.Name, StringComparer.Ordinal).ToArray();
        var data = parts.First(file => file.Name.Contains(".data.", StringComparison.Ordinal)).FullName;
        start = Stopwatch.GetTimestamp();
        await RunAsync(installations, folder, "backup", "verify", data, "--config", Path.Combine(folder, "config"));
        table.Add("  the same verified", $"{bytes / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e6:N0} MB/s");
        start = Stopwatch.GetTimestamp();
        await RunAsync(installations, folder, "backup", "restore", data, data.Replace(".data.", ".keys.", StringComparison.Ordinal), "--into", Path.Combine(folder, "restored"), "--config", Path.Combine(folder, "config"));
        table.Add("  the same restored", $"{bytes / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e6:N0} MB/s");
    }

    private static async Task<(double PerSecond, double P99)> AcceptAsync(ServerChild server)
    {
        var start = Stopwatch.GetTimestamp();
        var took = await MailFigures.SendAsync(server.SmtpPort, Connections, Beside);
        return (Beside / Stopwatch.GetElapsedTime(start).TotalSeconds, Percentiles.Milliseconds(took).P99);
    }

    /// <summary>Returns the bytes of both parts.</summary>
    private static async Task<long> CreateAsync(Installations installations, string folder, string target)
    {
        var printed = await RunAsync(installations, folder, "backup", "create", "--to", target, "--data", Path.Combine(folder, "data"), "--config", Path.Combine(folder, "config"));
        return printed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Sum(line => new FileInfo(line.Split(' ')[0]).Length);
    }

    private static async Task<string> RunAsync(Installations installations, string folder, params string[] arguments)
    {
        using var process = Process.Start(ServerChild.Command(folder, installations.Binary, arguments))!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException(await error);
    }
}
