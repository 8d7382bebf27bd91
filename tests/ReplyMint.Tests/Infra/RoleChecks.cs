using System.Text.RegularExpressions;
using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>Each role may do what its code calls, and names what is ours; what is promised of roles the guide asks (RoleTemplate).</summary>
internal static partial class RoleChecks
{
    public static IEnumerable<string> Problems(Stack stack) => [.. Names(stack), .. Rows(stack), .. Doors(stack)];

    private static IEnumerable<string> Names(Stack stack)
    {
        foreach (var owner in stack.All.Where(resource => resource.Type is "AWS::IAM::Role" or "AWS::IAM::ManagedPolicy" or "AWS::IAM::Policy"))
            foreach (var statement in owner.List("Policies").Select(policy => policy["PolicyDocument"]).Append(owner.Node("PolicyDocument")).SelectMany(Iam.Statements).Where(Iam.Allows))
                foreach (var resource in Stack.TextsOf(statement["Resource"]).Where(resource => resource != "*" && !ExactResource().IsMatch(resource)))
                    yield return $"{owner.Name}/{statement["Sid"]} reaches {resource}";
        foreach (var role in stack.Of("AWS::IAM::Role").Where(role => role.Text("PermissionsBoundary") != BootstrapChecks.Boundary))
            yield return $"{role.Name} has another boundary";
        var pattern = "^" + (string)stack.Template["Parameters"]!["OperatorPrincipal"]!["AllowedPattern"]! + "$";
        foreach (var (name, may) in new[] { (stack.Parameter("OperatorPrincipal"), true), ($"arn:aws:iam::{Stack.Account}:user/somebody", false), ($"arn:aws:iam::{Stack.Account}:root", false) })
            if (Regex.IsMatch(name, pattern) != may)
                yield return $"{name} {(may ? "may not" : "may")} be named as operator";
    }

    private static IEnumerable<string> Rows(Stack stack)
    {
        var access = new Access(stack);
        var rows = AccessTable.Rows(stack.Stage).Concat(AccessTable.Special(stack.Stage, stack.Find("Network") is not null, stack.Find("MailBucket") is not null, stack.Parameter("MailOut") == "ses"));
        foreach (var row in rows)
            foreach (var role in row.Roles.Where(role => stack.Find(role) is not null))
                if (row.May ? !access.May(role, row.Action, row.Resource, row.Context, row.ByService) : access.IsGiven(role, row.Action, row.Resource, row.Context, row.ByService))
                    yield return $"{role} {(row.May ? "may not" : "may")} {row.Action} on {row.Resource}";
        foreach (var role in stack.Of("AWS::IAM::Role").Where(role => Iam.StatementsOf(stack, role).Where(Iam.Allows).SelectMany(one => Stack.TextsOf(one["Action"])).Contains("s3:GetObject")))
            if (!Iam.StatementsOf(stack, role).Where(Iam.Allows).SelectMany(one => Stack.TextsOf(one["Action"])).Contains("s3:ListBucket"))
                yield return $"{role.Name} can't tell an object that is not there from one that is forbidden";
    }

    private static IEnumerable<string> Doors(Stack stack)
    {
        var called = stack.Of("AWS::Lambda::Permission").Select(permission => permission.Text("FunctionName")).ToHashSet(StringComparer.Ordinal);
        foreach (var name in new[] { "api", "sweep", "imap", "rotate", "alarm" }.Select(name => $"replymint-{stack.Stage}-{name}").Where(name => !called.Contains(name)))
            yield return $"nobody may call {name}";
        foreach (var parameter in stack.Of("AWS::SSM::Parameter").Where(parameter => parameter.Name != "ReleaseParameter"))
            yield return $"{parameter.Name} stands in the template with its value";
    }

    /// <summary>Of this account, or a bucket by its name; "*" only behind a name of ours.</summary>
    [GeneratedRegex(@"^arn:aws:(s3:::replymint-[a-z]+-|[a-z0-9]+:eu-central-1:(111122223333)?:(table/replymint-|function:replymint-|replymint-|/restapis/Api/stages/|parameter/replymint/[a-z]+/|key/|log-group:(/replymint/[a-z]+/|aws-waf-logs-replymint-)|identity/\*$|configuration-set/replymint-|regional/ipset/replymint-|rule/replymint-|stack/replymint-|event-source-mapping:\*$))")]
    private static partial Regex ExactResource();
}
