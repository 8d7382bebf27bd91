using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ReplyMint.Guide;

/// <summary>Who may do what, who may become whom, and where secrets stand (AWS-1, AWS-2, AWS-8, SEC-1, SEC-3).</summary>
internal static partial class RoleTemplate
{
    /// <summary>Of these the service allows no better than all resources, or knows the resource only when it is there.</summary>
    private static readonly string[] s_everywhere =
    [
        "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "ec2:UnassignPrivateIpAddresses",
        "cloudtrail:LookupEvents", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "logs:GetQueryResults", "logs:StopQuery", "cloudformation:DescribeStackDriftDetectionStatus",
    ];

    /// <summary>Managed policies of AWS that a role may have: service roles whose actions AWS keeps.</summary>
    private static readonly string[] s_managed = ["service-role/AmazonAPIGatewayPushToCloudWatchLogs", "service-role/AWSBackupServiceRolePolicyForBackup", "service-role/AWSBackupServiceRolePolicyForRestores"];

    private static readonly string[] s_references = ["store:", "parameter:", "credential:", "file:"];

    public static IEnumerable<TemplateProblem> Problems(Stack stack) => [.. Statements(stack), .. Trust(stack), .. NeverAllowed(stack), .. Doors(stack), .. Secrets(stack), .. Variables(stack)];

    private static IEnumerable<TemplateProblem> Statements(Stack stack)
    {
        foreach (var owner in stack.All.Where(resource => resource.Type is "AWS::IAM::Role" or "AWS::IAM::ManagedPolicy" or "AWS::IAM::Policy"))
        {
            var documents = owner.List("Policies").Select(policy => policy["PolicyDocument"]).Append(owner.Node("PolicyDocument"));
            foreach (var statement in documents.SelectMany(Iam.Statements).Where(Iam.Allows))
            {
                var name = $"{owner.Name}/{statement["Sid"]}";
                if (statement["NotAction"] is not null || statement["NotResource"] is not null)
                    yield return new("AWS-1", $"{name} allows all but something");
                foreach (var action in Iam.Actions(statement).Where(action => action.Contains('*', StringComparison.Ordinal) || !action.Contains(':', StringComparison.Ordinal)))
                    yield return new("AWS-1", $"{name} allows {action}");
                foreach (var resource in Stack.TextsOf(statement["Resource"]).Where(resource => resource == "*" ? Iam.Actions(statement).Except(s_everywhere, StringComparer.Ordinal).Any() : !IsOurs(resource)))
                    yield return new("AWS-1", $"{name} reaches {resource}");
                if (!Iam.Actions(statement).Any() || !Stack.TextsOf(statement["Resource"]).Any())
                    yield return new("AWS-1", $"{name} says nothing");
            }
            foreach (var arn in Stack.TextsOf(owner.Node("ManagedPolicyArns")).Where(arn => arn.StartsWith("arn:aws:iam::aws:", StringComparison.Ordinal)))
                if (!s_managed.Any(allowed => arn.EndsWith(":policy/" + allowed, StringComparison.Ordinal)))
                    yield return new("AWS-1", $"{owner.Name} has {arn}");
        }
        foreach (var shared in stack.Of("AWS::Lambda::Function").GroupBy(function => function.Text("Role")).Where(functions => functions.Count() > 1))
            yield return new("AWS-1", $"functions share {shared.Key}");
    }

    /// <summary>Something of this account, by a name that stands before any "*".</summary>
    private static bool IsOurs(string arn) => arn.Split(':', 6) is ["arn", _, var service, _, var account, var rest] && (account == Stack.Account || (account.Length == 0 && service is "s3" or "apigateway"))
        && rest is not [] and not ['*', ..];

    private static IEnumerable<TemplateProblem> Trust(Stack stack)
    {
        foreach (var type in (string[])["AWS::IAM::User", "AWS::IAM::AccessKey", "AWS::IAM::Group", "AWS::IAM::UserPolicy", "AWS::IAM::UserToGroupAddition"])
            foreach (var resource in stack.Of(type))
                yield return new("AWS-8", $"{resource.Name} is a {type}");
        foreach (var role in stack.Of("AWS::IAM::Role"))
        {
            if (role.Text("PermissionsBoundary").Length == 0)
                yield return new("AWS-1", $"{role.Name} has no boundary");
            foreach (var statement in Iam.Statements(role.Node("AssumeRolePolicyDocument")))
            {
                if (Iam.Actions(statement).Any(action => action != "sts:AssumeRole") || statement["Principal"] is not JsonObject principal)
                    yield return new("AWS-1", $"{role.Name} may be taken in another way");
                else if (Stack.TextsOf(principal["AWS"]).FirstOrDefault(arn => arn != stack.Parameter("OperatorPrincipal")) is { } stranger)
                    yield return new("AWS-1 AWS-8", $"{role.Name} may be taken by {stranger}");
                else if (principal["AWS"] is not null && role.Name != "OperatorRole")
                    yield return new("AWS-1", $"{role.Name} may be taken by people");
                else if (principal["Federated"] is not null)
                    yield return new("AWS-1", $"{role.Name} may be taken by strangers' tokens");
                // Lambda and the gateway send no source; who may give a role to them is bounded by iam:PassRole.
                else if (Iam.Services(statement).Any(service => service is not ("lambda.amazonaws.com" or "apigateway.amazonaws.com")) && Iam.Condition(statement, "StringEquals", "aws:SourceAccount") is null)
                    yield return new("AWS-1", $"{role.Name} may be taken by a service on behalf of another account");
            }
        }
        if (stack.Find("OperatorRole") is not { } people || people.Text("MaxSessionDuration") != "3600")
            yield return new("AWS-8", "people stay longer than an hour");
        // A pattern that asks for a role admits neither users nor a whole account.
        var pattern = stack.Template["Parameters"]?["OperatorPrincipal"]?["AllowedPattern"] is JsonValue given ? given.GetValue<string>() : "";
        if (!pattern.Contains(":role/", StringComparison.Ordinal) || pattern.Contains('|', StringComparison.Ordinal))
            yield return new("AWS-8", "others than a role may be named as operators");
    }

    private static IEnumerable<TemplateProblem> NeverAllowed(Stack stack)
    {
        foreach (var rows in NeverRights.Rows(stack.Stage).SelectMany(row => row.Roles, (row, role) => (row, role)).GroupBy(one => one.role, one => one.row))
            if (stack.Find(rows.Key) is { } role && Iam.StatementsOf(stack, role).ToList() is var own)
                foreach (var row in rows)
                    if (Iam.IsGiven(own, new(row.Action, row.Resource, Iam.Context(role, row.Context, row.ByService))))
                        yield return new(row.Controls, $"{role.Name} may {row.Action} on {row.Resource}");
    }

    /// <summary>Who may call a function, and write to a queue, topic or bucket: one service, on behalf of this account.</summary>
    private static IEnumerable<TemplateProblem> Doors(Stack stack)
    {
        foreach (var permission in stack.Of("AWS::Lambda::Permission"))
        {
            if (permission.Text("Action") != "lambda:InvokeFunction" || permission.Text("Principal") is "*" or "")
                yield return new("AWS-1", $"{permission.Name} lets in everybody");
            if (!permission.Text("SourceArn").StartsWith("arn:aws:", StringComparison.Ordinal) || !permission.Text("SourceArn").Contains($":{Stack.Account}:", StringComparison.Ordinal))
                yield return new("AWS-1", $"{permission.Name} does not say who calls");
        }
        foreach (var policy in stack.All.Where(one => one.Type is "AWS::SNS::TopicPolicy" or "AWS::SQS::QueuePolicy" or "AWS::S3::BucketPolicy"))
            foreach (var statement in Iam.Statements(policy.Node("PolicyDocument")).Where(Iam.Allows))
                if (!Iam.Services(statement).Any() || statement["Condition"] is null)
                    yield return new("AWS-1", $"{policy.Name}/{statement["Sid"]} lets in others than one service on behalf of this account");
    }

    /// <summary>Nothing that looks like a secret, and no parameter for one.</summary>
    private static IEnumerable<TemplateProblem> Secrets(Stack stack)
    {
        foreach (Match match in SecretLike().Matches(stack.TemplateText))
            yield return new("AWS-2", $"{match.Value[..8]}... looks like a secret");
        foreach (var (name, parameter) in stack.Template["Parameters"] as JsonObject ?? [])
            if (IsSecretName(name) && !((string?)(parameter?["AllowedPattern"] as JsonValue) ?? "").StartsWith("((store|parameter):", StringComparison.Ordinal))
                yield return new("AWS-2 SEC-1", $"the parameter {name} could take a secret");
        foreach (var parameter in stack.Of("AWS::SSM::Parameter").Where(parameter => parameter.Text("Type") != "String" || IsSecretName(parameter.Text("Name"))).Concat(stack.Of("AWS::SecretsManager::Secret").Where(secret => secret.Node("SecretString") is not null)))
            yield return new("AWS-2 SEC-1", $"{parameter.Name} stands in the template with its value");
    }

    private static bool IsSecretName(string name) => new[] { "Secret", "Password", "Token", "ApiKey", "Api_Key", "Private", "SigningKey", "Signing_Key", "Webhook_" }.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>Functions are told where secrets lie, each below the path that its stage has for itself.</summary>
    private static IEnumerable<TemplateProblem> Variables(Stack stack)
    {
        foreach (var function in stack.Of("AWS::Lambda::Function"))
            foreach (var (name, node) in function.Node("Environment.Variables") as JsonObject ?? [])
                if (node is JsonValue value && value.GetValue<string>() is { Length: > 0 } said)
                {
                    if (IsSecretName(name) && !s_references.Any(reference => said.StartsWith(reference, StringComparison.Ordinal)))
                        yield return new("AWS-2 SEC-1", $"{function.Name}: {name} holds a secret instead of saying where it lies");
                    if (name == "REPLYMINT_AWS__PARAMETERS" && said != $"/replymint/{stack.Stage}")
                        yield return new("SEC-1 SEC-3", $"{function.Name} takes its secrets from {said}, not from what is its stage's own");
                }
    }

    [GeneratedRegex("AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|-----BEGIN|sk_live_[a-zA-Z0-9]+|key-[0-9a-f]{32}|[A-Za-z0-9+/]{60,}={0,2}|eyJ[A-Za-z0-9_-]{20,}", RegexOptions.None, matchTimeoutMilliseconds: 20_000)]
    private static partial Regex SecretLike();
}
