using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>
/// Who may do what (AWS-1, SEC-3). These rows are what each function's code calls (the adapters in src/ReplyMint.Aws): without a row's
/// right something would not work. What nobody, or none of those named, may ever do the guide asks, too (NeverRights).
/// </summary>
internal static class AccessTable
{
    private const string Store = NeverRights.Store;
    private const string Everybody = NeverRights.Everybody;

    public static IReadOnlyList<AccessRow> Rows(string stage)
    {
        string Table(string name) => $"arn:aws:dynamodb:{Stack.Region}:{Stack.Account}:table/replymint-{stage}-{name}";
        string Queue(string name) => $"arn:aws:sqs:{Stack.Region}:{Stack.Account}:replymint-{stage}-{name}";
        string Parameter(string name) => $"arn:aws:ssm:{Stack.Region}:{Stack.Account}:parameter/replymint/{stage}/{name}";
        string Key(string name) => $"arn:aws:kms:{Stack.Region}:{Stack.Account}:key/{name}";
        string Bucket(string name) => $"arn:aws:s3:::replymint-{stage}-{name}-{Stack.Account}-{Stack.Region}";
        var topic = $"arn:aws:sns:{Stack.Region}:{Stack.Account}:replymint-{stage}-alerts";
        string Logs(string name) => $"arn:aws:logs:{Stack.Region}:{Stack.Account}:log-group:/replymint/{stage}/{name}:log-stream:x";
        List<AccessRow> rows = [];
        void May(string roles, string actions, string resource, string? via = null, bool byService = false) =>
            rows.AddRange(actions.Split(' ').Select(action => new AccessRow("AWS-1", roles, action, resource, true, via, byService)));
        // What works.
        foreach (var table in new[] { "main", "keys", "audit" })
            May(Store + " OperatorRole", "dynamodb:GetItem dynamodb:BatchGetItem dynamodb:Query dynamodb:UpdateItem dynamodb:ConditionCheckItem", Table(table));
        May(Store + " OperatorRole", "dynamodb:DeleteItem", Table("main"));
        May("SweepRole", "dynamodb:DeleteItem", Table("audit"));
        May("EraseRole", "dynamodb:DeleteItem", Table("keys"));
        May(Store + " OperatorRole", "ssm:GetParameters", Parameter("model-key"));
        May("OperatorRole", "ssm:PutParameter", Parameter("model-key"));
        May("ApiRole SweepRole OperatorRole", "ssm:GetParameters", Parameter("stripe-key"));
        May("ApiRole OperatorRole", "ssm:GetParameters", Parameter("stripe-webhook"));
        May("AlarmRole", "ssm:GetParameters", Parameter("alarm-webhook"));
        May(Store + " OperatorRole", "kms:Decrypt", Key("MasterKey"));
        May("OperatorRole", "kms:Encrypt", Key("MasterKey"));
        foreach (var service in new[] { "dynamodb", "s3", "sns", "sqs", "ssm" })
            May(Store + " OperatorRole", "kms:Decrypt kms:GenerateDataKey", Key("DataKey"), service, byService: true);
        May("AlarmRole", "kms:Decrypt", Key("DataKey"), "ssm", byService: true);
        // The dead letters of a function are sent with its own role, and the queue is encrypted.
        May("SweepRole ImapRole RotateRole AlarmRole", "sqs:SendMessage", Queue("calls-dead"), byService: true);
        May("SweepRole ImapRole RotateRole AlarmRole", "kms:Decrypt kms:GenerateDataKey", Key("DataKey"), "sqs", byService: true);
        May("ApiRole WorkerRole SweepRole EraseRole OperatorRole", "sqs:SendMessage", Queue("wake"));
        May("ApiRole WorkerRole SweepRole EraseRole OperatorRole", "sqs:SendMessage", Queue("erase"));
        May("ImapRole RotateRole", "sqs:SendMessage", Queue("wake"));
        May("WorkerRole", "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes sqs:ChangeMessageVisibility", Queue("wake"), byService: true);
        May("EraseRole", "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes sqs:ChangeMessageVisibility", Queue("erase"), byService: true);
        May("ApiRole WorkerRole", "s3:GetObject s3:PutObject s3:DeleteObject", Bucket("blobs") + "/t/b");
        May("SweepRole EraseRole", "s3:DeleteObject", Bucket("blobs") + "/t/b");
        May("ImapRole", "s3:PutObject s3:DeleteObject", Bucket("blobs") + "/t/b");
        // Exports: the worker makes them, the API signs addresses by which they are read.
        May("WorkerRole", "s3:PutObject s3:AbortMultipartUpload s3:DeleteObject", Bucket("blobs") + "/exports/t/x");
        May("ApiRole", "s3:GetObject s3:DeleteObject", Bucket("blobs") + "/exports/t/x");
        May("EraseRole", "s3:DeleteObject", Bucket("blobs") + "/exports/t/x");
        // Uploads: the API signs addresses to which they are put, reads them, and removes them; a job, and an erasure, remove what is left.
        May("ApiRole", "s3:PutObject s3:GetObject s3:DeleteObject", Bucket("blobs") + "/uploads/t/f");
        May("WorkerRole EraseRole", "s3:DeleteObject", Bucket("blobs") + "/uploads/t/f");
        // Without the right to list, what is not there looks forbidden, and S3Blobs could not tell.
        May("ApiRole WorkerRole SweepRole EraseRole OperatorRole", "s3:ListBucket", Bucket("blobs"));
        May(Store, "sns:Publish", topic);
        foreach (var role in Everybody.Split(' '))
            May(role, "logs:CreateLogStream logs:PutLogEvents", Logs(role[..^4].ToLowerInvariant()), byService: true);
        rows.AddRange(NeverRights.Rows(stage));
        return rows;
    }

    /// <summary>Only where there is a VPC, and only where SES takes mail.</summary>
    public static IEnumerable<AccessRow> Special(string stage, bool vpc, bool mail, bool send)
    {
        if (vpc)
            foreach (var (action, on) in new[] { ("ec2:CreateNetworkInterface", $"arn:aws:ec2:{Stack.Region}:{Stack.Account}:network-interface/*"), ("ec2:DeleteNetworkInterface", $"arn:aws:ec2:{Stack.Region}:{Stack.Account}:network-interface/*"), ("ec2:DescribeNetworkInterfaces", "*") })
                yield return new("AWS-1", Everybody, action, on, true, ByService: true);
        if (send)
            foreach (var action in new[] { "ses:SendEmail", "ses:SendRawEmail" })
                foreach (var resource in new[] { "identity/example.com", $"configuration-set/replymint-{stage}" })
                    yield return new("AWS-1", "WorkerRole", action, $"arn:aws:ses:{Stack.Region}:{Stack.Account}:{resource}", true);
        if (!mail)
            yield break;
        foreach (var action in new[] { "s3:GetObject", "s3:DeleteObject" })
            yield return new("AWS-1", "WorkerRole", action, $"arn:aws:s3:::replymint-{stage}-mail-{Stack.Account}-{Stack.Region}/x", true);
        foreach (var action in new[] { "sqs:ReceiveMessage", "sqs:DeleteMessage" })
            yield return new("AWS-1", "WorkerRole", action, $"arn:aws:sqs:{Stack.Region}:{Stack.Account}:replymint-{stage}-mail", true, ByService: true);
    }
}
