using System.Globalization;
using System.Text.Json;

namespace ReplyMint.Guide;

/// <summary>MON-4 and SOC-3 from outside, as a caller whose token the user gave. It goes to the service that he named, by TLS or on this machine, and into no evidence.</summary>
internal static class CallerChecks
{
    private const string Wanted = "give a token of an auditor with --token-file";
    private const string WantedForUsage = Wanted + " (a key is enough: replymint key create guide --scopes usage:read --days 1)";

    /// <summary>Null where there is no caller, or his token would cross a network in the clear.</summary>
    public static string? HeaderOf(LiveLook look) => look.Target.IsHttps || look.Target.IsHere ? look.Target.Caller : null;

    /// <summary>SOC-3.</summary>
    public static Task<Outcome> AuditAsync(LiveLook look, CancellationToken ct) => AskAsync(look, "/api/v1/audit/verify", Wanted, (answer, json) =>
        !json.TryGetProperty("whole", out var whole) || whole.ValueKind is not (JsonValueKind.True or JsonValueKind.False) ? Outcome.NotChecked($"{answer}: the answer does not say whether the log is whole")
            : whole.GetBoolean() ? Outcome.Pass($"{answer}: {(json.TryGetProperty("says", out var says) ? says.GetString() : "whole")}")
            : Outcome.Fail($"{answer}: {(json.TryGetProperty("says", out says) ? says.GetString() : "something is wrong with it")}"), ct);

    /// <summary>MON-4: what was called is told by day, group of routes and key.</summary>
    public static Task<Outcome> UsageAsync(LiveLook look, CancellationToken ct) => AskAsync(look, "/api/v1/usage", WantedForUsage, (answer, json) =>
    {
        if (!json.TryGetProperty("calls", out var calls) || !calls.TryGetInt64(out var all) || !json.TryGetProperty("replies", out var replies) || !json.TryGetProperty("costPerReplyMillionths", out var each) || !json.TryGetProperty("days", out var days) || days.ValueKind != JsonValueKind.Array)
            return Outcome.Fail($"{answer}: calls, answers and what an answer costs are not told by day");
        foreach (var day in days.EnumerateArray())
            if (!day.TryGetProperty("groups", out var groups) || groups.EnumerateArray().Any(one => !one.TryGetProperty("group", out _) || !one.TryGetProperty("by", out _)))
                return Outcome.Fail($"{answer}: calls are not told by group of routes and by key");
        return all > 0 ? Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"{answer}: {all} calls and {replies} answers of this month ({each} millionths each for the model), by day, group of routes and key"))
            : Outcome.Fail($"{answer}: no call is counted, this one neither");
    }, ct);

    private static async Task<Outcome> AskAsync(LiveLook look, string path, string wanted, Func<Exchange, JsonElement, Outcome> judge, CancellationToken ct)
    {
        if (HeaderOf(look) is not { } caller)
            return Outcome.NotChecked(look.Target.Caller is null ? wanted : "a token is not sent in the clear over a network");
        var answer = await look.AskAsync("GET", path, [caller], ct, asked: $"GET {path} as a caller");
        if (answer.Reply.Status != 200)
            return Outcome.NotChecked($"{answer}: {Wanted} that may read it");
        try
        {
            using var json = JsonDocument.Parse(answer.Reply.Body);
            return json.RootElement.ValueKind == JsonValueKind.Object ? judge(answer, json.RootElement) : Outcome.NotChecked($"{answer}: no answer of ours");
        }
        catch (JsonException)
        {
            return Outcome.NotChecked($"{answer}: no answer of ours");
        }
    }
}
