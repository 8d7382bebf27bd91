using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Infra;

/// <summary>Alarms, logs, budget and dashboard (MON-1, MON-2, MON-4).</summary>
internal static class WatchChecks
{
    private const int MostDays = 30;

    public static IEnumerable<string> Problems(Stack stack) => [.. Alarms(stack), .. Told(stack), .. Logs(stack), .. Dashboard(stack)];

    /// <summary>Each metric of these has an alarm, for each of these things.</summary>
    private static IEnumerable<(string Metric, string Of)> Watched(Stack stack)
    {
        string Named(string name) => $"replymint-{stack.Stage}-{name}";
        foreach (var metric in new[] { "AWS/ApiGateway 5XXError", "AWS/ApiGateway 4XXError", "AWS/ApiGateway Latency" })
            yield return (metric, $"replymint-{stack.Stage}");
        foreach (var function in SettingsChecks.Functions)
            foreach (var metric in new[] { "AWS/Lambda Errors", "AWS/Lambda Throttles" })
                yield return (metric, Named(function));
        yield return ("AWS/Lambda Invocations", Named("sweep"));
        yield return ("AWS/Lambda Invocations", Named("rotate"));
        var mail = stack.Find("MailQueue") is not null;
        foreach (var queue in new[] { "wake", "erase", "mail" }.Where(queue => mail || queue != "mail"))
        {
            yield return ("AWS/SQS ApproximateAgeOfOldestMessage", Named(queue));
            yield return ("AWS/SQS ApproximateNumberOfMessagesVisible", Named(queue + "-dead"));
        }
        yield return ("AWS/SQS ApproximateNumberOfMessagesVisible", Named("calls-dead"));
        foreach (var table in new[] { "main", "keys", "audit" })
            foreach (var metric in new[] { "ReadThrottleEvents", "WriteThrottleEvents", "SystemErrors" })
                yield return ("AWS/DynamoDB " + metric, Named(table));
        yield return ("AWS/WAFV2 BlockedRequests", $"replymint-{stack.Stage}");
    }

    private static IEnumerable<string> Alarms(Stack stack)
    {
        var alarms = stack.Of("AWS::CloudWatch::Alarm").ToList();
        var seen = alarms.SelectMany(MetricsOf).ToHashSet();
        foreach (var (metric, of) in Watched(stack).Where(one => !seen.Contains(one)))
            yield return $"nobody watches {metric} of {of}";
        var topic = $"arn:aws:sns:{Stack.Region}:{Stack.Account}:replymint-{stack.Stage}-alerts";
        foreach (var alarm in alarms)
        {
            if (!Stack.TextsOf(alarm.Node("AlarmActions")).Contains(topic) || alarm.Text("ActionsEnabled") == "false")
                yield return $"{alarm.Name} tells nobody";
            if (!double.TryParse(alarm.Text("Threshold"), CultureInfo.InvariantCulture, out _))
                yield return $"{alarm.Name} has no threshold";
            // What has stopped brings no data.
            if (alarm.Text("ComparisonOperator") == "LessThanThreshold" && alarm.Text("TreatMissingData") != "breaching")
                yield return $"{alarm.Name} is silent when there is nothing to see";
            if (MetricsOf(alarm).Count() > 10)
                yield return $"{alarm.Name} adds up more metrics than an alarm may";
        }
        foreach (var (name, most) in new[] { ("DeadLetters", 0), ("TableErrors", 0), ("WorkerErrors", 0), ("QueueAge", 900) })
            if (stack.Find(name + "Alarm") is { } alarm && (alarm.Text("ComparisonOperator") != "GreaterThanThreshold" || !(double.Parse(alarm.Text("Threshold"), CultureInfo.InvariantCulture) <= most)))
                yield return $"{alarm.Name} waits too long";
    }

    private static IEnumerable<(string Metric, string Of)> MetricsOf(Resource alarm)
    {
        if (alarm.Text("MetricName").Length > 0)
            yield return ($"{alarm.Text("Namespace")} {alarm.Text("MetricName")}", (string)alarm.List("Dimensions").First()["Value"]!);
        foreach (var metric in alarm.List("Metrics").Select(one => one["MetricStat"]?["Metric"]).OfType<JsonNode>())
            yield return ($"{metric["Namespace"]} {metric["MetricName"]}", (string)metric["Dimensions"]![0]!["Value"]!);
    }

    private static IEnumerable<string> Told(Stack stack)
    {
        var topic = $"arn:aws:sns:{Stack.Region}:{Stack.Account}:replymint-{stack.Stage}-alerts";
        var told = stack.Of("AWS::SNS::Subscription").Where(one => one.Text("TopicArn") == topic).ToDictionary(one => one.Text("Protocol"), one => one.Text("Endpoint"), StringComparer.Ordinal);
        if (told.GetValueOrDefault("email") != stack.Parameter("AlarmEmail"))
            yield return "no person is told of alarms";
        if (told.GetValueOrDefault("lambda")?.EndsWith($":function:replymint-{stack.Stage}-alarm", StringComparison.Ordinal) != true)
            yield return "the webhook is not told of alarms";
        var policy = stack.Find("AlertTopicPolicy");
        foreach (var service in new[] { "cloudwatch.amazonaws.com", "budgets.amazonaws.com" })
        {
            if (!Access.Statements(policy?.Node("PolicyDocument")).Any(statement => Access.Allows(statement) && Stack.TextsOf((statement["Principal"] as JsonObject)?["Service"]).Contains(service)))
                yield return $"{service} may not tell the topic";
            // The topic is encrypted: who may not use the key can't tell it either.
            if (!Access.Statements(stack.Find("DataKey")?.Node("KeyPolicy")).Any(statement => Access.Allows(statement) && Stack.TextsOf((statement["Principal"] as JsonObject)?["Service"]).Contains(service) && Stack.TextsOf(statement["Action"]).Contains("kms:GenerateDataKey")))
                yield return $"{service} may not use the topic's key";
        }
        var budget = stack.Of("AWS::Budgets::Budget").SingleOrDefault();
        if (budget is null || budget.Text("Budget.BudgetLimit.Amount") != stack.Parameter("MonthlyBudget") || !budget.List("NotificationsWithSubscribers").Any()
            || budget.List("NotificationsWithSubscribers").Any(one => Stack.ListOf(one["Subscribers"]).All(who => (string?)who["Address"] != topic)))
            yield return "nobody is told what it costs";
    }

    private static IEnumerable<string> Logs(Stack stack)
    {
        foreach (var group in stack.Of("AWS::Logs::LogGroup"))
            if (!int.TryParse(group.Text("RetentionInDays"), CultureInfo.InvariantCulture, out var days) || days > MostDays)
                yield return $"{group.Name} keeps its lines longer than {MostDays} days";
    }

    private static IEnumerable<string> Dashboard(Stack stack)
    {
        string body = stack.Of("AWS::CloudWatch::Dashboard").SingleOrDefault()?.Text("DashboardBody") ?? "";
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            return ["there is no dashboard"];
        }
        using (document)
            return [.. new[] { "ApproximateAgeOfOldestMessage", "Latency", "5XXError", "ConsumedWriteCapacityUnits", "BlockedRequests", "Throttles" }.Where(metric => !body.Contains(metric, StringComparison.Ordinal)).Select(metric => $"the dashboard does not show {metric}")];
    }
}
