using System.Globalization;
using System.Text.Json.Nodes;
using ReplyMint.Cli;
using ReplyMint.Guide;
using ReplyMint.Inbound;

namespace ReplyMint.Tests.Infra;

/// <summary>How functions run, what calls them, and what becomes of what they can't do; queues and topics.</summary>
internal static class FunctionChecks
{
    private const int Day = 24 * 60 * 60;

    public static IEnumerable<string> Problems(Stack stack) => [.. Functions(stack), .. Calls(stack), .. Queues(stack), .. Topics(stack)];

    private static IEnumerable<string> Functions(Stack stack)
    {
        foreach (var function in stack.Of("AWS::Lambda::Function"))
        {
            var name = function.Text("FunctionName");
            if (function.Text("Runtime") != "provided.al2023" || string.Join(' ', Stack.TextsOf(function.Node("Architectures"))) != "x86_64" || function.Text("Handler") != "bootstrap")
                yield return $"{name} does not run the native binary";
            if (function.Text("Code.S3Key") != stack.Parameter("PackageKey") || function.Text("Code.S3Bucket") != stack.Parameter("PackageBucket"))
                yield return $"{name} does not run the package";
            if (!int.TryParse(function.Text("MemorySize"), CultureInfo.InvariantCulture, out var memory) || memory < 128)
                yield return $"{name} says no memory";
            if (!int.TryParse(function.Text("Timeout"), CultureInfo.InvariantCulture, out var timeout) || timeout > 900)
                yield return $"{name} says no time";
            if (name.EndsWith("-api", StringComparison.Ordinal) && timeout > 29)
                yield return $"{name} works on when the gateway has given up";
            // An export that takes too long has to be told of before Lambda ends the function.
            if (name.EndsWith("-worker", StringComparison.Ordinal) && timeout < LambdaHost.LongestExport.TotalSeconds + 15)
                yield return $"{name} has less time than an export may take";
            if (name.EndsWith("-imap", StringComparison.Ordinal) && timeout < ImapRound.Longest.TotalSeconds + 15)
                yield return $"{name} has less time than a round takes";
            // What is called without waiting for an answer has nobody else to tell.
            if (name.Split('-')[^1] is "sweep" or "imap" or "rotate" or "alarm")
            {
                if (!function.Text("DeadLetterConfig.TargetArn").EndsWith("-calls-dead", StringComparison.Ordinal))
                    yield return $"{name} loses calls that fail";
                if (stack.Of("AWS::Lambda::EventInvokeConfig").All(tries => tries.Text("FunctionName") != name))
                    yield return $"{name} does not say how often it tries";
            }
        }
    }

    private static IEnumerable<string> Calls(Stack stack)
    {
        Dictionary<string, string> sources = new() { ["wake"] = "worker", ["erase"] = "erase" };
        if (stack.Find("MailQueue") is not null)
            sources["mail"] = "worker";
        foreach (var (queue, function) in sources)
            if (stack.Of("AWS::Lambda::EventSourceMapping").SingleOrDefault(mapping => mapping.Text("EventSourceArn").EndsWith($":replymint-{stack.Stage}-{queue}", StringComparison.Ordinal)) is not { } mapping
                || mapping.Text("FunctionName") != $"replymint-{stack.Stage}-{function}")
                yield return $"nobody reads the queue {queue}, or the wrong one does";
            else
            {
                if (!Stack.TextsOf(mapping.Node("FunctionResponseTypes")).Contains("ReportBatchItemFailures"))
                    yield return $"one message that fails on {queue} fails all that came with it";
                if (mapping.Node("ScalingConfig.MaximumConcurrency") is null)
                    yield return $"{queue} may take all places of the account";
                if (mapping.Text("Enabled") == "false")
                    yield return $"{queue} is switched off in the template";
            }
        foreach (var (name, rate) in new[] { ("sweep", "rate(1 minute)"), ("imap", "rate(1 minute)"), ("rotate", "rate(1 hour)") })
            if (stack.Of("AWS::Events::Rule").SingleOrDefault(rule => rule.Text("Name") == $"replymint-{stack.Stage}-{name}") is not { } rule || rule.Text("ScheduleExpression") != rate
                || rule.Text("State") != "ENABLED" || !rule.Text("Targets.0.Arn").EndsWith($":function:replymint-{stack.Stage}-{name}", StringComparison.Ordinal))
                yield return $"{name} is not called at {rate}";
            else if (rule.Text("Targets.0.DeadLetterConfig.Arn").Length == 0)
                yield return $"a call of {name} that is not delivered is lost";
    }

    private static IEnumerable<string> Queues(Stack stack)
    {
        var queues = stack.Of("AWS::SQS::Queue").ToDictionary(queue => queue.Text("QueueName"), StringComparer.Ordinal);
        foreach (var (name, queue) in queues)
        {
            if (queue.Text("KmsMasterKeyId") != "DataKey")
                yield return $"{name} is not encrypted with the stack's key";
            var keeps = Seconds(queue, "MessageRetentionPeriod", 4 * Day);
            if (name.EndsWith("-dead", StringComparison.Ordinal))
            {
                if (keeps != 14 * Day)
                    yield return $"{name} keeps dead letters for less than 14 days";
            }
            else if (queue.Text("RedrivePolicy.deadLetterTargetArn") is var target && (!target.EndsWith($":{name}-dead", StringComparison.Ordinal) || queues.GetValueOrDefault($"{name}-dead") is not { } dead))
                yield return $"{name} has no dead letters of its own";
            else
            {
                if (Seconds(dead, "MessageRetentionPeriod", 4 * Day) <= keeps)
                    yield return $"{name} keeps messages longer than its dead letters are kept";
                if (!int.TryParse(queue.Text("RedrivePolicy.maxReceiveCount"), CultureInfo.InvariantCulture, out var tries) || tries is < 2 or > 10)
                    yield return $"{name} tries {queue.Text("RedrivePolicy.maxReceiveCount")} times";
                if (dead.Text("RedriveAllowPolicy.redrivePermission") != "byQueue")
                    yield return $"others may put dead letters into {name}-dead";
            }
        }
        // Lambda asks for six times the function's time, so that a message is not given out again while it is at work.
        foreach (var mapping in stack.Of("AWS::Lambda::EventSourceMapping"))
            if (queues.Values.SingleOrDefault(queue => mapping.Text("EventSourceArn").EndsWith(":" + queue.Text("QueueName"), StringComparison.Ordinal)) is { } source
                && stack.Of("AWS::Lambda::Function").Single(function => function.Text("FunctionName") == mapping.Text("FunctionName")) is var reader
                && Seconds(source, "VisibilityTimeout", 30) < 6 * Seconds(reader, "Timeout", 3))
                yield return $"{source.Name} gives messages out again while {reader.Name} is at work on them";
    }

    private static IEnumerable<string> Topics(Stack stack)
    {
        // What lies there needs no signature (SesQueue).
        foreach (var (policy, action, condition) in new[] { ("MailQueuePolicy", "sqs:SendMessage", "ArnNotEquals"), ("MailBucketPolicy", "s3:PutObject", "ArnNotLike") })
            if (stack.Find(policy) is { } found && !Iam.Statements(found.Node("PolicyDocument")).Any(statement => Iam.Denies(statement) && (string?)(statement["Principal"] as JsonValue) == "*"
                && Stack.TextsOf(statement["Action"]).Contains(action) && ((string?)statement["Condition"]?[condition]?["aws:SourceArn"])?.StartsWith("arn:aws:s", StringComparison.Ordinal) == true))
                yield return $"{policy} lets others than AWS's own mail bring mail";
        foreach (var topic in stack.Of("AWS::SNS::Topic"))
        {
            if (topic.Text("KmsMasterKeyId") != "DataKey")
                yield return $"{topic.Name} is not encrypted with the stack's key";
        }
    }

    private static int Seconds(Resource resource, string property, int otherwise) => int.TryParse(resource.Text(property), CultureInfo.InvariantCulture, out var seconds) ? seconds : otherwise;
}
