using System.Text;
using MimeKit;
using ReplyMint.Outbound;

namespace ReplyMint.Tests.Outbound;

public sealed class MimeWriterTests
{
    private static string Write(OutboundMail mail) => Encoding.UTF8.GetString(MimeWriter.Write(mail).Span);

    private static MimeMessage Read(OutboundMail mail) => MimeMessage.Load(new MemoryStream(MimeWriter.Write(mail).ToArray()));

    [Fact]
    public void A_plain_mail_is_written_as_anybody_would_expect()
    {
        Assert.Equal(
            """
            Date: Tue, 24 Nov 2026 09:05:00 +0100
            From: Help <help@example.com>
            To: ann@customer.example
            Message-ID: <v1.t1.o1.mac@example.com>
            In-Reply-To: <q2@customer.example>
            References: <q1@customer.example> <q2@customer.example>
            Subject: Re: Opening hours
            Auto-Submitted: auto-replied
            X-Auto-Response-Suppress: All
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 7bit

            Hello Ann,

            we open at nine.

            """.ReplaceLineEndings("\r\n"), Write(Mails.Answer()));
        Assert.Null(MimeWriter.Problem(Mails.Answer()));
    }

    [Theory]
    [InlineData("Grüße aus Köln — 東京 🎉")]
    [InlineData("plain")]
    [InlineData("")]
    [InlineData("=?utf-8?Q?looks_encoded?=")]
    [InlineData("A subject that is so long that it needs to be folded, with many words that stand one after the other until the end")]
    [InlineData("Ein sehr langer Betreff mit Umlauten äöü, der gefaltet werden muss, weil er nicht in eine einzige Zeile passt, äöüß")]
    public void A_subject_reads_back_as_it_was(string subject) => Assert.Equal(subject, Read(Mails.Answer(subject: subject)).Subject ?? "");

    [Theory]
    [InlineData("Ünal, Özlem \"Ö\"")]
    [InlineData("Smith, John (Sales)")]
    [InlineData("back\\slash")]
    [InlineData("=?utf-8?Q?looks=20encoded?=")]
    public void A_name_reads_back_as_it_was(string name)
    {
        var from = Assert.IsType<MailboxAddress>(Assert.Single(Read(Mails.Answer() with { FromName = name }).From));
        Assert.Equal(name, from.Name);
        Assert.Equal("help@example.com", from.Address);
    }

    [Theory]
    [InlineData("tab\there = equals, trailing space \n.dot\n..\nFrom me\n\n\nGrüße 🎉\n")]
    [InlineData("x")]
    [InlineData("ends with blank lines\n")]
    public void A_text_reads_back_as_it_was(string text)
    {
        var read = Read(Mails.Answer(text)).TextBody!.ReplaceLineEndings("\n");
        Assert.Equal(text.TrimEnd('\n') + "\n", read);
    }

    [Fact]
    public void No_line_is_long_and_every_line_ends_with_CRLF()
    {
        var words = string.Concat(Enumerable.Repeat("wörter und words ", 100));
        var mail = Mails.Answer(words + new string('x', 3000) + "\n" + new string('ü', 500), words) with
        {
            FromName = new string('ö', 200),
            References = [.. Enumerable.Range(0, 50).Select(i => $"reference-{i}@customer.example")],
        };
        var bytes = Write(mail);
        Assert.DoesNotContain('\n', bytes.Replace("\r\n", "", StringComparison.Ordinal));
        Assert.All(bytes.Split("\r\n"), line => Assert.True(line.Length <= 100, line));
        Assert.All(bytes.Split("\r\n"), line => Assert.True(line.Length == 0 || line.Trim().Length > 0));
        Assert.Equal(50, Read(mail).References.Count);
    }

    [Theory]
    [InlineData("x\r\nBcc: all@example.com")]
    [InlineData("x\nBcc: all@example.com")]
    [InlineData("x\rBcc: all@example.com")]
    [InlineData("x\r\n\r\nbody")]
    [InlineData("x\0\u0085y")]
    public void No_value_becomes_a_header_of_its_own(string evil)
    {
        var mail = Mails.Answer(subject: evil) with
        {
            FromName = evil,
            ToName = evil,
            InReplyTo = evil,
            References = [evil],
            Headers = [new("X-Mark", evil)],
        };
        var read = Read(mail);
        Assert.Empty(read.Bcc);
        Assert.Equal("Hello Ann,\n\nwe open at nine.\n", read.TextBody!.ReplaceLineEndings("\n"));
        Assert.Equal(
            ["Date", "From", "To", "Message-ID", "Subject", "X-Mark", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"],
            read.Headers.Select(h => h.Field).Concat(read.Body!.Headers.Select(h => h.Field)).Distinct());
    }

    [Theory]
    [InlineData("a@b.example\r\nBcc: all@example.com")]
    [InlineData("a@b.example>")]
    [InlineData("a@b.example, c@d.example")]
    [InlineData("nobody")]
    [InlineData("")]
    public void A_malformed_address_is_a_problem(string address)
    {
        Assert.NotNull(MimeWriter.Problem(Mails.Answer() with { To = address }));
        Assert.NotNull(MimeWriter.Problem(Mails.Answer() with { From = address }));
        if (address.Length > 0)
            Assert.NotNull(MimeWriter.Problem(Mails.Answer() with { ReversePath = address }));
        Assert.NotNull(MimeWriter.Problem(Mails.Answer() with { Headers = [new("X\r\nY", "")] }));
    }
}
