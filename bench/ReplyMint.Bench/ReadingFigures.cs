using System.Diagnostics;
using System.Text;
using MimeKit;
using ReplyMint.Mail;
using ReplyMint.Replies;

namespace ReplyMint.Bench;

/// <summary>From a mail's bytes to the verdict, in this process; beside a library that only parses, on the same mails in the same run.</summary>
internal static class ReadingFigures
{
    private const int Rounds = 60;
    private const int Mega = 1024 * 1024;
    private const string Rival = "MimeKit's load and text";

    public static Task ReadAsync(Table table)
    {
        var (mails, of) = Mails();
        var ours = Median(mails, Decide);
        var theirs = Median(mails, Load);
        table.Add($"a mail parsed, trimmed and judged, median of {of}", $"{ours:N3} ms", "below 0.3", ours < 0.3, $"{ours / theirs:N2} × {Rival}");
        foreach (var (name, mail) in (IReadOnlyList<(string, byte[])>)[("a text and a file in Base64", Attached()), ("a text alone", Long())])
        {
            var size = mail.Length / (double)Mega;
            var (took, memory) = Cost(() => Decide(mail));
            var (rivalTook, rivalMemory) = Cost(() => Load(mail));
            table.Add($"a mail of {size:N0} MB, {name}", $"{took:N0} ms", "below 1,000", took < 1000, $"{took / rivalTook:N2} × {Rival}");
            table.Add("  memory with the mail itself, all that was allocated", $"{(memory / (double)mail.Length) + 1:N2} × its size", "below 3", memory < 2.0 * mail.Length, $"{(memory + mail.Length) / (double)(rivalMemory + mail.Length):N2} × {Rival}");
        }
        return Task.CompletedTask;
    }

    /// <summary>Real mails where the public sets lie beside the repository, else those that the other figures send.</summary>
    private static (byte[][] Mails, string Of) Mails()
    {
        var folder = Path.Combine(Environment.GetEnvironmentVariable("REPLYMINT_TEST_SHARED") ?? Path.Combine("..", "shared"), "data", "autoreply");
        if (!Directory.Exists(folder))
            return ([.. Enumerable.Range(0, 200).Select(number => Installations.Mail(number).Content)], "200 made ones of 5 KB");
        var real = Directory.GetFiles(folder, "*.eml").Order(StringComparer.Ordinal).Select(File.ReadAllBytes).ToArray();
        return (real, FormattableString.Invariant($"{real.Length} public ones, {real.Select(mail => mail.Length).Order().ElementAt(real.Length / 2) / 1024.0:N1} KB"));
    }

    private static void Decide(byte[] mail) => ReplyPolicy.Decide(new() { Mail = MailParser.Parse(mail, new("anna@customer.example", Installations.Address)) });

    private static void Load(byte[] mail)
    {
        try
        {
            using var stream = new MemoryStream(mail);
            using var message = MimeMessage.Load(stream);
            GC.KeepAlive(message.TextBody ?? message.HtmlBody);
        }
        catch (FormatException)
        {
            // Some broken mails it does not read at all; such a one counts with the time that it took.
        }
    }

    /// <summary>Milliseconds of the mail in the middle, each by the best of many rounds: other work on the machine only ever adds.</summary>
    private static double Median(byte[][] mails, Action<byte[]> read)
    {
        var best = new long[mails.Length];
        Array.Fill(best, long.MaxValue);
        for (var round = 0; round < Rounds; round++)
            for (var i = 0; i < mails.Length; i++)
            {
                var start = Stopwatch.GetTimestamp();
                read(mails[i]);
                best[i] = Math.Min(best[i], Stopwatch.GetTimestamp() - start);
            }
        return Percentiles.Milliseconds(best).P50;
    }

    private static (double Milliseconds, long Bytes) Cost(Action read)
    {
        var (took, bytes) = (double.MaxValue, 0L);
        for (var round = 0; round < 5; round++)
        {
            GC.Collect();
            var before = GC.GetAllocatedBytesForCurrentThread();
            var start = Stopwatch.GetTimestamp();
            read();
            took = Math.Min(took, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        return (took, bytes);
    }

    private static byte[] Attached()
    {
        var file = new byte[18 * Mega];
        new Random(1).NextBytes(file);
        return Encoding.ASCII.GetBytes("From: Anna <anna@customer.example>\r\nTo: help@shop.example\r\nSubject: Our plans\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            + "Hello,\r\n\r\nhere are the plans. When do you open?\r\n\r\nAnna\r\n--b\r\nContent-Type: application/pdf; name=plans.pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=plans.pdf\r\n\r\n"
            + Convert.ToBase64String(file, Base64FormattingOptions.InsertLineBreaks) + "\r\n--b--\r\n");
    }

    private static byte[] Long() =>
        Encoding.ASCII.GetBytes("From: Anna <anna@customer.example>\r\nTo: help@shop.example\r\nSubject: Our log\r\n\r\nHello,\r\n\r\nwhat does this mean?\r\n\r\n" + new StringBuilder().Insert(0, "2026-11-24 12:00:00 The door opened and closed once more, and nobody came in.\r\n", 25 * Mega / 78));
}
