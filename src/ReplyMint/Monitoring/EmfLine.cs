using System.Text;
using System.Text.Json;
using ReplyMint.Telemetry;

namespace ReplyMint.Monitoring;

/// <summary>
/// CloudWatch's embedded metric format: one line of JSON for each flush, with what was measured since the one before. The function is the only
/// dimension, since each further value would be a metric that is paid for; how it divides by attributes stands beside, for Logs Insights.
/// </summary>
internal sealed class EmfLine(MetricBook book, string function, TimeProvider time)
{
    public const string Namespace = "ReplyMint";

    private readonly Dictionary<string, (long Count, double Sum)> _told = new(StringComparer.Ordinal);

    /// <returns>Null when nothing was measured.</returns>
    public string? Next()
    {
        var news = new List<(Metric Metric, double Value, IReadOnlyList<(string Name, double Value)> Parts)>();
        foreach (var (metric, points) in book.Read())
        {
            var (count, sum, parts) = (0L, 0.0, new List<(string, double)>());
            foreach (var point in points)
            {
                var key = metric.Name + "{" + string.Join(',', point.Values) + "}";
                var before = _told.GetValueOrDefault(key);
                if (point.Count == before.Count)
                    continue;
                _told[key] = (point.Count, point.Sum);
                var (more, by) = (point.Count - before.Count, metric.Kind == MetricKind.Gauge ? point.Sum : point.Sum - before.Sum);
                (count, sum) = (count + more, metric.Kind == MetricKind.Gauge ? Math.Max(sum, by) : sum + by);
                if (point.Values.Count > 0)
                    parts.Add((key, metric.Kind == MetricKind.Histogram ? more : by));
            }
            if (count > 0)
                news.Add((metric, metric.Kind == MetricKind.Histogram ? sum / count : sum, parts));
        }
        return news.Count == 0 ? null : Write(news);
    }

    private string Write(List<(Metric Metric, double Value, IReadOnlyList<(string Name, double Value)> Parts)> news)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("_aws");
            json.WriteNumber("Timestamp", time.GetUtcNow().ToUnixTimeMilliseconds());
            json.WriteStartArray("CloudWatchMetrics");
            json.WriteStartObject();
            json.WriteString("Namespace", Namespace);
            json.WriteStartArray("Dimensions");
            json.WriteStartArray();
            json.WriteStringValue("Function");
            json.WriteEndArray();
            json.WriteEndArray();
            json.WriteStartArray("Metrics");
            foreach (var (metric, _, _) in news)
            {
                json.WriteStartObject();
                json.WriteString("Name", metric.Name);
                json.WriteString("Unit", metric.Unit == "s" ? "Seconds" : metric.Kind == MetricKind.Counter ? "Count" : "None");
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteString("Function", function);
            foreach (var (metric, value, _) in news)
                json.WriteNumber(metric.Name, value);
            json.WriteStartObject("parts");
            foreach (var (name, value) in news.SelectMany(one => one.Parts))
                json.WriteNumber(name, value);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
