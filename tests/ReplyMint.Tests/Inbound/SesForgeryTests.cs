using System.Net;
using System.Security.Cryptography;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Inbound;

/// <summary>What is not Amazon's, not lately, not for us or not whole never becomes a mail, and makes us call nobody but Amazon.</summary>
public sealed class SesForgeryTests : IAsyncLifetime
{
    private const string OtherTopic = "arn:aws:sns:eu-west-1:123456789012:mail-two";
    private SesHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await SesHost.StartAsync();

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    private SnsMail Signed(Action<SnsMail>? before = null)
    {
        var mail = _host.Received(_host.Product.Mail("When do you open?"));
        before?.Invoke(mail);
        return mail.Sign(SesHost.Key);
    }

    private async Task RefusedAsync(string json, int status = 401, bool calls = false, Channel? channel = null)
    {
        Assert.Equal(status, (int)await _host.PostAsync(json, channel?.Id));
        Assert.Empty(await _host.Product.ListAsync());
        Assert.All(_host.Asked, asked => Assert.True(asked is SnsMail.CertificateUrl or SnsAuthority.IssuerUrl, asked));
        if (!calls)
            Assert.DoesNotContain(_host.Asked, asked => asked.Contains("Subscri", StringComparison.Ordinal));
        // The host still takes what is genuine: the refusal was for what was changed.
        Assert.Equal(HttpStatusCode.OK, await _host.PostAsync(Signed()));
    }

    [Theory]
    [InlineData("Message", "{\"notificationType\":\"Received\"}")]
    [InlineData("MessageId", "11111111-2222-3333-4444-555555555555")]
    [InlineData("Subject", "Amazon SES Email Receipt Notification")]
    [InlineData("TopicArn", OtherTopic)]
    [InlineData("Timestamp", "2026-11-24T12:00:00.001Z")]
    [InlineData("SignatureVersion", "1")]
    public async Task A_field_that_was_changed_behind_the_signature_is_refused(string field, string value)
    {
        await _host.Product.Get<Channels>().ChangeAsync(_host.Channel.Id, c => c with { Topics = [SnsMail.Topic, OtherTopic] }, Actor.Machine, default);
        var mail = Signed();
        mail[field] = value;
        await RefusedAsync(mail.Json());
    }

    [Fact]
    public async Task Version_1_does_not_pass_for_version_2_and_a_subject_can_not_be_taken_off()
    {
        var mail = Signed(m => m["SignatureVersion"] = "1");
        mail["SignatureVersion"] = "2";
        await RefusedAsync(mail.Json());
        await using var other = await SesHost.StartAsync();
        var subject = other.Received(other.Product.Mail("x"));
        subject["Subject"] = "Amazon SES Email Receipt Notification";
        subject.Sign(SesHost.Key);
        Assert.Equal(HttpStatusCode.OK, await other.PostAsync(subject));
        subject["Subject"] = null;
        Assert.Equal(HttpStatusCode.Unauthorized, await other.PostAsync(subject));
    }

    [Theory]
    [InlineData("Notification")]
    [InlineData("SubscriptionConfirmation")]
    [InlineData("UnsubscribeConfirmation")]
    public async Task What_is_signed_by_SHA_1_is_refused_with_the_remedy_though_the_signature_holds(string type)
    {
        var mail = type == "Notification" ? _host.Received(_host.Product.Mail("When do you open?")) : SnsMail.Confirmation(_host.Now, type);
        mail["SignatureVersion"] = "1";
        using var client = new HttpClient { BaseAddress = _host.Product.Http };
        using var body = new StringContent(mail.Sign(SesHost.Key).Json(), Encoding.UTF8, "text/plain");
        using var answer = await client.PostAsync(new Uri("webhooks/ses/" + _host.Channel.Id, UriKind.Relative), body, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("--attribute-name SignatureVersion --attribute-value 2", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var alert = Assert.Single(await _host.Product.Get<Alerts>().NewestAsync(9, default), one => one.Kind == "sns-version");
        Assert.Equal(_host.Channel.Id, alert.Subject);
        Assert.Contains("SignatureVersion", alert.Text, StringComparison.Ordinal);
        Assert.Empty(_host.Asked);
        Assert.Empty(await _host.Product.ListAsync());
    }

    [Theory]
    [InlineData("SubscriptionConfirmation")]
    [InlineData("UnsubscribeConfirmation")]
    public async Task A_notification_does_not_pass_for_a_confirmation(string type)
    {
        var mail = Signed();
        mail["Type"] = type;
        await RefusedAsync(mail.Json(), 400);
        var whole = SnsMail.Confirmation(_host.Now, type);
        whole["Signature"] = mail["Signature"];
        Assert.Equal(HttpStatusCode.Unauthorized, await _host.PostAsync(whole));
        // Nor one kind of confirmation for the other.
        var signed = SnsMail.Confirmation(_host.Now, type).Sign(SesHost.Key);
        signed["Type"] = type == "SubscriptionConfirmation" ? "UnsubscribeConfirmation" : "SubscriptionConfirmation";
        Assert.Equal(HttpStatusCode.Unauthorized, await _host.PostAsync(signed));
        Assert.DoesNotContain(_host.Asked, asked => asked.Contains("Confirm", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Type", "notification", 400)]
    [InlineData("Type", "Notification\n", 400)]
    [InlineData("Type", null, 400)]
    [InlineData("MessageId", "22B80B92-FDEA-4C2C-8F9D-BDFB0C7BF324", 400)]
    [InlineData("MessageId", "x", 400)]
    [InlineData("MessageId", null, 400)]
    [InlineData("Subject", "two\nlines", 400)]
    [InlineData("Timestamp", "2026-11-24T12:00:00Z", 400)]
    [InlineData("Timestamp", "2026-11-24T12:00:00.000+01:00", 400)]
    [InlineData("Timestamp", " 2026-11-24T12:00:00.000Z", 400)]
    [InlineData("Timestamp", "2026-11-24T10:44:59.000Z", 401)]
    [InlineData("Timestamp", "2026-11-24T12:05:01.000Z", 401)]
    [InlineData("Timestamp", null, 400)]
    [InlineData("TopicArn", "arn:aws:sns:eu-west-1:123456789012:another", 401)]
    [InlineData("TopicArn", "arn:aws:sns:eu-west-1:999999999999:mail-in", 401)]
    [InlineData("TopicArn", "arn:aws:sns:us-east-1:123456789012:mail-in", 401)]
    [InlineData("TopicArn", "arn:aws:sns:eu-west-1:123456789012:mail-in:x", 400)]
    [InlineData("TopicArn", "arn:aws:sns:s3:123456789012:mail-in", 400)]
    [InlineData("TopicArn", null, 400)]
    [InlineData("SignatureVersion", "3", 400)]
    [InlineData("SignatureVersion", "02", 400)]
    [InlineData("SignatureVersion", null, 400)]
    [InlineData("Message", null, 400)]
    [InlineData("Token", "2336412f", 400)]
    [InlineData("SubscribeURL", "https://sns.eu-west-1.amazonaws.com/", 400)]
    public async Task A_message_that_is_signed_but_of_another_form_time_or_topic_is_refused(string field, string? value, int status) =>
        await RefusedAsync(Signed(mail => mail[field] = value).Json(), status);

    [Theory]
    [InlineData("Type", "Notification")]
    [InlineData("TopicArn", SnsMail.Topic)]
    [InlineData("Message", "x")]
    [InlineData("Signature", "x")]
    [InlineData("SigningCertURL", SnsMail.CertificateUrl)]
    public async Task A_member_that_stands_twice_is_refused(string field, string value)
    {
        var mail = Signed();
        mail.Fields.Add(new(field, value));
        await RefusedAsync(mail.Json(), 400);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"Type\": 1}")]
    [InlineData("{\"Type\": \"Notification\", \"MessageId\": \"\\ud800\"}")]
    [InlineData("{\"notificationType\":\"Received\",\"content\":\"raw message delivery\"}")]
    public async Task What_is_no_message_of_SNS_gets_400(string json) => await RefusedAsync(json, 400);

    [Fact]
    public async Task A_signature_that_was_cut_turned_or_made_by_another_is_refused()
    {
        var whole = Convert.FromBase64String(Signed()["Signature"]!);
        var turned = whole.ToArray();
        turned[100] ^= 1;
        foreach (var (signature, status) in new[]
        {
            (Convert.ToBase64String(turned), 401), (Convert.ToBase64String(whole.AsSpan(1)), 400), (Convert.ToBase64String([.. whole, 0]), 401), (Convert.ToBase64String(new byte[256]), 401),
            ("", 400), (" " + Convert.ToBase64String(whole), 400), ("%" + Convert.ToBase64String(whole)[1..], 400),
        })
        {
            var mail = Signed();
            mail["Signature"] = signature;
            Assert.Equal(status, (int)await _host.PostAsync(mail));
        }
        using var foreign = RSA.Create(2048);
        await RefusedAsync(_host.Received(_host.Product.Mail("x")).Sign(foreign).Json());
    }

    [Theory]
    [InlineData("http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://x:y@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com:443/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com./SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://evil-sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com.cn/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws。com/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://ѕns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com\\.evil.example/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/evil/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/evil.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem?x=.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem#.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789%61bcdef.pem")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-.pem")]
    [InlineData(" https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem")]
    [InlineData("file:///SimpleNotificationService-0123456789abcdef.pem")]
    public async Task A_certificate_is_fetched_from_the_topics_own_host_and_path_only(string url)
    {
        Assert.Equal(401, (int)await _host.PostAsync(Signed(mail => mail["SigningCertURL"] = url)));
        Assert.Empty(_host.Asked);
        Assert.Empty(await _host.Product.ListAsync());
    }

    [Theory]
    [InlineData("root")]
    [InlineData("name")]
    [InlineData("wildcard")]
    [InlineData("subject")]
    [InlineData("expired")]
    [InlineData("early")]
    [InlineData("small")]
    [InlineData("curve")]
    [InlineData("issuer")]
    [InlineData("nonsense")]
    public async Task A_certificate_without_the_name_the_time_or_the_chain_is_refused(string wrong)
    {
        using var stranger = new SnsAuthority("Other Root");
        using var small = RSA.Create(1024);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = SesHost.Authority;
        var pem = wrong switch
        {
            "root" => stranger.Issue(SesHost.Key),
            "name" => authority.Issue(SesHost.Key, names: ["sns.evil.example"]),
            "wildcard" => authority.Issue(SesHost.Key, names: ["*.amazonaws.com"]),
            // Where there are alternative names the subject says nothing (RFC 9525).
            "subject" => authority.Issue(SesHost.Key, subject: "sns.amazonaws.com", names: ["customer.example"]),
            "expired" => authority.Issue(SesHost.Key, until: _host.Now.AddMinutes(-1)),
            "early" => authority.Issue(SesHost.Key, from: _host.Now.AddMinutes(1)),
            "small" => authority.Issue(small),
            "curve" => authority.Issue(curve),
            "issuer" => authority.Issue(SesHost.Key, issuerUrl: "http://crt.evil-amazontrust.com/test.cer"),
            _ => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        };
        if (wrong == "root")
            _host.Answers[SnsAuthority.IssuerUrl] = (HttpStatusCode.OK, stranger.Issuer);
        _host.Answers[SnsMail.CertificateUrl] = (HttpStatusCode.OK, Encoding.ASCII.GetBytes(pem));
        var mail = wrong == "small" ? _host.Received(_host.Product.Mail("x")).Sign(small) : Signed();
        Assert.Equal(wrong == "small" ? 400 : 401, (int)await _host.PostAsync(mail));
        Assert.Equal(401, (int)await _host.PostAsync(Signed()));
        Assert.Empty(await _host.Product.ListAsync());
        Assert.All(_host.Asked, asked => Assert.True(asked is SnsMail.CertificateUrl or SnsAuthority.IssuerUrl, asked));
    }

    [Theory]
    [InlineData(302)]
    [InlineData(404)]
    [InlineData(503)]
    public async Task A_certificate_that_can_not_be_fetched_makes_SNS_come_again_and_is_not_asked_for_without_end(int status)
    {
        _host.Answers[SnsMail.CertificateUrl] = ((HttpStatusCode)status, []);
        for (var i = 0; i < 40; i++)
            Assert.Equal(503, (int)await _host.PostAsync(Signed()));
        Assert.InRange(_host.Asked.Count, 1, 12);
        _host.Answers[SnsMail.CertificateUrl] = (HttpStatusCode.OK, Encoding.ASCII.GetBytes(SesHost.Authority.Issue(SesHost.Key)));
        _host.Product.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(200, (int)await _host.PostAsync(Signed()));
    }

    [Fact]
    public async Task A_newer_regions_own_names_count_there_and_nowhere_else()
    {
        const string topic = "arn:aws:sns:af-south-1:123456789012:mail-in";
        const string url = "https://sns.af-south-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem";
        var pem = Encoding.ASCII.GetBytes(SesHost.Authority.Issue(SesHost.Key, "sns-signing.af-south-1.amazonaws.com", ["sns-signing.af-south-1.amazonaws.com", "sns.af-south-1.amazonaws.com"]));
        _host.Answers[url] = (HttpStatusCode.OK, pem);
        _host.Answers[SnsMail.CertificateUrl] = (HttpStatusCode.OK, pem);
        var channel = await _host.AddChannelAsync(topic);
        Assert.Equal(401, (int)await _host.PostAsync(Signed()));
        Assert.Equal(200, (int)await _host.PostAsync(Signed(mail => (mail["TopicArn"], mail["SigningCertURL"]) = (topic, url)), channel));
    }

    [Theory]
    [InlineData("https://evil.example/?Action=ConfirmSubscription&TopicArn=TOPIC&Token=TOKEN")]
    [InlineData("http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=TOPIC&Token=TOKEN")]
    [InlineData("https://sns.eu-west-1.amazonaws.com@evil.example/?Action=ConfirmSubscription&TopicArn=TOPIC&Token=TOKEN")]
    [InlineData("https://sns.eu-west-1.amazonaws.com:444/?Action=ConfirmSubscription&TopicArn=TOPIC&Token=TOKEN")]
    [InlineData("https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=TOPIC&Token=TOKEN")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/x?Action=ConfirmSubscription&TopicArn=TOPIC&Token=TOKEN")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&TopicArn=TOPIC&Token=TOKEN")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=TOPIC-x&Token=TOKEN")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=TOPIC&Token=abc")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Action=DeleteTopic&TopicArn=TOPIC&Token=TOKEN")]
    [InlineData("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=TOPIC&Token=TOKEN&Endpoint=x")]
    public async Task A_subscription_is_confirmed_at_the_topics_own_host_only_however_it_is_signed(string url)
    {
        var mail = SnsMail.Confirmation(_host.Now);
        mail["SubscribeURL"] = url.Replace("TOPIC", SnsMail.Topic, StringComparison.Ordinal).Replace("TOKEN", mail["Token"], StringComparison.Ordinal);
        await RefusedAsync(mail.Sign(SesHost.Key).Json(), 400);
    }

    [Fact]
    public async Task A_confirmation_of_a_topic_that_nobody_listed_calls_nobody()
    {
        await RefusedAsync(SnsMail.Confirmation(_host.Now, topic: OtherTopic).Sign(SesHost.Key).Json());
        Assert.DoesNotContain(_host.Asked, asked => asked.Contains("Confirm", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Unknown_channels_and_channels_of_another_kind_take_nothing()
    {
        var mailgun = await _host.AddChannelAsync(SnsMail.Topic, kind: Channel.Mailgun);
        Assert.Equal(401, (int)await _host.PostAsync(Signed(), mailgun));
        Assert.Equal(401, (int)await _host.PostAsync(Signed().Json(), "cnosuchchannel"));
        await _host.Product.Get<Channels>().RemoveAsync(_host.Channel.Id, Actor.Machine, default);
        Assert.Equal(401, (int)await _host.PostAsync(Signed()));
        Assert.Empty(_host.Asked);
        Assert.Empty(await _host.Product.ListAsync());
    }

    [Fact]
    public async Task Header_fields_are_not_believed_over_the_body()
    {
        var confirmation = SnsMail.Confirmation(_host.Now, topic: OtherTopic).Sign(SesHost.Key);
        Assert.Equal(401, (int)await _host.PostAsync(confirmation.Json(), null, "text/plain", ("x-amz-sns-message-type", "Notification"), ("x-amz-sns-topic-arn", SnsMail.Topic)));
        Assert.Equal(200, (int)await _host.PostAsync(Signed().Json(), null, "application/json", ("x-amz-sns-message-type", "UnsubscribeConfirmation"), ("x-amz-sns-topic-arn", OtherTopic)));
        Assert.Equal(415, (int)await _host.PostAsync(Signed().Json(), null, "application/xml"));
        Assert.Equal(413, (int)await _host.PostAsync(new string(' ', 1024 * 1024 + 1)));
    }
}
