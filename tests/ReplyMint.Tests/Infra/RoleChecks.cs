using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ReplyMint.Tests.Infra;

/// <summary>Who may do what, and who may become whom (AWS-1, AWS-2, AWS-8).</summary>
internal static partial class RoleChecks
{
    /// <summary>Statements on all resources: why the service allows no better.</summary>
    private static readonly Dictionary<string, string> s_everywhere = new()
    {
        ["NetworkPolicy/Interfaces"] = "Describe calls know no resources; an interface has no name before it is made. Functions themselves are refused (NotByCode).",
        ["OperatorRole/Reading"] = "Look-ups in the trail, metrics, alarms and results of queries know no resources.",
        ["OperatorRole/DriftStatus"] = "The status of a detection of drift knows no resource.",
    };

    /// <summary>Managed policies of AWS that a role may have: service roles whose actions AWS keeps.</summary>
    private static readonly Dictionary<string, string[]> s_managed = new()
    {
        ["ApiLogRole"] = ["service-role/AmazonAPIGatewayPushToCloudWatchLogs"],
        ["BackupRole"] = ["service-role/AWSBackupServiceRolePolicyForBackup", "service-role/AWSBackupServiceRolePolicyForRestores"],
    };

    public static IEnumerable<string> Problems(Stack stack) => [.. Statements(stack), .. Trust(stack), .. Rows(stack), .. Doors(stack), .. Secrets(stack)];

    private static IEnumerable<string> Statements(Stack stack)
    {
        foreach (var owner in stack.All.Where(resource => resource.Type is "AWS::IAM::Role" or "AWS::IAM::ManagedPolicy" or "AWS::IAM::Policy"))
        {
            var documents = owner.List("Policies").Select(policy => policy["PolicyDocument"]).Append(owner.Node("PolicyDocument"));
            foreach (var statement in documents.SelectMany(Access.Statements).Where(Access.Allows))
            {
                var name = $"{owner.Name}/{statement["Sid"]}";
                if (statement["NotAction"] is not null || statement["NotResource"] is not null)
                    yield return $"{name} allows all but something";
                foreach (var action in Stack.TextsOf(statement["Action"]).Where(action => !ExactAction().IsMatch(action)))
                    yield return $"{name} allows {action}";
                foreach (var resource in Stack.TextsOf(statement["Resource"]).Where(resource => resource == "*" ? !s_everywhere.ContainsKey(name) : !ExactResource().IsMatch(resource)))
                    yield return $"{name} reaches {resource}";
                if (!Stack.TextsOf(statement["Action"]).Any() || !Stack.TextsOf(statement["Resource"]).Any())
                    yield return $"{name} says nothing";
            }
            foreach (var arn in Stack.TextsOf(owner.Node("ManagedPolicyArns")).Where(arn => arn.StartsWith("arn:aws:iam::aws:", StringComparison.Ordinal)))
                if (!s_managed.GetValueOrDefault(owner.Name, []).Any(allowed => arn.EndsWith(":policy/" + allowed, StringComparison.Ordinal)))
                    yield return $"{owner.Name} has {arn}";
        }
    }

    private static IEnumerable<string> Trust(Stack stack)
    {
        foreach (var type in new[] { "AWS::IAM::User", "AWS::IAM::AccessKey", "AWS::IAM::Group", "AWS::IAM::UserPolicy", "AWS::Lambda::Url" })
            foreach (var resource in stack.Of(type))
                yield return $"{resource.Name} is a {type}";
        foreach (var role in stack.Of("AWS::IAM::Role").Where(role => role.Text("PermissionsBoundary") != BootstrapChecks.Boundary))
            yield return $"{role.Name} has no boundary";
        foreach (var role in stack.Of("AWS::IAM::Role"))
            foreach (var statement in Access.Statements(role.Node("AssumeRolePolicyDocument")))
            {
                if (Stack.TextsOf(statement["Action"]).Single() != "sts:AssumeRole" || statement["Principal"] is not JsonObject principal)
                    yield return $"{role.Name} may be taken in another way";
                else if (Stack.TextsOf(principal["AWS"]).FirstOrDefault(arn => arn != stack.Parameter("OperatorPrincipal")) is { } stranger)
                    yield return $"{role.Name} may be taken by {stranger}";
                else if (principal["AWS"] is not null && role.Name != "OperatorRole")
                    yield return $"{role.Name} may be taken by people";
                else if (principal["Federated"] is not null)
                    yield return $"{role.Name} may be taken by strangers' tokens";
                // Lambda and the gateway send no source; who may give a role to them is bounded by iam:PassRole.
                else if (Stack.TextsOf(principal["Service"]).Any(service => service is not ("lambda.amazonaws.com" or "apigateway.amazonaws.com")) && statement["Condition"]?["StringEquals"]?["aws:SourceAccount"] is null)
                    yield return $"{role.Name} may be taken by a service on behalf of another account";
            }
        if (stack.Find("OperatorRole") is not { } people || people.Text("MaxSessionDuration") != "3600")
            yield return "people stay longer than an hour";
        if (!Regex.IsMatch(stack.Parameter("OperatorPrincipal"), "^" + (string)stack.Template["Parameters"]!["OperatorPrincipal"]!["AllowedPattern"]! + "$")
            || Regex.IsMatch($"arn:aws:iam::{Stack.Account}:user/somebody", "^" + (string)stack.Template["Parameters"]!["OperatorPrincipal"]!["AllowedPattern"]! + "$")
            || Regex.IsMatch($"arn:aws:iam::{Stack.Account}:root", "^" + (string)stack.Template["Parameters"]!["OperatorPrincipal"]!["AllowedPattern"]! + "$"))
            yield return "others than a role may be named as operators";
    }

    private static IEnumerable<string> Rows(Stack stack)
    {
        var access = new Access(stack);
        var rows = AccessTable.Rows(stack.Stage).Concat(AccessTable.Special(stack.Stage, stack.Find("Network") is not null, stack.Find("MailBucket") is not null, stack.Parameter("MailOut") == "ses"));
        foreach (var row in rows)
            foreach (var role in row.Roles.Where(role => stack.Find(role) is not null))
                if (row.May ? !access.May(role, row.Action, row.Resource, row.Context, row.ByService) : access.IsGiven(role, row.Action, row.Resource, row.Context, row.ByService))
                    yield return $"{role} {(row.May ? "may not" : "may")} {row.Action} on {row.Resource}";
        // A role of each function's own.
        var roles = stack.Of("AWS::Lambda::Function").Select(function => function.Text("Role")).ToList();
        if (roles.Distinct(StringComparer.Ordinal).Count() != roles.Count)
            yield return "functions share a role";
        foreach (var role in stack.Of("AWS::IAM::Role").Where(role => Access.StatementsOf(stack, role).Where(Access.Allows).SelectMany(one => Stack.TextsOf(one["Action"])).Contains("s3:GetObject")))
            if (!Access.StatementsOf(stack, role).Where(Access.Allows).SelectMany(one => Stack.TextsOf(one["Action"])).Contains("s3:ListBucket"))
                yield return $"{role.Name} can't tell an object that is not there from one that is forbidden";
    }

    /// <summary>Who may call a function: one rule, one topic, one API of this account.</summary>
    private static IEnumerable<string> Doors(Stack stack)
    {
        foreach (var permission in stack.Of("AWS::Lambda::Permission"))
        {
            if (permission.Text("Action") != "lambda:InvokeFunction" || permission.Text("Principal") is "*" or "")
                yield return $"{permission.Name} lets in everybody";
            if (!permission.Text("SourceArn").StartsWith("arn:aws:", StringComparison.Ordinal) || !permission.Text("SourceArn").Contains($":{Stack.Account}:", StringComparison.Ordinal))
                yield return $"{permission.Name} does not say who calls";
        }
        var called = stack.Of("AWS::Lambda::Permission").Select(permission => permission.Text("FunctionName")).ToHashSet(StringComparer.Ordinal);
        foreach (var name in new[] { "api", "sweep", "rotate", "alarm" }.Select(name => $"replymint-{stack.Stage}-{name}").Where(name => !called.Contains(name)))
            yield return $"nobody may call {name}";
        foreach (var topic in stack.Of("AWS::SNS::TopicPolicy").Concat(stack.Of("AWS::SQS::QueuePolicy")).Concat(stack.Of("AWS::S3::BucketPolicy")))
            foreach (var statement in Access.Statements(topic.Node("PolicyDocument")).Where(Access.Allows))
                if (statement["Principal"] is not JsonObject principal || principal["Service"] is null || statement["Condition"] is null)
                    yield return $"{topic.Name}/{statement["Sid"]} lets in others than one service on behalf of this account";
    }

    /// <summary>Nothing that looks like a secret, and no parameter for one (AWS-2).</summary>
    private static IEnumerable<string> Secrets(Stack stack)
    {
        var text = stack.TemplateText;
        foreach (Match match in SecretLike().Matches(text))
            yield return $"{match.Value[..8]}... looks like a secret";
        foreach (var (name, parameter) in stack.Template["Parameters"]!.AsObject())
            if (SecretName().IsMatch(name) && !((string?)parameter!["AllowedPattern"] ?? "").StartsWith("((store|parameter):", StringComparison.Ordinal))
                yield return $"the parameter {name} could take a secret";
        foreach (var parameter in stack.Of("AWS::SSM::Parameter").Where(parameter => parameter.Text("Type") != "String" || parameter.Name != "ReleaseParameter"))
            yield return $"{parameter.Name} stands in the template with its value";
    }

    [GeneratedRegex("^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$|^apigateway:(GET|PATCH)$")]
    private static partial Regex ExactAction();

    /// <summary>Of this account, or a bucket by its name; "*" only behind a name of ours.</summary>
    [GeneratedRegex(@"^arn:aws:(s3:::replymint-[a-z]+-|[a-z0-9]+:eu-central-1:(111122223333)?:(table/replymint-|function:replymint-|replymint-|/restapis/Api/stages/|parameter/replymint/[a-z]+/|key/|log-group:(/replymint/[a-z]+/|aws-waf-logs-replymint-)|identity/\*$|configuration-set/replymint-|regional/ipset/replymint-|rule/replymint-|stack/replymint-|event-source-mapping:\*$))")]
    private static partial Regex ExactResource();

    [GeneratedRegex("AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|-----BEGIN|sk_live_[a-zA-Z0-9]+|key-[0-9a-f]{32}|[A-Za-z0-9+/]{60,}={0,2}|eyJ[A-Za-z0-9_-]{20,}")]
    private static partial Regex SecretLike();

    [GeneratedRegex("Secret|Password|Token|ApiKey|PrivateKey", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();
}
