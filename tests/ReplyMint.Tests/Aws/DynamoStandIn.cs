using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ReplyMint.Tests.Aws;

/// <summary>What goes wrong with one call.</summary>
internal enum Fault
{
    None, Throttle, ServerError, Conflict, InProgress,
    /// <summary>The connection breaks before the call is carried out, or after it.</summary>
    LostBefore, LostAfter,
    /// <summary>Carried out, and then no answer for as long as the caller waits.</summary>
    SilentAfter,
    /// <summary>One item of a page, or one key of a batch, and the rest is to be asked for again.</summary>
    Partial,
}

/// <summary>
/// Stands before a server that speaks DynamoDB without transactions and adds TransactWriteItems: under one lock all conditions are
/// asked first, by that server itself, and then all is written; a token that was carried out is answered again without a write. Faults
/// are injected here.
/// </summary>
internal sealed partial class DynamoStandIn : IAsyncDisposable
{
    private const string Prefix = "DynamoDB_20120810.";
    private readonly WebApplication _app;
    private readonly HttpClient _http = new();
    private readonly Uri _server;
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Dictionary<string, string> _done = [];

    private DynamoStandIn(WebApplication app, Uri server) => (_app, _server) = (app, server);

    /// <summary>Asked for each call by its name.</summary>
    public Func<string, Fault> Faults { get; set; } = static _ => Fault.None;

    /// <summary>Names of all calls, in their order.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>How many items each transaction held.</summary>
    public ConcurrentQueue<int> Transactions { get; } = new();

    /// <summary>Units of capacity that the server says were used, by the call that used them.</summary>
    public ConcurrentDictionary<string, double> Used { get; } = new(StringComparer.Ordinal);

    /// <summary>Transactions that were written, without those that were known already.</summary>
    public int Written { get; private set; }

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<DynamoStandIn> StartAsync(Uri server)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.None);
        var standIn = new DynamoStandIn(builder.Build(), server);
        standIn._app.Run(standIn.AnswerAsync);
        await standIn._app.StartAsync();
        return standIn;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
        _one.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var name = context.Request.Headers["X-Amz-Target"].ToString()[Prefix.Length..];
        Calls.Enqueue(name);
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var fault = Faults(name);
        var (status, answer) = fault switch
        {
            Fault.Throttle => (400, Error("ProvisionedThroughputExceededException")),
            Fault.ServerError => (500, Error("InternalServerError")),
            Fault.InProgress => (400, Error("TransactionInProgressException")),
            Fault.Conflict => (400, Canceled([.. JsonNode.Parse(body)!["TransactItems"]!.AsArray().Select((_, i) => new JsonObject { ["Code"] = i == 0 ? "TransactionConflict" : "None" })])),
            Fault.LostBefore => (0, ""),
            Fault.Partial => await PartialAsync(name, JsonNode.Parse(body)!.AsObject()),
            _ when name == "TransactWriteItems" => await TransactAsync(body),
            // Such a read may miss what was just written; here it always finds out.
            _ when name is "GetItem" or "BatchGetItem" or "Query" && !body.Contains("\"ConsistentRead\":true", StringComparison.Ordinal) => (400, Error("ReadOfAnOlderState")),
            _ => await PassOnAsync(name, body),
        };
        if (fault == Fault.SilentAfter)
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        if (fault is Fault.LostBefore or Fault.LostAfter or Fault.SilentAfter)
        {
            context.Abort();
            return;
        }
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/x-amz-json-1.0";
        await context.Response.WriteAsync(answer);
    }

    private async Task<(int, string)> TransactAsync(string body)
    {
        await _one.WaitAsync();
        try
        {
            var request = JsonNode.Parse(body)!;
            var token = (string)request["ClientRequestToken"]!;
            if (_done.TryGetValue(token, out var before))
                return before == body ? (200, "{}") : (400, Error("IdempotentParameterMismatchException"));
            var writes = request["TransactItems"]!.AsArray().Select(item => item!.AsObject().Single()).Select(one => (Verb: one.Key, What: one.Value!.AsObject())).ToList();
            if (writes.Count is 0 or > 100 || writes.DistinctBy(write => $"{write.What["TableName"]} {write.What["Key"]!.ToJsonString()}").Count() != writes.Count || body.Length > 6 * 1024 * 1024)
                return (400, Error("ValidationException"));
            var asked = await Task.WhenAll(writes.Select(write => AskAsync(write.What)));
            if (asked.FirstOrDefault(one => one.Error is not null).Error is { } error)
                return (400, error);
            if (asked.Any(one => one.Reason is not null))
                return (400, Canceled([.. asked.Select(one => one.Reason ?? new JsonObject { ["Code"] = "None" })]));
            foreach (var (status, answer) in await Task.WhenAll(writes.Where(write => write.Verb != "ConditionCheck").Select(WriteAsync)))
                if (status != 200)
                    throw new InvalidOperationException($"The server refused a write whose conditions hold: {answer}");
            _done.Add(token, body);
            Transactions.Enqueue(writes.Count);
            Written++;
            return (200, "{}");
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>
    /// Whether the condition holds. The server says so: by a deletion of what is not there, or by a write that changes nothing of what is.
    /// </summary>
    private async Task<(JsonObject? Reason, string? Error)> AskAsync(JsonObject write)
    {
        var (status, answer) = await PassOnAsync("GetItem", new JsonObject { ["TableName"] = (string)write["TableName"]!, ["Key"] = write["Key"]!.DeepClone(), ["ConsistentRead"] = true }.ToJsonString());
        if (status != 200)
            return (null, answer);
        var item = JsonNode.Parse(answer)!["Item"];
        if (write["ConditionExpression"] is null)
            return (null, null);
        var asked = Only(write, "ConditionExpression");
        if (item is not null)
            asked["UpdateExpression"] = "SET ver = ver";
        var (held, said) = await PassOnAsync(item is null ? "DeleteItem" : "UpdateItem", asked.ToJsonString());
        if (held == 200)
            return (null, null);
        if (!said.Contains("ConditionalCheckFailedException", StringComparison.Ordinal))
            return (null, said);
        var reason = new JsonObject { ["Code"] = "ConditionalCheckFailed" };
        if (item is not null && (string?)write["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD")
            reason["Item"] = item.DeepClone();
        return (reason, null);
    }

    private Task<(int Status, string Answer)> WriteAsync((string Verb, JsonObject What) write) =>
        PassOnAsync(write.Verb == "Delete" ? "DeleteItem" : "UpdateItem", Only(write.What, "UpdateExpression").ToJsonString());

    /// <summary>The write with one expression, and the values that stand in it: the server refuses others.</summary>
    private static JsonObject Only(JsonObject write, string expression)
    {
        var only = new JsonObject { ["TableName"] = (string)write["TableName"]!, ["Key"] = write["Key"]!.DeepClone() };
        if ((string?)write[expression] is not { } text)
            return only;
        only[expression] = text;
        var used = Value().Matches(text).Select(value => value.Value).ToHashSet(StringComparer.Ordinal);
        if (write["ExpressionAttributeValues"]?.AsObject().Where(value => used.Contains(value.Key)).ToList() is { Count: > 0 } values)
            only["ExpressionAttributeValues"] = new JsonObject(values.Select(value => KeyValuePair.Create(value.Key, value.Value?.DeepClone())));
        return only;
    }

    private async Task<(int, string)> PartialAsync(string name, JsonObject request)
    {
        if (name == "Query")
        {
            request["Limit"] = 1;
            return await PassOnAsync(name, request.ToJsonString());
        }
        var (table, asked) = request["RequestItems"]!.AsObject().First();
        var keys = asked!["Keys"]!.AsArray();
        var rest = request["RequestItems"]!.DeepClone().AsObject();
        rest[table]!["Keys"]!.AsArray().RemoveAt(0);
        if (keys.Count == 1)
            rest.Remove(table);
        var (status, answer) = await PassOnAsync(name, new JsonObject
        {
            ["RequestItems"] = new JsonObject { [table] = new JsonObject { ["Keys"] = new JsonArray(keys[0]!.DeepClone()), ["ConsistentRead"] = true } },
        }.ToJsonString());
        var whole = JsonNode.Parse(answer)!.AsObject();
        whole["UnprocessedKeys"] = rest;
        return (status, whole.ToJsonString());
    }

    private async Task<(int Status, string Answer)> PassOnAsync(string name, string body)
    {
        var metered = name is "GetItem" or "BatchGetItem" or "Query" or "UpdateItem" or "DeleteItem";
        if (metered)
            body = body[..^1] + ",\"ReturnConsumedCapacity\":\"TOTAL\"}";
        using var request = new HttpRequestMessage(HttpMethod.Post, _server) { Content = new StringContent(body, Encoding.UTF8) };
        request.Content.Headers.ContentType = new("application/x-amz-json-1.0");
        request.Headers.TryAddWithoutValidation("X-Amz-Target", Prefix + name);
        request.Headers.TryAddWithoutValidation("X-Amz-Date", "20261124T120000Z");
        request.Headers.TryAddWithoutValidation("Authorization", "AWS4-HMAC-SHA256 Credential=stand-in/20261124/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0");
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        if (metered && answer.StatusCode == HttpStatusCode.OK)
            Used.AddOrUpdate(name, UnitsOf(text), (_, before) => before + UnitsOf(text));
        return (answer.StatusCode == HttpStatusCode.OK ? 200 : (int)answer.StatusCode, text);
    }

    private static double UnitsOf(string answer) => JsonNode.Parse(answer)!["ConsumedCapacity"] switch
    {
        JsonArray several => several.Sum(one => (double)one!["CapacityUnits"]!),
        { } one => (double)one["CapacityUnits"]!,
        null => 0,
    };

    private static string Error(string code) => new JsonObject { ["__type"] = $"com.amazonaws.dynamodb.v20120810#{code}", ["message"] = "As told." }.ToJsonString();

    private static string Canceled(JsonNode[] reasons) =>
        new JsonObject { ["__type"] = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", ["Message"] = "Transaction cancelled.", ["CancellationReasons"] = new JsonArray(reasons) }.ToJsonString();

    [GeneratedRegex(":[a-z]+")]
    private static partial Regex Value();
}
