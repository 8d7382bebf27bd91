using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using ReplyMint.Aws;
using ReplyMint.Security;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Security;

namespace ReplyMint.Tests.Aws;

/// <summary>Alarms of AWS reach a chat, or fail so that they come again.</summary>
public sealed class LambdaAlarmTests : IAsyncLifetime
{
    private const string Topic = "arn:aws:sns:eu-central-1:123456789012:alerts";
    private readonly HttpSink _chat = new();
    private readonly LogLines _log = new();
    private readonly List<HttpClient> _clients = [];
    private string? _address;

    public ValueTask InitializeAsync()
    {
        _address = _chat.Url + "/services/T0/B0/secret";
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await _chat.DisposeAsync();
        _log.Dispose();
    }

    private Task<LambdaOutcome> SendAsync(string @event, OutsideSettings? outside = null)
    {
        // This machine is no place that anybody may name, unless its network is allowed.
        var client = OutsideHttp.Create(OutsideAddress.Secret(outside ?? new() { Networks = ["127.0.0.0/8"] }), needsHttps: false);
        _clients.Add(client);
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(_log));
        using var document = JsonDocument.Parse(@event);
        return new LambdaAlarmSink(client, _ => ValueTask.FromResult(_address), Topic, factory.CreateLogger<LambdaAlarmSink>()).TakeAsync(document.RootElement.Clone(), TestContext.Current.CancellationToken);
    }

    private static string Notice(string message, string? subject = null, string topic = Topic) => new JsonObject
    {
        ["Records"] = new JsonArray(new JsonObject
        {
            ["EventSource"] = "aws:sns", ["EventVersion"] = "1.0", ["EventSubscriptionArn"] = topic + ":1",
            ["Sns"] = new JsonObject { ["Type"] = "Notification", ["MessageId"] = "1", ["TopicArn"] = topic, ["Subject"] = subject, ["Message"] = message, ["Timestamp"] = "2026-11-24T12:00:00.000Z" },
        }),
    }.ToJsonString();

    private string Posted() => (string)JsonNode.Parse(_chat.Requests.Last().Body)!["text"]!;

    [Fact]
    public async Task An_alarm_becomes_a_line_of_a_chat()
    {
        var alarm = new JsonObject { ["AlarmName"] = "replymint-production-dead-letters", ["NewStateValue"] = "ALARM", ["OldStateValue"] = "OK", ["NewStateReason"] = "Threshold Crossed:\n1 datapoint (2.0) was greater than 0.", ["StateChangeTime"] = "2026-11-24T12:00:00.000+0000", ["Region"] = "EU (Frankfurt)" };
        Assert.Same(LambdaOutcome.Taken, await SendAsync(Notice(alarm.ToJsonString())));
        Assert.Equal("ALARM: replymint-production-dead-letters (EU (Frankfurt), 2026-11-24T12:00:00.000+0000). Threshold Crossed: 1 datapoint (2.0) was greater than 0.", Posted());
        Assert.Contains("/services/T0/B0/secret", _chat.Requests.Last().Head, StringComparison.Ordinal);

        Assert.Same(LambdaOutcome.Taken, await SendAsync(Notice("You have exceeded your budget.\n" + new string('x', 5_000), "AWS Budgets")));
        Assert.StartsWith("AWS Budgets: You have exceeded your budget. x", Posted(), StringComparison.Ordinal);
        Assert.Equal(1_000, Posted().Length);
    }

    [Fact]
    public async Task What_is_not_taken_fails_so_that_it_comes_again()
    {
        foreach (var broken in (string[])["500 Internal Server Error", "302 Found", "drop-body"])
        {
            _chat.Answer = broken;
            Assert.IsType<LambdaOutcome.Refused>(await SendAsync(Notice("x")));
        }
        _address = null;
        Assert.IsType<LambdaOutcome.Refused>(await SendAsync(Notice("x")));
        Assert.DoesNotContain(_log.All, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Other_topics_other_events_and_other_places_get_nothing()
    {
        Assert.IsType<LambdaOutcome.Refused>(await SendAsync(Notice("x", topic: Topic + "-others")));
        Assert.IsType<LambdaOutcome.Refused>(await SendAsync(QueueEvent.Of(("m", "x"))));
        Assert.IsType<LambdaOutcome.Refused>(await SendAsync(new RestEvent("POST", "/").Json()));
        Assert.IsType<LambdaOutcome.Refused>(await SendAsync(Notice("x"), new OutsideSettings()));
        Assert.Equal(0, _chat.Connections);
    }
}
