using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Aws;

/// <summary>SSM Parameter Store's GetParameters and PutParameter.</summary>
internal sealed class SsmDouble
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Type, string Value, double At)> _all = [];

    public SsmDouble(AwsFront front) => front.Doubles["AmazonSSM."] = call => Task.FromResult(Answer(call));

    /// <summary>Said instead of an answer.</summary>
    public string? Fails { get; set; }

    /// <summary>What the role may not read.</summary>
    public HashSet<string> Forbidden { get; } = [];

    /// <summary>How many names each call asked for.</summary>
    public List<int> Asked { get; } = [];

    public JsonNode? LastPut { get; private set; }

    public void Set(string name, string value, string type = "SecureString")
    {
        lock (_lock)
            _all[name] = (type, value, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0);
    }

    public void Remove(string name)
    {
        lock (_lock)
            _all.Remove(name);
    }

    private AwsReply Answer(AwsCall call)
    {
        if (Fails is not null)
            return AwsReply.Error(Fails, Fails.StartsWith("Internal", StringComparison.Ordinal) ? 500 : 400);
        if (call.Name == "AmazonSSM.PutParameter")
        {
            LastPut = call.Json;
            Set((string)call.Json["Name"]!, (string)call.Json["Value"]!, (string)call.Json["Type"]!);
            return AwsReply.Ok(new JsonObject { ["Version"] = 1 });
        }
        var names = call.Json["Names"]!.AsArray().Select(name => (string)name!).ToList();
        Asked.Add(names.Count);
        // More are refused, and so is a name twice.
        if (names.Count is 0 or > 10 || names.Distinct().Count() != names.Count)
            return AwsReply.Error("ValidationException");
        if (names.Any(Forbidden.Contains))
            return AwsReply.Error("AccessDeniedException");
        var decrypts = (bool?)call.Json["WithDecryption"] == true;
        lock (_lock)
            return AwsReply.Ok(new JsonObject
            {
                ["Parameters"] = new JsonArray([.. names.Where(_all.ContainsKey).Select(name => new JsonObject
                {
                    ["Name"] = name, ["Type"] = _all[name].Type, ["Value"] = decrypts ? _all[name].Value : "AQICAH...", ["Version"] = 1, ["LastModifiedDate"] = _all[name].At,
                })]),
                ["InvalidParameters"] = new JsonArray([.. names.Where(name => !_all.ContainsKey(name)).Select(name => JsonValue.Create(name))]),
            });
    }
}
