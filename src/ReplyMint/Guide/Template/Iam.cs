using System.Globalization;
using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>What a call says that conditions of policies ask for.</summary>
internal sealed record IamCall(string Action, string Resource, Dictionary<string, string> Context);

/// <summary>Statements of IAM, and whether they speak of a call; an operator that is not known here is an error.</summary>
internal static class Iam
{
    public const string PrincipalArn = "aws:PrincipalArn";

    public static IEnumerable<JsonObject> Statements(JsonNode? document) => Stack.ListOf(document?["Statement"]).OfType<JsonObject>();

    public static bool Allows(JsonObject statement) => (string?)statement["Effect"] == "Allow";

    public static bool Denies(JsonObject statement) => (string?)statement["Effect"] == "Deny";

    public static IEnumerable<string> Actions(JsonObject statement) => Stack.TextsOf(statement["Action"]);

    public static bool IsEverybody(JsonObject statement) => (string?)(statement["Principal"] as JsonValue) == "*";

    public static IEnumerable<string> Services(JsonObject statement) => Stack.TextsOf((statement["Principal"] as JsonObject)?["Service"]);

    public static string? Condition(JsonObject statement, string operation, string key) => (string?)(statement["Condition"]?[operation]?[key] as JsonValue);

    /// <summary>Of the role's own policies and of those of this template that are attached to it.</summary>
    public static IEnumerable<JsonObject> StatementsOf(Stack stack, Resource role) =>
        role.List("Policies").SelectMany(policy => Statements(policy["PolicyDocument"])).Concat(
            Stack.TextsOf(role.Node("ManagedPolicyArns")).SelectMany(arn => stack.Of("AWS::IAM::ManagedPolicy")
                .Where(policy => arn.EndsWith(":policy/" + policy.Text("ManagedPolicyName"), StringComparison.Ordinal)).SelectMany(policy => Statements(policy.Node("PolicyDocument")))));

    /// <summary>Whether the role's own policies would let it, whatever else stands in the way: what it does not need it is not given.</summary>
    public static bool IsGiven(IReadOnlyList<JsonObject> own, IamCall call)
    {
        var of = own.Where(statement => Applies(statement, call)).ToList();
        return !of.Any(Denies) && of.Any(Allows);
    }

    /// <summary>What every call of a role of this account says.</summary>
    public static Dictionary<string, string> Context(Resource role, IReadOnlyDictionary<string, string>? more, bool byService)
    {
        Dictionary<string, string> all = new(StringComparer.OrdinalIgnoreCase)
        {
            [PrincipalArn] = $"arn:aws:iam::{Stack.Account}:role/{role.Text("RoleName")}", ["aws:PrincipalAccount"] = Stack.Account, ["aws:ResourceAccount"] = Stack.Account,
            ["aws:SecureTransport"] = "true", ["s3:TlsVersion"] = "1.3",
        };
        if (!byService && role.Text("RoleName") is var name)
            all["lambda:SourceFunctionArn"] = $"arn:aws:lambda:{Stack.Region}:{Stack.Account}:function:{name}";
        foreach (var (key, value) in more ?? new Dictionary<string, string>())
            all[key] = value;
        return all;
    }

    public static bool Applies(JsonObject statement, IamCall call) =>
        Actions(statement).Any(pattern => Matches(pattern.ToUpperInvariant(), call.Action.ToUpperInvariant()))
        && Stack.TextsOf(statement["Resource"]).Any(pattern => Matches(pattern, call.Resource))
        && (statement["Condition"] as JsonObject ?? []).All(operators => operators.Value!.AsObject().All(key => Holds(operators.Key, call.Context.GetValueOrDefault(key.Key), [.. Stack.TextsOf(key.Value)])));

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
}
