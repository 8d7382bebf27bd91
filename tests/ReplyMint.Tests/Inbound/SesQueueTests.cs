using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Storage;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Inbound;

/// <summary>Mails that SES has put into a bucket, told of by SNS in a queue of SQS.</summary>
public sealed class SesQueueTests : IAsyncLifetime
{
    private const string Faq = "# When do you open?\n\nWe open at nine in the morning and close at six.\n";
    private const string Bucket = "replymint-mail";
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly ConcurrentDictionary<string, byte[]> _objects = new();
    private bool _down;
    private ProductHost _host = null!;
    private Channel _channel = null!;

    public async ValueTask InitializeAsync() => await StartAsync(static settings => settings);

    private async Task StartAsync(Func<ReplyMintSettings, ReplyMintSettings> settings)
    {
        _host = await ProductHost.StartAsync(knowledge: Faq, settings: settings, services: services => services.AddSingleton(new StoredMails(Bucket,
            (key, most, _) => _down ? throw new StoreUnavailableException("S3 is down.") : Task.FromResult(!_objects.TryGetValue(key, out var bytes) ? default : bytes.Length > most ? new StoredMail(null, true) : new StoredMail(bytes, false)),
            (key, _) =>
            {
                if (_down)
                    throw new StoreUnavailableException("S3 is down.");
                _objects.TryRemove(key, out var _);
                return Task.CompletedTask;
            })));
        _channel = (await _host.Get<Channels>().AddAsync(new Channel("", Channel.Operator, Channel.Ses, "") { Topics = [SnsMail.Topic] }, Actor.Machine, None)).Channel!;
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private Task<QueuedMail> ReceiveAsync(string body) => _host.Get<SesQueue>().ReceiveAsync(body, None);

    private string Told(string key, string bucket = Bucket, string recipient = ProductHost.Address, string dmarc = "PASS", string spam = "PASS", string topic = SnsMail.Topic, DateTimeOffset? at = null)
    {
        var said = SnsMail.Received("", recipient, dmarc: dmarc, spam: spam).Replace("\"type\": \"SNS\"", $"\"type\": \"S3\", \"bucketName\": \"{bucket}\", \"objectKey\": \"{key}\"", StringComparison.Ordinal)
            .Replace(",\n  \"content\": \"\"", "", StringComparison.Ordinal);
        Assert.DoesNotContain("\"content\"", said, StringComparison.Ordinal);
        // No signature holds: the queue is the proof.
        var mail = SnsMail.Of(said, at ?? _host.Time.GetUtcNow(), topic: topic);
        mail["Signature"] = Convert.ToBase64String(new byte[256]);
        return mail.Json();
    }

    private string Put(string key, string raw)
    {
        _objects[key] = Encoding.UTF8.GetBytes(raw);
        return key;
    }

    [Fact]
    public async Task A_mail_in_the_bucket_is_taken_and_answered_and_leaves_the_bucket()
    {
        var raw = _host.Mail("When do you open?", authentication: null);
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(Told(Put("d6iitobk75ur44p8kdnnp7g2n800", raw))));
        var message = await _host.DecidedAsync(Assert.Single(await _host.ListAsync()));
        Assert.Equal(MessageState.Answered, message.Record.State);
        Assert.Equal((_channel.Id, "anna@customer.example", "ses"), (message.Record.Channel, message.Summary.Envelope.ReversePath, message.Summary.Authentication.Source));
        Assert.Empty(_objects);
    }

    [Fact]
    public async Task Whatever_comes_twice_is_one_mail()
    {
        var raw = _host.Mail("When do you open?", authentication: null);
        var told = Told(Put("mail1", raw));
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(told));
        // The same message, when the object is gone; then the same mail once more, under another name and days later.
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(told));
        _host.Leap(TimeSpan.FromDays(3));
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(Told(Put("mail2", raw))));
        Assert.Single(await _host.ListAsync());
        Assert.Empty(_objects);
    }

    [Fact]
    public async Task A_message_that_waited_for_days_still_counts()
    {
        var told = Told(Put("mail1", _host.Mail("When do you open?", authentication: null)));
        _host.Leap(TimeSpan.FromDays(4));
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(told));
        Assert.Single(await _host.ListAsync());
    }

    [Fact]
    public async Task While_the_bucket_can_not_be_reached_nothing_is_lost()
    {
        var told = Told(Put("mail1", _host.Mail("When do you open?", authentication: null)));
        _down = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ReceiveAsync(told));
        Assert.Empty(await _host.ListAsync());
        _down = false;
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(told));
        Assert.Single(await _host.ListAsync());
    }

    [Fact]
    public async Task A_mail_that_can_not_be_stored_stays_in_the_bucket()
    {
        await _host.DisposeAsync();
        // No disk has so much room.
        await StartAsync(static settings => settings with { Inbound = settings.Inbound with { MinFreeMegabytes = 1_000_000 } });
        Assert.Equal(QueuedMail.Again, await ReceiveAsync(Told(Put("mail1", _host.Mail("When do you open?", authentication: null)))));
        Assert.Single(_objects);
        Assert.Empty(await _host.ListAsync());
    }

    [Theory]
    [InlineData("FAIL", "PASS", "dmarc")]
    [InlineData("PASS", "FAIL", "spam")]
    public async Task The_verdicts_of_SES_decide(string dmarc, string spam, string rule)
    {
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(Told(Put("mail1", _host.Mail("When do you open?", authentication: "dmarc=pass")), dmarc: dmarc, spam: spam)));
        var message = await _host.DecidedAsync(Assert.Single(await _host.ListAsync()));
        Assert.NotEqual(MessageState.Answered, message.Record.State);
        Assert.Contains(rule, message.Record.Reasons);
    }

    [Fact]
    public async Task Nobodys_mail_goes_from_the_bucket_too()
    {
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(Told(Put("mail1", _host.Mail("x")), recipient: "nobody@shop.example")));
        Assert.Empty(await _host.ListAsync());
        Assert.Empty(_objects);
    }

    [Theory]
    [InlineData("other-bucket", "mail1", SnsMail.Topic)]
    [InlineData(Bucket, "../mail1", SnsMail.Topic)]
    [InlineData(Bucket, "/mail1", SnsMail.Topic)]
    [InlineData(Bucket, "mail1?versionId=x", SnsMail.Topic)]
    [InlineData(Bucket, "", SnsMail.Topic)]
    [InlineData(Bucket, "mail1", "arn:aws:sns:eu-west-1:123456789012:another")]
    public async Task What_is_not_from_our_topic_and_bucket_is_for_a_person_to_look_at(string bucket, string key, string topic)
    {
        Put("mail1", _host.Mail("When do you open?"));
        Assert.Equal(QueuedMail.Refused, await ReceiveAsync(Told(key, bucket, topic: topic)));
        Assert.Empty(await _host.ListAsync());
        Assert.Single(_objects);
    }

    [Fact]
    public async Task What_can_not_be_read_or_is_too_large_is_for_a_person_to_look_at()
    {
        foreach (var body in (string[])["", "{}", "no json", """{"v":1,"tenant":"t","kind":"send","target":"x","key":"y","shard":1}""", new string('x', 1_100_000)])
            Assert.Equal(QueuedMail.Refused, await ReceiveAsync(body));
        _objects["large"] = new byte[41 * 1024 * 1024];
        Assert.Equal(QueuedMail.Refused, await ReceiveAsync(Told("large")));
        Assert.Single(_objects);
    }

    [Fact]
    public async Task A_tenants_topic_is_not_believed_here()
    {
        const string Own = "arn:aws:sns:eu-west-1:999999999999:mail-in";
        await _host.Get<Channels>().AddAsync(new Channel("", _host.Tenant.Id, Channel.Ses, "") { Topics = [Own] }, Actor.Machine, None);
        Assert.Equal(QueuedMail.Refused, await ReceiveAsync(Told(Put("mail1", _host.Mail("x")), topic: Own)));
    }

    [Fact]
    public async Task A_contained_channel_takes_nothing_and_loses_nothing()
    {
        var told = Told(Put("mail1", _host.Mail("When do you open?", authentication: null)));
        await _host.Get<IStore>().RetryAsync(async (commit, token) =>
        {
            await _host.Get<Containments>().SetAsync(commit, ContainedKind.Channel, _channel.Id, null, Actor.Machine.Id, null, token);
            return true;
        }, None);
        Assert.Equal(QueuedMail.Again, await ReceiveAsync(told));
        Assert.Single(_objects);
        Assert.Empty(await _host.ListAsync());

        // An event changes nothing meanwhile, and its message is not spent.
        var delivered = await DeliveredAsync();
        Assert.Equal(QueuedMail.Again, await ReceiveAsync(delivered));
        Assert.Equal(OutboxState.Uncertain, (await _host.Get<Outbox>().StateAsync(_host.Tenant.Id, "o1", None))!.State);
        await _host.Get<IStore>().RetryAsync(async (commit, token) => await _host.Get<Containments>().LiftAsync(commit, ContainedKind.Channel, _channel.Id, token), None);
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(delivered));
        Assert.Equal(OutboxState.Sent, (await _host.Get<Outbox>().StateAsync(_host.Tenant.Id, "o1", None))!.State);
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(told));
        Assert.Single(await _host.ListAsync());
    }

    [Fact]
    public async Task An_event_about_a_mail_out_settles_it_once()
    {
        var delivered = await DeliveredAsync();
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(delivered));
        Assert.Equal(QueuedMail.Done, await ReceiveAsync(delivered));
        var record = (await _host.Get<Outbox>().StateAsync(_host.Tenant.Id, "o1", None))!;
        Assert.Equal((OutboxState.Sent, 1), (record.State, record.Events.Count));
    }

    /// <summary>What SES says of a mail out of which nobody knows how it ended.</summary>
    private async Task<string> DeliveredAsync()
    {
        var subject = new TokenSubject(_host.Tenant.Id, "o1");
        var tokens = _host.Get<ReplyTokens>();
        var commit = new Commit();
        _host.Get<Outbox>().Enqueue(commit, subject.TenantId, await _host.Get<KeyRing>().RequireAsync(subject.TenantId, None),
            new OutboxRecord { Id = "o1", Purpose = OutboxPurpose.Reply, State = OutboxState.Uncertain, CreatedAt = _host.Time.GetUtcNow() }, Mails.Answer() with { MessageId = tokens.MessageId(subject, "shop.example") });
        Assert.Equal(CommitResult.Committed, await _host.Get<IStore>().CommitAsync(commit, None));
        var mail = SnsMail.Of($$"""{"eventType": "Delivery", "mail": {"source": "x@y.example", "headers": [{"name": "Message-ID", "value": "<{{tokens.MessageId(subject, "shop.example")}}>"}] } }""", _host.Time.GetUtcNow());
        mail["Signature"] = Convert.ToBase64String(new byte[256]);
        return mail.Json();
    }
}
