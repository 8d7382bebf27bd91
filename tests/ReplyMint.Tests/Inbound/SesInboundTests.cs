using System.Net;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Storage;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Inbound;

public sealed class SesInboundTests
{
    private const string Faq = "# When do you open?\n\nWe open at nine in the morning and close at six.\n";
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_mail_comes_in_signed_and_is_answered()
    {
        await using var host = await SesHost.StartAsync(knowledge: Faq);
        var mail = host.Received(host.Product.Mail("When do you open?", authentication: null));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(mail.Sign(SesHost.Key)));
        var message = await host.Product.DecidedAsync(Assert.Single(await host.Product.ListAsync()));
        Assert.Equal(MessageState.Answered, message.Record.State);
        Assert.Equal((host.Channel.Id, "anna@customer.example", "ses"), (message.Record.Channel, message.Summary.Envelope.ReversePath, message.Summary.Authentication.Source));
        // The certificate and what stands between it and the root were fetched once, from the only places they may come from.
        Assert.Equal([SnsMail.CertificateUrl, SnsAuthority.IssuerUrl], host.Asked);
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(host.Received(host.Product.Mail("And on Sundays?")).Sign(SesHost.Key)));
        Assert.Equal(2, host.Asked.Count);
    }

    [Theory]
    [InlineData("dmarc", "dmarc")]
    [InlineData("grey", "dmarc")]
    [InlineData("spam", "spam")]
    [InlineData("virus", "virus")]
    public async Task The_verdicts_of_SES_decide(string what, string rule)
    {
        await using var host = await SesHost.StartAsync(knowledge: Faq);
        var raw = host.Product.Mail("When do you open?", authentication: "dmarc=pass");
        var said = what switch
        {
            "dmarc" => SnsMail.Received(raw, ProductHost.Address, dmarc: "FAIL"),
            "grey" => SnsMail.Received(raw, ProductHost.Address, dmarc: "GRAY", spf: "GRAY", dkim: "DISABLED"),
            "spam" => SnsMail.Received(raw, ProductHost.Address, spam: "FAIL"),
            _ => SnsMail.Received(raw, ProductHost.Address, virus: "FAIL"),
        };
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(SnsMail.Of(said, host.Now).Sign(SesHost.Key)));
        var message = await host.Product.DecidedAsync(Assert.Single(await host.Product.ListAsync()));
        Assert.NotEqual(MessageState.Answered, message.Record.State);
        Assert.Contains(rule, message.Record.Reasons);
    }

    /// <summary>Though the operator scans nothing himself.</summary>
    [Fact]
    public async Task Where_SES_found_a_virus_no_attachment_is_kept()
    {
        await using var host = await SesHost.StartAsync(settings: settings => settings with { Inbound = settings.Inbound with { Attachments = new() { Scanner = AttachmentSettings.None } } });
        await host.Product.Get<RetentionDesk>().SetAsync(host.Product.Tenant.Id, kept => kept with { Attachments = true }, null, Actor.Machine, None);
        var raw = host.Product.Mail("--b\r\nContent-Type: text/plain\r\n\r\nWhen do you open?\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\nmarked bytes\r\n--b--",
            extra: "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b");
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(SnsMail.Of(SnsMail.Received(raw, ProductHost.Address, virus: "FAIL"), host.Now).Sign(SesHost.Key)));
        var message = Assert.Single(await host.Product.ListAsync());
        Assert.DoesNotContain("marked bytes", Encoding.UTF8.GetString((await host.Product.Get<Messages>().RawAsync(message, None))!.Value.Span), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UTF8", true)]
    [InlineData("", true)]
    [InlineData("BASE64", false)]
    public async Task Content_is_decoded_as_it_says_and_a_bounce_keeps_its_null_sender(string encoding, bool text)
    {
        await using var host = await SesHost.StartAsync();
        var raw = host.Product.Mail("Grüße \u2713");
        var said = SnsMail.Received(raw, ProductHost.Address, source: "<>", encoding: text ? "UTF8" : "BASE64");
        if (encoding.Length == 0)
            said = said.Replace(", \"encoding\": \"UTF8\"", "", StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(SnsMail.Of(said, host.Now).Sign(SesHost.Key)));
        var message = Assert.Single(await host.Product.ListAsync());
        Assert.Equal("", message.Summary.Envelope.ReversePath);
        Assert.Equal(raw, Encoding.UTF8.GetString((await host.Product.Get<Messages>().RawAsync(message, None))!.Value.Span));
    }

    [Fact]
    public async Task The_receipt_names_the_recipients_and_unknown_ones_are_406()
    {
        await using var host = await SesHost.StartAsync();
        Assert.Equal(HttpStatusCode.NotAcceptable, await host.PostAsync(host.Received(host.Product.Mail("x"), "nobody@shop.example").Sign(SesHost.Key)));
        var both = SnsMail.Of(SnsMail.Received(host.Product.Mail("x"), $"[\"nobody@shop.example\", \"{ProductHost.Address}\"]"), host.Now);
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(both.Sign(SesHost.Key)));
        Assert.Equal(ProductHost.Address, Assert.Single(await host.Product.ListAsync()).Summary.Envelope.Recipient);
        Assert.Equal(HttpStatusCode.BadRequest, await host.PostAsync(SnsMail.Of(SnsMail.Received("x", "[]"), host.Now).Sign(SesHost.Key)));
    }

    [Fact]
    public async Task A_tenants_channel_names_only_its_own_mailboxes()
    {
        await using var host = await SesHost.StartAsync();
        var other = await host.Product.Get<Tenants>().AddAsync("other", Actor.Machine, None);
        var channel = await host.AddChannelAsync(SnsMail.Topic, other.Id);
        Assert.Equal(HttpStatusCode.NotAcceptable, await host.PostAsync(host.Received(host.Product.Mail("x")).Sign(SesHost.Key), channel));
        Assert.Empty(await host.Product.ListAsync());
    }

    [Fact]
    public async Task A_mail_that_lies_in_S3_is_refused_with_the_remedy()
    {
        await using var host = await SesHost.StartAsync();
        var said = """{"notificationType":"Received","mail":{"source":"a@b.example"},"receipt":{"recipients":["support@shop.example"],"action":{"type":"S3","bucketName":"b","objectKey":"k","topicArn":"x"}}}""";
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await host.PostAsync(SnsMail.Of(said, host.Now).Sign(SesHost.Key)));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(SnsMail.Of("Successfully validated SNS topic for Amazon SES event publishing.", host.Now).Sign(SesHost.Key)));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(SnsMail.Of("""{"notificationType":"AmazonSnsSubscriptionSucceeded","message":"x"}""", host.Now).Sign(SesHost.Key)));
        Assert.Empty(await host.Product.ListAsync());
    }

    [Fact]
    public async Task The_same_message_again_is_one_mail_also_after_a_restart()
    {
        using var folder = new TemporaryFolder();
        var host = await SesHost.StartAsync(folder);
        var mail = host.Received(host.Product.Mail("When do you open?")).Sign(SesHost.Key);
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(mail));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(mail));
        var bounce = SnsMail.Of("""{"notificationType":"Delivery","mail":{}}""", host.Now);
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(bounce.Sign(SesHost.Key)));
        await host.RestartAsync(folder);
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(mail));
        Assert.Single(await host.Product.ListAsync());
        // Whoever had Amazon's key could not put another content under an id that was used.
        bounce["Message"] = """{"notificationType":"Complaint","mail":{}}""";
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync(bounce.Sign(SesHost.Key)));
        var second = host.Received(host.Product.Mail("Something else"));
        second["MessageId"] = mail["MessageId"];
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync(second.Sign(SesHost.Key)));
        Assert.Single(await host.Product.ListAsync());
        await host.Product.StopAsync();
    }

    [Fact]
    public async Task A_subscription_is_confirmed_once_and_its_end_is_told()
    {
        await using var host = await SesHost.StartAsync();
        var confirmation = SnsMail.Confirmation(host.Now).Sign(SesHost.Key);
        var url = $"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={Uri.EscapeDataString(SnsMail.Topic)}&Token={confirmation["Token"]}";
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await host.PostAsync(confirmation));
        host.Answers[url] = (HttpStatusCode.Found, []);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await host.PostAsync(confirmation));
        host.Answers[url] = (HttpStatusCode.OK, "<ConfirmSubscriptionResponse/>"u8.ToArray());
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(confirmation));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(confirmation));
        Assert.Equal(3, host.Asked.Count(asked => asked == url));
        var entries = await host.Product.Get<AuditLog>().NewestAsync(KeyRing.Installation, 50, None);
        var entry = Assert.Single(entries, e => e.Act == "channel.subscribed");
        Assert.Equal((host.Channel.Id, SnsMail.Topic), (entry.Target, entry.Details!["topic"]));

        var end = SnsMail.Confirmation(host.Now, "UnsubscribeConfirmation").Sign(SesHost.Key);
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(end));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(end));
        Assert.Equal(3, host.Asked.Count(asked => asked.Contains("ConfirmSubscription", StringComparison.Ordinal)));
        Assert.Single(await host.Product.Get<AuditLog>().NewestAsync(KeyRing.Installation, 50, None), e => e.Act == "channel.unsubscribed");
        Assert.Single(await host.Product.Get<Alerts>().NewestAsync(50, None), alert => alert.Kind == "unsubscribed" && alert.Subject == host.Channel.Id);
    }

    [Theory]
    [InlineData("Bounce", "Permanent", "failed", nameof(SuppressionReason.PermanentFailure))]
    [InlineData("Bounce", "Transient", "bounced", null)]
    [InlineData("Complaint", "", "complained", nameof(SuppressionReason.Complaint))]
    [InlineData("Delivery", "", "delivered", null)]
    public async Task Events_settle_the_mail_and_suppress_whom_we_wrote_to(string type, string bounce, string kind, string? reason)
    {
        await using var host = await SesHost.StartAsync();
        var subject = new TokenSubject(host.Product.Tenant.Id, "o1");
        var tokens = host.Product.Get<ReplyTokens>();
        var commit = new Commit();
        host.Product.Get<Outbox>().Enqueue(commit, subject.TenantId, await host.Product.Get<KeyRing>().RequireAsync(subject.TenantId, None),
            new OutboxRecord { Id = "o1", Purpose = OutboxPurpose.Reply, State = OutboxState.Uncertain, CreatedAt = host.Now }, Mails.Answer() with { MessageId = tokens.MessageId(subject, "shop.example") });
        Assert.Equal(CommitResult.Committed, await host.Product.Get<IStore>().CommitAsync(commit, None));
        foreach (var (member, source) in new[] { ("notificationType", tokens.BounceAddress(subject, "shop.example")), ("eventType", "somebody@else.example") })
        {
            var said = $$"""
                {
                  "{{member}}": "{{type}}", "mail": { "source": "{{source}}", "headers": [{ "name": "Message-ID", "value": "<{{(member == "eventType" ? tokens.MessageId(subject, "shop.example") : "x@y")}}>" }] },
                  "bounce": { "bounceType": "{{bounce}}", "bouncedRecipients": [{ "emailAddress": "victim@elsewhere.example", "status": "5.1.1", "diagnosticCode": "x" }], "timestamp": "2026-11-24T11:59:59.000Z" },
                  "complaint": { "timestamp": "2026-11-24T11:59:59.000Z" }
                }
                """;
            Assert.Equal(HttpStatusCode.OK, await host.PostAsync(SnsMail.Of(said, host.Now).Sign(SesHost.Key)));
        }
        var record = (await host.Product.Get<Outbox>().StateAsync(subject.TenantId, "o1", None))!;
        Assert.Equal((OutboxState.Sent, 2), (record.State, record.Events.Count));
        Assert.All(record.Events, happened => Assert.Equal(kind, happened.Kind));
        Assert.Equal(reason, (await host.Product.Get<Suppressions>().FindAsync(subject.TenantId, "ann@customer.example", None))?.Reason.ToString());
        Assert.Null(await host.Product.Get<Suppressions>().FindAsync(subject.TenantId, "victim@elsewhere.example", None));
    }
}
