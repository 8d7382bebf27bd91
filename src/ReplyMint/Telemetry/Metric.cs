using System.Diagnostics.Metrics;

namespace ReplyMint.Telemetry;

internal enum MetricKind { Counter, Histogram, Gauge }

/// <summary>What a measurement is told apart by. Only words that stand here leave the process: all else becomes "other", so that no tenant, address or id can.</summary>
/// <param name="Name">By OpenTelemetry's conventions.</param>
/// <param name="Words">What may stand there.</param>
internal sealed record MetricAttribute(string Name, params string[] Words)
{
    public const string Other = "other";

    /// <summary>Said of it in the catalogue where it has no list of words.</summary>
    public string? Form { get; init; }

    /// <summary>Whether a value has that form.</summary>
    public Func<string, bool>? Fits { get; init; }

    public string Bounded(string value) => Fits is { } fits ? (fits(value) ? value : Other) : Words.Contains(value, StringComparer.Ordinal) ? value : Other;
}

/// <summary>An entry of the catalogue, and where measurements of it go.</summary>
/// <param name="name">Dotted, by OpenTelemetry's conventions.</param>
/// <param name="unit">Of UCUM; in braces what is counted.</param>
/// <param name="meaning">One sentence.</param>
/// <param name="attributes">At most three.</param>
internal class Metric(string name, MetricKind kind, string unit, string meaning, MetricAttribute[] attributes)
{
    /// <summary>Seconds: from a commit of one machine to an answer that waited for a model and a mail server.</summary>
    public static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

    public string Name => name;
    public MetricKind Kind => kind;
    public string Unit => unit;
    public string Meaning => meaning;
    public IReadOnlyList<MetricAttribute> Attributes => attributes;

    /// <summary>Somebody should be woken by it: a rule has to ask for it.</summary>
    public bool Alerts { get; init; }

    /// <summary>Made by ASP.NET Core, and taken as it is.</summary>
    public bool Foreign { get; init; }

    protected KeyValuePair<string, object?> Of(int attribute, string value) => new(attributes[attribute].Name, value);
}

internal sealed class CountMetric(Meter meter, string name, string unit, string meaning, MetricAttribute[] attributes) : Metric(name, MetricKind.Counter, unit, meaning, attributes)
{
    private readonly Counter<long> _counter = meter.CreateCounter<long>(name, unit, meaning);

    public void Add(long count = 1) => _counter.Add(count);

    public void Add(string first, long count = 1)
    {
        if (_counter.Enabled)
            _counter.Add(count, Of(0, first));
    }

    public void Add(string first, string second, long count = 1)
    {
        if (_counter.Enabled)
            _counter.Add(count, Of(0, first), Of(1, second));
    }
}

internal sealed class TimeMetric(Meter meter, string name, string meaning, MetricAttribute[] attributes) : Metric(name, MetricKind.Histogram, "s", meaning, attributes)
{
    private readonly Histogram<double> _histogram = meter.CreateHistogram<double>(name, "s", meaning);

    public bool IsOn => _histogram.Enabled;

    public void Record(TimeSpan took) => _histogram.Record(took.TotalSeconds);

    public void Record(TimeSpan took, string first)
    {
        if (_histogram.Enabled)
            _histogram.Record(took.TotalSeconds, Of(0, first));
    }

    public void Record(TimeSpan took, string first, string second)
    {
        if (_histogram.Enabled)
            _histogram.Record(took.TotalSeconds, Of(0, first), Of(1, second));
    }
}

/// <summary>How something stands; asked for now and then, by who exports.</summary>
internal sealed class StateMetric(Meter meter, string name, string unit, string meaning, MetricAttribute[] attributes) : Metric(name, MetricKind.Gauge, unit, meaning, attributes)
{
    private readonly Gauge<double> _gauge = meter.CreateGauge<double>(name, unit, meaning);

    public void Set(double value) => _gauge.Record(value);

    public void Set(double value, string first) => _gauge.Record(value, Of(0, first));
}
