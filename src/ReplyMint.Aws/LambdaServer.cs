using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ReplyMint.Security;

namespace ReplyMint.Aws;

/// <summary>
/// Stands where Kestrel does on a server: gives requests that a REST API handed over as events to the same pipeline. What Kestrel holds
/// of a request before the pipeline is held here; the connection is the gateway's.
/// </summary>
internal sealed class LambdaServer(HttpSettings settings, SecurityHeaders headers) : IServer
{
    private Func<IFeatureCollection, Task>? _run;

    public IFeatureCollection Features { get; } = new FeatureCollection();

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken) where TContext : notnull
    {
        _run = features => RunAsync(application, features);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
    }

    /// <summary>The sink for HTTP events (proxy integration, payload 1.0).</summary>
    public async Task<LambdaOutcome> TakeAsync(JsonElement root, CancellationToken deadline)
    {
        var (request, why) = LambdaRequest.Read(root);
        if (request is null)
            return new LambdaOutcome.Refused(why);
        var response = new LambdaResponse(request.Method);
        if (request.Refusal(settings.Limits) is { } refusal)
            return Answer(request, response, refusal);

        using var aborting = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        response.Abort = aborting.Cancel;
        var exchange = new LambdaExchange(request, aborting, settings.Limits.MaxBodyBytes);
        await _run!(exchange.Features(request, response));
        // Half of an answer is none.
        return Answer(request, response, response.IsTooLarge ? TooLarge : deadline.IsCancellationRequested ? Late : aborting.IsCancellationRequested ? new(500) : null, exchange.TraceIdentifier);
    }

    private static Problem TooLarge { get; } = new(413, "The answer is larger than can be given here. Ask for less at once: for a shorter page, or for a part by Range.");

    private static Problem Late { get; } = new(504, "This took longer than a request may take here.");

    private LambdaOutcome.Answer Answer(LambdaRequest request, LambdaResponse response, Problem? problem, string? trace = null)
    {
        if (problem is null && response.Write() is { } whole)
            return new(whole);
        var answer = problem ?? TooLarge;
        trace ??= EveryAnswer.NewTraceId();
        var refused = new LambdaResponse(request.Method) { StatusCode = answer.Status };
        headers.Apply(refused.Headers, request.Headers, trace, https: true);
        var body = answer.Body(trace);
        refused.Headers.ContentType = Problem.ContentType;
        refused.Headers.ContentLength = body.Length;
        refused.Append(body);
        return new(refused.Write()!.Value);
    }

    private static async Task RunAsync<TContext>(IHttpApplication<TContext> application, IFeatureCollection features) where TContext : notnull
    {
        var context = application.CreateContext(features);
        var response = (LambdaResponse)features.GetRequiredFeature<IHttpResponseFeature>();
        try
        {
            await application.ProcessRequestAsync(context);
            await response.CompleteAsync();
            application.DisposeContext(context, null);
        }
        catch (Exception failure)
        {
            application.DisposeContext(context, failure);
            throw;
        }
        finally
        {
            await response.CompletedAsync();
        }
    }
}
