using System.Text;
using MimeKit;
using ReplyMint.Accounts;
using ReplyMint.Cli.Commands;
using ReplyMint.Knowledge;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Tests.Replies;

namespace ReplyMint.Tests.Fuzz;

/// <summary>What must hold of every mail there can be, on its whole way from bytes to the bytes of an answer.</summary>
public sealed class MailFuzzTests
{
    private static readonly Mailbox Box = new() { Id = "m1", TenantId = "t1", Address = Mails.Mailbox, DisplayName = "Shop" };
    private static readonly ReplyNames Names = new("v1.t.o.mac@shop.example", "bounces+token@shop.example", "v1.t.o.loop");
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 23, 0, 0, TimeSpan.Zero);

    private static readonly string[] Fields =
    [
        "Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "In-Reply-To", "MIME-Version", "Message-ID", "References", "Subject", "To",
        "X-Auto-Response-Suppress", "X-ReplyMint-Loop",
    ];

    [Fact]
    public Task Any_bytes_are_read_without_an_exception_and_within_their_bounds() => new Mutations(SeedMails.All, 20_000).RunAsync(bytes =>
    {
        var mail = MailParser.Parse(bytes, new(null, null));
        Assert.DoesNotContain(mail.Subject, char.IsControl);
        Assert.DoesNotContain(mail.MessageId, char.IsControl);
        Assert.All(mail.From, address => Assert.DoesNotContain(address.Address, char.IsControl));
        Assert.True(mail.Text.Length <= MailLimits.TextChars + 1);
        Assert.True(mail.Reply.Length + mail.Quoted.Length + mail.Signature.Length <= 2 * mail.Text.Length + 100);
    });

    [Fact]
    public Task Whatever_a_mail_says_beside_it_a_machine_is_never_answered() => new Mutations(SeedMails.All, 4_000).RunAsync(bytes =>
    {
        byte[] marked = [.. "Auto-Submitted: auto-replied (vacation)\r\n"u8, .. bytes];
        Assert.Equal(Decision.Ignore, Judge(marked, "anna@customer.example").Result);
        Assert.Equal(Decision.Ignore, Judge(bytes, "").Result);
    });

    [Fact]
    public Task Nobody_makes_himself_believed_by_his_own_words() => new Mutations(SeedMails.All, 4_000).RunAsync(bytes =>
    {
        // The trusted server stands on top and says that DMARC failed; below it a mail may claim what it likes.
        byte[] failed = [.. "Authentication-Results: mx.shop.example; spf=fail; dkim=fail; dmarc=fail\r\nReceived: by mx.shop.example\r\n"u8, .. bytes];
        Assert.NotEqual(Decision.Answer, Judge(failed, "anna@customer.example").Result);
    });

    [Fact]
    public async Task An_answer_has_one_recipient_and_our_header_fields_whatever_it_answers()
    {
        var answers = 0;
        var fuzz = new Mutations(SeedMails.Own, 20_000);
        await fuzz.RunAsync(bytes =>
        {
            var mail = MailParser.Parse(bytes, new("anna@customer.example", Box.Address));
            if (ApprovedDraft.From(new GuardInput { Text = "We open at nine.", Mail = mail, Mailbox = Box }).Draft is not { } draft)
                return;
            var answer = ReplyComposer.Compose(mail, Box, draft, Names, Now);
            if (MimeWriter.Problem(answer) is not null)
                return;
            answers++;
            var written = MimeWriter.Write(answer);
            using var stream = new MemoryStream(written.ToArray());
            var read = MimeMessage.Load(stream);
            Assert.Equal(answer.To, Assert.IsType<MailboxAddress>(Assert.Single(read.To)).Address);
            Assert.Equal(Box.Address, Assert.IsType<MailboxAddress>(Assert.Single(read.From)).Address);
            Assert.Empty(read.Cc);
            Assert.Empty(read.Bcc);
            // MimeKit keeps a field that is there twice twice.
            Assert.All(read.Headers, header => Assert.Contains(header.Field, Fields));
            Assert.Equal(read.Headers.Count, read.Headers.Select(header => header.Field).Distinct(StringComparer.OrdinalIgnoreCase).Count());
            Assert.All(Encoding.Latin1.GetString(written.Span).Split("\r\n"), line => Assert.True(line.Length <= 998 && !line.Contains('\n', StringComparison.Ordinal) && !line.Contains('\r', StringComparison.Ordinal)));
        });
        Assert.True(answers > 1_000, $"Only {answers} mails could be answered.");
    }

    [Fact]
    public Task Explaining_a_mail_gives_one_line_of_JSON() => new Mutations(SeedMails.All, 2_000).RunAsync(bytes =>
    {
        var mail = MailParser.Parse(bytes, new(null, Box.Address));
        var line = ReplyMint.Cli.CliJson.Line(ExplainedMail.Of("x.eml", mail, AuthenticationResults.Read(mail.TrustFields, "mx.shop.example"), Judge(bytes, "a@b.example")));
        Assert.DoesNotContain(line, char.IsControl);
        using var json = System.Text.Json.JsonDocument.Parse(line);
        Assert.Equal("x.eml", json.RootElement.GetProperty("file").GetString());
    });

    [Fact]
    public Task Any_file_of_knowledge_is_read_into_bounded_passages()
    {
        string[] names = ["a.md", "b.csv", "c.jsonl", "d.txt", "e.tsv"];
        var seeds = new[]
        {
            "# Opening hours\n\nWe open at **nine**. [Map](https://shop.example/map)\n\n| Day | Hours |\n| --- | --- |\n| Mon | 9-5 |\n\n```\ncode\n```\n> quote\n1. one\n   - two\n",
            "question,answer\n\"When, exactly?\",\"At \"\"nine\"\".\nDaily\"\nWhere?,Here\n",
            "{\"question\":\"When?\",\"answer\":\"At nine\",\"ref\":\"a\"}\n{\"q\":[\"x\",\"y\"],\"a\":\"z\"}\n",
            "When do you open?\nAt nine.\n\nQ: Where?\nA: Here.\n",
        }.Select(Encoding.UTF8.GetBytes);
        var fuzz = new Mutations(seeds, 10_000);
        return fuzz.RunAsync(bytes =>
        {
            var reading = PassageReader.Read(names[fuzz.Random.Next(names.Length)], bytes);
            Assert.All(reading.Passages, passage =>
            {
                Assert.InRange(passage.Question.Length, 0, PassageReader.MostQuestion);
                Assert.InRange(passage.Answer.Length, 0, PassageReader.MostAnswer);
            });
        });
    }

    private static Verdict Judge(byte[] bytes, string reversePath)
    {
        var mail = MailParser.Parse(bytes, new(reversePath, Box.Address));
        return ReplyPolicy.Decide(Mails.Facts(mail) with { Authentication = AuthenticationResults.Read(mail.TrustFields, "mx.shop.example") });
    }
}
