using System.Text.Json;
using System.Text.Json.Nodes;
using ReplyMint.Aws;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>
/// Three tables of one test with a store on them: on dynalite behind a stand-in for transactions, or on the endpoint that
/// REPLYMINT_TEST_DYNAMODB names (then with the region and the credentials of the usual AWS variables).
/// </summary>
internal sealed class DynamoBench : IAsyncDisposable
{
    private readonly HttpClient _http = new();
    private readonly CredentialSource _credentials;
    private readonly AwsPlace _place;
    private readonly DynamoTables _tables = new($"replymint-test-{Guid.NewGuid():N}-");
    private readonly AwsPatience _patience;
    private readonly DynamoStore[] _stores;

    private DynamoBench(Uri endpoint, DynamoStandIn? standIn, TimeProvider time, int stores, AwsPatience patience)
    {
        StandIn = standIn;
        _credentials = new(_http, name => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : name is "AWS_ACCESS_KEY_ID" or "AWS_SECRET_ACCESS_KEY" ? "local" : null, TimeProvider.System);
        _place = new(Environment.GetEnvironmentVariable("AWS_REGION") is { Length: > 0 } region ? region : "eu-central-1", "dynamodb", endpoint);
        _patience = patience;
        _stores = [.. Enumerable.Range(0, stores).Select(_ => Make(time))];
    }

    public DynamoStore Store => _stores[0];

    /// <summary>As of another process.</summary>
    public DynamoStore Other => _stores[1];

    public DynamoStandIn? StandIn { get; }

    public Uri Endpoint => _place.Endpoint;

    /// <summary>Of the tables' names.</summary>
    public string Prefix => _tables.Prefix;

    /// <summary>One more, which the caller closes.</summary>
    public DynamoStore Make(TimeProvider time) => new(new(Client(), _patience, TimeProvider.System), _tables, time);

    public static string? Named => Environment.GetEnvironmentVariable("REPLYMINT_TEST_DYNAMODB") is { Length: > 0 } named ? named : null;

    /// <param name="stores">On the same tables, as of so many processes.</param>
    public static async Task<DynamoBench> OpenAsync(TimeProvider time, bool faulty = false, int stores = 1, AwsPatience? patience = null)
    {
        if (faulty && Named is not null)
            Assert.Skip("Faults are injected on the stand-in only.");
        var standIn = Named is null ? await DynamoStandIn.StartAsync(await NodeStandIn.Dynalite) : null;
        var bench = new DynamoBench(standIn?.Address ?? new(Named!), standIn, time, stores, patience ?? AwsPatience.Usual);
        foreach (var table in Enum.GetValues<Table>())
            await bench.MakeAsync(bench._tables.NameOf(table));
        return bench;
    }

    public async ValueTask DisposeAsync()
    {
        if (StandIn is not null)
            StandIn.Faults = static _ => Fault.None;
        foreach (var table in Enum.GetValues<Table>())
            await CallAsync("DeleteTable", new() { ["TableName"] = _tables.NameOf(table) });
        foreach (var store in _stores)
            await store.DisposeAsync();
        _credentials.Dispose();
        _http.Dispose();
        if (StandIn is not null)
            await StandIn.DisposeAsync();
    }

    /// <summary>Removes from the main table what may go by then, as DynamoDB does some time.</summary>
    /// <returns>The sort keys.</returns>
    public async Task<IReadOnlyList<string>> RemoveGoneAsync(DateTimeOffset now)
    {
        var table = _tables.NameOf(Table.Main);
        var found = await CallAsync("Scan", new()
        {
            ["TableName"] = table, ["FilterExpression"] = $"{DynamoTables.Gone} < :now",
            ["ExpressionAttributeValues"] = new JsonObject { [":now"] = new JsonObject { ["N"] = $"{now.ToUnixTimeSeconds()}" } },
        });
        Assert.Null(found.Error);
        var removed = new List<string>();
        foreach (var item in JsonNode.Parse(found.Body)!["Items"]!.AsArray())
        {
            var key = new JsonObject { [DynamoTables.Partition] = item![DynamoTables.Partition]!.DeepClone(), [DynamoTables.Sort] = item[DynamoTables.Sort]!.DeepClone() };
            Assert.Null((await CallAsync("DeleteItem", new() { ["TableName"] = table, ["Key"] = key })).Error);
            removed.Add((string)item[DynamoTables.Sort]!["S"]!);
        }
        return removed;
    }

    /// <summary>Puts small items into a partition, past every store.</summary>
    /// <param name="sort">Their sort keys.</param>
    public async Task FillAsync(string partition, IEnumerable<string> sort)
    {
        var table = _tables.NameOf(Table.Main);
        foreach (var some in sort.Chunk(25))
            Assert.Null((await CallAsync("BatchWriteItem", new()
            {
                ["RequestItems"] = new JsonObject
                {
                    [table] = new JsonArray([.. some.Select(key => (JsonNode)new JsonObject
                    {
                        ["PutRequest"] = new JsonObject
                        {
                            ["Item"] = new JsonObject
                            {
                                [DynamoTables.Partition] = new JsonObject { ["S"] = partition }, [DynamoTables.Sort] = new JsonObject { ["S"] = key },
                                ["ver"] = new JsonObject { ["N"] = "1" }, ["filler"] = new JsonObject { ["S"] = new string('x', 100) },
                            },
                        },
                    })]),
                },
            })).Error);
    }

    private AwsClient Client() => new(_http, _credentials, _place, TimeProvider.System);

    private async Task MakeAsync(string name)
    {
        JsonArray Both(string word, string first, string second) =>
            [new JsonObject { ["AttributeName"] = DynamoTables.Partition, [word] = first }, new JsonObject { ["AttributeName"] = DynamoTables.Sort, [word] = second }];
        var made = await CallAsync("CreateTable", new()
        {
            ["TableName"] = name, ["BillingMode"] = "PAY_PER_REQUEST", ["KeySchema"] = Both("KeyType", "HASH", "RANGE"), ["AttributeDefinitions"] = Both("AttributeType", "S", "S"),
        });
        Assert.Null(made.Error);
        while (true)
        {
            using var document = JsonDocument.Parse((await CallAsync("DescribeTable", new() { ["TableName"] = name })).Body);
            if (document.RootElement.GetProperty("Table").GetProperty("TableStatus").GetString() == "ACTIVE")
                return;
        }
    }

    private Task<AwsAnswer> CallAsync(string name, JsonObject request) =>
        Client().PostAsync("1.0", "DynamoDB_20120810." + name, JsonSerializer.SerializeToUtf8Bytes(request), TimeSpan.FromSeconds(30), CancellationToken.None);
}
