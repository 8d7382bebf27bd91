using System.Diagnostics;

namespace ReplyMint.Telemetry;

/// <summary>
/// Pieces of work with a beginning and an end. The outermost of each way (a request, a job, a mail by SMTP) is always there, since its trace id names
/// it in the log; what lies within is made only while somebody exports. Attributes hold ids, counts and words of ours.
/// </summary>
internal static class Spans
{
    public const string SourceName = "ReplyMint";

    private static readonly ActivitySource s_source = new(SourceName);

    /// <summary>A way's beginning, with a trace id of its own: a caller's may be linked, and never be taken, or he could write into our logs.</summary>
    public static Activity Root(string name, ActivityKind kind, ActivityContext caller = default)
    {
        Activity.Current = null;
        return (caller != default ? s_source.StartActivity(name, kind, default(ActivityContext), links: [new(caller)]) : s_source.StartActivity(name, kind))
            ?? new Activity(name).SetIdFormat(ActivityIdFormat.W3C).Start();
    }

    /// <summary>A part of it; null while nobody exports.</summary>
    public static Activity? Part(string name, ActivityKind kind = ActivityKind.Internal) => s_source.StartActivity(name, kind);

    /// <summary>What a caller says of his own trace (W3C Trace Context): exactly one header of the right form counts, all else is nothing.</summary>
    public static ActivityContext CallerOf(string? traceParent) =>
        traceParent is { Length: 55 } && traceParent.StartsWith("00-", StringComparison.Ordinal) && ActivityContext.TryParse(traceParent, null, out var caller)
            && caller.TraceId != default && caller.SpanId != default ? caller : default;

    /// <param name="value">An id, a count or a word of ours.</param>
    public static void Tag(this Activity? span, string name, string? value)
    {
        if (span is { IsAllDataRequested: true } && value is not null)
            span.SetTag(name, value);
    }

    public static void Fail(this Activity? span) => span?.SetStatus(ActivityStatusCode.Error);
}
