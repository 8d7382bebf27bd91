using System.Net;
using System.Text.Json;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Storage;
using ReplyMint.Tests.Outbound;

namespace ReplyMint.Tests.Inbound;

public sealed class MailgunEventsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>A mail in the outbox as it stands after its sending, and its Message-ID.</summary>
    private static async Task<string> SentAsync(MailgunHost host, string id, OutboxState state)
    {
        var keys = host.Get<KeyRing>();
        var messageId = host.Get<ReplyTokens>().MessageId(new TokenSubject(host.Tenant.Id, id), "example.com");
        var commit = new Commit();
        host.Get<Outbox>().Enqueue(commit, host.Tenant.Id, await keys.RequireAsync(host.Tenant.Id, None),
            new OutboxRecord { Id = id, Purpose = OutboxPurpose.Reply, State = state, CreatedAt = host.Time.GetUtcNow() },
            Mails.Answer() with { MessageId = messageId });
        Assert.Equal(CommitResult.Committed, await host.Get<IStore>().CommitAsync(commit, None));
        return messageId;
    }

    private static string Event(MailgunHost host, string messageId, string kind, string severity = "permanent", string key = MailgunHost.Key, string id = "e1", string recipient = "ann@customer.example")
    {
        var signed = host.Sign(key).ToDictionary(p => p.Key, p => p.Value);
        return $$$"""
            {
              "signature": {"timestamp": "{{{signed["timestamp"]}}}", "token": "{{{signed["token"]}}}", "signature": "{{{signed["signature"]}}}"},
              "event-data": {
                "event": "{{{kind}}}", "severity": "{{{severity}}}", "id": "{{{id}}}", "timestamp": 1521472262.908181,
                "recipient": "{{{recipient}}}", "user-variables": [], "tags": ["x"],
                "message": {"headers": {"message-id": "{{{messageId}}}", "from": "x"}, "size": 1},
                "delivery-status": {"code": 550, "enhanced-code": "5.1.1", "message": "5.1.1 <ann@customer.example> unknown", "description": ""}
              }
            }
            """;
    }

    private static async Task<OutboxRecord> RecordAsync(MailgunHost host, string id) => (await host.Get<Outbox>().StateAsync(host.Tenant.Id, id, None))!;

    private static async Task<SuppressionReason?> SuppressedAsync(MailgunHost host, string address) =>
        (await host.Get<Suppressions>().FindAsync(host.Tenant.Id, address, None))?.Reason;

    [Fact]
    public async Task A_delivery_settles_an_uncertain_mail_and_is_stored_once()
    {
        await using var host = await MailgunHost.StartAsync();
        var messageId = await SentAsync(host, "o1", OutboxState.Uncertain);
        Assert.Equal(HttpStatusCode.OK, await host.PostJsonAsync(Event(host, messageId, "delivered")));
        Assert.Equal(HttpStatusCode.OK, await host.PostJsonAsync(Event(host, messageId, "delivered")));
        var record = await RecordAsync(host, "o1");
        Assert.Equal(OutboxState.Sent, record.State);
        var stored = Assert.Single(record.Events);
        Assert.Equal(("delivered", "550 5.1.1"), (stored.Kind, stored.Detail));
        Assert.Equal(new DateTimeOffset(2018, 3, 19, 15, 11, 2, 908, TimeSpan.Zero), stored.At);
        Assert.Null(await SuppressedAsync(host, "ann@customer.example"));
    }

    [Theory]
    [InlineData("failed", "permanent", nameof(SuppressionReason.PermanentFailure))]
    [InlineData("complained", "", nameof(SuppressionReason.Complaint))]
    [InlineData("failed", "temporary", null)]
    [InlineData("delivered", "", null)]
    public async Task Permanent_failures_and_complaints_suppress_the_address_that_was_written_to(string kind, string severity, string? reason)
    {
        await using var host = await MailgunHost.StartAsync();
        var messageId = await SentAsync(host, "o1", OutboxState.Sent);
        // The body is not signed: the address that the event names is not believed.
        Assert.Equal(HttpStatusCode.OK, await host.PostJsonAsync(Event(host, messageId, kind, severity, recipient: "victim@elsewhere.example")));
        Assert.Equal(reason, (await SuppressedAsync(host, "ann@customer.example"))?.ToString());
        Assert.Null(await SuppressedAsync(host, "victim@elsewhere.example"));
        Assert.Single((await RecordAsync(host, "o1")).Events);
    }

    [Fact]
    public async Task A_replayed_signature_carries_no_other_event()
    {
        await using var host = await MailgunHost.StartAsync();
        var messageId = await SentAsync(host, "o1", OutboxState.Uncertain);
        var posted = Event(host, messageId, "accepted");
        Assert.Equal(HttpStatusCode.OK, await host.PostJsonAsync(posted));
        Assert.Equal(HttpStatusCode.OK, await host.PostJsonAsync(posted));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostJsonAsync(posted.Replace("accepted", "complained", StringComparison.Ordinal)));
        Assert.Null(await SuppressedAsync(host, "ann@customer.example"));
    }

    [Fact]
    public async Task Forged_and_foreign_events_change_nothing()
    {
        await using var host = await MailgunHost.StartAsync();
        var messageId = await SentAsync(host, "o1", OutboxState.Uncertain);
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostJsonAsync(Event(host, messageId, "complained", key: "another")));
        // Another tenant's channel speaks only of that tenant's mails; a Message-ID that we did not make says nothing.
        Assert.Equal(HttpStatusCode.OK, await host.PostJsonAsync(Event(host, messageId, "complained", key: MailgunHost.ChannelKey), $"/webhooks/mailgun/{host.OtherChannel.Id}/events"));
        Assert.Equal(HttpStatusCode.OK, await host.PostJsonAsync(Event(host, messageId[..^14] + "x@example.com", "complained")));
        Assert.Equal(HttpStatusCode.OK, await host.PostJsonAsync(Event(host, messageId, "opened")));
        Assert.Equal(OutboxState.Uncertain, (await RecordAsync(host, "o1")).State);
        Assert.Empty((await RecordAsync(host, "o1")).Events);
        Assert.Null(await SuppressedAsync(host, "ann@customer.example"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"signature\": {}}")]
    [InlineData("{\"signature\": 1, \"event-data\": {}}")]
    [InlineData("{\"signature\": {}, \"signature\": {}, \"event-data\": {}}")]
    public async Task Bad_bodies_get_400(string json)
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, await host.PostJsonAsync(json));
    }

    [Fact]
    public async Task Unsigned_is_401_and_huge_is_413()
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostJsonAsync("{\"signature\": {}, \"event-data\": {}}"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await host.PostJsonAsync(JsonSerializer.Serialize(new string('x', 300_000))));
    }
}
