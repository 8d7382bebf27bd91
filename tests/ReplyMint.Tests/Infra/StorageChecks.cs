using System.Globalization;
using System.Text.Json.Nodes;
using ReplyMint.Guide;
using ReplyMint.Knowledge;
using ReplyMint.Privacy;

namespace ReplyMint.Tests.Infra;

/// <summary>What holds data outlives its stack and has backups (IR-5), and what is erased is gone; what else is promised of it the guide asks (StorageTemplate).</summary>
internal static class StorageChecks
{
    /// <summary>What holds what can't be made again.</summary>
    private static readonly string[] s_kept = ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Backup::BackupVault"];

    public static IEnumerable<string> Problems(Stack stack) => [.. Kept(stack), .. Buckets(stack), .. Backups(stack)];

    private static IEnumerable<string> Kept(Stack stack)
    {
        foreach (var resource in stack.All.Where(resource => s_kept.Contains(resource.Type)))
            foreach (var policy in new[] { "DeletionPolicy", "UpdateReplacePolicy" })
                if ((string?)resource.All[policy] != "Retain")
                    yield return $"{resource.Name} goes with its stack ({policy})";
    }

    private static IEnumerable<string> Buckets(Stack stack)
    {
        foreach (var bucket in stack.Of("AWS::S3::Bucket"))
        {
            var encryption = bucket.Node("BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault");
            if (bucket.Name == "LogBucket" ? (string?)encryption?["SSEAlgorithm"] != "AES256" : (string?)encryption?["SSEAlgorithm"] != "aws:kms" || !StorageTemplate.IsDataKey((string?)encryption["KMSMasterKeyID"] ?? ""))
                yield return $"{bucket.Name} is not encrypted";
        }
        if ((string?)stack.Template["Parameters"]!["ExportsForConsole"]!["Default"] != "no")
            yield return "scripts may read exports unasked";
        foreach (var bucket in stack.Of("AWS::S3::Bucket"))
            if (bucket.List("CorsConfiguration.CorsRules").Any(rule => !Stack.TextsOf(rule["AllowedMethods"]).SequenceEqual(["PUT"])) && (bucket.Name != "BlobBucket" || stack.Parameter("ExportsForConsole") != "yes"))
                yield return $"{bucket.Name} lets scripts read";
        if (!stack.Find("BlobBucket")!.List("CorsConfiguration.CorsRules").Any(rule => Stack.TextsOf(rule["AllowedMethods"]).SequenceEqual(["PUT"]) && Stack.TextsOf(rule["AllowedOrigins"]).Contains("https://" + stack.Parameter("DomainName"))
            && Stack.TextsOf(rule["AllowedHeaders"]).SequenceEqual(["Content-Type", "X-Amz-Checksum-Sha256"])))
            yield return "the console can't put files into the bucket";
        // What is erased has to be gone.
        foreach (var name in new[] { "BlobBucket", "MailBucket" })
            if (stack.Find(name) is { } erased && (erased.Node("VersioningConfiguration") is not null || erased.Node("ObjectLockConfiguration") is not null || erased.Node("ReplicationConfiguration") is not null))
                yield return $"{name} keeps what was erased";
        if (!stack.Find("BlobBucket")!.List("LifecycleConfiguration.Rules").Any(rule => (string?)rule["Status"] == "Enabled" && (string?)rule["Prefix"] == ExportBucket.Prefix && (string?)rule["ExpirationInDays"] == "1"))
            yield return "an export whose job was lost stays for good";
        if (!stack.Find("BlobBucket")!.List("LifecycleConfiguration.Rules").Any(rule => (string?)rule["Status"] == "Enabled" && (string?)rule["Prefix"] == Uploads.Prefix && (string?)rule["ExpirationInDays"] == "1"))
            yield return "an upload whose job was lost stays for good";
        if (stack.Find("MailBucket") is { } mail && !mail.List("LifecycleConfiguration.Rules").Any(rule => (string?)rule["Status"] == "Enabled" && int.TryParse((string?)rule["ExpirationInDays"], CultureInfo.InvariantCulture, out var days) && days <= 7))
            yield return "raw mail that nobody fetched stays for good";
    }

    private static IEnumerable<string> Backups(Stack stack)
    {
        var wanted = new[] { "MainTable", "AuditTable" }.Select(table => $"arn:aws:dynamodb:{Stack.Region}:{Stack.Account}:table/{stack.Find(table)!.Text("TableName")}").Order(StringComparer.Ordinal).ToList();
        if (stack.Of("AWS::Backup::BackupSelection").SingleOrDefault() is not { } selection || !Stack.TextsOf(selection.Node("BackupSelection.Resources")).Order(StringComparer.Ordinal).SequenceEqual(wanted)
            || selection.Node("BackupSelection.ListOfTags") is not null)
            yield return "backups are made of something else than the tables main and audit";
        if (stack.Of("AWS::Backup::BackupPlan").SingleOrDefault()?.Node("BackupPlan.BackupPlanRule.0") is not { } rule || (string?)rule["Lifecycle"]?["DeleteAfterDays"] != "30" || (string?)rule["TargetBackupVault"] != $"replymint-{stack.Stage}")
            yield return "backups are not kept for 30 days in the vault";
        if (stack.Of("AWS::Backup::BackupVault").SingleOrDefault() is not { } vault || !StorageTemplate.IsDataKey(vault.Text("EncryptionKeyArn")) || vault.Text("LockConfiguration.MinRetentionDays") is "" or "0")
            yield return "backups can be removed before their time, or are not encrypted";
        if (!Iam.Statements(stack.Find("BackupRole")?.Node("Policies.0.PolicyDocument")).Any(statement => Iam.Denies(statement) && Stack.TextsOf(statement["Action"]).Contains("dynamodb:StartAwsBackupJob")
            && Stack.TextsOf(statement["Resource"]).Single().EndsWith(":table/" + stack.Find("KeysTable")!.Text("TableName"), StringComparison.Ordinal)))
            yield return "a backup of the keys could be made";
        if (stack.Of("AWS::Backup::RestoreTestingSelection").SingleOrDefault() is not { } test || !Stack.TextsOf(test.Node("ProtectedResourceArns")).Order(StringComparer.Ordinal).SequenceEqual(wanted)
            || stack.Of("AWS::Backup::RestoreTestingPlan").SingleOrDefault()?.Text("ScheduleExpression") is not { Length: > 0 })
            yield return "no backup is ever restored to see whether it can be";
    }
}
