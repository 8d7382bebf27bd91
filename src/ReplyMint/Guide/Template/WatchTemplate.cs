using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ReplyMint.Monitoring;
using ReplyMint.Telemetry;

namespace ReplyMint.Guide;

/// <summary>Alarms, logs and dashboard (MON-1, MON-2, MON-4, AWS-6).</summary>
internal static class WatchTemplate
{
    private const int MostDays = 30;

    private static readonly string[] s_shown = ["ApproximateAgeOfOldestMessage", "Latency", "5XXError", "ConsumedWriteCapacityUnits", "BlockedRequests", "Throttles"];

    public static IEnumerable<TemplateProblem> Problems(Stack stack) => [.. Alarms(stack), .. Told(stack), .. Logs(stack), .. Dashboard(stack)];

    private static string? Topic(Stack stack) => stack.Find("AlertTopic") is { } topic ? $"arn:aws:sns:{Stack.Region}:{Stack.Account}:{topic.Text("TopicName")}" : null;

    /// <summary>Each metric of these has an alarm, for each of these things.</summary>
    private static IEnumerable<(string Metric, string Of)> Watched(Stack stack)
    {
        if (stack.One("AWS::ApiGateway::RestApi") is { } api)
            foreach (var metric in (string[])["AWS/ApiGateway 5XXError", "AWS/ApiGateway 4XXError", "AWS/ApiGateway Latency"])
                yield return (metric, api.Text("Name"));
        foreach (var name in stack.Of("AWS::Lambda::Function").Select(function => function.Text("FunctionName")))
        {
            yield return ("AWS/Lambda Errors", name);
            yield return ("AWS/Lambda Throttles", name);
            // What is called by the clock: when it stops, nothing fails.
            if (name.EndsWith("-sweep", StringComparison.Ordinal) || name.EndsWith("-imap", StringComparison.Ordinal) || name.EndsWith("-rotate", StringComparison.Ordinal))
                yield return ("AWS/Lambda Invocations", name);
            // It measures how old keys are; that it ran says nothing of what it could not change.
            if (name.EndsWith("-rotate", StringComparison.Ordinal))
                yield return ($"{EmfLine.Namespace} {Measures.SecretsOverdue.Name}", name);
        }
        foreach (var name in stack.Of("AWS::SQS::Queue").Select(queue => queue.Text("QueueName")))
            yield return (name.EndsWith("-dead", StringComparison.Ordinal) ? "AWS/SQS ApproximateNumberOfMessagesVisible" : "AWS/SQS ApproximateAgeOfOldestMessage", name);
        foreach (var name in stack.Of("AWS::DynamoDB::Table").Select(table => table.Text("TableName")))
            foreach (var metric in (string[])["ReadThrottleEvents", "WriteThrottleEvents", "SystemErrors"])
                yield return ("AWS/DynamoDB " + metric, name);
        foreach (var waf in stack.Of("AWS::WAFv2::WebACL"))
            yield return ("AWS/WAFV2 BlockedRequests", waf.Text("Name"));
    }

    private static IEnumerable<TemplateProblem> Alarms(Stack stack)
    {
        var (alarms, topic) = (stack.Of("AWS::CloudWatch::Alarm").ToList(), Topic(stack));
        var seen = alarms.SelectMany(MetricsOf).ToHashSet();
        foreach (var (metric, of) in Watched(stack).Where(one => !seen.Contains(one)))
            yield return new("MON-1", $"nobody watches {metric} of {of}");
        foreach (var alarm in alarms)
        {
            if (topic is null || !Stack.TextsOf(alarm.Node("AlarmActions")).Contains(topic) || alarm.Text("ActionsEnabled") == "false")
                yield return new("MON-1", $"{alarm.Name} tells nobody");
            // What has stopped brings no data.
            if (alarm.Text("ComparisonOperator") == "LessThanThreshold" && alarm.Text("TreatMissingData") != "breaching")
                yield return new("MON-1", $"{alarm.Name} is silent when there is nothing to see");
        }
        foreach (var (name, most) in new[] { ("DeadLetters", 0), ("TableErrors", 0), ("WorkerErrors", 0), ("QueueAge", 900) })
            if (stack.Find(name + "Alarm") is { } alarm && (alarm.Text("ComparisonOperator") != "GreaterThanThreshold" || !double.TryParse(alarm.Text("Threshold"), CultureInfo.InvariantCulture, out var threshold) || threshold > most))
                yield return new("MON-1", $"{alarm.Name} waits too long");
    }

    private static IEnumerable<(string Metric, string Of)> MetricsOf(Resource alarm)
    {
        if (alarm.Text("MetricName").Length > 0)
            yield return ($"{alarm.Text("Namespace")} {alarm.Text("MetricName")}", alarm.Text("Dimensions.0.Value"));
        foreach (var metric in alarm.List("Metrics").Select(one => one["MetricStat"]?["Metric"]).OfType<JsonNode>())
            yield return ($"{metric["Namespace"]} {metric["MetricName"]}", (string?)metric["Dimensions"]?[0]?["Value"] ?? "");
    }

    private static IEnumerable<TemplateProblem> Told(Stack stack)
    {
        var topic = Topic(stack);
        var told = stack.Of("AWS::SNS::Subscription").Where(one => one.Text("TopicArn") == topic).ToList();
        if (!told.Any(one => one.Text("Protocol") is "email" or "https" && one.Text("Endpoint").Length > 0))
            yield return new("MON-1", "no person is told of alarms");
        if (!told.Any(one => one.Text("Protocol") == "lambda" && one.Text("Endpoint").EndsWith("-alarm", StringComparison.Ordinal)))
            yield return new("MON-1", "the webhook is not told of alarms");
        foreach (var service in (string[])["cloudwatch.amazonaws.com", "budgets.amazonaws.com"])
        {
            if (!Iam.Statements(stack.Find("AlertTopicPolicy")?.Node("PolicyDocument")).Any(statement => Iam.Allows(statement) && Iam.Services(statement).Contains(service)))
                yield return new("MON-1", $"{service} may not tell the topic");
            // The topic is encrypted: who may not use the key can't tell it either.
            if (!Iam.Statements(stack.Find("DataKey")?.Node("KeyPolicy")).Any(statement => Iam.Allows(statement) && Iam.Services(statement).Contains(service) && Iam.Actions(statement).Contains("kms:GenerateDataKey")))
                yield return new("MON-1", $"{service} may not use the topic's key");
        }
        if (stack.One("AWS::Budgets::Budget") is not { } budget || !budget.List("NotificationsWithSubscribers").Any()
            || budget.List("NotificationsWithSubscribers").Any(one => Stack.ListOf(one["Subscribers"]).All(who => (string?)who["Address"] != topic)))
            yield return new("MON-1 MON-4", "nobody is told what it costs");
    }

    private static IEnumerable<TemplateProblem> Logs(Stack stack)
    {
        foreach (var group in stack.Of("AWS::Logs::LogGroup"))
        {
            if (!int.TryParse(group.Text("RetentionInDays"), CultureInfo.InvariantCulture, out var days) || days > MostDays)
                yield return new("AWS-6 MON-2", $"{group.Name} keeps its lines longer than {MostDays} days");
            if (!StorageTemplate.IsDataKey(group.Text("KmsKeyId")))
                yield return new("AWS-6", $"{group.Name} is not encrypted with the stack's key");
        }
        foreach (var function in stack.Of("AWS::Lambda::Function"))
            if (function.Text("LoggingConfig.LogFormat") != "JSON" || stack.Of("AWS::Logs::LogGroup").All(group => group.Text("LogGroupName") != function.Text("LoggingConfig.LogGroup")))
                yield return new("MON-2", $"{function.Name} writes into no log group of this stack, or without structure");
    }

    private static IEnumerable<TemplateProblem> Dashboard(Stack stack)
    {
        var body = stack.One("AWS::CloudWatch::Dashboard")?.Text("DashboardBody") ?? "";
        try
        {
            using var document = JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            return [new("MON-4", "there is no dashboard")];
        }
        return s_shown.Where(metric => !body.Contains(metric, StringComparison.Ordinal)).Select(metric => new TemplateProblem("MON-4", $"the dashboard does not show {metric}"));
    }
}
