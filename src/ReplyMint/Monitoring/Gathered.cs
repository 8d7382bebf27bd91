using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using ReplyMint.Telemetry;

namespace ReplyMint.Monitoring;

/// <summary>What waits for the next sending, bounded: where the collector is away, the newest are lost, counted, and never the memory.</summary>
internal sealed class Waiting<T>(string signal)
{
    private const int Most = 8_192;

    private readonly ConcurrentQueue<T> _items = new();
    private int _count;

    public void Add(T item)
    {
        if (Interlocked.Increment(ref _count) > Most)
        {
            Interlocked.Decrement(ref _count);
            Measures.ExportLost.Add(signal);
            return;
        }
        _items.Enqueue(item);
    }

    public IReadOnlyList<T> Take(int most)
    {
        var taken = new List<T>();
        while (taken.Count < most && _items.TryDequeue(out var item))
            taken.Add(item);
        Interlocked.Add(ref _count, -taken.Count);
        return taken;
    }
}

/// <summary>Listens for our own spans. Those of ASP.NET Core and of libraries are not asked for: they would name paths and addresses.</summary>
internal sealed class SpanBook : IDisposable
{
    private readonly ActivityListener _listener;

    public SpanBook()
    {
        _listener = new()
        {
            ShouldListenTo = static source => source.Name == Spans.SourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Ended.Add,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public Waiting<Activity> Ended { get; } = new("traces");

    public void Dispose() => _listener.Dispose();
}

/// <summary>Keeps what the rooms log for the next sending. What the exporter says of itself stays here, or a collector that is away would fill its own queue.</summary>
internal sealed class LogBook(TimeProvider time) : ILoggerProvider
{
    private static readonly string s_own = typeof(LogBook).Namespace!;

    public Waiting<LogLine> Lines { get; } = new("logs");

    public ILogger CreateLogger(string categoryName) => new BookLogger(this, time, categoryName);

    public void Dispose()
    {
    }

    private sealed class BookLogger(LogBook book, TimeProvider time, string category) : ILogger
    {
        private readonly bool _own = category.StartsWith(s_own, StringComparison.Ordinal);

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && !_own;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            var attributes = new List<KeyValuePair<string, string>>();
            if (state is IReadOnlyList<KeyValuePair<string, object?>> given)
                foreach (var (name, value) in given)
                    if (name != "{OriginalFormat}" && value is not null)
                        attributes.Add(new(name, Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? ""));
            if (exception is not null)
                attributes.Add(new("exception.type", exception.GetType().FullName ?? ""));
            var current = Activity.Current;
            book.Lines.Add(new(time.GetUtcNow(), logLevel, category, eventId.Id, formatter(state, null), attributes, current?.TraceId ?? default, current?.SpanId ?? default));
        }
    }
}
