using System.Net;
using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Inbound;

/// <summary>One mail by every path, in each one's form, is one message (MAIL-4).</summary>
public sealed class SameMailTests : IAsyncLifetime
{
    private const string Flowed =
        "From: =?iso-8859-1?Q?J=F6rg?= <Anna@Customer.Example>\r\nTo: support@shop.example\r\nSubject: =?utf-8?Q?=C3=96ffnungszeiten_?=\r\n =?utf-8?Q?am_Samstag?=\r\n"
        + "Message-ID: <same.1@customer.example>\r\nDate: Tue, 24 Nov 2026 12:59:00 +0100\r\nContent-Type: text/plain; charset=iso-8859-1; format=flowed; delsp=yes\r\n"
        + "Content-Transfer-Encoding: quoted-printable\r\n\r\nGuten Tag,=20\r\n\r\nwann =F6ffnen Sie am Sams=\r\ntag? Ich k=F6nnte  um 9:00 da sein.=20\r\n--=20\r\nJ=F6rg\r\n";

    private const string Html =
        "From: Anna <anna@customer.example>\r\nTo: support@shop.example\r\nSubject: Hours\r\nMessage-ID: <same.2@customer.example>\r\nDate: Tue, 24 Nov 2026 11:59:00 +0000\r\n"
        + "Content-Type: text/html; charset=utf-8\r\n\r\n<p>When do you <b>open</b>? See <a href=\"https://customer.example/x\">our page</a>.</p><ul><li>one</li><li>two</li></ul>\r\n";

    private const string RichBody = "<p>When do you <b>open</b>? See <a href=\"https://customer.example/x\">our page</a>.</p><ul><li>one</li><li>two</li></ul>";

    // What Mailgun makes of HTML where the mail has no text of its own.
    private const string MadePlain = "When do you open? See our page ( https://customer.example/x ).\n\n  * one\n  * two";

    private const string Pdf = "--m\r\nContent-Type: application/pdf; name=\"order.pdf\"\r\nContent-Disposition: attachment; filename=\"order.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--m--\r\n";

    private static string Mixed(string id, string first) =>
        $"From: Anna <anna@customer.example>\r\nTo: support@shop.example\r\nSubject: Hours\r\nMessage-ID: <{id}@customer.example>\r\nDate: Tue, 24 Nov 2026 11:59:00 +0000\r\n"
        + $"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"m\"\r\n\r\n--m\r\n{first}\r\n{Pdf}";

    private static string HtmlPart(string html) => "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + html.Replace("=", "=3D", StringComparison.Ordinal).Replace("page", "pa=\r\nge", StringComparison.Ordinal);

    private static readonly string HtmlAndFile = Mixed("same.3", HtmlPart(RichBody));

    private static readonly string BothAndFile = Mixed("same.4",
        "Content-Type: multipart/alternative; boundary=\"a\"\r\n\r\n--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWhen do you open?\r\n\r\n--a\r\n" + HtmlPart(RichBody) + "\r\n--a--");

    private SesHost _ses = null!;
    private Channel _mailgun = null!;

    private ProductHost Host => _ses.Product;

    public async ValueTask InitializeAsync()
    {
        _ses = await SesHost.StartAsync();
        _mailgun = await Host.Get<Channels>().AddAsync(Channel.Operator, Channel.Mailgun, MailgunHost.ChannelKey, Actor.Machine, default);
    }

    public async ValueTask DisposeAsync() => await _ses.DisposeAsync();

    private static readonly (string, string)[] FlowedHeaders =
    [
        ("From", "Jörg <Anna@Customer.Example>"), ("To", "support@shop.example"), ("Subject", "Öffnungszeiten am Samstag"), ("Message-Id", "<same.1@customer.example>"),
        ("Date", "Tue, 24 Nov 2026 12:59:00 +0100"), ("Content-Type", "text/plain; charset=\"iso-8859-1\"; format=\"flowed\"; delsp=\"yes\""),
    ];

    private static readonly (string, string)[] HtmlHeaders =
    [
        ("From", "Anna <anna@customer.example>"), ("To", "support@shop.example"), ("Subject", "Hours"), ("Message-Id", "<same.2@customer.example>"),
        ("Date", "Tue, 24 Nov 2026 11:59:00 +0000"), ("Content-Type", "text/html; charset=\"utf-8\""),
    ];

    private int _posts;

    private async Task MailgunAsync(IEnumerable<KeyValuePair<string, string>> fields)
    {
        using var http = new HttpClient();
        var form = new FormUrlEncodedContent([new("recipient", ProductHost.Address), new("sender", "anna@customer.example"), .. fields,
            .. MailgunForm.Sign(MailgunHost.ChannelKey, Host.Time.GetUtcNow(), (_posts++).ToString("x50"))]);
        using var answer = await http.PostAsync(new Uri(Host.Http, $"webhooks/mailgun/{_mailgun.Id}/inbound"), form, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>As Mailgun posts a mail with a file: the types of its parts are told nowhere.</summary>
    private async Task ParsedWithFileAsync(string id, string plain)
    {
        (string, string)[] headers = [("From", "Anna <anna@customer.example>"), ("To", "support@shop.example"), ("Subject", "Hours"), ("Message-Id", $"<{id}@customer.example>"), ("Date", "Tue, 24 Nov 2026 11:59:00 +0000"),
            ("Mime-Version", "1.0"), ("Content-Type", "multipart/mixed; boundary=\"m\"")];
        using var form = new MultipartFormDataContent();
        foreach (var (name, value) in (IEnumerable<KeyValuePair<string, string>>)[
            new("recipient", ProductHost.Address), new("sender", "anna@customer.example"), new("message-headers", JsonSerializer.Serialize(headers.Select(h => new[] { h.Item1, h.Item2 }))),
            new("body-html", RichBody), new("body-plain", plain), new("attachment-count", "1"), .. MailgunForm.Sign(MailgunHost.ChannelKey, Host.Time.GetUtcNow(), (_posts++).ToString("x50"))])
            form.Add(new StringContent(value), name);
        form.Add(new ByteArrayContent("%PDF-1.4\n"u8.ToArray()) { Headers = { ContentType = new("application/pdf") } }, "attachment-1", "order.pdf");
        using var http = new HttpClient();
        using var answer = await http.PostAsync(new Uri(Host.Http, $"webhooks/mailgun/{_mailgun.Id}/inbound"), form, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private Task ParsedAsync((string Name, string Value)[] headers, params (string Name, string Value)[] bodies) => MailgunAsync(
    [
        new("message-headers", JsonSerializer.Serialize(headers.Select(h => new[] { h.Name, h.Value }))), .. bodies.Select(b => new KeyValuePair<string, string>(b.Name, b.Value)),
    ]);

    private async Task ByEveryPathAsync(string raw, Func<Task> parsed, params string[] order)
    {
        foreach (var path in order)
        {
            switch (path)
            {
                case "smtp": Assert.StartsWith("250", await Host.SmtpAsync("Received: by mx.shop.example\r\n" + raw), StringComparison.Ordinal); break;
                case "mime": await MailgunAsync([new("body-mime", "Received: by mxa.mailgun.org\r\nX-Mailgun-Incoming: Yes\r\n" + raw.Replace("\r\n", "\n", StringComparison.Ordinal))]); break;
                case "parsed": await parsed(); break;
                default: Assert.Equal(HttpStatusCode.OK, await _ses.PostAsync(_ses.Received("Return-Path: <anna@customer.example>\r\n" + raw).Sign(SesHost.Key))); break;
            }
            Assert.Single(await Host.ListAsync());
        }
    }

    [Theory]
    [InlineData("smtp", "parsed", "mime", "ses")]
    [InlineData("ses", "mime", "parsed", "smtp")]
    [InlineData("parsed", "smtp", "ses", "mime")]
    public Task A_plain_mail_in_every_form_is_one(params string[] order) => ByEveryPathAsync(Flowed, () => ParsedAsync(FlowedHeaders,
        ("body-plain", "Guten Tag,\r\n\r\nwann öffnen Sie am Samstag? Ich könnte um 9:00 da sein.\r\n-- \r\nJörg\r\n")), order);

    [Theory]
    [InlineData("smtp", "parsed", "mime", "ses")]
    [InlineData("parsed", "ses", "smtp", "mime")]
    public Task A_mail_of_HTML_alone_is_one_though_Mailgun_makes_a_text_of_it(params string[] order) => ByEveryPathAsync(Html, () => ParsedAsync(HtmlHeaders,
        ("body-html", "<p>When do you <b>open</b>? See <a href=\"https://customer.example/x\">our page</a>.</p><ul><li>one</li><li>two</li></ul>"),
        ("body-plain", "When do you open? See our page ( https://customer.example/x ).\n\n  * one\n  * two")), order);

    [Theory]
    [InlineData("smtp", "parsed", "mime", "ses")]
    [InlineData("parsed", "ses", "smtp", "mime")]
    public Task A_mail_of_HTML_and_a_file_is_one_though_nobody_says_that_its_text_was_made(params string[] order) => ByEveryPathAsync(HtmlAndFile, () => ParsedWithFileAsync("same.3", MadePlain), order);

    [Theory]
    [InlineData("smtp", "parsed", "mime", "ses")]
    [InlineData("parsed", "ses", "smtp", "mime")]
    public Task A_mail_of_both_forms_and_a_file_is_one(params string[] order) => ByEveryPathAsync(BothAndFile, () => ParsedWithFileAsync("same.4", "When do you open?"), order);

    [Fact]
    public async Task Another_HTML_under_the_same_id_is_another_mail()
    {
        Assert.StartsWith("250", await Host.SmtpAsync(BothAndFile), StringComparison.Ordinal);
        Assert.StartsWith("250", await Host.SmtpAsync(BothAndFile.Replace("<li>two", "<li>three", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(2, (await Host.ListAsync()).Count);
    }

    [Fact]
    public async Task Another_text_under_the_same_id_is_another_mail()
    {
        Assert.StartsWith("250", await Host.SmtpAsync(Flowed.Replace("Guten Tag", "Guten Abend", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.StartsWith("250", await Host.SmtpAsync(Flowed), StringComparison.Ordinal);
        Assert.Equal(2, (await Host.ListAsync()).Count);
    }

    [Fact]
    public async Task Without_an_id_each_character_counts()
    {
        var raw = Flowed.Replace("Message-ID: <same.1@customer.example>\r\n", "", StringComparison.Ordinal);
        foreach (var text in new[] { raw, raw.Replace("tag?", "tag!", StringComparison.Ordinal), raw })
            Assert.StartsWith("250", await Host.SmtpAsync(text), StringComparison.Ordinal);
        Assert.Equal(2, (await Host.ListAsync()).Count);
    }
}
