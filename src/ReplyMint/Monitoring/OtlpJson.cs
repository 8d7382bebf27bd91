using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using ReplyMint.Telemetry;

namespace ReplyMint.Monitoring;

/// <summary>Who sends.</summary>
/// <param name="Instance">A random id of this process.</param>
internal sealed record OtlpResource(string Version, string Environment, string Instance);

/// <summary>A log line on its way out.</summary>
internal sealed record LogLine(DateTimeOffset At, LogLevel Level, string Category, int Event, string Text, IReadOnlyList<KeyValuePair<string, string>> Attributes, ActivityTraceId Trace, ActivitySpanId Span);

/// <summary>
/// The JSON form of OTLP 1.x (opentelemetry.io/docs/specs/otlp), written by hand: 64-bit integers and nanoseconds are texts, ids are hex.
/// </summary>
internal static class OtlpJson
{
    // AggregationTemporality: since the start.
    private const int Cumulative = 2;

    public static byte[] Metrics(OtlpResource resource, MetricBook book, DateTimeOffset now) => Write(resource, "resourceMetrics", "scopeMetrics", "metrics", json =>
    {
        var (from, to) = (Nanos(book.StartedAt), Nanos(now));
        foreach (var (metric, points) in book.Read())
        {
            json.WriteStartObject();
            json.WriteString("name", metric.Name);
            json.WriteString("unit", metric.Unit);
            json.WriteString("description", metric.Meaning);
            json.WriteStartObject(metric.Kind switch { MetricKind.Counter => "sum", MetricKind.Histogram => "histogram", _ => "gauge" });
            if (metric.Kind != MetricKind.Gauge)
                json.WriteNumber("aggregationTemporality", Cumulative);
            if (metric.Kind == MetricKind.Counter)
                json.WriteBoolean("isMonotonic", true);
            json.WriteStartArray("dataPoints");
            foreach (var point in points.Where(point => point.Count > 0))
                Point(json, metric, point, from, to);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }
    });

    public static byte[] Spans(OtlpResource resource, IEnumerable<Activity> spans) => Write(resource, "resourceSpans", "scopeSpans", "spans", json =>
    {
        foreach (var span in spans)
        {
            json.WriteStartObject();
            json.WriteString("traceId", span.TraceId.ToHexString());
            json.WriteString("spanId", span.SpanId.ToHexString());
            if (span.ParentSpanId != default)
                json.WriteString("parentSpanId", span.ParentSpanId.ToHexString());
            json.WriteString("name", span.DisplayName);
            // Internal, server, client, producer, consumer are 0 to 4 here and 1 to 5 there.
            json.WriteNumber("kind", (int)span.Kind + 1);
            var began = new DateTimeOffset(span.StartTimeUtc);
            json.WriteString("startTimeUnixNano", Nanos(began));
            json.WriteString("endTimeUnixNano", Nanos(began + span.Duration));
            json.WriteStartArray("attributes");
            foreach (var (name, value) in span.TagObjects)
                Attribute(json, name, Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
            json.WriteEndArray();
            json.WriteStartArray("links");
            foreach (var link in span.Links)
            {
                json.WriteStartObject();
                json.WriteString("traceId", link.Context.TraceId.ToHexString());
                json.WriteString("spanId", link.Context.SpanId.ToHexString());
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (span.Status == ActivityStatusCode.Error)
            {
                json.WriteStartObject("status");
                json.WriteNumber("code", 2);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
    });

    public static byte[] Logs(OtlpResource resource, IEnumerable<LogLine> lines) => Write(resource, "resourceLogs", "scopeLogs", "logRecords", json =>
    {
        foreach (var line in lines)
        {
            json.WriteStartObject();
            json.WriteString("timeUnixNano", Nanos(line.At));
            json.WriteString("observedTimeUnixNano", Nanos(line.At));
            // Trace 1, debug 5, information 9, warning 13, error 17, fatal 21.
            json.WriteNumber("severityNumber", (int)line.Level * 4 + 1);
            json.WriteString("severityText", line.Level.ToString());
            json.WriteStartObject("body");
            json.WriteString("stringValue", line.Text);
            json.WriteEndObject();
            json.WriteStartArray("attributes");
            Attribute(json, "log.category", line.Category);
            foreach (var (name, value) in line.Attributes)
                Attribute(json, name, value);
            json.WriteEndArray();
            if (line.Trace != default)
            {
                json.WriteString("traceId", line.Trace.ToHexString());
                json.WriteString("spanId", line.Span.ToHexString());
            }
            json.WriteEndObject();
        }
    });

    private static byte[] Write(OtlpResource resource, string outer, string inner, string items, Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartArray(outer);
            json.WriteStartObject();
            json.WriteStartObject("resource");
            json.WriteStartArray("attributes");
            Attribute(json, "service.name", "replymint");
            Attribute(json, "service.version", resource.Version);
            Attribute(json, "service.instance.id", resource.Instance);
            Attribute(json, "deployment.environment.name", resource.Environment);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartArray(inner);
            json.WriteStartObject();
            json.WriteStartObject("scope");
            json.WriteString("name", Measures.MeterName);
            json.WriteString("version", resource.Version);
            json.WriteEndObject();
            json.WriteStartArray(items);
            write(json);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static void Point(Utf8JsonWriter json, Metric metric, PointNow point, string from, string to)
    {
        json.WriteStartObject();
        json.WriteStartArray("attributes");
        for (var i = 0; i < point.Values.Count; i++)
            if (point.Values[i].Length > 0)
                Attribute(json, metric.Attributes[i].Name, point.Values[i]);
        json.WriteEndArray();
        json.WriteString("startTimeUnixNano", from);
        json.WriteString("timeUnixNano", to);
        switch (metric.Kind)
        {
            case MetricKind.Counter:
                json.WriteString("asInt", Text((long)point.Sum));
                break;
            case MetricKind.Gauge:
                json.WriteNumber("asDouble", point.Sum);
                break;
            default:
                json.WriteString("count", Text(point.Count));
                json.WriteNumber("sum", point.Sum);
                json.WriteStartArray("bucketCounts");
                foreach (var bucket in point.Buckets)
                    json.WriteStringValue(Text(bucket));
                json.WriteEndArray();
                json.WriteStartArray("explicitBounds");
                foreach (var bound in Metric.Bounds)
                    json.WriteNumberValue(bound);
                json.WriteEndArray();
                break;
        }
        json.WriteEndObject();
    }

    private static void Attribute(Utf8JsonWriter json, string name, string value)
    {
        json.WriteStartObject();
        json.WriteString("key", name);
        json.WriteStartObject("value");
        json.WriteString("stringValue", value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Nanos(DateTimeOffset at) => Text((at - DateTimeOffset.UnixEpoch).Ticks * 100);

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
