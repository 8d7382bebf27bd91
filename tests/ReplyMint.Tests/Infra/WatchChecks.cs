using System.Globalization;
using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>Alarms are such as AWS takes, and tell whom the parameters name; what is promised of them the guide asks (WatchTemplate).</summary>
internal static class WatchChecks
{
    public static IEnumerable<string> Problems(Stack stack)
    {
        foreach (var alarm in stack.Of("AWS::CloudWatch::Alarm"))
        {
            if (!double.TryParse(alarm.Text("Threshold"), CultureInfo.InvariantCulture, out _))
                yield return $"{alarm.Name} has no threshold";
            if (alarm.List("Metrics").Count(one => one["MetricStat"] is not null) > 10)
                yield return $"{alarm.Name} adds up more metrics than an alarm may";
        }
        var told = stack.Of("AWS::SNS::Subscription").ToDictionary(one => one.Text("Protocol"), one => one.Text("Endpoint"), StringComparer.Ordinal);
        if (told.GetValueOrDefault("email") != stack.Parameter("AlarmEmail"))
            yield return "alarms are told to another address";
        if (stack.Of("AWS::Budgets::Budget").SingleOrDefault()?.Text("Budget.BudgetLimit.Amount") != stack.Parameter("MonthlyBudget"))
            yield return "the budget is another one";
    }
}
