using System.Globalization;
using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Infra;

/// <summary>Tables, buckets, keys, backups and the trail (AWS-4, AWS-6, AWS-7, SEC-1, IR-5).</summary>
internal static class StorageChecks
{
    /// <summary>What holds what can't be made again.</summary>
    private static readonly string[] s_kept = ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Backup::BackupVault"];

    public static IEnumerable<string> Problems(Stack stack) => [.. Kept(stack), .. Tables(stack), .. Buckets(stack), .. Keys(stack), .. Backups(stack), .. Trail(stack)];

    private static IEnumerable<string> Kept(Stack stack)
    {
        foreach (var resource in stack.All.Where(resource => s_kept.Contains(resource.Type)))
            foreach (var policy in new[] { "DeletionPolicy", "UpdateReplacePolicy" })
                if ((string?)resource.All[policy] != "Retain")
                    yield return $"{resource.Name} goes with its stack ({policy})";
    }

    private static IEnumerable<string> Tables(Stack stack)
    {
        foreach (var table in stack.Of("AWS::DynamoDB::Table"))
        {
            if (table.Text("SSESpecification.SSEEnabled") != "true" || table.Text("SSESpecification.SSEType") != "KMS" || !IsDataKey(table.Text("SSESpecification.KMSMasterKeyId")))
                yield return $"{table.Name} is not encrypted with the stack's key";
            if (table.Text("PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled") != "true")
                yield return $"{table.Name} can't be recovered";
            if (table.Text("DeletionProtectionEnabled") != "true")
                yield return $"{table.Name} can be deleted";
            var days = int.TryParse(table.Text("PointInTimeRecoverySpecification.RecoveryPeriodInDays"), CultureInfo.InvariantCulture, out var said) ? said : 35;
            // A copy of a key that outlives its destruction keeps readable what was erased.
            if (table.Name == "KeysTable" ? days > 7 : days < 35)
                yield return string.Create(CultureInfo.InvariantCulture, $"{table.Name} can be recovered for {days} days");
        }
        if (stack.Find("KeysTable") is { } keys && !Access.Statements(keys.Node("ResourcePolicy.PolicyDocument")).Any(statement => Access.Denies(statement) && Stack.TextsOf(statement["Action"]).Contains("dynamodb:DeleteItem")
            && (string?)statement["Condition"]?["ArnNotEquals"]?["aws:PrincipalArn"] == $"arn:aws:iam::{Stack.Account}:role/replymint-{stack.Stage}-erase"))
            yield return "the keys table lets others than the function erase destroy keys, if only their role says so";
    }

    private static IEnumerable<string> Buckets(Stack stack)
    {
        foreach (var bucket in stack.Of("AWS::S3::Bucket"))
        {
            var name = bucket.Text("BucketName");
            foreach (var member in new[] { "BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets" })
                if (bucket.Text("PublicAccessBlockConfiguration." + member) != "true")
                    yield return $"{bucket.Name} may be public ({member})";
            if (bucket.Text("OwnershipControls.Rules.0.ObjectOwnership") != "BucketOwnerEnforced")
                yield return $"{bucket.Name} has access lists";
            var encryption = bucket.Node("BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault");
            if (bucket.Name == "LogBucket" ? (string?)encryption?["SSEAlgorithm"] != "AES256" : (string?)encryption?["SSEAlgorithm"] != "aws:kms" || !IsDataKey((string?)encryption["KMSMasterKeyID"] ?? ""))
                yield return $"{bucket.Name} is not encrypted";
            if (bucket.Name != "LogBucket" && bucket.Text("LoggingConfiguration.DestinationBucketName") != stack.Find("LogBucket")!.Text("BucketName"))
                yield return $"{bucket.Name} tells nobody who asked";
            var policies = stack.Of("AWS::S3::BucketPolicy").Where(policy => policy.Text("Bucket") == name).ToList();
            foreach (var problem in FunctionChecks.NoPlainTransport(policies, "s3:*", bucket.Name))
                yield return problem;
            if (!policies.SelectMany(policy => Access.Statements(policy.Node("PolicyDocument"))).Any(statement => Access.Denies(statement) && (string?)statement["Condition"]?["NumericLessThan"]?["s3:TlsVersion"] == "1.2"))
                yield return $"{bucket.Name} takes TLS before 1.2";
        }
        // What is erased has to be gone.
        foreach (var name in new[] { "BlobBucket", "MailBucket" })
            if (stack.Find(name) is { } erased && (erased.Node("VersioningConfiguration") is not null || erased.Node("ObjectLockConfiguration") is not null || erased.Node("ReplicationConfiguration") is not null))
                yield return $"{name} keeps what was erased";
        if (stack.Find("MailBucket") is { } mail && !mail.List("LifecycleConfiguration.Rules").Any(rule => (string?)rule["Status"] == "Enabled" && int.TryParse((string?)rule["ExpirationInDays"], CultureInfo.InvariantCulture, out var days) && days <= 7))
            yield return "raw mail that nobody fetched stays for good";
    }

    private static IEnumerable<string> Keys(Stack stack)
    {
        foreach (var key in stack.Of("AWS::KMS::Key"))
        {
            if (key.Text("EnableKeyRotation") != "true")
                yield return $"{key.Name} is never changed";
            if (key.Text("PendingWindowInDays") != "30")
                yield return $"{key.Name} could be gone in less than 30 days";
            foreach (var statement in Access.Statements(key.Node("KeyPolicy")).Where(Access.Allows))
            {
                var root = (string?)(statement["Principal"] as JsonObject)?["AWS"] == $"arn:aws:iam::{Stack.Account}:root";
                if (!root && ((statement["Principal"] as JsonObject)?["Service"] is null || statement["Condition"] is null))
                    yield return $"{key.Name}/{statement["Sid"]} opens for others than services on behalf of this account";
                foreach (var action in Stack.TextsOf(statement["Action"]).Where(action => action.Contains('*', StringComparison.Ordinal) || action is "kms:ScheduleKeyDeletion" or "kms:DisableKey" or "kms:DeleteImportedKeyMaterial"))
                    yield return $"{key.Name}/{statement["Sid"]} allows {action}";
            }
        }
        if (stack.Find("MasterKey") is { } master)
        {
            string[] roles = ["api", "worker", "sweep", "rotate", "erase", "operator"];
            var named = Access.Statements(master.Node("KeyPolicy")).Where(statement => Access.Denies(statement) && (string?)(statement["Principal"] as JsonValue) == "*"
                && new[] { "kms:Decrypt", "kms:CreateGrant", "kms:ReEncryptFrom" }.All(Stack.TextsOf(statement["Action"]).Contains)).Select(statement => statement["Condition"]?["ArnNotEquals"]?["aws:PrincipalArn"]).SingleOrDefault();
            if (!Stack.TextsOf(named).Order(StringComparer.Ordinal).SequenceEqual(roles.Select(role => $"arn:aws:iam::{Stack.Account}:role/replymint-{stack.Stage}-{role}").Order(StringComparer.Ordinal)))
                yield return "the master key opens for others than those who need it";
            if (Access.Statements(master.Node("KeyPolicy")).Where(Access.Allows).Any(statement => (statement["Principal"] as JsonObject)?["Service"] is not null))
                yield return "the master key opens for services";
        }
        foreach (var group in stack.Of("AWS::Logs::LogGroup").Where(group => !IsDataKey(group.Text("KmsKeyId"))))
            yield return $"{group.Name} is not encrypted with the stack's key";
    }

    private static IEnumerable<string> Backups(Stack stack)
    {
        var wanted = new[] { "MainTable", "AuditTable" }.Select(table => $"arn:aws:dynamodb:{Stack.Region}:{Stack.Account}:table/{stack.Find(table)!.Text("TableName")}").Order(StringComparer.Ordinal).ToList();
        if (stack.Of("AWS::Backup::BackupSelection").SingleOrDefault() is not { } selection || !Stack.TextsOf(selection.Node("BackupSelection.Resources")).Order(StringComparer.Ordinal).SequenceEqual(wanted)
            || selection.Node("BackupSelection.ListOfTags") is not null)
            yield return "backups are made of something else than the tables main and audit";
        if (stack.Of("AWS::Backup::BackupPlan").SingleOrDefault()?.Node("BackupPlan.BackupPlanRule.0") is not { } rule || (string?)rule["Lifecycle"]?["DeleteAfterDays"] != "30" || (string?)rule["TargetBackupVault"] != $"replymint-{stack.Stage}")
            yield return "backups are not kept for 30 days in the vault";
        if (stack.Of("AWS::Backup::BackupVault").SingleOrDefault() is not { } vault || !IsDataKey(vault.Text("EncryptionKeyArn")) || vault.Text("LockConfiguration.MinRetentionDays") is "" or "0")
            yield return "backups can be removed before their time, or are not encrypted";
        if (!Access.Statements(stack.Find("BackupRole")?.Node("Policies.0.PolicyDocument")).Any(statement => Access.Denies(statement) && Stack.TextsOf(statement["Action"]).Contains("dynamodb:StartAwsBackupJob")
            && Stack.TextsOf(statement["Resource"]).Single().EndsWith(":table/" + stack.Find("KeysTable")!.Text("TableName"), StringComparison.Ordinal)))
            yield return "a backup of the keys could be made";
        if (stack.Of("AWS::Backup::RestoreTestingSelection").SingleOrDefault() is not { } test || !Stack.TextsOf(test.Node("ProtectedResourceArns")).Order(StringComparer.Ordinal).SequenceEqual(wanted)
            || stack.Of("AWS::Backup::RestoreTestingPlan").SingleOrDefault()?.Text("ScheduleExpression") is not { Length: > 0 })
            yield return "no backup is ever restored to see whether it can be";
    }

    private static IEnumerable<string> Trail(Stack stack)
    {
        if (stack.Of("AWS::CloudTrail::Trail").SingleOrDefault() is not { } trail)
        {
            yield return "there is no trail";
            yield break;
        }
        foreach (var member in new[] { "IsLogging", "EnableLogFileValidation", "IsMultiRegionTrail", "IncludeGlobalServiceEvents" })
            if (trail.Text(member) != "true")
                yield return $"the trail is without {member}";
        if (!IsDataKey(trail.Text("KMSKeyId")) || trail.Text("S3BucketName") != stack.Find("TrailBucket")?.Text("BucketName"))
            yield return "the trail is not encrypted, or goes elsewhere";
        var selectors = trail.List("AdvancedEventSelectors").Select(selector => selector["FieldSelectors"]!.ToJsonString()).ToList();
        if (!selectors.Any(fields => fields.Contains("Management", StringComparison.Ordinal) && !fields.Contains("readOnly", StringComparison.Ordinal) && !fields.Contains("eventSource", StringComparison.Ordinal)))
            yield return "the trail leaves acts out";
        if (!selectors.Any(fields => fields.Contains($":table/{stack.Find("KeysTable")?.Text("TableName")}", StringComparison.Ordinal)))
            yield return "the trail does not tell who changed a wrapped key";
        if (stack.Find("TrailBucket") is not { } bucket || bucket.Text("ObjectLockEnabled") != "true" || bucket.Text("VersioningConfiguration.Status") != "Enabled"
            || !int.TryParse(bucket.Text("ObjectLockConfiguration.Rule.DefaultRetention.Days"), CultureInfo.InvariantCulture, out var days) || days < 365)
            yield return "the trail can be wiped";
    }

    private static bool IsDataKey(string key) => key is "DataKey" || key.EndsWith(":key/DataKey", StringComparison.Ordinal);
}
