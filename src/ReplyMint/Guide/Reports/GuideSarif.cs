using System.Text;
using System.Text.Json;

namespace ReplyMint.Guide;

/// <summary>
/// The report in SARIF 2.1.0, which build servers and code hosts show beside other tools' findings. Results are findings only: GitHub makes an
/// alert of each result, also of one that says that all is well, and refuses a whole file for one result without a place in a file.
/// </summary>
internal static class GuideSarif
{
    public static string Write(GuideReport report)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
            json.WriteString("version", "2.1.0");
            json.WriteStartArray("runs");
            json.WriteStartObject();
            json.WriteStartObject("tool");
            json.WriteStartObject("driver");
            json.WriteString("name", "replymint guide");
            json.WriteString("version", report.Version);
            json.WriteStartArray("rules");
            foreach (var one in report.Judgements)
            {
                json.WriteStartObject();
                json.WriteString("id", one.Control.Id);
                Text(json, "shortDescription", one.Control.Title);
                Text(json, "fullDescription", one.Control.Why);
                Text(json, "help", $"{one.Control.Remedy} ({one.Control.Sources})");
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartArray("results");
            foreach (var one in report.Judgements)
                if (one.Verdict is Verdict.Fail or Verdict.Warn)
                    Result(json, report, one);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Result(Utf8JsonWriter json, GuideReport report, Judgement one)
    {
        json.WriteStartObject();
        json.WriteString("ruleId", one.Control.Id);
        json.WriteString("kind", "fail");
        json.WriteString("level", one.Verdict == Verdict.Fail ? "error" : "warning");
        Text(json, "message", $"{one.Control.Title}. {string.Join(" ", one.Findings.Select(finding => $"{finding.Look.Name()}, {finding.Outcome.Verdict.Name()}: {finding.Outcome.Evidence}."))}");
        json.WriteStartArray("locations");
        json.WriteStartObject();
        // A service has no file; where its promise is written down there is one.
        json.WriteStartObject("physicalLocation");
        json.WriteStartObject("artifactLocation");
        json.WriteString("uri", GuidePage.File);
        json.WriteEndObject();
        json.WriteStartObject("region");
        json.WriteNumber("startLine", GuidePage.LineOf(one.Control));
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartArray("logicalLocations");
        json.WriteStartObject();
        json.WriteString("fullyQualifiedName", report.Of);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        if (one.Accepted is { } accepted)
        {
            json.WriteStartArray("suppressions");
            json.WriteStartObject();
            json.WriteString("kind", "external");
            json.WriteString("status", "accepted");
            json.WriteString("justification", accepted);
            json.WriteEndObject();
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter json, string name, string text)
    {
        json.WriteStartObject(name);
        json.WriteString("text", text);
        json.WriteEndObject();
    }
}
