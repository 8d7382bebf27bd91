using System.Text;
using System.Text.Json;

namespace ReplyMint.Guide;

/// <summary>What a run found, for whoever prints it.</summary>
/// <param name="Of">What was looked at: an address, a folder.</param>
internal sealed record GuideReport(DateTimeOffset At, string Version, string Of, IReadOnlyList<Judgement> Judgements)
{
    public int Count(Verdict verdict) => Judgements.Count(one => one.Verdict == verdict);

    public int Accepted => Judgements.Count(one => one.Accepted is not null);

    /// <summary>Something needs to be done.</summary>
    public bool HasFindings => Judgements.Any(one => one.Counts);
}

/// <summary>The report for programs.</summary>
internal static class GuideJson
{
    public static string Write(GuideReport report)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("guide", 1);
            json.WriteString("at", report.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteString("version", report.Version);
            json.WriteString("of", report.Of);
            json.WriteStartObject("counts");
            foreach (var verdict in (Verdict[])[Verdict.Pass, Verdict.Fail, Verdict.Warn, Verdict.NotApplicable, Verdict.NotChecked])
                json.WriteNumber(verdict.Name(), report.Count(verdict));
            json.WriteNumber("accepted", report.Accepted);
            json.WriteEndObject();
            json.WriteStartArray("controls");
            foreach (var one in report.Judgements)
                Write(json, one);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter json, Judgement one)
    {
        json.WriteStartObject();
        json.WriteString("id", one.Control.Id);
        json.WriteString("verdict", one.Verdict.Name());
        json.WriteString("title", one.Control.Title);
        json.WriteString("why", one.Control.Why);
        json.WriteString("remedy", one.Control.Remedy);
        json.WriteString("sources", one.Control.Sources);
        if (one.Accepted is { } accepted)
            json.WriteString("accepted", accepted);
        if (one.Note is { } note)
            json.WriteString("acceptedBefore", note);
        json.WriteStartArray("looks");
        foreach (var finding in one.Findings)
        {
            json.WriteStartObject();
            json.WriteString("look", finding.Look.Name());
            json.WriteString("verdict", finding.Outcome.Verdict.Name());
            json.WriteString("evidence", finding.Outcome.Evidence);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
