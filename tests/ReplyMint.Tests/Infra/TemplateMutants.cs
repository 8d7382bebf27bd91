using System.Text.RegularExpressions;

namespace ReplyMint.Tests.Infra;

/// <summary>One protection less, in the text of the template.</summary>
/// <param name="Resource">In whose text it is looked for.</param>
/// <param name="Find">Its first place there.</param>
internal sealed record TemplateMutant(string Name, string Resource, string Find, string Replace)
{
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
        new("main can be deleted", "MainTable", "DeletionProtectionEnabled: true", "DeletionProtectionEnabled: false"),
        new("keys can be deleted", "KeysTable", "DeletionProtectionEnabled: true", "DeletionProtectionEnabled: false"),
        new("audit is not encrypted with our key", "AuditTable", "SSEEnabled: true, SSEType: KMS", "SSEEnabled: false, SSEType: KMS"),
        new("main is encrypted with AWS's own key", "MainTable", ", KMSMasterKeyId: !GetAtt DataKey.Arn", ""),
        new("main can't be recovered", "MainTable", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false"),
        new("keys outlive their erasure in copies", "KeysTable", "RecoveryPeriodInDays: 7", "RecoveryPeriodInDays: 35"),
        new("audit goes with its stack", "AuditTable", "DeletionPolicy: Retain", "DeletionPolicy: Delete"),
        new("main is replaced", "MainTable", "UpdateReplacePolicy: Retain", "UpdateReplacePolicy: Delete"),
        new("nothing expires", "MainTable", "AttributeName: gone", "AttributeName: exp"),
        new("another sort key", "AuditTable", "AttributeName: s, KeyType", "AttributeName: sort, KeyType"),
        new("another name of a table", "KeysTable", "'replymint-${Stage}-keys'", "'replymint-${Stage}-key'"),
        new("anybody's role may destroy keys", "KeysTable", "Effect: Deny", "Effect: Allow"),
        new("another function may destroy keys", "KeysTable", "-erase'}}", "-worker'}}"),
        new("the data key is never changed", "DataKey", "EnableKeyRotation: true", "EnableKeyRotation: false"),
        new("the master key goes in a week", "MasterKey", "PendingWindowInDays: 30", "PendingWindowInDays: 7"),
        new("the master key can be destroyed", "MasterKey", "              - kms:DescribeKey\n", "              - kms:DescribeKey\n              - kms:ScheduleKeyDeletion\n"),
        new("the account may do everything with a key", "DataKey", "              - kms:CancelKeyDeletion\n", "              - kms:*\n"),
        new("the master key opens for every role", "MasterKey", "Effect: Deny", "Effect: Allow"),
        new("the master key opens for the alarm function", "MasterKey", "role/replymint-${Stage}-sweep'", "role/replymint-${Stage}-alarm'"),
        new("the data key opens for services of other accounts", "DataKey", "            Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}\n", ""),
        new("alarms may not use the topic's key", "DataKey", "budgets.amazonaws.com, cloudwatch.amazonaws.com, ", "budgets.amazonaws.com, "),
        new("keys lie in the backup vault", "BackupSelection", "[!GetAtt MainTable.Arn, ", "[!GetAtt MainTable.Arn, !GetAtt KeysTable.Arn, "),
        new("audit is not backed up", "BackupSelection", ", !GetAtt AuditTable.Arn]", "]"),
        new("a backup of the keys could be made", "BackupRole", "Effect: Deny", "Effect: Allow"),
        new("backups can be removed at once", "Vault", "      LockConfiguration: {MinRetentionDays: 7, MaxRetentionDays: 35}\n", ""),
        new("backups outlive an erasure", "BackupPlan", "DeleteAfterDays: 30", "DeleteAfterDays: 365"),
        new("no restore is tried", "RestoreTestTables", ", !GetAtt AuditTable.Arn]", "]"),

        // Buckets
        new("blobs may be public", "BlobBucket", "RestrictPublicBuckets: true", "RestrictPublicBuckets: false"),
        new("the trail may be public", "TrailBucket", "BlockPublicPolicy: true", "BlockPublicPolicy: false"),
        new("blobs keep what was erased", "BlobBucket", "      LifecycleConfiguration:", "      VersioningConfiguration: {Status: Enabled}\n      LifecycleConfiguration:"),
        new("raw mail stays for good", "MailBucket", "ExpirationInDays: 7, ", ""),
        new("mails are not encrypted with our key", "MailBucket", "{SSEAlgorithm: aws:kms, KMSMasterKeyID: !GetAtt DataKey.Arn}", "{SSEAlgorithm: AES256}"),
        new("blobs take plain transport", "BlobBucketPolicy", "aws:SecureTransport: 'false'", "aws:SecureTransport: 'true'"),
        new("logs take old TLS", "LogBucketPolicy", "s3:TlsVersion: '1.2'", "s3:TlsVersion: '1.0'"),
        new("anybody may bring mail", "MailBucketPolicy", "Principal: {Service: ses.amazonaws.com}", "Principal: '*'"),
        new("others write mails", "MailBucketPolicy", "Sid: NobodyElseWrites\n            Effect: Deny", "Sid: NobodyElseWrites\n            Effect: Allow"),
        new("others tell of mails", "MailQueuePolicy", "Sid: NobodyElseSends\n            Effect: Deny", "Sid: NobodyElseSends\n            Effect: Allow"),
        new("the trail can be wiped", "TrailBucket", "Days: 365", "Days: 1"),
        new("nobody sees who asks for blobs", "BlobBucket", "DestinationBucketName: !Ref LogBucket", "DestinationBucketName: !Ref TrailBucket"),

        // The trail
        new("the trail's files are not validated", "Trail", "EnableLogFileValidation: true", "EnableLogFileValidation: false"),
        new("the trail is off", "Trail", "IsLogging: true", "IsLogging: false"),
        new("the trail sees one region", "Trail", "IsMultiRegionTrail: true", "IsMultiRegionTrail: false"),
        new("the trail leaves reading out", "Trail", "Equals: [Management]}", "Equals: [Management]}\n            - {Field: readOnly, Equals: ['false']}"),
        new("the trail does not see keys go", "Trail", "!GetAtt KeysTable.Arn", "!GetAtt MainTable.Arn"),

        // Queues, topics, functions
        new("wake-ups take plain transport", "WakeQueuePolicy", "Effect: Deny", "Effect: Allow"),
        new("dead letters take plain transport", "EraseDeadQueuePolicy", "aws:SecureTransport: 'false'", "aws:SecureTransport: 'true'"),
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
        new("rotation is never called", "RotateSchedule", "rate(1 hour)", "rate(365 days)"),
        new("everybody may call the sweep", "SweepPermission", "      SourceArn: !GetAtt SweepSchedule.Arn\n", ""),
        new("every topic may call the alarm function", "AlarmPermission", "      SourceArn: !Ref AlertTopic\n", ""),
        new("every API may call the function", "ApiPermission", "${AWS::AccountId}:${Api}/${Stage}/*", "*:*/*/*"),
        new("the alerts take plain transport", "AlertTopicPolicy", "Effect: Deny", "Effect: Allow"),
        new("every account may tell the topic", "AlertTopicPolicy", "            Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}\n", ""),
        new("the mail topic is not encrypted", "MailTopic", "      KmsMasterKeyId: !Ref DataKey\n", ""),
        new("the api works on for nobody", "ApiFunction", "Timeout: 29", "Timeout: 300"),
        new("the worker's lines have no structure", "WorkerFunction", "LogFormat: JSON", "LogFormat: Text"),

        // Roles
        new("the worker may do everything with main", "WorkerRole", "[dynamodb:BatchGetItem, dynamodb:ConditionCheckItem, dynamodb:DeleteItem, dynamodb:GetItem, dynamodb:Query, dynamodb:UpdateItem]", "'dynamodb:*'"),
        new("the api may destroy keys", "ApiRole", "              - Sid: Keys\n                Effect: Allow\n                Action: [", "              - Sid: Keys\n                Effect: Allow\n                Action: [dynamodb:DeleteItem, "),
        new("the worker may cut the audit log", "WorkerRole", "              - Sid: Audit\n                Effect: Allow\n                Action: [", "              - Sid: Audit\n                Effect: Allow\n                Action: [dynamodb:DeleteItem, "),
        new("the alarm function reads all secrets", "AlarmRole", "/alarm-webhook'", "/*'"),
        new("the api may change secrets", "ApiRole", "ssm:GetParameters]", "ssm:GetParameters, ssm:PutParameter]"),
        new("secrets of all stages", "WorkerRole", "parameter/replymint/${Stage}/*'", "parameter/replymint/*'"),
        new("the data key is used by itself", "SweepRole", "                Condition: {StringEquals: {kms:ViaService: [!Sub 'dynamodb.${AWS::Region}.amazonaws.com', !Sub 's3.${AWS::Region}.amazonaws.com', !Sub 'sns.${AWS::Region}.amazonaws.com', !Sub 'sqs.${AWS::Region}.amazonaws.com', !Sub 'ssm.${AWS::Region}.amazonaws.com']}}\n", ""),
        new("the api wraps the master key", "ApiRole", "Action: [kms:Decrypt]", "Action: [kms:Decrypt, kms:Encrypt]"),
        new("everything on all resources", "RotateRole", "Resource: !GetAtt MainTable.Arn", "Resource: '*'"),
        new("the api reads erasures", "ApiRole", "Action: [sqs:SendMessage]", "Action: [sqs:SendMessage, sqs:ReceiveMessage, sqs:DeleteMessage]"),
        new("the api sends mail", "ApiRole", "              - Sid: Wake\n", "              - {Sid: Mail, Effect: Allow, Action: [ses:SendRawEmail], Resource: !Sub 'arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*'}\n              - Sid: Wake\n"),
        new("what is absent looks forbidden", "WorkerRole", "              - Sid: BlobNames\n                Effect: Allow\n                Action: [s3:ListBucket]\n                Resource: !GetAtt BlobBucket.Arn\n", ""),
        new("dead letters of rotation are refused", "RotateRole", "Resource: [!GetAtt CallsDeadQueue.Arn]", "Resource: [!GetAtt WakeDeadQueue.Arn]"),
        new("code may make interfaces", "NetworkPolicy", "Effect: Deny", "Effect: Allow"),
        new("the erase function can't destroy keys", "EraseRole", "              - Sid: Keys\n                Effect: Allow\n                Action: [dynamodb:BatchGetItem, dynamodb:ConditionCheckItem, dynamodb:DeleteItem, ", "              - Sid: Keys\n                Effect: Allow\n                Action: [dynamodb:BatchGetItem, dynamodb:ConditionCheckItem, "),
        new("no boundary", "WorkerRole", "      PermissionsBoundary: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/replymint-boundary'\n", ""),
        new("functions share a role", "SweepFunction", "Role: !GetAtt SweepRole.Arn", "Role: !GetAtt WorkerRole.Arn"),
        new("an administrator's policy", "EraseRole", "ManagedPolicyArns: [", "ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess', "),
        new("everybody may be operator", "OperatorRole", "Principal: {AWS: !Ref OperatorPrincipal}", "Principal: {AWS: '*'}"),
        new("operators stay all day", "OperatorRole", "MaxSessionDuration: 3600", "MaxSessionDuration: 43200"),
        new("operators may stop the trail", "OperatorRole", "              - Sid: NeverWhatTellsOfIt\n                Effect: Deny", "              - Sid: NeverWhatTellsOfIt\n                Effect: Allow"),
        new("operators may change functions", "OperatorRole", "              - Sid: Schedules\n", "              - {Sid: Code, Effect: Allow, Action: ['lambda:UpdateFunctionCode'], Resource: !GetAtt EraseFunction.Arn}\n              - Sid: Schedules\n"),
        new("a whole account may be operator", "OperatorPrincipal", "role/.+'", ".+'"),
        new("another account's backups", "BackupRole", "            Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}\n", ""),
        new("a user of IAM", "ReleaseParameter", "    Type: AWS::SSM::Parameter\n", "    Type: AWS::IAM::User\n"),
        new("a secret in the template", "ReleaseParameter", "Value: !Ref PackageKey", "Value: AKIAABCDEFGHIJKLMNOP"),

        // What the product is told
        new("another prefix of tables", "ApiFunction", "TABLE_PREFIX: !Sub 'replymint-${Stage}-'", "TABLE_PREFIX: !Sub 'replymint-${Stage}'"),
        new("jobs of erasure go to the worker", "WorkerFunction", "REPLYMINT_AWS__ERASE_QUEUE: !Ref EraseQueue", "REPLYMINT_AWS__ERASE_QUEUE: !Ref WakeQueue"),
        new("another path of secrets", "SweepFunction", "REPLYMINT_AWS__PARAMETERS: !Sub '/replymint/${Stage}'", "REPLYMINT_AWS__PARAMETERS: /replymint"),
        new("development on AWS", "ApiFunction", "REPLYMINT_ENVIRONMENT: !Ref Stage", "REPLYMINT_ENVIRONMENT: development"),
        new("a misspelt variable", "ApiFunction", "REPLYMINT_HTTP__PUBLIC_URL", "REPLYMINT_HTTP__PUBLICURL"),
        new("the wrong loop", "EraseFunction", "REPLYMINT_LAMBDA__FUNCTION: erase", "REPLYMINT_LAMBDA__FUNCTION: worker"),
        new("a variable that opens something", "ApiFunction", "          REPLYMINT_STORE: aws\n", "          REPLYMINT_STORE: aws\n          REPLYMINT_ACCOUNTS__SIGN_UP: open\n"),
        new("the embedded store", "WorkerFunction", "REPLYMINT_STORE: aws", "REPLYMINT_STORE: embedded"),

        // The network
        new("production runs outside of the VPC", "InVpc", "!Or [!Condition IsProduction, !Equals [!Ref UseVpc, 'yes']]", "!Equals [!Ref UseVpc, 'yes']"),
        new("functions call everything", "FunctionGroup", "FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0", "FromPort: 0, ToPort: 65535, CidrIp: 0.0.0.0/0"),
        new("functions can be called", "FunctionGroup", "      SecurityGroupEgress:", "      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]\n      SecurityGroupEgress:"),
        new("endpoints let everybody in", "EndpointGroup", "SourceSecurityGroupId: !GetAtt FunctionGroup.GroupId", "CidrIp: 0.0.0.0/0"),
        new("functions lie in the open", "PrivateSubnetARoutes", "!Ref PrivateRoutes", "!Ref PublicRoutes"),
        new("public addresses", "PrivateSubnetB", "MapPublicIpOnLaunch: false", "MapPublicIpOnLaunch: true"),
        new("other accounts' tables", "DynamoEndpoint", "            Condition: {StringEquals: {aws:PrincipalAccount: !Ref AWS::AccountId}}\n", ""),
        new("all actions by the endpoint", "SqsEndpoint", "[sqs:SendMessage]", "'*'"),
        new("an endpoint that stands in the way", "KmsEndpoint", "[kms:Decrypt]", "[kms:Encrypt]"),
        new("the endpoint of SSM is not used", "SsmEndpoint", "PrivateDnsEnabled: true", "PrivateDnsEnabled: false"),
        new("refused packets leave no trace", "FlowLog", "TrafficType: REJECT", "TrafficType: ACCEPT"),

        // The gateway
        new("AWS's own name works, too", "Api", "DisableExecuteApiEndpoint: true", "DisableExecuteApiEndpoint: false"),
        new("old TLS", "Domain", "SecurityPolicy: TLS_1_2", "SecurityPolicy: TLS_1_0"),
        new("no preflight at the root", "RootOptions", "HttpMethod: OPTIONS", "HttpMethod: HEAD"),
        new("every origin", "RestOptions", "!Sub [\"'${Origin}'\", {Origin: !FindInMap [Stages, !Ref Stage, Origin]}]", "\"'*'\""),
        new("another method", "RestOptions", "'GET, POST, PUT, DELETE, OPTIONS'", "'GET, POST, PUT, PATCH, DELETE, OPTIONS'"),
        new("another header", "RootOptions", "Idempotency-Key, If-Match'", "Idempotency-Key, If-Match, Cookie'"),
        new("preflights for a day", "WebhooksOptions", "Max-Age: \"'300'\"", "Max-Age: \"'86400'\""),
        new("credentials", "WebhooksRestOptions", "              method.response.header.Vary: \"'Origin'\"\n", "              method.response.header.Vary: \"'Origin'\"\n              method.response.header.Access-Control-Allow-Credentials: \"'true'\"\n"),
        new("a header is not declared", "RestOptions", "            method.response.header.X-Frame-Options: true\n", ""),
        new("a MOCK that answers 500", "RestOptions", "        ContentHandling: CONVERT_TO_TEXT\n", ""),
        new("no nosniff when the WAF refuses", "AnswerFiltered", "        gatewayresponse.header.X-Content-Type-Options: \"'nosniff'\"\n", ""),
        new("frames when throttled", "AnswerThrottled", "X-Frame-Options: \"'DENY'\"", "X-Frame-Options: \"'SAMEORIGIN'\""),
        new("no HSTS on errors", "AnswerFailed", "        gatewayresponse.header.Strict-Transport-Security: \"'max-age=31536000; includeSubDomains'\"\n", ""),
        new("the gateway's own words", "AnswerRefused", "ResponseType: DEFAULT_4XX", "ResponseType: ACCESS_DENIED"),
        new("too large, in words of the gateway", "AnswerTooLarge", "\"title\":\"Payload Too Large\",", ""),
        new("no time to come again", "AnswerThrottled", "        gatewayresponse.header.Retry-After: \"'1'\"\n", ""),
        new("what is internal is shown", "AnswerFailed", "\"detail\":\"", "\"detail\":\"$context.error.messageString "),
        new("the API is not throttled", "ApiStage", "ThrottlingRateLimit: !Ref ApiRate, ", ""),
        new("bodies in logs", "ApiStage", "DataTraceEnabled: false", "DataTraceEnabled: true"),
        new("no access log", "ApiStage", "        DestinationArn: !GetAtt AccessLogs.Arn\n", "        DestinationArn: !GetAtt ApiLogs.Arn\n"),
        new("addresses in the access log", "ApiStage", "\"path\":\"$context.path\"", "\"path\":\"$context.path\",\"ip\":\"$context.identity.sourceIp\""),
        new("an API that is deployed too early", "ApiDeployment", ", AnswerFiltered", ""),
        new("the WAF stands before nothing", "WafOnApi", "/restapis/${Api}/stages/${ApiStage}", "/restapis/${Api}/stages/other"),
        new("the WAF only counts", "Waf", "Action: {Block: {}}", "Action: {Count: {}}"),
        new("the WAF bounds no address", "Waf", "RateBasedStatement: {Limit: !Ref AddressRate", "RateBasedStatement: {Limit: 2000000"),
        new("no managed rules", "Waf", "Name: AWSManagedRulesCommonRuleSet", "Name: AWSManagedRulesAdminProtectionRuleSet"),
        new("a rule group that only counts", "Waf", "OverrideAction: {None: {}}", "OverrideAction: {Count: {}}"),
        new("the WAF lets bad paths through", "Waf", "Name: GenericLFI_BODY", "Name: GenericLFI_URIPATH"),
        new("keys in the WAF's log", "WafLogging", "        - SingleHeader: {Name: x-api-key}\n", ""),
        new("honest callers in the WAF's log", "WafLogging", "DefaultBehavior: DROP", "DefaultBehavior: KEEP"),

        // Alarms and logs
        new("nobody is told of dead letters", "DeadLettersAlarm", "      AlarmActions: [!Ref AlertTopic]\n", ""),
        new("dead letters of erasures are not watched", "DeadLettersAlarm", "!GetAtt EraseDeadQueue.QueueName", "!GetAtt WakeDeadQueue.QueueName"),
        new("errors of the gateway are not watched", "GatewayErrorsAlarm", "MetricName: 5XXError", "MetricName: Count"),
        new("a metric that is not there", "TableThrottlesAlarm", "MetricName: WriteThrottleEvents", "MetricName: WriteThrottles"),
        new("an alarm that waits for ever", "QueueAgeAlarm", "Threshold: 300", "Threshold: 86400"),
        new("a sweep that stops in silence", "SweepStoppedAlarm", "TreatMissingData: breaching", "TreatMissingData: notBreaching"),
        new("rotation is not watched", "RotationOverdueAlarm", "MetricName: Invocations", "MetricName: Duration"),
        new("no person is told", "AlertByMail", "Protocol: email", "Protocol: sms"),
        new("the webhook is not told", "AlertByWebhook", "Endpoint: !GetAtt AlarmFunction.Arn", "Endpoint: !GetAtt ApiFunction.Arn"),
        new("nobody is told what it costs", "Budget", "Subscribers: [{SubscriptionType: SNS, Address: !Ref AlertTopic}]", "Subscribers: []"),
        new("lines stay for years", "ApiLogs", "RetentionInDays: 30", "RetentionInDays: 3653"),
        new("lines stay for good", "AccessLogs", "RetentionInDays: 30, ", ""),
        new("the WAF's log is not encrypted", "WafLogs", ", KmsKeyId: !GetAtt DataKey.Arn", ""),
        new("no dashboard", "Dashboard", "{\"widgets\": [", "{\"widgets\": "),
    ];
}
