using System.Globalization;
using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Infra;

/// <summary>
/// Whether a role may do an action on a resource, by the rules of IAM as far as the template needs them: an explicit refusal wins, in the
/// role's policies and in the resource's own; else one of the role's must allow; a key's own policy must allow its account, too; and what
/// a function calls by the network must be let through by the endpoint of its VPC, and anything by the boundary of roles. An operator that is
/// not known here is an error.
/// </summary>
internal sealed class Access(Stack stack)
{
    private const string PrincipalArn = "aws:PrincipalArn";

    private static readonly Lazy<List<JsonObject>> s_boundary = new(() => [.. Statements(BootstrapChecks.Stack().Find("Boundary")!.Node("PolicyDocument"))]);

    // Thousands of questions are asked of one stack.
    private readonly Dictionary<string, List<JsonObject>> _identity = new(StringComparer.Ordinal);
    private readonly ILookup<string, JsonObject> _others = ResourceStatements(stack).ToLookup(one => one.Arn, one => one.Statement, StringComparer.Ordinal);
    private readonly HashSet<string> _inVpc = [.. stack.Of("AWS::Lambda::Function").Where(function => function.Node("VpcConfig") is not null).Select(function => function.Text("Role"))];
    private readonly Dictionary<string, Resource> _endpoints = stack.Of("AWS::EC2::VPCEndpoint").ToDictionary(endpoint => endpoint.Text("ServiceName").Split('.')[^1], StringComparer.Ordinal);

    /// <param name="role">Its logical name.</param>
    /// <param name="context">Keys of conditions, beside those that every call has.</param>
    /// <param name="byService">AWS calls on behalf of the role (Lambda fetches messages and makes interfaces), not the function's code.</param>
    public bool May(string role, string action, string resource, IReadOnlyDictionary<string, string>? context = null, bool byService = false)
    {
        var of = stack.Find(role) ?? throw new InvalidOperationException($"There is no role {role}.");
        var call = new Call(action, resource, Context(of, context, byService));
        var identity = Own(of).Where(statement => Applies(statement, call)).ToList();
        // A bucket's policy speaks of its objects, too.
        var others = _others[resource].Concat(resource.StartsWith("arn:aws:s3:::", StringComparison.Ordinal) && resource.Split('/', 2) is [var bucket, _] ? _others[bucket] : [])
            .Where(statement => Applies(statement, call) && IsOf(statement["Principal"], call)).ToList();
        var most = of.Node("PermissionsBoundary") is null ? null : s_boundary.Value.Where(statement => Applies(statement, call)).ToList();
        return !identity.Concat(others).Concat(most ?? []).Any(Denies) && identity.Any(Allows) && most?.Any(Allows) != false
            && (!action.StartsWith("kms:", StringComparison.Ordinal) || others.Any(Allows))
            && (byService || !_inVpc.Contains($"arn:aws:iam::{Stack.Account}:role/{of.Text("RoleName")}") || !_endpoints.TryGetValue(action.Split(':')[0], out var endpoint) || Passes(endpoint, call));
    }

    /// <summary>Whether the role's own policies would let it, whatever else stands in the way: what it does not need it is not given.</summary>
    public bool IsGiven(string role, string action, string resource, IReadOnlyDictionary<string, string>? context = null, bool byService = false)
    {
        var of = stack.Find(role) ?? throw new InvalidOperationException($"There is no role {role}.");
        var call = new Call(action, resource, Context(of, context, byService));
        var own = Own(of).Where(statement => Applies(statement, call)).ToList();
        return !own.Any(Denies) && own.Any(Allows);
    }

    /// <summary>Of the role's own policies and of those of this template that are attached to it.</summary>
    public static IEnumerable<JsonObject> StatementsOf(Stack stack, Resource role) =>
        role.List("Policies").SelectMany(policy => Statements(policy["PolicyDocument"])).Concat(
            Stack.TextsOf(role.Node("ManagedPolicyArns")).SelectMany(arn => stack.Of("AWS::IAM::ManagedPolicy")
                .Where(policy => arn.EndsWith(":policy/" + policy.Text("ManagedPolicyName"), StringComparison.Ordinal)).SelectMany(policy => Statements(policy.Node("PolicyDocument")))));

    public static IEnumerable<JsonObject> Statements(JsonNode? document) => Stack.ListOf(document?["Statement"]).OfType<JsonObject>();

    public static bool Allows(JsonObject statement) => (string?)statement["Effect"] == "Allow";

    public static bool Denies(JsonObject statement) => (string?)statement["Effect"] == "Deny";

    /// <summary>"*" is any text and "?" any letter, as in policies.</summary>
    public static bool Matches(string pattern, string text)
    {
        var (p, t, star, from) = (0, 0, -1, 0);
        while (t < text.Length)
        {
            if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*')
                (p, t) = (p + 1, t + 1);
            else if (p < pattern.Length && pattern[p] == '*')
                (star, from, p) = (p, t, p + 1);
            else if (star >= 0)
                (p, t) = (star + 1, ++from);
            else
                return false;
        }
        return pattern[p..].All(c => c == '*');
    }

    private List<JsonObject> Own(Resource role) => _identity.TryGetValue(role.Name, out var own) ? own : _identity[role.Name] = [.. StatementsOf(stack, role)];

    private static Dictionary<string, string> Context(Resource role, IReadOnlyDictionary<string, string>? context, bool byService)
    {
        Dictionary<string, string> all = new(StringComparer.OrdinalIgnoreCase)
        {
            [PrincipalArn] = $"arn:aws:iam::{Stack.Account}:role/{role.Text("RoleName")}", ["aws:PrincipalAccount"] = Stack.Account, ["aws:ResourceAccount"] = Stack.Account,
            ["aws:SecureTransport"] = "true", ["s3:TlsVersion"] = "1.3",
        };
        if (!byService && role.Text("RoleName") is var name)
            all["lambda:SourceFunctionArn"] = $"arn:aws:lambda:{Stack.Region}:{Stack.Account}:function:{name}";
        foreach (var (key, value) in context ?? new Dictionary<string, string>())
            all[key] = value;
        return all;
    }

    private static bool Passes(Resource endpoint, Call call)
    {
        // Without a policy of its own an endpoint lets everything through.
        var statements = Statements(endpoint.Node("PolicyDocument")).Where(statement => Applies(statement, call)).ToList();
        return endpoint.Node("PolicyDocument") is null || (!statements.Any(Denies) && statements.Any(Allows));
    }

    internal static IEnumerable<(string Arn, JsonObject Statement)> ResourceStatements(Stack stack)
    {
        string Arn(string service, string name) => $"arn:aws:{service}:{Stack.Region}:{Stack.Account}:{name}";
        foreach (var resource in stack.All)
        {
            var (arns, document) = resource.Type switch
            {
                "AWS::KMS::Key" => ([Arn("kms", "key/" + resource.Name)], resource.Node("KeyPolicy")),
                "AWS::DynamoDB::Table" => ([Arn("dynamodb", "table/" + resource.Text("TableName"))], resource.Node("ResourcePolicy.PolicyDocument")),
                "AWS::S3::BucketPolicy" => (["arn:aws:s3:::" + resource.Text("Bucket")], resource.Node("PolicyDocument")),
                "AWS::SQS::QueuePolicy" => (Stack.TextsOf(resource.Node("Queues")).Select(url => Arn("sqs", url.Split('/')[^1])), resource.Node("PolicyDocument")),
                "AWS::SNS::TopicPolicy" => (Stack.TextsOf(resource.Node("Topics")), resource.Node("PolicyDocument")),
                _ => (Enumerable.Empty<string>(), null),
            };
            foreach (var arn in arns)
                foreach (var statement in Statements(document))
                    // In a key's own policy "*" is the key.
                    yield return (arn, resource.Type == "AWS::KMS::Key" ? new JsonObject(statement.Select(one => KeyValuePair.Create(one.Key, one.Key == "Resource" ? arn : one.Value?.DeepClone()))) : statement);
        }
    }

    private static bool IsOf(JsonNode? principal, Call call) => principal switch
    {
        JsonValue any => (string?)any == "*",
        JsonObject some => Stack.TextsOf(some["AWS"]).Any(arn => arn is "*" || arn == $"arn:aws:iam::{Stack.Account}:root" || arn == call.Context[PrincipalArn]),
        _ => false,
    };

    private static bool Applies(JsonObject statement, Call call) =>
        Stack.TextsOf(statement["Action"]).Any(pattern => Matches(pattern.ToUpperInvariant(), call.Action.ToUpperInvariant()))
        && Stack.TextsOf(statement["Resource"]).Any(pattern => Matches(pattern, call.Resource))
        && (statement["Condition"] as JsonObject ?? []).All(operators => operators.Value!.AsObject().All(key => Holds(operators.Key, call.Context.GetValueOrDefault(key.Key), [.. Stack.TextsOf(key.Value)])));

    private static bool Holds(string operation, string? value, string[] expected) => operation switch
    {
        "StringEquals" or "ArnEquals" or "Bool" => value is not null && expected.Contains(value),
        "StringEqualsIfExists" => value is null || expected.Contains(value),
        "StringLike" or "ArnLike" or "ForAnyValue:StringLike" => value is not null && expected.Any(pattern => Matches(pattern, value)),
        // What the call does not say equals nothing.
        "StringNotEquals" or "ArnNotEquals" => value is null || !expected.Contains(value),
        "ArnNotLike" => value is null || !expected.Any(pattern => Matches(pattern, value)),
        "NumericLessThan" => value is not null && expected.Any(number => double.Parse(value, CultureInfo.InvariantCulture) < double.Parse(number, CultureInfo.InvariantCulture)),
        _ => throw new InvalidOperationException($"The condition {operation} is not known here."),
    };

    private sealed record Call(string Action, string Resource, Dictionary<string, string> Context);
}
