namespace ReplyMint.Guide;

/// <param name="Controls">Whose promise it breaks when it is otherwise.</param>
/// <param name="Role">Logical names of roles, with blanks between them.</param>
/// <param name="Via">The service through which a key is used, or null.</param>
/// <param name="ByService">AWS calls on the role's behalf, not code.</param>
internal sealed record AccessRow(string Controls, string Role, string Action, string Resource, bool May, string? Via = null, bool ByService = false)
{
    public IEnumerable<string> Roles => Role.Split(' ');

    public Dictionary<string, string> Context => Via is null ? [] : new() { ["kms:ViaService"] = $"{Via}.{Stack.Region}.amazonaws.com" };
}

/// <summary>What nobody, or none of those named, may ever do (AWS-1, SEC-3); what each has to do stands beside the product's tests.</summary>
internal static class NeverRights
{
    public const string Store = "ApiRole WorkerRole SweepRole ImapRole RotateRole EraseRole";
    public const string Everybody = Store + " AlarmRole";

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
        void Add(string controls, string roles, string actions, string resource, string? via = null, bool byService = false) =>
            rows.AddRange(actions.Split(' ').Select(action => new AccessRow(controls, roles, action, resource, false, via, byService)));
        Add("AWS-1", Store.Replace(" EraseRole", "", StringComparison.Ordinal) + " AlarmRole OperatorRole", "dynamodb:DeleteItem dynamodb:BatchWriteItem dynamodb:PartiQLDelete dynamodb:DeleteTable", Table("keys"));
        Add("AWS-1", "ApiRole WorkerRole ImapRole RotateRole EraseRole AlarmRole OperatorRole", "dynamodb:DeleteItem dynamodb:BatchWriteItem dynamodb:PutItem", Table("audit"));
        Add("AWS-1", Everybody + " OperatorRole", "dynamodb:DeleteTable dynamodb:UpdateTable dynamodb:Scan dynamodb:ExportTableToPointInTime dynamodb:CreateBackup", Table("main"));
        Add("AWS-1", "AlarmRole", "dynamodb:GetItem dynamodb:Query dynamodb:UpdateItem", Table("main"));
        Add("AWS-1", "AlarmRole", "dynamodb:GetItem dynamodb:Query", Table("keys"));
        Add("AWS-1", Everybody, "dynamodb:UpdateContinuousBackups dynamodb:UpdateTimeToLive dynamodb:RestoreTableToPointInTime", Table("main"));
        Add("AWS-1", Everybody, "dynamodb:GetItem", $"arn:aws:dynamodb:{Stack.Region}:{Stack.Account}:table/other");
        Add("AWS-1", Everybody + " OperatorRole", "kms:ScheduleKeyDeletion kms:PutKeyPolicy kms:DisableKey kms:CreateGrant", Key("MasterKey"));
        Add("AWS-1", Everybody + " OperatorRole", "kms:ScheduleKeyDeletion kms:PutKeyPolicy kms:DisableKey", Key("DataKey"));
        Add("AWS-1 SEC-3", "AlarmRole FlowLogRole BackupRole", "kms:Decrypt kms:Encrypt", Key("MasterKey"));
        Add("AWS-1", Store, "kms:Encrypt kms:GenerateDataKey", Key("MasterKey"));
        // The data key is used through the services that hold data, never by itself.
        Add("AWS-1", Everybody + " OperatorRole", "kms:Decrypt kms:GenerateDataKey", Key("DataKey"));
        Add("AWS-1 SEC-3", Everybody, "ssm:PutParameter ssm:DeleteParameter", Parameter("model-key"));
        Add("AWS-1 SEC-3", Everybody, "ssm:GetParametersByPath", Parameter(""));
        Add("AWS-1 SEC-3", Everybody, "ssm:DescribeParameters", "*");
        Add("AWS-1 SEC-3", "AlarmRole", "ssm:GetParameter ssm:GetParameters", Parameter("model-key"));
        // Who answers mail has nothing to do with payments; and who only compares need not know Stripe's events from forged ones.
        Add("AWS-1 SEC-3", "WorkerRole ImapRole RotateRole EraseRole AlarmRole", "ssm:GetParameters", Parameter("stripe-key"));
        Add("AWS-1 SEC-3", "WorkerRole SweepRole ImapRole RotateRole EraseRole AlarmRole", "ssm:GetParameters", Parameter("stripe-webhook"));
        Add("AWS-1 SEC-3", Store + " AlarmRole OperatorRole", "ssm:GetParameter", $"arn:aws:ssm:{Stack.Region}:{Stack.Account}:parameter/replymint/{(stage == "staging" ? "production" : "staging")}/model-key");
        Add("AWS-1", "ApiRole SweepRole ImapRole RotateRole WorkerRole AlarmRole", "sqs:ReceiveMessage sqs:DeleteMessage", Queue("erase"), byService: true);
        Add("AWS-1", "ApiRole SweepRole ImapRole RotateRole EraseRole AlarmRole", "sqs:ReceiveMessage sqs:DeleteMessage", Queue("wake"), byService: true);
        Add("AWS-1", Everybody + " OperatorRole", "sqs:DeleteQueue sqs:SetQueueAttributes sqs:PurgeQueue", Queue("wake"));
        Add("AWS-1", "AlarmRole", "sqs:SendMessage", Queue("wake"));
        Add("AWS-1", "AlarmRole", "sqs:SendMessage", Queue("erase"));
        Add("AWS-1", "ImapRole RotateRole", "sqs:SendMessage", Queue("erase"));
        Add("AWS-1", "RotateRole AlarmRole", "s3:GetObject s3:PutObject s3:DeleteObject", Bucket("blobs") + "/t/b");
        Add("AWS-1", "SweepRole", "s3:GetObject s3:PutObject", Bucket("blobs") + "/t/b");
        // It takes mail, and reads none that was taken.
        Add("AWS-1", "ImapRole", "s3:GetObject", Bucket("blobs") + "/t/b");
        // Exports lie there as callers fetch them.
        Add("AWS-1", "WorkerRole SweepRole ImapRole RotateRole EraseRole AlarmRole OperatorRole", "s3:GetObject", Bucket("blobs") + "/exports/t/x");
        Add("AWS-1", "ApiRole SweepRole ImapRole RotateRole EraseRole AlarmRole OperatorRole", "s3:AbortMultipartUpload", Bucket("blobs") + "/exports/t/x");
        // Files of knowledge on their way in are the API's alone.
        Add("AWS-1", "WorkerRole SweepRole ImapRole RotateRole EraseRole AlarmRole OperatorRole", "s3:GetObject s3:PutObject", Bucket("blobs") + "/uploads/t/f");
        Add("AWS-1", Everybody + " OperatorRole", "s3:PutBucketCORS s3:PutLifecycleConfiguration", Bucket("blobs"));
        Add("AWS-1", Everybody + " OperatorRole", "s3:PutObjectAcl", Bucket("blobs") + "/t/b");
        Add("AWS-1", "ApiRole SweepRole ImapRole RotateRole EraseRole AlarmRole OperatorRole", "s3:GetObject", Bucket("mail") + "/x");
        Add("AWS-1 AWS-6", Everybody + " OperatorRole", "s3:PutObject s3:DeleteObject s3:DeleteObjectVersion s3:BypassGovernanceRetention", Bucket("trail") + "/x");
        Add("AWS-1 AWS-6", Everybody + " OperatorRole", "s3:PutBucketPolicy s3:DeleteBucket s3:PutBucketVersioning", Bucket("trail"));
        Add("AWS-1", Everybody + " OperatorRole", "s3:DeleteBucket s3:PutBucketPolicy s3:PutBucketVersioning", Bucket("blobs"));
        Add("AWS-1", "ApiRole SweepRole ImapRole RotateRole EraseRole AlarmRole OperatorRole", "ses:SendEmail ses:SendRawEmail", identity);
        Add("AWS-1", Everybody, "logs:DeleteLogGroup logs:DeleteLogStream logs:PutRetentionPolicy logs:GetLogEvents", Logs("api"));
        Add("AWS-1", "WorkerRole AlarmRole", "logs:PutLogEvents", Logs("api"));
        Add("AWS-1", "OperatorRole", "logs:DeleteLogGroup logs:DeleteLogStream logs:PutRetentionPolicy", Logs("api"));
        Add("AWS-1 AWS-6", "OperatorRole", "cloudtrail:StopLogging cloudtrail:DeleteTrail cloudtrail:UpdateTrail", $"arn:aws:cloudtrail:{Stack.Region}:{Stack.Account}:trail/replymint-{stage}");
        Add("AWS-1 AWS-8", Everybody + " OperatorRole", "iam:CreateUser iam:CreateAccessKey", $"arn:aws:iam::{Stack.Account}:user/somebody");
        Add("AWS-1", Everybody + " OperatorRole", "iam:PutRolePolicy iam:AttachRolePolicy iam:PassRole iam:UpdateAssumeRolePolicy", $"arn:aws:iam::{Stack.Account}:role/replymint-{stage}-api");
        Add("AWS-1", Everybody + " OperatorRole", "sts:AssumeRole", $"arn:aws:iam::{Stack.Account}:role/replymint-{stage}-erase");
        Add("AWS-1", Everybody + " OperatorRole", "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:InvokeFunction lambda:AddPermission", $"arn:aws:lambda:{Stack.Region}:{Stack.Account}:function:replymint-{stage}-erase");
        Add("AWS-1", Everybody + " OperatorRole", "wafv2:DisassociateWebACL", $"arn:aws:apigateway:{Stack.Region}::/restapis/Api/stages/{stage}");
        Add("AWS-1", Everybody + " OperatorRole", "wafv2:UpdateWebACL wafv2:DeleteWebACL", $"arn:aws:wafv2:{Stack.Region}:{Stack.Account}:regional/webacl/replymint-{stage}/1");
        Add("AWS-1", Everybody, "wafv2:UpdateIPSet", $"arn:aws:wafv2:{Stack.Region}:{Stack.Account}:regional/ipset/replymint-{stage}-blocked-4/1");
        Add("AWS-1", Everybody + " OperatorRole", "sns:Subscribe sns:DeleteTopic sns:SetTopicAttributes", topic);
        Add("AWS-1", "BackupRole", "dynamodb:CreateBackup dynamodb:StartAwsBackupJob dynamodb:ExportTableToPointInTime", Table("keys"));
        // A function's code makes no interfaces, though Lambda does so with its role.
        Add("AWS-1", Everybody, "ec2:CreateNetworkInterface ec2:DeleteNetworkInterface", network);
        return rows;
    }
}
