using System.Globalization;
using System.Text;
using ReplyMint.Telemetry;

namespace ReplyMint.Monitoring;

/// <summary>Prometheus' text format, version 0.0.4, with names as OpenTelemetry turns them into Prometheus'.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(MetricBook book)
    {
        var text = new StringBuilder(8 * 1024);
        foreach (var (metric, points) in book.Read())
        {
            var name = NameOf(metric);
            text.Append("# HELP ").Append(name).Append(' ').Append(metric.Meaning).Append("\n# TYPE ").Append(name).Append(' ')
                .Append(metric.Kind switch { MetricKind.Counter => "counter", MetricKind.Histogram => "histogram", _ => "gauge" }).Append('\n');
            foreach (var point in points)
                if (metric.Kind == MetricKind.Histogram)
                    AddHistogram(text, name, metric, point);
                else
                    AddLine(text, name, metric, point, point.Sum);
        }
        return text.ToString();
    }

    /// <summary>replymint.store.commit.duration in seconds is replymint_store_commit_duration_seconds; a counter ends with _total.</summary>
    public static string NameOf(Metric metric) =>
        metric.Name.Replace('.', '_') + (metric.Unit == "s" ? "_seconds" : "") + (metric.Kind == MetricKind.Counter ? "_total" : "");

    public static string LabelOf(MetricAttribute attribute) => attribute.Name.Replace('.', '_');

    private static void AddHistogram(StringBuilder text, string name, Metric metric, PointNow point)
    {
        long upTo = 0;
        for (var i = 0; i < Metric.Bounds.Length; i++)
            AddLine(text, name + "_bucket", metric, point, upTo += point.Buckets[i], Metric.Bounds[i].ToString(CultureInfo.InvariantCulture));
        AddLine(text, name + "_bucket", metric, point, point.Count, "+Inf");
        AddLine(text, name + "_sum", metric, point, point.Sum);
        AddLine(text, name + "_count", metric, point, point.Count);
    }

    private static void AddLine(StringBuilder text, string name, Metric metric, PointNow point, double value, string? upTo = null)
    {
        text.Append(name);
        var opened = false;
        for (var i = 0; i < point.Values.Count; i++)
            if (point.Values[i].Length > 0)
                AddLabel(LabelOf(metric.Attributes[i]), point.Values[i]);
        if (upTo is not null)
            AddLabel("le", upTo);
        if (opened)
            text.Append('}');
        text.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');

        void AddLabel(string label, string given)
        {
            text.Append(opened ? ',' : '{').Append(label).Append("=\"").Append(given.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
            opened = true;
        }
    }
}
