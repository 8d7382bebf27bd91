using System.Globalization;
using System.Text.Json;

namespace ReplyMint.Guide;

/// <summary>A finding that somebody answers for, for a time.</summary>
/// <param name="Until">The last day on which it is accepted.</param>
internal sealed record Acceptance(string Control, string Owner, DateOnly Until, string Reason);

/// <summary>Findings that are accepted: a file with who, why and until when. One whose day is over counts again.</summary>
internal static class Baseline
{
    private static readonly string[] Members = ["control", "owner", "until", "reason"];

    /// <param name="json">The file.</param>
    /// <param name="problem">What is wrong with it.</param>
    /// <returns>Null when it can't be read: nothing is accepted then.</returns>
    public static IReadOnlyList<Acceptance>? Read(ReadOnlyMemory<byte> json, out string problem)
    {
        problem = "it is no JSON of the form {\"accepted\": [{\"control\": \"IR-5\", \"owner\": \"who answers for it\", \"until\": \"YYYY-MM-DD\", \"reason\": \"why\"}]}";
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } root || root.EnumerateObject().Count() != 1 || !root.TryGetProperty("accepted", out var list) || list.ValueKind != JsonValueKind.Array)
                return null;
            var accepted = new List<Acceptance>();
            foreach (var entry in list.EnumerateArray())
            {
                if (entry.ValueKind != JsonValueKind.Object || entry.EnumerateObject().Any(member => !Members.Contains(member.Name, StringComparer.Ordinal) || member.Value.ValueKind != JsonValueKind.String))
                    return null;
                string Text(string name) => entry.TryGetProperty(name, out var value) ? value.GetString()!.Trim() : "";
                var control = Text("control");
                if (Catalogue.Find(control) is null)
                    problem = $"there is no control {control}";
                else if (Text("owner").Length == 0 || Text("reason").Length == 0)
                    problem = $"{control} needs an owner and a reason";
                else if (!DateOnly.TryParseExact(Text("until"), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var until))
                    problem = $"{control} needs until, a day such as 2030-01-31";
                else
                {
                    accepted.Add(new(control, Text("owner"), until, Text("reason")));
                    continue;
                }
                return null;
            }
            return accepted;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static void Apply(IReadOnlyList<Acceptance> accepted, IReadOnlyList<Judgement> judgements, DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        foreach (var one in judgements)
            if (one.Counts && accepted.Where(entry => entry.Control.Equals(one.Control.Id, StringComparison.OrdinalIgnoreCase)).MaxBy(entry => entry.Until) is { } entry)
            {
                var words = $"until {entry.Until.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} by {entry.Owner}: {entry.Reason}";
                if (entry.Until >= today)
                    one.Accepted = words;
                else
                    one.Note = words;
            }
    }
}
