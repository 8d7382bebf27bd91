using System.Globalization;
using System.Text.Json.Nodes;
using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>Tables, buckets, queues, topics, keys and the trail (AWS-4, AWS-6, AWS-7, SEC-3, SOC-2).</summary>
internal static class StorageTemplate
{
    public static IEnumerable<TemplateProblem> Problems(Stack stack) => [.. Tables(stack), .. Buckets(stack), .. Transport(stack), .. Keys(stack), .. Trail(stack), .. Changes(stack)];

    public static bool IsDataKey(string key) => key is "DataKey" || key.EndsWith(":key/DataKey", StringComparison.Ordinal);

    private static IEnumerable<TemplateProblem> Tables(Stack stack)
    {
        foreach (var resource in stack.All.Where(resource => resource.Type is "AWS::DynamoDB::Table" or "AWS::KMS::Key"))
            foreach (var policy in (string[])["DeletionPolicy", "UpdateReplacePolicy"])
                if ((string?)resource.All[policy] != "Retain")
                    yield return new("AWS-4", $"{resource.Name} goes with its stack ({policy})");
        foreach (var table in stack.Of("AWS::DynamoDB::Table"))
        {
            if (table.Text("SSESpecification.SSEEnabled") != "true" || table.Text("SSESpecification.SSEType") != "KMS" || !IsDataKey(table.Text("SSESpecification.KMSMasterKeyId")))
                yield return new("AWS-4", $"{table.Name} is not encrypted with the stack's key");
            if (table.Text("PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled") != "true")
                yield return new("AWS-4", $"{table.Name} can't be recovered");
            if (table.Text("DeletionProtectionEnabled") != "true")
                yield return new("AWS-4", $"{table.Name} can be deleted");
            var days = int.TryParse(table.Text("PointInTimeRecoverySpecification.RecoveryPeriodInDays"), CultureInfo.InvariantCulture, out var said) ? said : 35;
            // A copy of a key that outlives its destruction keeps readable what was erased.
            if (table.Name == "KeysTable" ? days > 7 : days < 35)
                yield return new("AWS-4", string.Create(CultureInfo.InvariantCulture, $"{table.Name} can be recovered for {days} days"));
        }
        if (stack.Find("KeysTable") is { } keys && !Iam.Statements(keys.Node("ResourcePolicy.PolicyDocument")).Any(statement => Iam.Denies(statement) && Iam.Actions(statement).Contains("dynamodb:DeleteItem")
            && Iam.Condition(statement, "ArnNotEquals", "aws:PrincipalArn") == $"arn:aws:iam::{Stack.Account}:role/replymint-{stack.Stage}-erase"))
            yield return new("AWS-1", "the keys table lets others than the function erase destroy keys, if only their role says so");
    }

    private static IEnumerable<TemplateProblem> Buckets(Stack stack)
    {
        foreach (var bucket in stack.Of("AWS::S3::Bucket"))
        {
            // The trail's own bucket is what its control promises; of others the mail in them is at stake.
            var of = bucket.Name == "TrailBucket" ? "AWS-6" : "AWS-1";
            foreach (var member in (string[])["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"])
                if (bucket.Text("PublicAccessBlockConfiguration." + member) != "true")
                    yield return new(of, $"{bucket.Name} may be public ({member})");
            if (bucket.Text("OwnershipControls.Rules.0.ObjectOwnership") != "BucketOwnerEnforced")
                yield return new(of, $"{bucket.Name} has access lists");
            if (bucket.Name != "LogBucket" && (stack.Find("LogBucket") is not { } log || bucket.Text("LoggingConfiguration.DestinationBucketName") != log.Text("BucketName")))
                yield return new("AWS-6", $"{bucket.Name} tells nobody who asked");
            var policies = stack.Of("AWS::S3::BucketPolicy").Where(policy => policy.Text("Bucket") == bucket.Text("BucketName")).ToList();
            if (!RefusesPlain(policies, "s3:*"))
                yield return new("AWS-7", $"{bucket.Name} takes plain transport");
            if (!policies.SelectMany(policy => Iam.Statements(policy.Node("PolicyDocument"))).Any(statement => Iam.Denies(statement) && Iam.Condition(statement, "NumericLessThan", "s3:TlsVersion") == "1.2"))
                yield return new("AWS-7", $"{bucket.Name} takes TLS before 1.2");
            foreach (var rule in bucket.List("CorsConfiguration.CorsRules"))
            {
                var (origins, methods) = (Stack.TextsOf(rule["AllowedOrigins"]), Stack.TextsOf(rule["AllowedMethods"]).ToList());
                // The API's own pages send files, and read none.
                var sends = methods is ["PUT"];
                if (origins.Except(DeploymentEnvironments.Parse(stack.Stage)?.DefaultOrigins() ?? []).Any(origin => !sends || origin != "https://" + stack.Parameter("DomainName")))
                    yield return new("CORS-1", $"{bucket.Name} is read by scripts of other origins");
                // The bucket takes nothing else from a browser; the API's own methods are no matter of it.
                if (sends ? bucket.Name != "BlobBucket" || Stack.TextsOf(rule["AllowedHeaders"]).Except(["Content-Type", "X-Amz-Checksum-Sha256"]).Any() : methods.Any(method => method != "GET"))
                    yield return new("CORS-2", $"{bucket.Name} lets scripts do more than read, and send what was signed");
            }
        }
    }

    private static IEnumerable<TemplateProblem> Transport(Stack stack)
    {
        foreach (var queue in stack.Of("AWS::SQS::Queue").Select(queue => queue.Text("QueueName")))
            if (!RefusesPlain(stack.Of("AWS::SQS::QueuePolicy").Where(policy => Stack.TextsOf(policy.Node("Queues")).Any(url => url.EndsWith("/" + queue, StringComparison.Ordinal))), "sqs:*"))
                yield return new("AWS-7", $"{queue} takes plain transport");
        foreach (var topic in stack.Of("AWS::SNS::Topic"))
            if (!RefusesPlain(stack.Of("AWS::SNS::TopicPolicy").Where(policy => Stack.TextsOf(policy.Node("Topics")).Contains($"arn:aws:sns:{Stack.Region}:{Stack.Account}:{topic.Text("TopicName")}")), "sns:Publish"))
                yield return new("AWS-7", $"{topic.Name} takes plain transport");
    }

    /// <summary>Everybody, for everything, unless by TLS.</summary>
    public static bool RefusesPlain(IEnumerable<Resource> policies, string action) => policies.SelectMany(policy => Iam.Statements(policy.Node("PolicyDocument"))).Any(statement =>
        Iam.Denies(statement) && Iam.IsEverybody(statement) && Iam.Actions(statement).Contains(action) && Iam.Condition(statement, "Bool", "aws:SecureTransport") == "false"
        && Stack.TextsOf(statement["Resource"]).Any(resource => resource.Length > 1));

    private static IEnumerable<TemplateProblem> Keys(Stack stack)
    {
        foreach (var key in stack.Of("AWS::KMS::Key"))
        {
            if (key.Text("EnableKeyRotation") != "true")
                yield return new("AWS-4", $"{key.Name} is never changed");
            if (key.Text("PendingWindowInDays") != "30")
                yield return new("AWS-4", $"{key.Name} could be gone in less than 30 days");
            foreach (var statement in Iam.Statements(key.Node("KeyPolicy")).Where(Iam.Allows))
            {
                var root = (string?)((statement["Principal"] as JsonObject)?["AWS"] as JsonValue) == $"arn:aws:iam::{Stack.Account}:root";
                if (!root && (!Iam.Services(statement).Any() || statement["Condition"] is null))
                    yield return new("AWS-1", $"{key.Name}/{statement["Sid"]} opens for others than services on behalf of this account");
                foreach (var action in Iam.Actions(statement).Where(action => action.Contains('*', StringComparison.Ordinal) || action is "kms:ScheduleKeyDeletion" or "kms:DisableKey" or "kms:DeleteImportedKeyMaterial"))
                    yield return new("AWS-1", $"{key.Name}/{statement["Sid"]} allows {action}");
            }
        }
        if (stack.Find("MasterKey") is { } master)
        {
            string[] roles = ["api", "worker", "sweep", "imap", "rotate", "erase", "operator"];
            var named = Iam.Statements(master.Node("KeyPolicy")).Where(statement => Iam.Denies(statement) && Iam.IsEverybody(statement)
                && new[] { "kms:Decrypt", "kms:CreateGrant", "kms:ReEncryptFrom" }.All(Iam.Actions(statement).Contains)).Select(statement => statement["Condition"]?["ArnNotEquals"]?["aws:PrincipalArn"]).FirstOrDefault();
            if (!Stack.TextsOf(named).ToHashSet(StringComparer.Ordinal).SetEquals(roles.Select(role => $"arn:aws:iam::{Stack.Account}:role/replymint-{stack.Stage}-{role}"))
                || Iam.Statements(master.Node("KeyPolicy")).Where(Iam.Allows).Any(statement => Iam.Services(statement).Any()))
                yield return new("SEC-3", "the master key opens for others than those who need it");
        }
    }

    private static IEnumerable<TemplateProblem> Trail(Stack stack)
    {
        if (stack.One("AWS::CloudTrail::Trail") is not { } trail || trail.Text("IsLogging") != "true")
        {
            yield return new("AWS-6 SEC-3 SOC-2", "there is no trail, or it is off");
            yield break;
        }
        foreach (var member in (string[])["EnableLogFileValidation", "IsMultiRegionTrail", "IncludeGlobalServiceEvents"])
            if (trail.Text(member) != "true")
                yield return new("AWS-6", $"the trail is without {member}");
        if (!IsDataKey(trail.Text("KMSKeyId")) || trail.Text("S3BucketName") != stack.Find("TrailBucket")?.Text("BucketName"))
            yield return new("AWS-6", "the trail is not encrypted, or goes elsewhere");
        var selectors = trail.List("AdvancedEventSelectors").Select(selector => selector["FieldSelectors"]?.ToJsonString() ?? "").ToList();
        // Who opened a secret read something.
        if (!selectors.Any(fields => fields.Contains("Management", StringComparison.Ordinal) && !fields.Contains("readOnly", StringComparison.Ordinal) && !fields.Contains("eventSource", StringComparison.Ordinal)))
            yield return new("AWS-6 SEC-3", "the trail leaves acts out");
        if (!selectors.Any(fields => fields.Contains($":table/{stack.Find("KeysTable")?.Text("TableName")}", StringComparison.Ordinal)))
            yield return new("AWS-6 SEC-3", "the trail does not tell who changed a wrapped key");
        if (stack.Find("TrailBucket") is not { } bucket || bucket.Text("ObjectLockEnabled") != "true" || bucket.Text("VersioningConfiguration.Status") != "Enabled"
            || !int.TryParse(bucket.Text("ObjectLockConfiguration.Rule.DefaultRetention.Days"), CultureInfo.InvariantCulture, out var days) || days < 365)
            yield return new("AWS-6 SOC-2", "the trail can be wiped");
        else if ((string?)bucket.All["DeletionPolicy"] != "Retain" || (string?)bucket.All["UpdateReplacePolicy"] != "Retain")
            yield return new("AWS-6", "the trail goes with its stack");
    }

    /// <summary>SOC-2: somebody may look for drift, and the release says which package runs.</summary>
    private static IEnumerable<TemplateProblem> Changes(Stack stack)
    {
        var may = stack.Of("AWS::IAM::Role").Where(role => role.Name == "OperatorRole").SelectMany(role => Iam.StatementsOf(stack, role)).Where(Iam.Allows).SelectMany(Iam.Actions).ToHashSet(StringComparer.Ordinal);
        foreach (var action in new[] { "cloudformation:DetectStackDrift", "cloudformation:DescribeStackResourceDrifts", "cloudtrail:LookupEvents" }.Where(action => !may.Contains(action)))
            yield return new("SOC-2", $"nobody may look for drift and changes: the operator's role lacks {action}");
        if (stack.Find("ReleaseParameter")?.Text("Value") is not { Length: > 0 } value || value != stack.Parameter("PackageKey"))
            yield return new("SOC-2", "nothing says which package was deployed");
    }
}
