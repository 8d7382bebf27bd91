using System.CommandLine;
using System.Globalization;
using ReplyMint.Billing;

namespace ReplyMint.Cli.Commands;

/// <summary>The operator's first look, as the route tells it.</summary>
internal static class OverviewCommand
{
    public static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "all of it as one JSON object" };
        return new StoreCommand("overview", "how the installation stands: tenants, plans, queue, alerts", async (context, parse, ct) =>
        {
            var now = await context.Get<Overview>().ReadAsync(ct);
            if (parse.GetValue(json))
                context.Out.WriteLine(CliJson.Line(now));
            else
                StoreWords.Table(context.Out,
                [
                    ["tenants", Number(now.Tenants)],
                    .. now.Plans.Select(plan => (string[])[$"on {plan.Plan}, {plan.State}", Number(plan.Tenants)]),
                    ["without a plan", Number(now.WithoutPlan)],
                    ["answers, this hour and the last", $"{Number(now.AnswersThisHour)} and {Number(now.AnswersLastHour)}"],
                    ["jobs that are due", now.DueJobs == 0 ? "0" : $"{Number(now.DueJobs)}, for {Number(now.OldestDueSeconds)} s"],
                    ["not ready", now.Failing.Count == 0 ? "nothing" : string.Join(", ", now.Failing)],
                    ["open alerts", now.OpenAlerts.Count == 0 ? "none" : string.Join(", ", now.OpenAlerts.Select(kind => $"{Number(kind.Open)} {kind.Kind}"))],
                ], "WHAT", "NOW");
            return ExitCode.Ok;
        }) { Options = { json }, Examples = ["overview", "overview --json"] };
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
