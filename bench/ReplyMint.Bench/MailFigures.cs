using System.Diagnostics;
using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Tests.Product;

namespace ReplyMint.Bench;

/// <summary>Mail in, and mail in and answered.</summary>
internal static class MailFigures
{
    private const int Connections = 16;
    private const int Accepted = 12_000;
    private const int Answered = 4_000;
    private const int Warmup = 1_500;
    private static int s_number;

    public static async Task AcceptAsync(Installations installations, Table table, double fsyncs)
    {
        // What happens after the acknowledgement is the other figure's: one worker, and a mailbox that answers nothing.
        using var server = await installations.ServeAsync(await installations.MakeAsync(MailboxMode.Off), "jobs.workers=1");
        await SendAsync(server.SmtpPort, Connections, Warmup);
        var start = Stopwatch.GetTimestamp();
        var cpu = ProcessFigures.CpuSeconds(server.Id);
        var many = await SendAsync(server.SmtpPort, Connections, Accepted);
        var rate = Accepted / Stopwatch.GetElapsedTime(start).TotalSeconds;
        cpu = ProcessFigures.CpuSeconds(server.Id) - cpu;
        table.Add("durably accepted, 16 connections, 5 KB", $"{rate:N0} mails/s", "at least 4,000", rate >= 4000, $"{rate / fsyncs:N2} × the disk's fsync/s; {cpu * 1000 / Accepted:N2} CPU s per 1,000");
        var (p50, p99) = Percentiles.Milliseconds(many);
        table.Add("  from MAIL to the 250 that counts, 16 connections", $"p50 {p50:N1} ms, p99 {p99:N1} ms");
        (p50, p99) = Percentiles.Milliseconds(await SendAsync(server.SmtpPort, 1, Accepted / 20));
        table.Add("  the same with 1 connection", $"p50 {p50:N1} ms, p99 {p99:N1} ms", beside: $"{p50 * fsyncs / 1000:N2} × one fsync at p50");
    }

    public static async Task EndToEndAsync(Installations installations, Table table)
    {
        using var model = Rivals.Start("model", "0");
        var (rate, cpu) = await AnswerAsync(installations, await model.SettingsAsync());
        table.Add("mail in to answer out (file), 0 ms model", $"{rate:N0} mails/s", "at least 1,500", rate >= 1500);
        table.Add("  CPU of the server", $"{cpu:N2} s per 1,000 mails", "at most 0.7", cpu <= 0.7);
        (rate, cpu) = await AnswerAsync(installations, []);
        table.Add("the same without a model (extractive drafter)", $"{rate:N0} mails/s", beside: $"{cpu:N2} CPU s per 1,000");
    }

    private static async Task<(double PerSecond, double CpuPerThousand)> AnswerAsync(Installations installations, string[] settings)
    {
        var folder = await installations.MakeAsync(MailboxMode.Automatic);
        using var server = await installations.ServeAsync(folder, settings);
        var files = installations.OutFolder(folder);
        await SendAsync(server.SmtpPort, Connections, Warmup);
        await AnsweredAsync(files, Warmup);
        var start = Stopwatch.GetTimestamp();
        var cpu = ProcessFigures.CpuSeconds(server.Id);
        await SendAsync(server.SmtpPort, Connections, Answered);
        await AnsweredAsync(files, Warmup + Answered);
        return (Answered / Stopwatch.GetElapsedTime(start).TotalSeconds, (ProcessFigures.CpuSeconds(server.Id) - cpu) * 1000 / Answered);
    }

    /// <summary>Hands mails over, each connection one after another; returns how long each took, in ticks of the stopwatch.</summary>
    public static async Task<long[]> SendAsync(int port, int connections, int count)
    {
        var mails = Enumerable.Range(Interlocked.Add(ref s_number, count) - count, count).Select(Installations.Mail).ToArray();
        var took = new long[count];
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(async () =>
        {
            using var connection = await RelayConnection.OpenAsync(port, default);
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                var start = Stopwatch.GetTimestamp();
                var code = await connection.SendAsync(mails[i].From, Installations.Address, mails[i].Content, default);
                if (code != 250)
                    throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"A mail was refused with {code}."));
                took[i] = Stopwatch.GetTimestamp() - start;
            }
        })));
        return took;
    }

    public static async Task AnsweredAsync(string folder, int count)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var start = Stopwatch.GetTimestamp();
        int found;
        while ((found = Directory.EnumerateFiles(folder, "*.eml").Count()) < count)
        {
            if (Stopwatch.GetElapsedTime(start).TotalMinutes > 3)
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Only {found} of {count} mails were answered."));
            await timer.WaitForNextTickAsync();
        }
    }
}
