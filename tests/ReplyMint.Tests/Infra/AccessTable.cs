namespace ReplyMint.Tests.Infra;

/// <param name="Role">Logical names of roles, with blanks between them.</param>
/// <param name="Via">The service through which a key is used, or null.</param>
/// <param name="ByService">AWS calls on the role's behalf, not code.</param>
internal sealed record AccessRow(string Role, string Action, string Resource, bool May, string? Via = null, bool ByService = false)
{
    public IEnumerable<string> Roles => Role.Split(' ');

    public Dictionary<string, string> Context => Via is null ? [] : new() { ["kms:ViaService"] = $"{Via}.{Stack.Region}.amazonaws.com" };
}

/// <summary>
/// Who may do what (AWS-1, SEC-3). The first half is what each function's code calls (the adapters in src/ReplyMint.Aws): without a row's
/// right something would not work. The second half is what nobody, or none of those named, may ever do.
/// </summary>
internal static class AccessTable
{
    private const string Store = "ApiRole WorkerRole SweepRole RotateRole EraseRole";
    private const string Everybody = Store + " AlarmRole";

    public static IReadOnlyList<AccessRow> Rows(string stage)
    {
        string Table(string name) => $"arn:aws:dynamodb:{Stack.Region}:{Stack.Account}:table/replymint-{stage}-{name}";
        string Queue(string name) => $"arn:aws:sqs:{Stack.Region}:{Stack.Account}:replymint-{stage}-{name}";
        string Parameter(string name) => $"arn:aws:ssm:{Stack.Region}:{Stack.Account}:parameter/replymint/{stage}/{name}";
        string Key(string name) => $"arn:aws:kms:{Stack.Region}:{Stack.Account}:key/{name}";
        string Bucket(string name) => $"arn:aws:s3:::replymint-{stage}-{name}-{Stack.Account}-{Stack.Region}";
        var topic = $"arn:aws:sns:{Stack.Region}:{Stack.Account}:replymint-{stage}-alerts";
        var identity = $"arn:aws:ses:{Stack.Region}:{Stack.Account}:identity/example.com";
        string Logs(string name) => $"arn:aws:logs:{Stack.Region}:{Stack.Account}:log-group:/replymint/{stage}/{name}:log-stream:x";
        var network = $"arn:aws:ec2:{Stack.Region}:{Stack.Account}:network-interface/*";
        List<AccessRow> rows = [];
        void May(string roles, string actions, string resource, string? via = null, bool byService = false) =>
            rows.AddRange(actions.Split(' ').Select(action => new AccessRow(roles, action, resource, true, via, byService)));
        void Never(string roles, string actions, string resource, string? via = null, bool byService = false) =>
            rows.AddRange(actions.Split(' ').Select(action => new AccessRow(roles, action, resource, false, via, byService)));

        // What works.
        foreach (var table in new[] { "main", "keys", "audit" })
            May(Store + " OperatorRole", "dynamodb:GetItem dynamodb:BatchGetItem dynamodb:Query dynamodb:UpdateItem dynamodb:ConditionCheckItem", Table(table));
        May(Store + " OperatorRole", "dynamodb:DeleteItem", Table("main"));
        May("SweepRole", "dynamodb:DeleteItem", Table("audit"));
        May("EraseRole", "dynamodb:DeleteItem", Table("keys"));
        May(Store + " OperatorRole", "ssm:GetParameters", Parameter("model-key"));
        May("OperatorRole", "ssm:PutParameter", Parameter("model-key"));
        May("AlarmRole", "ssm:GetParameters", Parameter("alarm-webhook"));
        May(Store + " OperatorRole", "kms:Decrypt", Key("MasterKey"));
        May("OperatorRole", "kms:Encrypt", Key("MasterKey"));
        foreach (var service in new[] { "dynamodb", "s3", "sns", "sqs", "ssm" })
            May(Store + " OperatorRole", "kms:Decrypt kms:GenerateDataKey", Key("DataKey"), service, byService: true);
        May("AlarmRole", "kms:Decrypt", Key("DataKey"), "ssm", byService: true);
        // The dead letters of a function are sent with its own role, and the queue is encrypted.
        May("SweepRole RotateRole AlarmRole", "sqs:SendMessage", Queue("calls-dead"), byService: true);
        May("SweepRole RotateRole AlarmRole", "kms:Decrypt kms:GenerateDataKey", Key("DataKey"), "sqs", byService: true);
        May("ApiRole WorkerRole SweepRole EraseRole OperatorRole", "sqs:SendMessage", Queue("wake"));
        May("ApiRole WorkerRole SweepRole EraseRole OperatorRole", "sqs:SendMessage", Queue("erase"));
        May("RotateRole", "sqs:SendMessage", Queue("wake"));
        May("WorkerRole", "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes sqs:ChangeMessageVisibility", Queue("wake"), byService: true);
        May("EraseRole", "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes sqs:ChangeMessageVisibility", Queue("erase"), byService: true);
        May("ApiRole WorkerRole", "s3:GetObject s3:PutObject s3:DeleteObject", Bucket("blobs") + "/t/b");
        May("SweepRole EraseRole", "s3:DeleteObject", Bucket("blobs") + "/t/b");
        // Without the right to list, what is not there looks forbidden, and S3Blobs could not tell.
        May("ApiRole WorkerRole SweepRole EraseRole OperatorRole", "s3:ListBucket", Bucket("blobs"));
        May(Store, "sns:Publish", topic);
        foreach (var role in Everybody.Split(' '))
            May(role, "logs:CreateLogStream logs:PutLogEvents", Logs(role[..^4].ToLowerInvariant()), byService: true);

        // What must not be.
        Never(Store.Replace(" EraseRole", "", StringComparison.Ordinal) + " AlarmRole OperatorRole", "dynamodb:DeleteItem dynamodb:BatchWriteItem dynamodb:PartiQLDelete dynamodb:DeleteTable", Table("keys"));
        Never("ApiRole WorkerRole RotateRole EraseRole AlarmRole OperatorRole", "dynamodb:DeleteItem dynamodb:BatchWriteItem dynamodb:PutItem", Table("audit"));
        Never(Everybody + " OperatorRole", "dynamodb:DeleteTable dynamodb:UpdateTable dynamodb:Scan dynamodb:ExportTableToPointInTime dynamodb:CreateBackup", Table("main"));
        Never("AlarmRole", "dynamodb:GetItem dynamodb:Query dynamodb:UpdateItem", Table("main"));
        Never("AlarmRole", "dynamodb:GetItem dynamodb:Query", Table("keys"));
        Never(Everybody, "dynamodb:UpdateContinuousBackups dynamodb:UpdateTimeToLive dynamodb:RestoreTableToPointInTime", Table("main"));
        Never(Everybody, "dynamodb:GetItem", $"arn:aws:dynamodb:{Stack.Region}:{Stack.Account}:table/other");
        Never(Everybody + " OperatorRole", "kms:ScheduleKeyDeletion kms:PutKeyPolicy kms:DisableKey kms:CreateGrant", Key("MasterKey"));
        Never(Everybody + " OperatorRole", "kms:ScheduleKeyDeletion kms:PutKeyPolicy kms:DisableKey", Key("DataKey"));
        Never("AlarmRole FlowLogRole BackupRole", "kms:Decrypt kms:Encrypt", Key("MasterKey"));
        Never(Store, "kms:Encrypt kms:GenerateDataKey", Key("MasterKey"));
        // The data key is used through the services that hold data, never by itself.
        Never(Everybody + " OperatorRole", "kms:Decrypt kms:GenerateDataKey", Key("DataKey"));
        Never(Everybody, "ssm:PutParameter ssm:DeleteParameter", Parameter("model-key"));
        Never(Everybody, "ssm:GetParametersByPath", Parameter(""));
        Never(Everybody, "ssm:DescribeParameters", "*");
        Never("AlarmRole", "ssm:GetParameter ssm:GetParameters", Parameter("model-key"));
        Never(Store + " AlarmRole OperatorRole", "ssm:GetParameter", $"arn:aws:ssm:{Stack.Region}:{Stack.Account}:parameter/replymint/{(stage == "staging" ? "production" : "staging")}/model-key");
        Never("ApiRole SweepRole RotateRole WorkerRole AlarmRole", "sqs:ReceiveMessage sqs:DeleteMessage", Queue("erase"), byService: true);
        Never("ApiRole SweepRole RotateRole EraseRole AlarmRole", "sqs:ReceiveMessage sqs:DeleteMessage", Queue("wake"), byService: true);
        Never(Everybody + " OperatorRole", "sqs:DeleteQueue sqs:SetQueueAttributes sqs:PurgeQueue", Queue("wake"));
        Never("AlarmRole", "sqs:SendMessage", Queue("wake"));
        Never("AlarmRole", "sqs:SendMessage", Queue("erase"));
        Never("RotateRole", "sqs:SendMessage", Queue("erase"));
        Never("RotateRole AlarmRole", "s3:GetObject s3:PutObject s3:DeleteObject", Bucket("blobs") + "/t/b");
        Never("SweepRole", "s3:GetObject s3:PutObject", Bucket("blobs") + "/t/b");
        Never("ApiRole SweepRole RotateRole EraseRole AlarmRole OperatorRole", "s3:GetObject", Bucket("mail") + "/x");
        Never(Everybody + " OperatorRole", "s3:PutObject s3:DeleteObject s3:DeleteObjectVersion s3:BypassGovernanceRetention", Bucket("trail") + "/x");
        Never(Everybody + " OperatorRole", "s3:PutBucketPolicy s3:DeleteBucket s3:PutBucketVersioning", Bucket("trail"));
        Never(Everybody + " OperatorRole", "s3:DeleteBucket s3:PutBucketPolicy s3:PutBucketVersioning", Bucket("blobs"));
        Never("ApiRole SweepRole RotateRole EraseRole AlarmRole OperatorRole", "ses:SendEmail ses:SendRawEmail", identity);
        Never(Everybody, "logs:DeleteLogGroup logs:DeleteLogStream logs:PutRetentionPolicy logs:GetLogEvents", Logs("api"));
        Never("WorkerRole AlarmRole", "logs:PutLogEvents", Logs("api"));
        Never("OperatorRole", "logs:DeleteLogGroup logs:DeleteLogStream logs:PutRetentionPolicy", Logs("api"));
        Never("OperatorRole", "cloudtrail:StopLogging cloudtrail:DeleteTrail cloudtrail:UpdateTrail", $"arn:aws:cloudtrail:{Stack.Region}:{Stack.Account}:trail/replymint-{stage}");
        Never(Everybody + " OperatorRole", "iam:CreateUser iam:CreateAccessKey", $"arn:aws:iam::{Stack.Account}:user/somebody");
        Never(Everybody + " OperatorRole", "iam:PutRolePolicy iam:AttachRolePolicy iam:PassRole iam:UpdateAssumeRolePolicy", $"arn:aws:iam::{Stack.Account}:role/replymint-{stage}-api");
        Never(Everybody + " OperatorRole", "sts:AssumeRole", $"arn:aws:iam::{Stack.Account}:role/replymint-{stage}-erase");
        Never(Everybody + " OperatorRole", "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:InvokeFunction lambda:AddPermission", $"arn:aws:lambda:{Stack.Region}:{Stack.Account}:function:replymint-{stage}-erase");
        Never(Everybody + " OperatorRole", "wafv2:DisassociateWebACL", $"arn:aws:apigateway:{Stack.Region}::/restapis/Api/stages/{stage}");
        Never(Everybody + " OperatorRole", "wafv2:UpdateWebACL wafv2:DeleteWebACL", $"arn:aws:wafv2:{Stack.Region}:{Stack.Account}:regional/webacl/replymint-{stage}/1");
        Never(Everybody, "wafv2:UpdateIPSet", $"arn:aws:wafv2:{Stack.Region}:{Stack.Account}:regional/ipset/replymint-{stage}-blocked-4/1");
        Never(Everybody + " OperatorRole", "sns:Subscribe sns:DeleteTopic sns:SetTopicAttributes", topic);
        Never("BackupRole", "dynamodb:CreateBackup dynamodb:StartAwsBackupJob dynamodb:ExportTableToPointInTime", Table("keys"));
        // A function's code makes no interfaces, though Lambda does so with its role.
        Never(Everybody, "ec2:CreateNetworkInterface ec2:DeleteNetworkInterface", network);
        return rows;
    }

    /// <summary>Only where there is a VPC, and only where SES takes mail.</summary>
    public static IEnumerable<AccessRow> Special(string stage, bool vpc, bool mail, bool send)
    {
        if (vpc)
            foreach (var (action, on) in new[] { ("ec2:CreateNetworkInterface", $"arn:aws:ec2:{Stack.Region}:{Stack.Account}:network-interface/*"), ("ec2:DeleteNetworkInterface", $"arn:aws:ec2:{Stack.Region}:{Stack.Account}:network-interface/*"), ("ec2:DescribeNetworkInterfaces", "*") })
                yield return new(Everybody, action, on, true, ByService: true);
        if (send)
            foreach (var action in new[] { "ses:SendEmail", "ses:SendRawEmail" })
                foreach (var resource in new[] { "identity/example.com", $"configuration-set/replymint-{stage}" })
                    yield return new("WorkerRole", action, $"arn:aws:ses:{Stack.Region}:{Stack.Account}:{resource}", true);
        if (!mail)
            yield break;
        foreach (var action in new[] { "s3:GetObject", "s3:DeleteObject" })
            yield return new("WorkerRole", action, $"arn:aws:s3:::replymint-{stage}-mail-{Stack.Account}-{Stack.Region}/x", true);
        foreach (var action in new[] { "sqs:ReceiveMessage", "sqs:DeleteMessage" })
            yield return new("WorkerRole", action, $"arn:aws:sqs:{Stack.Region}:{Stack.Account}:replymint-{stage}-mail", true, ByService: true);
    }
}
