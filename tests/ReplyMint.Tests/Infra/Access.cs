using System.Text.Json.Nodes;
using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>
/// Whether a role may do an action on a resource, by the rules of IAM as far as the template needs them: an explicit refusal wins, in the
/// role's policies and in the resource's own; else one of the role's must allow; a key's own policy must allow its account, too; and what
/// a function calls by the network must be let through by the endpoint of its VPC, and anything by the boundary of roles. An operator that is
/// not known here is an error.
/// </summary>
internal sealed class Access(Stack stack)
{
    private static readonly Lazy<List<JsonObject>> s_boundary = new(() => [.. Iam.Statements(BootstrapChecks.Stack().Find("Boundary")!.Node("PolicyDocument"))]);

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
        var call = new IamCall(action, resource, Iam.Context(of, context, byService));
        var identity = Own(of).Where(statement => Iam.Applies(statement, call)).ToList();
        // A bucket's policy speaks of its objects, too.
        var others = _others[resource].Concat(resource.StartsWith("arn:aws:s3:::", StringComparison.Ordinal) && resource.Split('/', 2) is [var bucket, _] ? _others[bucket] : [])
            .Where(statement => Iam.Applies(statement, call) && IsOf(statement["Principal"], call)).ToList();
        var most = of.Node("PermissionsBoundary") is null ? null : s_boundary.Value.Where(statement => Iam.Applies(statement, call)).ToList();
        return !identity.Concat(others).Concat(most ?? []).Any(Iam.Denies) && identity.Any(Iam.Allows) && most?.Any(Iam.Allows) != false
            && (!action.StartsWith("kms:", StringComparison.Ordinal) || others.Any(Iam.Allows))
            && (byService || !_inVpc.Contains($"arn:aws:iam::{Stack.Account}:role/{of.Text("RoleName")}") || !_endpoints.TryGetValue(action.Split(':')[0], out var endpoint) || Passes(endpoint, call));
    }

    /// <summary>What it does not need it is not given.</summary>
    public bool IsGiven(string role, string action, string resource, IReadOnlyDictionary<string, string>? context = null, bool byService = false)
    {
        var of = stack.Find(role) ?? throw new InvalidOperationException($"There is no role {role}.");
        return Iam.IsGiven(Own(of), new(action, resource, Iam.Context(of, context, byService)));
    }

    private List<JsonObject> Own(Resource role) => _identity.TryGetValue(role.Name, out var own) ? own : _identity[role.Name] = [.. Iam.StatementsOf(stack, role)];

    private static bool Passes(Resource endpoint, IamCall call)
    {
        // Without a policy of its own an endpoint lets everything through.
        var statements = Iam.Statements(endpoint.Node("PolicyDocument")).Where(statement => Iam.Applies(statement, call)).ToList();
        return endpoint.Node("PolicyDocument") is null || (!statements.Any(Iam.Denies) && statements.Any(Iam.Allows));
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
                foreach (var statement in Iam.Statements(document))
                    // In a key's own policy "*" is the key.
                    yield return (arn, resource.Type == "AWS::KMS::Key" ? new JsonObject(statement.Select(one => KeyValuePair.Create(one.Key, one.Key == "Resource" ? arn : one.Value?.DeepClone()))) : statement);
        }
    }

    private static bool IsOf(JsonNode? principal, IamCall call) => principal switch
    {
        JsonValue any => (string?)any == "*",
        JsonObject some => Stack.TextsOf(some["AWS"]).Any(arn => arn is "*" || arn == $"arn:aws:iam::{Stack.Account}:root" || arn == call.Context[Iam.PrincipalArn]),
        _ => false,
    };
}
