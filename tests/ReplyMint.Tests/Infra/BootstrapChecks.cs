using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>
/// What stands before the template: the bucket of packages, who may deploy, and the boundary of all roles. Whoever deploys must not
/// become more than that by what he deploys.
/// </summary>
internal static class BootstrapChecks
{
    public const string Boundary = $"arn:aws:iam::{ReplyMint.Guide.Stack.Account}:policy/replymint-boundary";

    private const string Role = $"arn:aws:iam::{ReplyMint.Guide.Stack.Account}:role/replymint-staging-api";

    public static readonly string File = Path.Combine(HouseTests.Root, "infra", "bootstrap.yaml");

    public static Stack Stack(string? text = null) =>
        new(TemplateChecks.Read(text ?? System.IO.File.ReadAllText(File)), ("DeployerPrincipal", $"arn:aws:iam::{ReplyMint.Guide.Stack.Account}:role/builds"));

    public static IEnumerable<string> Problems(Stack stack)
    {
        var access = new Access(stack);
        Dictionary<string, string> below = new() { ["iam:PermissionsBoundary"] = Boundary };
        Dictionary<string, string> forFormation = new() { ["iam:PassedToService"] = "cloudformation.amazonaws.com" };
        Dictionary<string, string> forLambda = new() { ["iam:PassedToService"] = "lambda.amazonaws.com" };
        const string Execution = $"arn:aws:iam::{ReplyMint.Guide.Stack.Account}:role/replymint-bootstrap-execution", OfService = $"arn:aws:iam::{ReplyMint.Guide.Stack.Account}:role/aws-service-role/x", Any = $"arn:aws:iam::{ReplyMint.Guide.Stack.Account}:role/somebody";
        string Of(string service, string name) => $"arn:aws:{service}:{ReplyMint.Guide.Stack.Region}:{ReplyMint.Guide.Stack.Account}:{name}";
        (string Role, string Action, string Resource, Dictionary<string, string>? Context, bool May)[] rows =
        [
            ("ExecutionRole", "iam:CreateRole", Role, below, true), ("ExecutionRole", "iam:PutRolePolicy", Role, below, true), ("ExecutionRole", "iam:PassRole", Role, forLambda, true),
            ("ExecutionRole", "iam:CreateRole", Role, null, false), ("ExecutionRole", "iam:PutRolePolicy", Role, null, false), ("ExecutionRole", "iam:AttachRolePolicy", Role, null, false),
            ("ExecutionRole", "iam:DeleteRolePermissionsBoundary", Role, below, false), ("ExecutionRole", "iam:CreateRole", Any, below, false), ("ExecutionRole", "iam:PutRolePolicy", Execution, below, false),
            ("ExecutionRole", "iam:UpdateAssumeRolePolicy", Execution, null, false), ("ExecutionRole", "iam:CreatePolicyVersion", Boundary, null, false), ("ExecutionRole", "iam:DeletePolicy", Boundary, null, false),
            ("ExecutionRole", "iam:CreateUser", $"arn:aws:iam::{ReplyMint.Guide.Stack.Account}:user/x", null, false), ("ExecutionRole", "iam:CreateAccessKey", $"arn:aws:iam::{ReplyMint.Guide.Stack.Account}:user/x", null, false),
            ("ExecutionRole", "kms:ScheduleKeyDeletion", Of("kms", "key/1"), null, false), ("ExecutionRole", "dynamodb:DeleteTable", Of("dynamodb", "table/replymint-production-main"), null, false),
            ("ExecutionRole", "iam:PassRole", Any, forLambda, false), ("ExecutionRole", "sts:AssumeRole", Any, null, false),
            ("ExecutionRole", "iam:CreateServiceLinkedRole", OfService, new() { ["iam:AWSServiceName"] = "wafv2.amazonaws.com" }, true), ("ExecutionRole", "iam:CreateServiceLinkedRole", OfService, new() { ["iam:AWSServiceName"] = "x.amazonaws.com" }, false),
            ("DeployRole", "cloudformation:CreateChangeSet", Of("cloudformation", "stack/replymint-staging/1"), new() { ["cloudformation:RoleArn"] = Execution }, true),
            ("DeployRole", "iam:PassRole", Execution, forFormation, true), ("DeployRole", "lambda:InvokeFunction", Of("lambda", "function:replymint-staging-rotate"), null, true),
            ("DeployRole", "cloudformation:CreateChangeSet", Of("cloudformation", "stack/replymint-staging/1"), new() { ["cloudformation:RoleArn"] = Any }, false),
            ("DeployRole", "cloudformation:ExecuteChangeSet", Of("cloudformation", "stack/other/1"), null, false), ("DeployRole", "cloudformation:DeleteStack", Of("cloudformation", "stack/replymint-staging/1"), null, false),
            ("DeployRole", "iam:PassRole", Execution, forLambda, false), ("DeployRole", "iam:PassRole", Role, forFormation, false), ("DeployRole", "iam:CreateRole", Role, below, false),
            ("DeployRole", "lambda:UpdateFunctionCode", Of("lambda", "function:replymint-staging-api"), null, false), ("DeployRole", "lambda:InvokeFunction", Of("lambda", "function:replymint-staging-erase"), null, false),
            ("DeployRole", "dynamodb:GetItem", Of("dynamodb", "table/replymint-staging-main"), null, false), ("DeployRole", "dynamodb:DeleteTable", Of("dynamodb", "table/replymint-staging-main"), null, false),
            ("DeployRole", "dynamodb:RestoreTableToPointInTime", Of("dynamodb", "table/replymint-staging-keys"), null, false), ("DeployRole", "ssm:GetParameters", Of("ssm", "parameter/replymint/staging/x"), null, false),
            ("DeployRole", "kms:Decrypt", Of("kms", "key/1"), null, false), ("DeployRole", "sqs:ReceiveMessage", Of("sqs", "replymint-staging-wake-dead"), null, false),
        ];
        foreach (var (role, action, resource, context, may) in rows)
            if (access.May(role, action, resource, context) != may)
                yield return $"{role} {(may ? "may not" : "may")} {action} on {resource}";
        foreach (var problem in Trust(stack))
            yield return problem;
        var bucket = stack.Find("PackageBucket")!;
        if (bucket.Text("ObjectLockEnabled") != "true" || bucket.Text("VersioningConfiguration.Status") != "Enabled" || bucket.Text("PublicAccessBlockConfiguration.RestrictPublicBuckets") != "true"
            || bucket.Text("PublicAccessBlockConfiguration.BlockPublicPolicy") != "true")
            yield return "packages and records of changes can be wiped, or seen";
        if (!StorageTemplate.RefusesPlain(stack.Of("AWS::S3::BucketPolicy"), "s3:*"))
            yield return "PackageBucket takes plain transport";
        // Not even the boundary reaches who is who.
        var most = Iam.Statements(stack.Find("Boundary")!.Node("PolicyDocument")).Where(Iam.Allows).SelectMany(statement => ReplyMint.Guide.Stack.TextsOf(statement["Action"])).ToList();
        foreach (var action in most.Where(action => action == "*" || action.StartsWith("iam:", StringComparison.Ordinal) || action.StartsWith("sts:", StringComparison.Ordinal) || action.StartsWith("organizations:", StringComparison.Ordinal)))
            yield return $"the boundary allows {action}";
    }

    private static IEnumerable<string> Trust(Stack stack)
    {
        foreach (var role in stack.Of("AWS::IAM::Role"))
            foreach (var statement in Iam.Statements(role.Node("AssumeRolePolicyDocument")))
                if ((statement["Principal"] as System.Text.Json.Nodes.JsonObject)?["AWS"] is { } people ? role.Name != "DeployRole" || (string?)people != stack.Parameter("DeployerPrincipal")
                    : (string?)statement["Principal"]?["Service"] != "cloudformation.amazonaws.com" || statement["Condition"]?["StringEquals"]?["aws:SourceAccount"] is null)
                    yield return $"{role.Name} may be taken by others";
        if (stack.Of("AWS::IAM::User").Any() || stack.Of("AWS::IAM::AccessKey").Any())
            yield return "there is a user of IAM";
    }
}
