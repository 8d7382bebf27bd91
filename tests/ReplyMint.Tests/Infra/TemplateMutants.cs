using System.Text.RegularExpressions;

namespace ReplyMint.Tests.Infra;

/// <summary>One protection less, in the text of the template.</summary>
/// <param name="Resource">In whose text it is looked for.</param>
/// <param name="Find">Its first place there.</param>
/// <param name="Controls">Those that the guide has to name, with blanks between them; "" when only the product's own tests notice, since no control promises it.</param>
internal sealed record TemplateMutant(string Name, string Resource, string Find, string Replace, string Of = "")
{
    public string[] Controls => Of.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    public string ApplyTo(string template)
    {
        var start = template.IndexOf($"\n  {Resource}:", StringComparison.Ordinal);
        Assert.True(start >= 0, $"{Name}: there is no {Resource} in the template.");
        // The next line that stands as far to the left begins something else.
        var next = Regex.Match(template[(start + 1)..], @"\n(  )?[^ \n]");
        var end = next.Success ? start + 1 + next.Index : template.Length;
        var at = template.IndexOf(Find, start, StringComparison.Ordinal);
        Assert.True(at >= 0 && at < end, $"{Name}: {Resource} does not hold {Find}");
        return template[..at] + Replace + template[(at + Find.Length)..];
    }
}

/// <summary>Protections that are taken away, to see that a check notices. Names say what is then missing.</summary>
internal static class TemplateMutants
{
    public static IReadOnlyList<TemplateMutant> All { get; } =
    [
        // Tables, keys, backups
        new("main can be deleted", "MainTable", "DeletionProtectionEnabled: true", "DeletionProtectionEnabled: false", "AWS-4"),
        new("keys can be deleted", "KeysTable", "DeletionProtectionEnabled: true", "DeletionProtectionEnabled: false", "AWS-4"),
        new("audit is not encrypted with our key", "AuditTable", "SSEEnabled: true, SSEType: KMS", "SSEEnabled: false, SSEType: KMS", "AWS-4"),
        new("main is encrypted with AWS's own key", "MainTable", ", KMSMasterKeyId: !GetAtt DataKey.Arn", "", "AWS-4"),
        new("main can't be recovered", "MainTable", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false", "AWS-4"),
        new("keys outlive their erasure in copies", "KeysTable", "RecoveryPeriodInDays: 7", "RecoveryPeriodInDays: 35", "AWS-4"),
        new("audit goes with its stack", "AuditTable", "DeletionPolicy: Retain", "DeletionPolicy: Delete", "AWS-4"),
        new("main is replaced", "MainTable", "UpdateReplacePolicy: Retain", "UpdateReplacePolicy: Delete", "AWS-4"),
        new("nothing expires", "MainTable", "AttributeName: gone", "AttributeName: exp"),
        new("another sort key", "AuditTable", "AttributeName: s, KeyType", "AttributeName: sort, KeyType"),
        new("another name of a table", "KeysTable", "'replymint-${Stage}-keys'", "'replymint-${Stage}-key'"),
        new("anybody's role may destroy keys", "KeysTable", "Effect: Deny", "Effect: Allow", "AWS-1"),
        new("another function may destroy keys", "KeysTable", "-erase'}}", "-worker'}}", "AWS-1"),
        new("the data key is never changed", "DataKey", "EnableKeyRotation: true", "EnableKeyRotation: false", "AWS-4"),
        new("the master key goes in a week", "MasterKey", "PendingWindowInDays: 30", "PendingWindowInDays: 7", "AWS-4"),
        new("the master key can be destroyed", "MasterKey", "              - kms:DescribeKey\n", "              - kms:DescribeKey\n              - kms:ScheduleKeyDeletion\n", "AWS-1"),
        new("the account may do everything with a key", "DataKey", "              - kms:CancelKeyDeletion\n", "              - kms:*\n", "AWS-1"),
        new("the master key opens for every role", "MasterKey", "Effect: Deny", "Effect: Allow", "AWS-1 SEC-3"),
        new("the master key opens for the alarm function", "MasterKey", "role/replymint-${Stage}-sweep'", "role/replymint-${Stage}-alarm'", "SEC-3"),
        new("the data key opens for services of other accounts", "DataKey", "            Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}\n", "", "AWS-1"),
        new("alarms may not use the topic's key", "DataKey", "budgets.amazonaws.com, cloudwatch.amazonaws.com, ", "budgets.amazonaws.com, ", "MON-1"),
        new("keys lie in the backup vault", "BackupSelection", "[!GetAtt MainTable.Arn, ", "[!GetAtt MainTable.Arn, !GetAtt KeysTable.Arn, "),
        new("audit is not backed up", "BackupSelection", ", !GetAtt AuditTable.Arn]", "]"),
        new("a backup of the keys could be made", "BackupRole", "Effect: Deny", "Effect: Allow", "AWS-1"),
        new("backups can be removed at once", "Vault", "      LockConfiguration: {MinRetentionDays: 7, MaxRetentionDays: 35}\n", ""),
        new("backups outlive an erasure", "BackupPlan", "DeleteAfterDays: 30", "DeleteAfterDays: 365"),
        new("no restore is tried", "RestoreTestTables", ", !GetAtt AuditTable.Arn]", "]"),

        // Buckets
        new("blobs may be public", "BlobBucket", "RestrictPublicBuckets: true", "RestrictPublicBuckets: false", "AWS-1"),
        new("the trail may be public", "TrailBucket", "BlockPublicPolicy: true", "BlockPublicPolicy: false", "AWS-6"),
        new("blobs keep what was erased", "BlobBucket", "      LifecycleConfiguration:", "      VersioningConfiguration: {Status: Enabled}\n      LifecycleConfiguration:"),
        new("raw mail stays for good", "MailBucket", "ExpirationInDays: 7, ", ""),
        new("mails are not encrypted with our key", "MailBucket", "{SSEAlgorithm: aws:kms, KMSMasterKeyID: !GetAtt DataKey.Arn}", "{SSEAlgorithm: AES256}"),
        new("blobs take plain transport", "BlobBucketPolicy", "aws:SecureTransport: 'false'", "aws:SecureTransport: 'true'", "AWS-7"),
        new("logs take old TLS", "LogBucketPolicy", "s3:TlsVersion: '1.2'", "s3:TlsVersion: '1.0'", "AWS-7"),
        new("anybody may bring mail", "MailBucketPolicy", "Principal: {Service: ses.amazonaws.com}", "Principal: '*'", "AWS-1"),
        new("others write mails", "MailBucketPolicy", "Sid: NobodyElseWrites\n            Effect: Deny", "Sid: NobodyElseWrites\n            Effect: Allow", "AWS-1"),
        new("others tell of mails", "MailQueuePolicy", "Sid: NobodyElseSends\n            Effect: Deny", "Sid: NobodyElseSends\n            Effect: Allow", "AWS-1"),
        new("the trail can be wiped", "TrailBucket", "Days: 365", "Days: 1", "AWS-6 SOC-2"),
        new("nobody sees who asks for blobs", "BlobBucket", "DestinationBucketName: !Ref LogBucket", "DestinationBucketName: !Ref TrailBucket", "AWS-6"),

        // The trail
        new("the trail's files are not validated", "Trail", "EnableLogFileValidation: true", "EnableLogFileValidation: false", "AWS-6"),
        new("the trail is off", "Trail", "IsLogging: true", "IsLogging: false", "AWS-6 SEC-3 SOC-2"),
        new("the trail sees one region", "Trail", "IsMultiRegionTrail: true", "IsMultiRegionTrail: false", "AWS-6"),
        new("the trail leaves reading out", "Trail", "Equals: [Management]}", "Equals: [Management]}\n            - {Field: readOnly, Equals: ['false']}", "AWS-6 SEC-3"),
        new("the trail does not see keys go", "Trail", "!GetAtt KeysTable.Arn", "!GetAtt MainTable.Arn", "AWS-6 SEC-3"),

        // Queues, topics, functions
        new("wake-ups take plain transport", "WakeQueuePolicy", "Effect: Deny", "Effect: Allow", "AWS-1 AWS-7"),
        new("dead letters take plain transport", "EraseDeadQueuePolicy", "aws:SecureTransport: 'false'", "aws:SecureTransport: 'true'", "AWS-7"),
        new("the mail queue is not encrypted", "MailQueue", "KmsMasterKeyId: !Ref DataKey", "KmsMasterKeyId: alias/aws/sqs"),
        new("dead letters go before they are read", "WakeDeadQueue", "MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 86400"),
        new("erasures that fail are lost", "EraseQueue", "      RedrivePolicy: {deadLetterTargetArn: !GetAtt EraseDeadQueue.Arn, maxReceiveCount: 5}\n", ""),
        new("one failure is the end", "WakeQueue", "maxReceiveCount: 5", "maxReceiveCount: 1"),
        new("wake-ups come twice", "WakeQueue", "VisibilityTimeout: 720", "VisibilityTimeout: 60"),
        new("one bad mail fails ten", "MailToWorker", "      FunctionResponseTypes: [ReportBatchItemFailures]\n", ""),
        new("erasures run in the worker", "EraseToErase", "FunctionName: !Ref EraseFunction", "FunctionName: !Ref WorkerFunction"),
        new("the worker takes all places", "WakeToWorker", "      ScalingConfig: {MaximumConcurrency: 50}\n", ""),
        new("a failed rotation is lost", "RotateFunction", "      DeadLetterConfig: {TargetArn: !GetAtt CallsDeadQueue.Arn}\n", ""),
        new("a call of the sweep is lost", "SweepSchedule", "          DeadLetterConfig: {Arn: !GetAtt CallsDeadQueue.Arn}\n", ""),
        new("the sweep is off", "SweepSchedule", "State: ENABLED", "State: DISABLED"),
        new("accounts are never looked into", "ImapSchedule", "rate(1 minute)", "rate(365 days)"),
        new("rotation is never called", "RotateSchedule", "rate(1 hour)", "rate(365 days)"),
        new("everybody may call the sweep", "SweepPermission", "      SourceArn: !GetAtt SweepSchedule.Arn\n", "", "AWS-1"),
        new("every topic may call the alarm function", "AlarmPermission", "      SourceArn: !Ref AlertTopic\n", "", "AWS-1"),
        new("every API may call the function", "ApiPermission", "${AWS::AccountId}:${Api}/${Stage}/*", "*:*/*/*", "AWS-1"),
        new("the alerts take plain transport", "AlertTopicPolicy", "Effect: Deny", "Effect: Allow", "AWS-1 AWS-7"),
        new("every account may tell the topic", "AlertTopicPolicy", "            Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}\n", "", "AWS-1"),
        new("the mail topic is not encrypted", "MailTopic", "      KmsMasterKeyId: !Ref DataKey\n", ""),
        new("the worker ends before an export can say that it takes too long", "WorkerFunction", "Timeout: 120", "Timeout: 60"),
        new("the api works on for nobody", "ApiFunction", "Timeout: 29", "Timeout: 300"),
        new("the worker's lines have no structure", "WorkerFunction", "LogFormat: JSON", "LogFormat: Text", "MON-2"),

        // Roles
        new("the worker may do everything with main", "WorkerRole", "[dynamodb:BatchGetItem, dynamodb:ConditionCheckItem, dynamodb:DeleteItem, dynamodb:GetItem, dynamodb:Query, dynamodb:UpdateItem]", "'dynamodb:*'", "AWS-1"),
        new("the api may destroy keys", "ApiRole", "              - Sid: Keys\n                Effect: Allow\n                Action: [", "              - Sid: Keys\n                Effect: Allow\n                Action: [dynamodb:DeleteItem, ", "AWS-1"),
        new("the worker may cut the audit log", "WorkerRole", "              - Sid: Audit\n                Effect: Allow\n                Action: [", "              - Sid: Audit\n                Effect: Allow\n                Action: [dynamodb:DeleteItem, ", "AWS-1"),
        new("the alarm function reads all secrets", "AlarmRole", "/alarm-webhook'", "/*'", "AWS-1 SEC-3"),
        new("the api may change secrets", "ApiRole", "ssm:GetParameters]", "ssm:GetParameters, ssm:PutParameter]", "AWS-1 SEC-3"),
        new("secrets of all stages", "WorkerRole", "parameter/replymint/${Stage}/*'", "parameter/replymint/*'"),
        new("the data key is used by itself", "SweepRole", "                Condition: {StringEquals: {kms:ViaService: [!Sub 'dynamodb.${AWS::Region}.amazonaws.com', !Sub 's3.${AWS::Region}.amazonaws.com', !Sub 'sns.${AWS::Region}.amazonaws.com', !Sub 'sqs.${AWS::Region}.amazonaws.com', !Sub 'ssm.${AWS::Region}.amazonaws.com']}}\n", "", "AWS-1"),
        new("the api wraps the master key", "ApiRole", "Action: [kms:Decrypt]", "Action: [kms:Decrypt, kms:Encrypt]", "AWS-1"),
        new("everything on all resources", "RotateRole", "Resource: !GetAtt MainTable.Arn", "Resource: '*'", "AWS-1"),
        new("the api reads erasures", "ApiRole", "Action: [sqs:SendMessage]", "Action: [sqs:SendMessage, sqs:ReceiveMessage, sqs:DeleteMessage]", "AWS-1"),
        new("the api sends mail", "ApiRole", "              - Sid: Wake\n", "              - {Sid: Mail, Effect: Allow, Action: [ses:SendRawEmail], Resource: !Sub 'arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*'}\n              - Sid: Wake\n", "AWS-1"),
        new("what is absent looks forbidden", "WorkerRole", "              - Sid: BlobNames\n                Effect: Allow\n                Action: [s3:ListBucket]\n                Resource: !GetAtt BlobBucket.Arn\n", ""),
        new("dead letters of rotation are refused", "RotateRole", "Resource: [!GetAtt CallsDeadQueue.Arn]", "Resource: [!GetAtt WakeDeadQueue.Arn]"),
        new("the function imap reads mail", "ImapRole", "[s3:DeleteObject, s3:PutObject]", "[s3:DeleteObject, s3:GetObject, s3:PutObject]", "AWS-1"),
        new("code may make interfaces", "NetworkPolicy", "Effect: Deny", "Effect: Allow", "AWS-1"),
        new("the erase function can't destroy keys", "EraseRole", "              - Sid: Keys\n                Effect: Allow\n                Action: [dynamodb:BatchGetItem, dynamodb:ConditionCheckItem, dynamodb:DeleteItem, ", "              - Sid: Keys\n                Effect: Allow\n                Action: [dynamodb:BatchGetItem, dynamodb:ConditionCheckItem, "),
        new("no boundary", "WorkerRole", "      PermissionsBoundary: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/replymint-boundary'\n", "", "AWS-1"),
        new("functions share a role", "SweepFunction", "Role: !GetAtt SweepRole.Arn", "Role: !GetAtt WorkerRole.Arn", "AWS-1"),
        new("an administrator's policy", "EraseRole", "ManagedPolicyArns: [", "ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess', ", "AWS-1"),
        new("everybody may be operator", "OperatorRole", "Principal: {AWS: !Ref OperatorPrincipal}", "Principal: {AWS: '*'}", "AWS-1 AWS-8"),
        new("operators stay all day", "OperatorRole", "MaxSessionDuration: 3600", "MaxSessionDuration: 43200", "AWS-8"),
        new("operators may stop the trail", "OperatorRole", "              - Sid: NeverWhatTellsOfIt\n                Effect: Deny", "              - Sid: NeverWhatTellsOfIt\n                Effect: Allow", "AWS-1 AWS-6"),
        new("operators may change functions", "OperatorRole", "              - Sid: Schedules\n", "              - {Sid: Code, Effect: Allow, Action: ['lambda:UpdateFunctionCode'], Resource: !GetAtt EraseFunction.Arn}\n              - Sid: Schedules\n", "AWS-1"),
        new("a whole account may be operator", "OperatorPrincipal", "role/.+'", ".+'", "AWS-8"),
        new("another account's backups", "BackupRole", "            Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}\n", "", "AWS-1"),
        new("a user of IAM", "ReleaseParameter", "    Type: AWS::SSM::Parameter\n", "    Type: AWS::IAM::User\n", "AWS-8"),
        new("a secret in the template", "ReleaseParameter", "Value: !Ref PackageKey", "Value: AKIAABCDEFGHIJKLMNOP", "AWS-2 SOC-2"),

        // What the product is told
        new("another prefix of tables", "ApiFunction", "TABLE_PREFIX: !Sub 'replymint-${Stage}-'", "TABLE_PREFIX: !Sub 'replymint-${Stage}'"),
        new("jobs of erasure go to the worker", "WorkerFunction", "REPLYMINT_AWS__ERASE_QUEUE: !Ref EraseQueue", "REPLYMINT_AWS__ERASE_QUEUE: !Ref WakeQueue"),
        new("another path of secrets", "SweepFunction", "REPLYMINT_AWS__PARAMETERS: !Sub '/replymint/${Stage}'", "REPLYMINT_AWS__PARAMETERS: /replymint", "SEC-1 SEC-3"),
        new("development on AWS", "ApiFunction", "REPLYMINT_ENVIRONMENT: !Ref Stage", "REPLYMINT_ENVIRONMENT: development", "NET-3"),
        new("a misspelt variable", "ApiFunction", "REPLYMINT_HTTP__PUBLIC_URL", "REPLYMINT_HTTP__PUBLICURL"),
        new("the wrong loop", "EraseFunction", "REPLYMINT_LAMBDA__FUNCTION: erase", "REPLYMINT_LAMBDA__FUNCTION: worker"),
        new("a variable that opens something", "ApiFunction", "          REPLYMINT_STORE: aws\n", "          REPLYMINT_STORE: aws\n          REPLYMINT_ACCOUNTS__SIGN_UP: open\n"),
        new("the embedded store", "WorkerFunction", "REPLYMINT_STORE: aws", "REPLYMINT_STORE: embedded"),

        // The network
        new("production runs outside of the VPC", "InVpc", "!Or [!Condition IsProduction, !Equals [!Ref UseVpc, 'yes']]", "!Equals [!Ref UseVpc, 'yes']", "AWS-3"),
        new("functions call everything", "FunctionGroup", "FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0", "FromPort: 0, ToPort: 65535, CidrIp: 0.0.0.0/0", "AWS-3"),
        new("functions can be called", "FunctionGroup", "      SecurityGroupEgress:", "      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]\n      SecurityGroupEgress:", "AWS-3"),
        new("endpoints let everybody in", "EndpointGroup", "SourceSecurityGroupId: !GetAtt FunctionGroup.GroupId", "CidrIp: 0.0.0.0/0", "AWS-3"),
        new("functions lie in the open", "PrivateSubnetARoutes", "!Ref PrivateRoutes", "!Ref PublicRoutes", "AWS-3"),
        new("public addresses", "PrivateSubnetB", "MapPublicIpOnLaunch: false", "MapPublicIpOnLaunch: true", "AWS-3"),
        new("other accounts' tables", "DynamoEndpoint", "            Condition: {StringEquals: {aws:PrincipalAccount: !Ref AWS::AccountId}}\n", "", "AWS-3"),
        new("all actions by the endpoint", "SqsEndpoint", "[sqs:SendMessage]", "'*'", "AWS-3"),
        new("an endpoint that stands in the way", "KmsEndpoint", "[kms:Decrypt]", "[kms:Encrypt]"),
        new("the endpoint of SSM is not used", "SsmEndpoint", "PrivateDnsEnabled: true", "PrivateDnsEnabled: false", "AWS-3"),
        new("refused packets leave no trace", "FlowLog", "TrafficType: REJECT", "TrafficType: ACCEPT", "AWS-3"),

        new("the function imap calls everything", "MailGroup", "FromPort: 143, ToPort: 143", "FromPort: 0, ToPort: 65535", "AWS-3"),
        new("the worker calls mail servers", "WorkerFunction", "!GetAtt FunctionGroup.GroupId", "!GetAtt MailGroup.GroupId", "AWS-3"),
        new("the function imap can be called", "MailGroup", "      SecurityGroupEgress:", "      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]\n      SecurityGroupEgress:", "AWS-3"),

        // The gateway
        new("AWS's own name works, too", "Api", "DisableExecuteApiEndpoint: true", "DisableExecuteApiEndpoint: false", "AWS-7"),
        new("old TLS", "Domain", "SecurityPolicy: TLS_1_2", "SecurityPolicy: TLS_1_0", "AWS-7"),
        new("no preflight at the root", "RootOptions", "HttpMethod: OPTIONS", "HttpMethod: HEAD"),
        new("every origin", "RestOptions", "!Sub [\"'${Origin}'\", {Origin: !FindInMap [Stages, !Ref Stage, Origin]}]", "\"'*'\"", "CORS-1"),
        new("another method", "RestOptions", "'GET, POST, PUT, DELETE, OPTIONS'", "'GET, POST, PUT, PATCH, DELETE, OPTIONS'", "CORS-2"),
        new("another header", "RootOptions", "Idempotency-Key, If-Match'", "Idempotency-Key, If-Match, Cookie'", "CORS-3"),
        new("preflights for a day", "WebhooksOptions", "Max-Age: \"'300'\"", "Max-Age: \"'86400'\"", "CORS-5"),
        new("credentials", "WebhooksRestOptions", "              method.response.header.Vary: \"'Origin'\"\n", "              method.response.header.Vary: \"'Origin'\"\n              method.response.header.Access-Control-Allow-Credentials: \"'true'\"\n", "CORS-4"),
        new("a header is not declared", "RestOptions", "            method.response.header.X-Frame-Options: true\n", "", "HDR-2"),
        new("a MOCK that answers 500", "RestOptions", "        ContentHandling: CONVERT_TO_TEXT\n", ""),
        new("no nosniff when the WAF refuses", "AnswerFiltered", "        gatewayresponse.header.X-Content-Type-Options: \"'nosniff'\"\n", "", "HDR-1"),
        new("frames when throttled", "AnswerThrottled", "X-Frame-Options: \"'DENY'\"", "X-Frame-Options: \"'SAMEORIGIN'\"", "HDR-2"),
        new("no HSTS on errors", "AnswerFailed", "        gatewayresponse.header.Strict-Transport-Security: \"'max-age=31536000; includeSubDomains'\"\n", ""),
        new("the gateway's own words", "AnswerRefused", "ResponseType: DEFAULT_4XX", "ResponseType: ACCESS_DENIED", "HDR-1 HDR-2 HDR-3 HDR-4 HDR-5 MON-2"),
        new("too large, in words of the gateway", "AnswerTooLarge", "\"title\":\"Payload Too Large\",", ""),
        new("no time to come again", "AnswerThrottled", "        gatewayresponse.header.Retry-After: \"'1'\"\n", ""),
        new("what is internal is shown", "AnswerFailed", "\"detail\":\"", "\"detail\":\"$context.error.messageString "),
        new("the API is not throttled", "ApiStage", "ThrottlingRateLimit: !Ref ApiRate, ", "", "NET-5"),
        new("bodies in logs", "ApiStage", "DataTraceEnabled: false", "DataTraceEnabled: true", "MON-2"),
        new("no access log", "ApiStage", "        DestinationArn: !GetAtt AccessLogs.Arn\n", "        DestinationArn: !GetAtt ApiLogs.Arn\n", "AWS-6"),
        new("addresses in the access log", "ApiStage", "\"path\":\"$context.path\"", "\"path\":\"$context.path\",\"ip\":\"$context.identity.sourceIp\"", "MON-2"),
        new("an API that is deployed too early", "ApiDeployment", ", AnswerFiltered", ""),
        new("the WAF stands before nothing", "WafOnApi", "/restapis/${Api}/stages/${ApiStage}", "/restapis/${Api}/stages/other", "NET-5 AWS-5"),
        new("the WAF only counts", "Waf", "Action: {Block: {}}", "Action: {Count: {}}", "AWS-5"),
        new("the WAF bounds no address", "Waf", "RateBasedStatement: {Limit: !Ref AddressRate", "RateBasedStatement: {Limit: 2000000", "NET-5 AWS-5"),
        new("no managed rules", "Waf", "Name: AWSManagedRulesCommonRuleSet", "Name: AWSManagedRulesAdminProtectionRuleSet", "AWS-5"),
        new("a rule group that only counts", "Waf", "OverrideAction: {None: {}}", "OverrideAction: {Count: {}}", "AWS-5"),
        new("the WAF lets bad paths through", "Waf", "Name: GenericLFI_BODY", "Name: GenericLFI_URIPATH", "AWS-5"),
        new("keys in the WAF's log", "WafLogging", "        - SingleHeader: {Name: x-api-key}\n", "", "MON-2"),
        new("honest callers in the WAF's log", "WafLogging", "DefaultBehavior: DROP", "DefaultBehavior: KEEP", "MON-2"),

        // Exports
        new("every role reads exports", "BlobBucketPolicy", "Sid: OnlyTheApiReadsExports\n            Effect: Deny", "Sid: OnlyTheApiReadsExports\n            Effect: Allow", "AWS-1"),
        new("exports stay for good", "BlobBucket", ", Prefix: exports/, ExpirationInDays: 1", ", Prefix: exports/, ExpirationInDays: 30"),
        new("parts of a broken export can't be removed", "WorkerRole", "Action: [s3:AbortMultipartUpload]", "Action: [s3:GetObjectAcl]"),

        new("scripts of every origin read exports", "BlobBucket", "AllowedOrigins: [!FindInMap [Stages, !Ref Stage, Origin]]", "AllowedOrigins: ['*']", "CORS-1"),
        new("scripts write exports", "BlobBucket", "AllowedMethods: [GET]", "AllowedMethods: [GET, PUT]", "CORS-2"),
        new("scripts read exports unasked", "ExportsForConsole", "Default: 'no'", "Default: 'yes'"),

        // Uploads
        new("every role brings in files", "BlobBucketPolicy", "Sid: OnlyTheApiTakesUploads\n            Effect: Deny", "Sid: OnlyTheApiTakesUploads\n            Effect: Allow", "AWS-1"),
        new("the worker reads files on their way in", "WorkerRole", "Sid: NoUploads\n                Effect: Deny\n                Action: [s3:GetObject, s3:PutObject]", "Sid: NoUploads\n                Effect: Deny\n                Action: [s3:PutObject]", "AWS-1"),
        new("who fetches mail brings in files", "ImapRole", "Sid: NoUploads\n                Effect: Deny", "Sid: NoUploads\n                Effect: Allow", "AWS-1"),
        new("uploads stay for good", "BlobBucket", "          - {Id: uploads, Status: Enabled, Prefix: uploads/, ExpirationInDays: 1}\n", ""),
        new("scripts of every origin put files", "BlobBucket", "AllowedOrigins: [!Sub 'https://${DomainName}', !FindInMap [Stages, !Ref Stage, Origin]]", "AllowedOrigins: ['*']", "CORS-1"),
        new("scripts remove files", "BlobBucket", "AllowedMethods: [PUT]", "AllowedMethods: [PUT, DELETE]", "CORS-1 CORS-2"),
        new("scripts send whatever fields they like", "BlobBucket", "AllowedHeaders: [Content-Type, X-Amz-Checksum-Sha256]", "AllowedHeaders: ['*']", "CORS-2"),
        new("the console can't put files", "BlobBucket", "[!Sub 'https://${DomainName}', !FindInMap [Stages, !Ref Stage, Origin]]", "[!FindInMap [Stages, !Ref Stage, Origin]]"),

        // Settings
        new("nobody is named for a changed setting", "SweepFunction", "          REPLYMINT_CHANGED_BY: !Ref ChangedBy\n", ""),
        new("secrets lie under AWS's own key", "ApiFunction", "          REPLYMINT_AWS__PARAMETERS_KEY: !GetAtt DataKey.Arn\n", ""),

        // Alarms and logs
        new("nobody is told of dead letters", "DeadLettersAlarm", "      AlarmActions: [!Ref AlertTopic]\n", "", "MON-1"),
        new("dead letters of erasures are not watched", "DeadLettersAlarm", "!GetAtt EraseDeadQueue.QueueName", "!GetAtt WakeDeadQueue.QueueName", "MON-1"),
        new("errors of the gateway are not watched", "GatewayErrorsAlarm", "MetricName: 5XXError", "MetricName: Count", "MON-1"),
        new("a metric that is not there", "TableThrottlesAlarm", "MetricName: WriteThrottleEvents", "MetricName: WriteThrottles", "MON-1"),
        new("an alarm that waits for ever", "QueueAgeAlarm", "Threshold: 300", "Threshold: 86400", "MON-1"),
        new("a sweep that stops in silence", "SweepStoppedAlarm", "TreatMissingData: breaching", "TreatMissingData: notBreaching", "MON-1"),
        new("accounts that nobody looks into are not watched", "ImapStoppedAlarm", "MetricName: Invocations", "MetricName: Duration", "MON-1"),
        new("old keys are not watched", "KeyAgeAlarm", "MetricName: replymint.secret.overdue", "MetricName: replymint.secret.age", "MON-1"),
        new("how old keys are is not measured", "RotateFunction", "          REPLYMINT_MONITORING__EMF: 'true'\n", ""),
        new("rotation is not watched", "RotationOverdueAlarm", "MetricName: Invocations", "MetricName: Duration", "MON-1"),
        new("no person is told", "AlertByMail", "Protocol: email", "Protocol: sms", "MON-1"),
        new("the webhook is not told", "AlertByWebhook", "Endpoint: !GetAtt AlarmFunction.Arn", "Endpoint: !GetAtt ApiFunction.Arn", "MON-1"),
        new("nobody is told what it costs", "Budget", "Subscribers: [{SubscriptionType: SNS, Address: !Ref AlertTopic}]", "Subscribers: []", "MON-1 MON-4"),
        new("lines stay for years", "ApiLogs", "RetentionInDays: 30", "RetentionInDays: 3653", "MON-2 AWS-6"),
        new("lines stay for good", "AccessLogs", "RetentionInDays: 30, ", "", "MON-2 AWS-6"),
        new("the WAF's log is not encrypted", "WafLogs", ", KmsKeyId: !GetAtt DataKey.Arn", "", "AWS-6"),
        new("no dashboard", "Dashboard", "{\"widgets\": [", "{\"widgets\": ", "MON-4"),
        new("routes are not measured", "ApiStage", "MetricsEnabled: true", "MetricsEnabled: false", "MON-4"),

        // Changes, secrets, transport
        new("nobody may look for drift", "OperatorRole", "cloudformation:DetectStackDrift, ", "", "SOC-2"),
        new("nothing says what was deployed", "ReleaseParameter", "Value: !Ref PackageKey", "Value: latest", "SOC-2"),
        new("a secret in the environment", "WorkerFunction", "          REPLYMINT_STORE: aws\n", "          REPLYMINT_STORE: aws\n          REPLYMINT_MODEL__API_KEY: sk-0123456789\n", "AWS-2 SEC-1"),
        new("a parameter that takes a secret", "MailgunApiKey", "    AllowedPattern: '((store|parameter):[A-Za-z0-9_-][A-Za-z0-9_.-]*)?'\n", "", "AWS-2 SEC-1"),
        new("the worker reads Stripe's key", "WorkerRole", "parameter/replymint/${Stage}/stripe-*'", "parameter/replymint/${Stage}/stripe-webhook'", "AWS-1 SEC-3"),
        new("the erasing function reads Stripe's secrets", "EraseRole", "              - Sid: NoPayments\n                Effect: Deny\n", "              - Sid: NoPayments\n                Effect: Allow\n", "AWS-1 SEC-3"),
        new("the sweep reads the secret of Stripe's events", "SweepRole", "stripe-webhook*'", "stripe-other'", "AWS-1 SEC-3"),
        new("the sweep may not read Stripe's key", "SweepRole", "stripe-webhook*'", "stripe-*'"),
        new("the clock of plans knows other plans than the API", "SweepFunction", "          REPLYMINT_BILLING__PLANS: !If [HasPlans, !Ref BillingPlans, !Ref AWS::NoValue]\n", ""),
        new("the worker calls other places than the API lets tenants name", "WorkerFunction", "          REPLYMINT_OUTSIDE__ALLOW: !If [HasTenantPlaces, !Ref TenantPlaces, !Ref AWS::NoValue]\n", ""),
        new("plans are never compared with Stripe", "SweepFunction", "          REPLYMINT_BILLING__STRIPE__API_KEY: !If [HasStripe, 'parameter:stripe-key', !Ref AWS::NoValue]\n", ""),
        new("Stripe's key stands at the worker", "WorkerFunction", "          REPLYMINT_ACCOUNTS__FROM: !Ref MailFrom\n", "          REPLYMINT_BILLING__STRIPE__API_KEY: parameter:stripe-key\n          REPLYMINT_ACCOUNTS__FROM: !Ref MailFrom\n"),
        new("the public address is plain HTTP", "ApiFunction", "'https://${DomainName}'", "'http://${DomainName}'", "NET-3"),
        new("no Referrer-Policy when refused", "AnswerRefused", "Referrer-Policy: \"'strict-origin-when-cross-origin'\"", "Referrer-Policy: \"'unsafe-url'\"", "HDR-4"),
        new("the camera is on when throttled", "AnswerThrottled", "camera=(), ", "", "HDR-5"),
        new("old browsers are not told when it fails", "AnswerFailed", "X-XSS-Protection: \"'1; mode=block'\"", "X-XSS-Protection: \"'0'\"", "HDR-3"),
    ];
}
