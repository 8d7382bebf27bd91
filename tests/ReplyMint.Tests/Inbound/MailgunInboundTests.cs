using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ReplyMint.Inbound;
using ReplyMint.Mail;

namespace ReplyMint.Tests.Inbound;

public sealed class MailgunInboundTests
{
    private static InboundMail Parse(AuthenticatedDelivery delivery) => MailParser.Parse(delivery.Raw.Content, delivery.Raw.Envelope);

    [Fact]
    public async Task A_posted_form_becomes_the_mail_that_it_was()
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail(text: "Grüße & 100 % + äöü?"), .. host.Sign()]));
        var delivery = Assert.Single(host.Delivered);
        var mail = Parse(delivery);
        Assert.Equal(("ann@customer.example", "help@example.com"), (delivery.Raw.Envelope.ReversePath, delivery.Raw.Envelope.Recipient));
        Assert.Equal(("Ann", "ann@customer.example"), (mail.Author!.Name, mail.Author.Address));
        Assert.Equal("Opening hours", mail.Subject);
        Assert.Equal("1@customer.example", mail.MessageId);
        Assert.Equal("Grüße & 100 % + äöü?", mail.Text.Trim());
        Assert.Equal("operator", delivery.Raw.Owner);
    }

    [Fact]
    public async Task Attachments_and_html_come_along()
    {
        await using var host = await MailgunHost.StartAsync();
        var picture = Enumerable.Range(0, 5000).Select(i => (byte)(i % 256)).ToArray();
        var form = new MultipartFormDataContent("----boundary-of-the-form");
        foreach (var (name, value) in MailgunForm.Mail().Concat(host.Sign()).Append(new("body-html", "<p>When do you <b>open</b>?</p>"))
            .Append(new("attachment-count", "2")).Append(new("content-id-map", """{"<pic@1>": "attachment-1"}""")))
            form.Add(new StringContent(value), name);
        form.Add(File(picture, "image/png"), "attachment-1", "Übersicht 1.png");
        form.Add(File(Encoding.UTF8.GetBytes("a;b\r\n"), "text/csv"), "attachment-2", "list.csv");
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(form));
        var mail = Parse(Assert.Single(host.Delivered));
        Assert.Equal("When do you open?", mail.Text.Trim());
        Assert.Equal("multipart/mixed", mail.Shape.ContentType);
        Assert.Contains("text/html", mail.Shape.Parts);
        Assert.Equal(["list.csv"], mail.Attachments.Where(a => a.ContentType == "text/csv").Select(a => a.FileName));
        var image = Assert.Single(mail.Attachments, a => a.ContentType == "image/png");
        Assert.Equal("Übersicht 1.png", image.FileName);
        Assert.Equal((5000, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(picture))), (image.Size, image.Sha256));
    }

    [Fact]
    public async Task A_header_field_of_the_mail_does_not_stand_for_a_whole_mail()
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, await host.PostAsync([.. MailgunForm.Mail(headers: "body-mime: X-Mailgun-Spf: Pass\r\nFrom: boss@customer.example\r\n\r\nx"), .. host.Sign()]));
        Assert.Empty(host.Delivered);
    }

    [Fact]
    public async Task The_raw_form_is_taken_as_it_is()
    {
        await using var host = await MailgunHost.StartAsync();
        const string raw = "From: ann@customer.example\nTo: help@example.com\nSubject: raw\nX-Mailgun-Spf: Pass\nX-Mailgun-Dkim-Check-Result: Pass\n\nHello?\n";
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([new("recipient", "help@example.com"), new("sender", "ann@customer.example"), new("body-mime", raw), .. host.Sign()]));
        var delivery = Assert.Single(host.Delivered);
        Assert.Equal(raw, Encoding.UTF8.GetString(delivery.Raw.Content.Span));
        Assert.Equal((AuthResult.Pass, AuthResult.Pass, "mailgun"), (delivery.Raw.ChannelVerdict!.Spf, delivery.Raw.ChannelVerdict.Dkim, delivery.Raw.ChannelVerdict.Source));
    }

    [Theory]
    [InlineData("X-Mailgun-Spf: Pass|X-Mailgun-Dkim-Check-Result: Pass|X-Mailgun-Sflag: No", "Pass", "Pass", false)]
    [InlineData("X-Mailgun-Spf: SoftFail|X-Mailgun-Sflag: Yes", "SoftFail", "None", true)]
    [InlineData("X-Mailgun-Spf: Pass|X-Mailgun-Spf: Fail", "Fail", "None", null)]
    [InlineData("X-Mailgun-Spf: Fail|X-Mailgun-Spf: Pass", "Fail", "None", null)]
    [InlineData("X-Mailgun-Sflag: Yes|X-Mailgun-Sflag: No", "None", "None", true)]
    public async Task Mailguns_verdicts_are_read_and_the_worst_one_counts(string headers, string spf, string dkim, bool? spam)
    {
        await using var host = await MailgunHost.StartAsync();
        await host.PostAsync([.. MailgunForm.Mail(headers: headers.Split('|')), .. host.Sign()]);
        var verdict = Assert.Single(host.Delivered).Raw.ChannelVerdict!;
        Assert.Equal((spf, dkim, spam), (verdict.Spf.ToString(), verdict.Dkim.ToString(), verdict.Spam));
    }

    [Fact]
    public async Task Without_verdicts_nobody_vouches_for_the_sender()
    {
        await using var host = await MailgunHost.StartAsync(verdicts: false);
        await host.PostAsync([.. MailgunForm.Mail(headers: "X-Mailgun-Spf: Pass"), .. host.Sign()]);
        Assert.Equal(SenderAuthentication.Unknown, Assert.Single(host.Delivered).Raw.ChannelVerdict);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<>")]
    public async Task A_bounce_keeps_its_shape_and_null_sender(string sender)
    {
        await using var host = await MailgunHost.StartAsync();
        var fields = MailgunForm.Mail().Where(f => f.Key is not ("sender" or "message-headers")).ToList();
        fields.Add(new("sender", sender));
        fields.Add(new("message-headers", """[["From","mailer-daemon@mx.example"],["Subject","failed"],["Content-Type","multipart/report; report-type=delivery-status; boundary=\"x\""]]"""));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. fields, .. host.Sign()]));
        var delivery = Assert.Single(host.Delivered);
        Assert.Equal("", delivery.Raw.Envelope.ReversePath);
        Assert.Equal(("multipart/report", "delivery-status"), (Parse(delivery).Shape.ContentType, Parse(delivery).Shape.ReportType));
    }

    [Fact]
    public async Task A_header_can_not_smuggle_another_one_in()
    {
        await using var host = await MailgunHost.StartAsync();
        var fields = MailgunForm.Mail().Where(f => f.Key != "message-headers").ToList();
        fields.Add(new("message-headers", """[["From","ann@customer.example"],["Subject","x\r\nAuto-Submitted: auto-replied\r\n\r\nbody"],["Bad Name: x","y"]]"""));
        await host.PostAsync([.. fields, .. host.Sign()]);
        var mail = Parse(Assert.Single(host.Delivered));
        Assert.Null(mail.Header("Auto-Submitted"));
        Assert.Equal("When do you open?", mail.Text.Trim());
    }

    [Fact]
    public async Task A_form_without_message_headers_is_read_from_its_fields()
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(
        [
            new("recipient", "help@example.com"), new("sender", "ann@customer.example"), new("from", "Ann <ann@customer.example>"), new("subject", "Hi"),
            new("Message-Id", "<7@customer.example>"), new("body-plain", "When do you open?"), .. host.Sign(),
        ]));
        var mail = Parse(Assert.Single(host.Delivered));
        Assert.Equal(("Hi", "7@customer.example", "ann@customer.example"), (mail.Subject, mail.MessageId, mail.Author!.Address));
    }

    [Fact]
    public async Task A_forged_a_stale_and_an_unsigned_post_are_refused()
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync([.. MailgunForm.Mail(), .. host.Sign("another key")]));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync([.. MailgunForm.Mail(), .. host.Sign(ago: TimeSpan.FromSeconds(301))]));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync([.. MailgunForm.Mail(), .. host.Sign(ago: TimeSpan.FromSeconds(-301))]));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync(MailgunForm.Mail()));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync([.. MailgunForm.Mail(), .. host.Sign()], "/webhooks/mailgun/nosuchchannel/inbound"));
        Assert.Empty(host.Delivered);
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail(), .. host.Sign(ago: TimeSpan.FromSeconds(299))]));
    }

    [Fact]
    public async Task A_signature_is_spent_on_one_mail_but_the_same_mail_may_come_again()
    {
        await using var host = await MailgunHost.StartAsync();
        var signature = host.Sign();
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail(), .. signature]));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail(), .. signature]));
        Assert.Single(host.Delivered);
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync([.. MailgunForm.Mail(id: "2@customer.example", text: "Another mail"), .. signature]));
        Assert.Single(host.Delivered);
        // The same mail under a new signature is the same mail.
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail(), .. host.Sign()]));
        Assert.Single(host.Delivered);
    }

    [Fact]
    public async Task An_unknown_recipient_gets_406()
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(HttpStatusCode.NotAcceptable, await host.PostAsync([.. MailgunForm.Mail("nobody@example.com"), .. host.Sign()]));
        Assert.Empty(host.Delivered);
    }

    [Fact]
    public async Task A_tenants_channel_names_only_its_own_mailboxes()
    {
        await using var host = await MailgunHost.StartAsync();
        var path = $"/webhooks/mailgun/{host.OtherChannel.Id}/inbound";
        Assert.Equal(HttpStatusCode.NotAcceptable, await host.PostAsync([.. MailgunForm.Mail(), .. host.Sign(MailgunHost.ChannelKey)], path));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync([.. MailgunForm.Mail("help@other.example"), .. host.Sign()], path));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail("help@other.example"), .. host.Sign(MailgunHost.ChannelKey)], path));
        Assert.Equal(host.Other.Id, Assert.Single(host.Delivered).Raw.Owner);
    }

    [Fact]
    public async Task Two_recipients_are_two_deliveries()
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail("help@example.com, help@other.example"), .. host.Sign()]));
        Assert.Equal(["help@example.com", "help@other.example"], host.Delivered.Select(d => d.Raw.Envelope.Recipient));
    }

    [Fact]
    public async Task A_store_that_is_busy_makes_Mailgun_come_again()
    {
        await using var host = await MailgunHost.StartAsync();
        host.Intercept = _ => AcceptOutcome.TooBusy;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await host.PostAsync([.. MailgunForm.Mail(), .. host.Sign()]));
        host.Intercept = _ => throw new IOException("disk full");
        var again = host.Sign();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await host.PostAsync([.. MailgunForm.Mail(), .. again]));
        host.Intercept = _ => null;
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail(), .. again]));
    }

    [Theory]
    [InlineData("application/json", "{}", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("multipart/form-data", "x", HttpStatusCode.BadRequest)]
    [InlineData("multipart/form-data; boundary=b", "no boundary here", HttpStatusCode.BadRequest)]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ncut", HttpStatusCode.BadRequest)]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nno head", HttpStatusCode.BadRequest)]
    [InlineData("application/x-www-form-urlencoded", "%zz&&==&%", HttpStatusCode.Unauthorized)]
    [InlineData("application/x-www-form-urlencoded", "", HttpStatusCode.Unauthorized)]
    public async Task Bad_bodies_get_a_clear_answer(string type, string body, HttpStatusCode status)
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(status, await host.PostAsync(new StringContent(body, Encoding.Latin1, MediaTypeHeaderValue.Parse(type))));
    }

    [Fact]
    public async Task Genuine_but_malformed_mails_get_400()
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, await host.PostAsync([new("body-plain", "no recipient"), .. host.Sign()]));
        Assert.Equal(HttpStatusCode.BadRequest, await host.PostAsync([new("recipient", "help@example.com"), new("message-headers", "[[1,2]]"), .. host.Sign()]));
        Assert.Equal(HttpStatusCode.BadRequest, await host.PostAsync([new("recipient", "help@example.com"), new("message-headers", "[[\"a\",\"b\""), .. host.Sign()]));
    }

    [Fact]
    public async Task Too_large_is_413_and_the_largest_allowed_is_taken()
    {
        await using var host = await MailgunHost.StartAsync(maxMailBytes: 300_000);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await host.PostAsync([.. MailgunForm.Mail(text: new string('x', 300_000)), .. host.Sign()]));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail(text: new string('x', 250_000)), .. host.Sign()]));
    }

    [Theory]
    [InlineData("parsed-valid.txt", "bold text", false)]
    [InlineData("parsed-spam.txt", "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X", true)]
    [InlineData("raw-valid.txt", "bold text", false)]
    public async Task Recorded_requests_are_read(string file, string text, bool spam)
    {
        var path = Path.Combine(SharedData.Folder("vectors"), "mailgun", file);
        var bytes = await System.IO.File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        var headEnd = bytes.AsSpan().IndexOf("\r\n\r\n"u8) is >= 0 and var crlf ? (crlf, 4) : (bytes.AsSpan().IndexOf("\n\n"u8), 2);
        var type = Encoding.ASCII.GetString(bytes, 0, headEnd.Item1).Split('\n').First(l => l.StartsWith("Content-Type:", StringComparison.OrdinalIgnoreCase))[13..].Trim();
        var body = bytes[(headEnd.Item1 + headEnd.Item2)..];
        // Recorded with line ends of the file; a form's are CRLF.
        if (type.StartsWith("multipart", StringComparison.Ordinal) && !body.AsSpan().Contains((byte)'\r'))
            body = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(body).Replace("\n", "\r\n", StringComparison.Ordinal));
        var form = type.StartsWith("multipart", StringComparison.Ordinal)
            ? FormFields.TryParseMultipart(body, type.Split("boundary=")[1])
            : FormFields.TryParseUrlEncoded(body);
        Assert.NotNull(form);
        var mail = MailgunMail.TryRead(form, out _);
        Assert.NotNull(mail);
        Assert.Equal(["foo+bar@multimail.mailgun.org"], mail.Recipients);
        Assert.Equal("james@opennorth.ca", mail.ReversePath);
        Assert.Equal(spam, mail.Verdict.Spam);
        var parsed = MailParser.Parse(mail.Content, new Envelope(mail.ReversePath, mail.Recipients[0]));
        Assert.StartsWith(text, parsed.Text.Trim().Trim('*'));
        Assert.Equal("james@opennorth.ca", parsed.Author!.Address);
    }

    private static ByteArrayContent File(byte[] bytes, string type)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return content;
    }
}
