using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using ReplyMint.Aws;
using ReplyMint.Jobs;
using ReplyMint.Tests.Security;

namespace ReplyMint.Tests.Aws;

/// <summary>Two queues of one test on the stand-in, with faults between us and them.</summary>
internal sealed class SqsBench : IDisposable
{
    private readonly HttpClient _http;
    private readonly CredentialSource _credentials;
    private AwsClient _client = null!;

    private SqsBench()
    {
        _http = new(Faults) { Timeout = Timeout.InfiniteTimeSpan };
        _credentials = new(_http, static name => name is "AWS_ACCESS_KEY_ID" or "AWS_SECRET_ACCESS_KEY" ? "local" : null, TimeProvider.System);
    }

    public SqsFaults Faults { get; } = new();
    public SqsQueues Queues { get; private set; } = null!;
    public LogLines Log { get; } = new();

    public static async Task<SqsBench> OpenAsync()
    {
        var bench = new SqsBench();
        bench._client = new(bench._http, bench._credentials, new("us-east-1", "sqs", await NodeStandIn.Fauxqs), TimeProvider.System);
        bench.Queues = new(await bench.MakeAsync(), await bench.MakeAsync());
        return bench;
    }

    public SqsWakeUps WakeUps(TimeProvider time, AwsPatience? patience = null)
    {
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(Log));
        return new(_client, Queues, [new ErasingKind("erase")], patience ?? new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10)), time, factory.CreateLogger<SqsWakeUps>());
    }

    /// <summary>All that lies in a queue; it is not removed, and hidden for a while.</summary>
    public async Task<IReadOnlyList<(string Id, string Body)>> ReceiveAsync(string queue)
    {
        var all = new List<(string, string)>();
        while (true)
        {
            var answer = await CallAsync("ReceiveMessage", new JsonObject { ["QueueUrl"] = queue, ["MaxNumberOfMessages"] = 10, ["VisibilityTimeout"] = 600 });
            if (answer["Messages"]?.AsArray() is not { Count: > 0 } messages)
                return all;
            all.AddRange(messages.Select(message => ((string)message!["MessageId"]!, (string)message["Body"]!)));
        }
    }

    public void Dispose()
    {
        _credentials.Dispose();
        _http.Dispose();
        Faults.Dispose();
    }

    private async Task<string> MakeAsync() => (string)(await CallAsync("CreateQueue", new JsonObject { ["QueueName"] = $"test-{Guid.NewGuid():N}" }))["QueueUrl"]!;

    private async Task<JsonNode> CallAsync(string operation, JsonNode body)
    {
        var answer = await _client.PostAsync("1.0", "AmazonSQS." + operation, Encoding.UTF8.GetBytes(body.ToJsonString()), TimeSpan.FromSeconds(20), CancellationToken.None);
        Assert.True(answer.Error is null, $"{operation}: {answer.Error} {Encoding.UTF8.GetString(answer.Body)}");
        return JsonNode.Parse(answer.Body)!;
    }
}

/// <summary>What goes wrong with the next sends, in their order; null goes well.</summary>
internal sealed class SqsFaults() : DelegatingHandler(new SocketsHttpHandler())
{
    public Queue<Func<JsonObject, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>>?> Next { get; } = new();

    /// <summary>How many entries each send had.</summary>
    public List<int> Sends { get; } = [];

    public static Task<HttpResponseMessage> Throttled(JsonObject asked, Func<Task<HttpResponseMessage>> send) => Error("RequestThrottled");

    public static Task<HttpResponseMessage> Refused(JsonObject asked, Func<Task<HttpResponseMessage>> send) => Error("AWS.SimpleQueueService.NonExistentQueue");

    public static async Task<HttpResponseMessage> LostAfter(JsonObject asked, Func<Task<HttpResponseMessage>> send)
    {
        (await send()).Dispose();
        throw new HttpRequestException(HttpRequestError.ResponseEnded);
    }

    /// <summary>The first of a batch is not taken.</summary>
    public static Func<JsonObject, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> First(bool senderFault) => (asked, _) =>
        // The others are taken by the next try of a caller that sends all again, so they may not be sent here.
        Task.FromResult(Json(200, new JsonObject
        {
            ["Successful"] = new JsonArray([.. asked["Entries"]!.AsArray().Skip(1).Select(entry => (JsonNode)new JsonObject { ["Id"] = (string)entry!["Id"]!, ["MessageId"] = "m", ["MD5OfMessageBody"] = "0" })]),
            ["Failed"] = new JsonArray(new JsonObject { ["Id"] = (string)asked["Entries"]![0]!["Id"]!, ["SenderFault"] = senderFault, ["Code"] = senderFault ? "InvalidMessageContents" : "InternalError" }),
        }));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!request.Headers.TryGetValues("X-Amz-Target", out var target) || target.Single() != "AmazonSQS.SendMessageBatch")
            return await base.SendAsync(request, cancellationToken);
        var asked = JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!.AsObject();
        Func<JsonObject, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>>? fault;
        lock (Sends)
        {
            Sends.Add(asked["Entries"]!.AsArray().Count);
            Next.TryDequeue(out fault);
        }
        return fault is null ? await base.SendAsync(request, cancellationToken) : await fault(asked, () => base.SendAsync(request, cancellationToken));
    }

    private static Task<HttpResponseMessage> Error(string code) => Task.FromResult(Json(400, new JsonObject { ["__type"] = $"com.amazonaws.sqs#{code}", ["message"] = "As told." }));

    private static HttpResponseMessage Json(int status, JsonNode body) => new((System.Net.HttpStatusCode)status) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/x-amz-json-1.0") };
}
