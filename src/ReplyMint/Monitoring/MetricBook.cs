using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using ReplyMint.Telemetry;

namespace ReplyMint.Monitoring;

/// <summary>
/// Gathers measurements while somebody wants them. What the catalogue does not know stays out: instruments, attributes and words, so that
/// neither a person's address nor a tenant's id comes into a metric by mistake, and series stay few.
/// </summary>
internal sealed class MetricBook : IDisposable
{
    // Routes times methods times statuses; whoever makes more is joined into one.
    private const int MaxPoints = 2_000;

    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    /// <param name="scope">Whose HTTP metrics: several hosts may live in one process.</param>
    public MetricBook(TimeProvider time, IMeterFactory? scope = null)
    {
        StartedAt = time.GetUtcNow();
        // Prometheus sees no increase of what begins with one: what somebody is to be woken by is there with zero before.
        foreach (var metric in Measures.All.Where(metric => metric is { Kind: MetricKind.Counter, Alerts: true }))
            _series.GetOrAdd(metric.Name, static (_, of) => new Series(of), metric).BeginAtZero();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (Measures.Find(instrument) is { } metric && (!metric.Foreign || scope is null || instrument.Meter.Scope == scope))
                listener.EnableMeasurementEvents(instrument, _series.GetOrAdd(metric.Name, static (_, of) => new Series(of), metric));
        };
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((Series)state!).Add(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((Series)state!).Add(value, tags));
        _listener.Start();
    }

    public DateTimeOffset StartedAt { get; }

    public void Dispose() => _listener.Dispose();

    /// <summary>All that was measured, in the catalogue's order.</summary>
    public IEnumerable<(Metric Metric, IReadOnlyList<PointNow> Points)> Read()
    {
        foreach (var metric in Measures.All)
            if (_series.TryGetValue(metric.Name, out var series) && series.Read() is { Count: > 0 } points)
                yield return (metric, points);
    }

    private sealed class Series(Metric metric)
    {
        private readonly ConcurrentDictionary<string, MetricPoint> _points = new(StringComparer.Ordinal);

        public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.Length == 0)
            {
                Point("", []).Add(value);
                return;
            }
            var values = new string[metric.Attributes.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = Of(metric.Attributes[i], tags);
            Point(string.Join('\n', values), values).Add(value);
        }

        public void BeginAtZero()
        {
            IEnumerable<string[]> all = [[]];
            foreach (var attribute in metric.Attributes)
                all = [.. all.SelectMany(begun => attribute.Words.Select(word => (string[])[.. begun, word]))];
            foreach (var values in all)
                Point(string.Join('\n', values), values);
        }

        public IReadOnlyList<PointNow> Read() => [.. _points.OrderBy(point => point.Key, StringComparer.Ordinal).Select(point => point.Value.Now())];

        private MetricPoint Point(string key, string[] values)
        {
            if (_points.TryGetValue(key, out var point))
                return point;
            if (_points.Count >= MaxPoints)
                (key, values) = (MetricAttribute.Other, [.. values.Select(_ => MetricAttribute.Other)]);
            return _points.GetOrAdd(key, static (_, made) => new MetricPoint(made.metric, made.values), (metric, values));
        }

        private static string Of(MetricAttribute attribute, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var tag in tags)
                if (tag.Key == attribute.Name && tag.Value is { } value)
                    return attribute.Bounded(value as string ?? Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
            return "";
        }
    }
}
