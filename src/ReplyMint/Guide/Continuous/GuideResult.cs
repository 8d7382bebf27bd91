using System.Text.Json;
using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>What the server's own look found of one control.</summary>
/// <param name="Fails">It failed when it was last known: a look that could not look changes nothing.</param>
internal sealed record KeptControl(string Id, Verdict Verdict, bool Fails, IReadOnlyList<Finding> Findings);

/// <summary>What the server's own look found, as it is kept until the next one. JSON by hand, since each type for the serializer costs room in the binary.</summary>
internal sealed record GuideResult(DateTimeOffset At, string Version, IReadOnlyList<KeptControl> Controls)
{
    public static GuideResult Of(DateTimeOffset at, string version, IReadOnlyDictionary<Check, Outcome> outcomes, GuideResult? before) => new(at, version,
    [
        .. from control in Catalogue.All
           let findings = control.Checks.Where(outcomes.ContainsKey).Select(check => new Finding(check.Look, outcomes[check])).ToList()
           where findings.Count > 0
           let verdict = new Judgement(control, findings).Verdict
           select new KeptControl(control.Id, verdict, verdict == Verdict.NotChecked ? before?.Find(control.Id)?.Fails ?? false : verdict == Verdict.Fail, findings),
    ]);

    public KeptControl? Find(string id) => Controls.FirstOrDefault(control => control.Id == id);

    /// <summary>Which fail now and did not, or the other way round. What was never looked at before turns nothing.</summary>
    public IEnumerable<KeptControl> TurnedSince(GuideResult? before) => Controls.Where(control => before?.Find(control.Id) is { } known && known.Fails != control.Fails);

    public byte[] Write()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("at", At);
            json.WriteString("version", Version);
            json.WriteStartArray("controls");
            foreach (var control in Controls)
            {
                json.WriteStartObject();
                json.WriteString("id", control.Id);
                json.WriteBoolean("fails", control.Fails);
                json.WriteStartArray("findings");
                foreach (var (look, outcome) in control.Findings)
                {
                    json.WriteStartArray();
                    json.WriteNumberValue((int)look);
                    json.WriteNumberValue((int)outcome.Verdict);
                    json.WriteStringValue(outcome.Evidence);
                    json.WriteEndArray();
                }
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    public static GuideResult Read(byte[] bytes)
    {
        var json = JsonNode.Parse(bytes)!;
        return new((DateTimeOffset)json["at"]!, (string)json["version"]!, [.. json["controls"]!.AsArray().Select(control =>
        {
            var findings = control!["findings"]!.AsArray().Select(one => new Finding((Look)(int)one![0]!, new((Verdict)(int)one[1]!, (string)one[2]!))).ToList();
            return new KeptControl((string)control["id"]!, findings.Max(finding => finding.Outcome.Verdict), (bool)control["fails"]!, findings);
        })]);
    }
}
