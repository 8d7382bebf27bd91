using ReplyMint.Telemetry;

namespace ReplyMint.Monitoring;

/// <summary>What was measured of one metric with the same attributes, since the start.</summary>
/// <param name="Values">Of the metric's attributes, in their order; an empty one was not given.</param>
/// <param name="Buckets">Of a histogram: how many lay at or below each of <see cref="Metric.Bounds"/>, not counted twice; the last are above all.</param>
internal sealed record PointNow(IReadOnlyList<string> Values, long Count, double Sum, IReadOnlyList<long> Buckets);

internal sealed class MetricPoint(Metric metric, string[] values)
{
    private readonly Lock _lock = new();
    private readonly long[] _buckets = metric.Kind == MetricKind.Histogram ? new long[Metric.Bounds.Length + 1] : [];
    private long _count;
    private double _sum;

    public void Add(double value)
    {
        lock (_lock)
        {
            _count++;
            _sum = metric.Kind == MetricKind.Gauge ? value : _sum + value;
            if (_buckets.Length == 0)
                return;
            var bucket = Array.BinarySearch(Metric.Bounds, value);
            _buckets[bucket < 0 ? ~bucket : bucket]++;
        }
    }

    public PointNow Now()
    {
        lock (_lock)
            return new(values, _count, _sum, [.. _buckets]);
    }
}
