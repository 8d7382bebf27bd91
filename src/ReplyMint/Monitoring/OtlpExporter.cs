using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Monitoring;

/// <summary>
/// Sends what was gathered to the collector, again and again and once more at the end. What the collector can't take now waits for the next time,
/// a bounded lot of it; what it refuses is lost and counted. Nothing else waits for it.
/// </summary>
internal sealed partial class OtlpExporter(
    MonitoringSettings settings, OtlpResource resource, SecretSource secrets, TimeProvider time, ILogger<OtlpExporter> log, MetricBook? metrics = null, SpanBook? spans = null, LogBook? logs = null)
    : PeriodicService(TimeSpan.FromSeconds(settings.Otlp.Seconds), time, atOnce: false)
{
    private const int Batch = 1_024;
    private const int MaxBatches = 4;
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(5);

    // To the operator's own address: any network, no redirect, no proxy, and no word of the answer's but its status.
    private readonly HttpClient _http = OutsideHttp.Create(OutsideAddress.Named(new Uri(settings.Otlp.Endpoint)), needsHttps: false);
    private readonly Uri _endpoint = new(settings.Otlp.Endpoint.TrimEnd('/') + "/");
    private readonly Dictionary<string, (byte[] Body, int Count)> _held = new(StringComparer.Ordinal);
    private bool _failing;

    protected override async Task TickAsync(CancellationToken ct)
    {
        try
        {
            if (metrics is not null)
                await SendAsync("metrics", OtlpJson.Metrics(resource, metrics, Time.GetUtcNow()), 1, holds: false, ct);
            if (spans is not null)
                await DrainAsync("traces", spans.Ended, ended => OtlpJson.Spans(resource, ended), ct);
            if (logs is not null)
                await DrainAsync("logs", logs.Lines, lines => OtlpJson.Logs(resource, lines), ct);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            LogFailed(log, Failure.Of(failure));
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Goodbye);
        try
        {
            await TickAsync(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // The collector is slow; the end is not.
        }
    }

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    private async Task DrainAsync<T>(string signal, Waiting<T> waiting, Func<IReadOnlyList<T>, byte[]> write, CancellationToken ct)
    {
        if (_held.Remove(signal, out var held) && !await SendAsync(signal, held.Body, held.Count, holds: true, ct))
            return;
        for (var i = 0; i < MaxBatches && waiting.Take(Batch) is { Count: > 0 } taken; i++)
            if (!await SendAsync(signal, write(taken), taken.Count, holds: true, ct))
                return;
    }

    private async Task<bool> SendAsync(string signal, byte[] body, int count, bool holds, CancellationToken ct)
    {
        HttpStatusCode? status = null;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_endpoint, "v1/" + signal)) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            AddHeaders(request);
            using var answer = await _http.SendAsync(request, ct);
            status = answer.StatusCode;
            if (answer.IsSuccessStatusCode)
            {
                _failing = false;
                return true;
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // As if it had said that it is busy.
        }
        if (!_failing)
            LogRefused(log, signal, status is { } said ? (int)said : 0);
        _failing = true;
        // Those that may come again, by the protocol; nobody answered is the same.
        if (holds && status is null or HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout)
            _held[signal] = (body, count);
        else if (holds)
            Measures.ExportLost.Add(signal, count);
        return false;
    }

    private void AddHeaders(HttpRequestMessage request)
    {
        if (settings.Otlp.Headers.Length == 0)
            return;
        var read = secrets.Read("monitoring.otlp.headers", settings.Otlp.Headers);
        foreach (var header in (read.Value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            if (header.Split('=', 2, StringSplitOptions.TrimEntries) is [{ Length: > 0 } name, var value])
                request.Headers.TryAddWithoutValidation(name, value);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The collector does not take {signal}: status {status} (0 is no answer). What waits is sent again; more of it is counted as lost")]
    private static partial void LogRefused(ILogger log, string signal, int status);

    [LoggerMessage(Level = LogLevel.Error, Message = "Exporting failed: {failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}
