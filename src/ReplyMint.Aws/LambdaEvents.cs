using System.Text.Json;

namespace ReplyMint.Aws;

/// <summary>By which marks events are told apart.</summary>
internal static class LambdaEvents
{
    /// <summary>Whether it holds records, at least one, and all of one source.</summary>
    /// <param name="member">Where a record names its source: "eventSource", for SNS "EventSource".</param>
    public static bool AreRecordsOf(JsonElement root, string member, string source) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty("Records", out var records) && records.ValueKind == JsonValueKind.Array && records.GetArrayLength() > 0
        && records.EnumerateArray().All(record => Text(record, member) == source);

    /// <summary>Whether a schedule of EventBridge sent it: a rule or a scheduler.</summary>
    public static bool IsScheduled(JsonElement root) => Text(root, "source") is "aws.events" or "aws.scheduler" && Text(root, "detail-type") == "Scheduled Event";

    /// <summary>A member that is text; empty when there is none.</summary>
    public static string Text(JsonElement of, string member) => Member(of, member) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : "";

    public static JsonElement Member(JsonElement of, string member) => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(member, out var value) ? value : default;
}
