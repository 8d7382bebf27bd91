using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>
/// What CloudFormation would make of the template for one set of parameters: conditions decided, intrinsic functions carried out, and
/// names and ARNs as AWS would give them, so that they can be compared with each other and with the product's own.
/// </summary>
internal sealed class Stack
{
    public const string Region = "eu-central-1";
    public const string Account = "111122223333";

    private readonly JsonObject _template;
    private string? _text;
    private readonly Dictionary<string, string> _parameters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _conditions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Resource> _resources = new(StringComparer.Ordinal);

    /// <param name="parameters">Others have their defaults.</param>
    public Stack(JsonObject template, params (string Name, string Value)[] parameters)
    {
        _template = template;
        // What nobody named stands for itself: nothing is equal to it by accident.
        foreach (var (name, parameter) in template["Parameters"] as JsonObject ?? [])
            _parameters[name] = parameters.Where(one => one.Name == name).Select(one => one.Value).FirstOrDefault() ?? parameter?["Default"]?.GetValue<string>() ?? name;
        foreach (var (name, resource) in template["Resources"]!.AsObject())
            if (resource!["Condition"] is not { } condition || Decide(condition.GetValue<string>()))
                _resources[name] = new(name, resource["Type"]!.GetValue<string>(), (JsonObject)Resolve(resource)!);
    }

    public string Stage => Parameter("Stage") is { Length: > 0 } stage ? stage : "production";

    public JsonObject Template => _template;

    public string TemplateText => _text ??= _template.ToJsonString();

    public IEnumerable<Resource> All => _resources.Values;

    public IEnumerable<Resource> Of(string type) => _resources.Values.Where(resource => resource.Type == type);

    public Resource? Find(string name) => _resources.GetValueOrDefault(name);

    /// <summary>The first of its type, or null: a check says itself what is missing then.</summary>
    public Resource? One(string type) => Of(type).FirstOrDefault();

    /// <summary>"" when the template has none of this name.</summary>
    public string Parameter(string name) => _parameters.GetValueOrDefault(name, "");

    public static IEnumerable<JsonNode> ListOf(JsonNode? node) => node switch
    {
        JsonArray list => list.OfType<JsonNode>(),
        null => [],
        _ => [node],
    };

    public static IEnumerable<string> TextsOf(JsonNode? node) => ListOf(node).OfType<JsonValue>().Select(value => value.GetValue<string>());

    private bool Decide(string name) => _conditions.TryGetValue(name, out var known) ? known
        : _conditions[name] = Decide(_template["Conditions"]?[name] ?? throw new InvalidOperationException($"There is no condition {name}."));

    private bool Decide(JsonNode condition)
    {
        var (function, value) = condition.AsObject().Single();
        return function switch
        {
            "Condition" => Decide(value!.GetValue<string>()),
            "Fn::Equals" => TextOf(value![0]) == TextOf(value[1]),
            "Fn::Not" => !Decide(value![0]!),
            "Fn::Or" => value!.AsArray().Any(one => Decide(one!)),
            "Fn::And" => value!.AsArray().All(one => Decide(one!)),
            _ => throw new InvalidOperationException($"A condition can't be {function}."),
        };
    }

    private string TextOf(JsonNode? node) => Resolve(node) is JsonValue value ? value.GetValue<string>() : throw new InvalidOperationException($"{node} is no text.");

    /// <returns>Null for what is not there (AWS::NoValue).</returns>
    private JsonNode? Resolve(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray list:
                return new JsonArray([.. list.Select(Resolve).Where(one => one is not null)]);
            case JsonObject some when some.Count == 1 && some.Single() is var (function, value) && (function is "Ref" || function.StartsWith("Fn::", StringComparison.Ordinal)):
                return Carry(function, value);
            case JsonObject some:
                return new JsonObject(some.Select(one => KeyValuePair.Create(one.Key, Resolve(one.Value))).Where(one => one.Value is not null));
            default:
                return node?.DeepClone();
        }
    }

    private JsonNode? Carry(string function, JsonNode? value) => function switch
    {
        "Ref" => value!.GetValue<string>() == "AWS::NoValue" ? null : JsonValue.Create(Ref(value.GetValue<string>())),
        "Fn::If" => Resolve(value![Decide(value[0]!.GetValue<string>()) ? 1 : 2]),
        "Fn::GetAtt" => JsonValue.Create(Attribute(value![0]!.GetValue<string>(), value[1]!.GetValue<string>())),
        "Fn::Sub" => JsonValue.Create(value is JsonArray pair ? Substitute(pair[0]!.GetValue<string>(), pair[1]!.AsObject()) : Substitute(value!.GetValue<string>(), [])),
        "Fn::FindInMap" => _template["Mappings"]![TextOf(value![0])]![TextOf(value[1])]![TextOf(value[2])]!.DeepClone(),
        "Fn::Select" => Resolve(value![1])![int.Parse(TextOf(value[0]), CultureInfo.InvariantCulture)]!.DeepClone(),
        "Fn::Join" => JsonValue.Create(string.Join(TextOf(value![0]), TextsOf(Resolve(value[1])))),
        "Fn::GetAZs" => new JsonArray(Region + "a", Region + "b", Region + "c"),
        "Fn::Cidr" => new JsonArray([.. Enumerable.Range(0, 16).Select(i => (JsonNode)JsonValue.Create($"{TextOf(value![0])}#{i}"))]),
        _ => throw new InvalidOperationException($"{function} is not known here."),
    };

    private string Substitute(string text, JsonObject own)
    {
        var all = new StringBuilder();
        for (var at = 0; at < text.Length;)
        {
            var (start, end) = text.IndexOf("${", at, StringComparison.Ordinal) is >= 0 and var found ? (found, text.IndexOf('}', found)) : (-1, -1);
            if (end < 0)
                return all.Append(text, at, text.Length - at).ToString();
            all.Append(text, at, start - at);
            var name = text[(start + 2)..end];
            // ${!Name} is written as it stands, without the mark.
            all.Append(name is ['!', .. var literal] ? $"${{{literal}}}" : own[name] is { } value ? TextOf(value) : name.Split('.', 2) is [var resource, var attribute] ? Attribute(resource, attribute) : Ref(name));
            at = end + 1;
        }
        return all.ToString();
    }

    private string Ref(string name) => name switch
    {
        "AWS::Region" => Region,
        "AWS::AccountId" => Account,
        "AWS::Partition" => "aws",
        "AWS::StackId" => $"arn:aws:cloudformation:{Region}:{Account}:stack/replymint-{Stage}/1",
        _ when _parameters.TryGetValue(name, out var parameter) => parameter,
        _ => Is(name) switch
        {
            "AWS::SQS::Queue" => $"https://sqs.{Region}.amazonaws.com/{Account}/{Named(name, "QueueName")}",
            "AWS::SNS::Topic" or "AWS::IAM::ManagedPolicy" => Attribute(name, "Arn"),
            "AWS::S3::Bucket" => Named(name, "BucketName"),
            "AWS::DynamoDB::Table" => Named(name, "TableName"),
            "AWS::Lambda::Function" => Named(name, "FunctionName"),
            "AWS::Logs::LogGroup" => Named(name, "LogGroupName"),
            "AWS::ApiGateway::Stage" => Named(name, "StageName"),
            "AWS::ApiGateway::DomainName" => Named(name, "DomainName"),
            "AWS::SES::ConfigurationSet" => Named(name, "Name"),
            "AWS::Backup::BackupVault" => Named(name, "BackupVaultName"),
            _ => name,
        },
    };

    private string Attribute(string name, string attribute) => (Is(name), attribute) switch
    {
        ("AWS::SQS::Queue", "Arn") => Arn("sqs", Named(name, "QueueName")),
        ("AWS::SQS::Queue", "QueueName") => Named(name, "QueueName"),
        ("AWS::SNS::Topic", "Arn" or "TopicArn") => Arn("sns", Named(name, "TopicName")),
        ("AWS::DynamoDB::Table", "Arn") => Arn("dynamodb", "table/" + Named(name, "TableName")),
        ("AWS::S3::Bucket", "Arn") => "arn:aws:s3:::" + Named(name, "BucketName"),
        ("AWS::KMS::Key", "Arn") => Arn("kms", "key/" + name),
        ("AWS::Lambda::Function", "Arn") => Arn("lambda", "function:" + Named(name, "FunctionName")),
        ("AWS::Logs::LogGroup", "Arn") => Arn("logs", $"log-group:{Named(name, "LogGroupName")}:*"),
        ("AWS::IAM::Role", "Arn") => $"arn:aws:iam::{Account}:role/{Named(name, "RoleName")}",
        ("AWS::IAM::ManagedPolicy", "Arn") => $"arn:aws:iam::{Account}:policy/{Named(name, "ManagedPolicyName")}",
        ("AWS::Events::Rule", "Arn") => Arn("events", "rule/" + Named(name, "Name")),
        ("AWS::WAFv2::IPSet", "Arn") => Arn("wafv2", $"regional/ipset/{Named(name, "Name")}/1"),
        ("AWS::WAFv2::WebACL", "Arn") => Arn("wafv2", $"regional/webacl/{Named(name, "Name")}/1"),
        _ => $"{name}.{attribute}",
    };

    private static string Arn(string service, string rest) => $"arn:aws:{service}:{Region}:{Account}:{rest}";

    private string Is(string name) => _template["Resources"]![name]?["Type"]?.GetValue<string>() ?? throw new InvalidOperationException($"There is no {name} in the template.");

    private string Named(string name, string property) => _template["Resources"]![name]!["Properties"]?[property] is { } given ? TextOf(given) : name;
}
