using System.Diagnostics;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ReplyMint.Security;

/// <summary>
/// Gives headers and a body to the answers that Kestrel makes before any middleware runs: unreadable or over-long heads (400, 414,
/// 431), two Host fields, a target that contradicts Host, a head that takes too long (408). Kestrel announces each on the
/// diagnostic listener after it has set the status and before it writes; this writes first, and Kestrel then only closes.
/// </summary>
internal sealed class RefusalObserver(SecurityHeaders headers) : IObserver<KeyValuePair<string, object?>>
{
    private const string Refusal = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";
    private static readonly HeaderDictionary NoHeaders = [];

    /// <summary>Nothing else of the listener is asked for: each answer would cost time on every request.</summary>
    public static bool Wants(string name, object? first, object? second) => name == Refusal;

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value is { Key: Refusal, Value: IFeatureCollection features })
            Answer(features);
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    private void Answer(IFeatureCollection features)
    {
        if (features.Get<IHttpResponseFeature>() is not { HasStarted: false } answer || features.Get<IHttpResponseBodyFeature>() is not { } body)
            return;
        var request = features.Get<IHttpRequestFeature>();
        var traceId = EveryAnswer.NewTraceId();
        var problem = new Problem(answer.StatusCode, ProblemAnswers.Detail(answer.StatusCode)).Body(traceId);
        // A refused head is not to be believed in anything, its Origin included.
        headers.Apply(answer.Headers, NoHeaders, traceId, request?.Scheme == "https");
        answer.Headers.Connection = "close";
        var transport = features.Get<IConnectionTransportFeature>()?.Transport.Output;
        if (transport is null)
            return;
        answer.Headers.ContentType = Problem.ContentType;
        answer.Headers.ContentLength = problem.Length;
        var starting = body.StartAsync();
        if (starting.IsCompletedSuccessfully)
            Send(transport, request?.Method == "HEAD" ? [] : problem);
    }

    // The response's own stream does not exist yet when the first head of a connection is refused; the connection's does.
    // Nobody waits for the flush: the pipe belongs to this connection alone, and closing it comes after.
    private static void Send(PipeWriter transport, ReadOnlySpan<byte> body)
    {
        body.CopyTo(transport.GetSpan(body.Length));
        transport.Advance(body.Length);
        _ = transport.FlushAsync().AsTask();
    }
}
