using System.Diagnostics;
using System.Text;
using ReplyMint.Mail;
using Xunit;

namespace ReplyMint.Tests.Mail;

/// <summary>What measures time runs alone.</summary>
[CollectionDefinition("Timed mail", DisableParallelization = true)]
public sealed class TimedMail;

/// <summary>Mails made to hurt: none may stop the reader, and none may cost much more than an honest mail of its size.</summary>
[Collection("Timed mail")]
public sealed class HostileMailTests(ITestOutputHelper output)
{
    private const int Mega = 1024 * 1024;

    public static TheoryData<string> Floods() => new(
        "plain", "base64", "quoted-printable", "header fields", "one header field", "part header fields", "parts", "rfc822 chain", "multipart chain", "open tags", "ampersands", "deep tags",
        "quoted lines", "attributions", "header blocks", "addresses", "comments", "groups", "references", "encoded words", "boundary look-alikes", "attributes", "styles", "blank lines", "rules", "long line", "parameters", "open angle brackets", "rfc2231", "sent from", "bare attributions", "contacts", "colons", "times", "verbs");

    [Theory]
    [MemberData(nameof(Floods))]
    public void A_flood_of_25_MB_takes_less_than_a_second(string kind)
    {
        var bytes = Flood(kind);
        var best = long.MaxValue;
        InboundMail? mail = null;
        // Other tests run beside this one; the best of five tells what the mail itself costs.
        for (var i = 0; i < 5 && best >= 1_000; i++)
        {
            var watch = Stopwatch.StartNew();
            mail = MailParser.Parse(bytes, new(null, null));
            best = Math.Min(best, watch.ElapsedMilliseconds);
        }
        output.WriteLine($"{kind}: {best} ms, {string.Join("; ", mail!.Problems)}");
        Assert.True(best < 1_000, $"{kind} took {best} ms");
        Assert.True(mail.Text.Length <= MailLimits.TextChars + 1);
    }

    [Fact]
    public void What_was_left_unread_is_said()
    {
        Assert.Contains(MailParser.Parse(Flood("header fields"), new(null, null)).Problems, p => p.Contains("header fields", StringComparison.Ordinal));
        Assert.Contains(MailParser.Parse(Flood("parts"), new(null, null)).Problems, p => p.Contains("parts beyond", StringComparison.Ordinal));
        Assert.Contains(MailParser.Parse(Flood("multipart chain"), new(null, null)).Problems, p => p.Contains("nested deeper", StringComparison.Ordinal));
        Assert.Contains(MailParser.Parse(Flood("plain"), new(null, null)).Problems, p => p.Contains("characters", StringComparison.Ordinal));
    }

    private static byte[] Flood(string kind)
    {
        const string head = "From: a@example.com\r\nTo: b@example.com\r\nSubject: flood\r\n";
        const string html = head + "Content-Type: text/html\r\n\r\n";
        return kind switch
        {
            "plain" => Fill(head + "\r\n", "The quick brown fox jumps over the lazy dog, again and again.\r\n"),
            "base64" => Fill(head + "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n", new string('A', 76) + "\r\n"),
            "quoted-printable" => Fill(head + "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=C3=A4=\r\n"),
            "header fields" => Fill(head, "X: y\r\n"),
            "one header field" => Fill(head + "X-Long:", " word word word\r\n"),
            "part header fields" => Fill(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", "X: y\r\n"),
            "parts" => Fill(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\n\r\nx\r\n"),
            "rfc822 chain" => Fill(head, "Content-Type: message/rfc822\r\n\r\n"),
            "multipart chain" => Chain(head),
            "open tags" => Fill(html, "<"),
            "ampersands" => Fill(html, "&amp"),
            "deep tags" => Fill(html, "<div><span style='display:none'>x"),
            "attributes" => Fill(html + "<a ", "a=b "),
            "styles" => Fill(html + "<style>", ".a{display:none}"),
            "quoted lines" => Fill(head + "\r\n", "> x\r\ny\r\n"),
            "attributions" => Fill(head + "\r\n", "On 12 May 2020 a <a@b.c>\r\nwrote:\r\n> x\r\n"),
            "bare attributions" => Fill(head + "\r\n", "On 12 May 2020 a <a@b.c> wrote:\r\n"),
            "sent from" => Fill(head + "\r\nx\r\n", "Sent from y\r\n"),
            "colons" => Fill(head + "\r\n", "a@b:\r\n"),
            "times" => Fill(head + "\r\n", "1:23 a schrieb:\r\n1:23 <:\r\n"),
            "verbs" => Fill(head + "\r\n", "1:23 schrieb wrote schrieb wrote schrieb wrote schrieb wrote <x:\r\n"),
            "contacts" => Fill(head + "\r\nx\r\n", "a@b.c\r\n"),
            "header blocks" => Fill(head + "\r\n", "From: x\r\nDate: y\r\nz\r\n"),
            "addresses" => Fill("To: ", "a@b.example, "),
            "comments" => Fill("To: ", "("),
            "groups" => Fill("To: ", "g:"),
            "open angle brackets" => Fill("To: ", "<a@"),
            "references" => Fill("References: ", "<a@b> "),
            "encoded words" => Fill("Subject: ", "=?utf-7?Q?+AOQ-?= =?iso-2022-jp?B?GyRC?= "),
            "boundary look-alikes" => Fill(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "\r\n--bx"),
            "blank lines" => Fill(head + "\r\n", "\r\n"),
            "rules" => Fill(head + "\r\n", "----\r\nx\r\n"),
            "long line" => Fill(head + "\r\n", "x"),
            "parameters" => Fill(head + "Content-Type: multipart/mixed", "; a=b"),
            "rfc2231" => Fill(head + "Content-Disposition: attachment", "; filename*1*=a"),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
    }

    private static byte[] Fill(string start, string unit)
    {
        var bytes = new byte[25 * Mega];
        var at = Encoding.ASCII.GetBytes(start, bytes);
        var piece = Encoding.ASCII.GetBytes(unit);
        while (at + piece.Length <= bytes.Length)
        {
            piece.CopyTo(bytes, at);
            at += piece.Length;
        }
        return bytes[..at];
    }

    private static byte[] Chain(string head)
    {
        var text = new StringBuilder(head);
        for (var i = 0; i < 10_000; i++)
            text.Append("Content-Type: multipart/mixed; boundary=b").Append(i).Append("\r\n\r\n--b").Append(i).Append("\r\n");
        return Fill(text.ToString(), "x\r\n");
    }
}
