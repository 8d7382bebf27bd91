using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Jobs;
using ReplyMint.Monitoring;
using ReplyMint.Storage;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Monitoring;

/// <summary>What a collector gets by the OpenTelemetry protocol, over a real socket.</summary>
public sealed class OtlpTests : IAsyncDisposable
{
    private const string Faq = "# When do you open?\n\nWe open at nine and close at five on all working days.\n";

    private readonly TemporaryFolder _folder = new();
    private readonly HttpSink _collector = new();
    private readonly HttpClient _http = new();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _collector.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Metrics_spans_and_logs_of_a_mail_arrive()
    {
        var tenant = "";
        await using (var host = await StartAsync(services: services => services.AddSingleton(new JobHandler("resume-not", (_, _) => throw new InvalidOperationException("anna@customer.example")))))
        {
            tenant = host.Tenant.Id;
            await host.DeliverAndDecideAsync(host.Mail("When do you open?"));
            var commit = new Commit();
            var job = host.Get<JobQueue>().Add(commit, host.Tenant.Id, "resume-not", "x1");
            await host.Get<IStore>().CommitAsync(commit, default);
            host.Get<JobQueue>().Wake(job);
            await WaitAsync(host, "logs", body => body.Contains("resume-not", StringComparison.Ordinal));
            await WaitAsync(host, "traces", body => body.Contains(tenant, StringComparison.Ordinal));
        }
        Assert.All(_collector.Requests, request =>
        {
            Assert.Contains("Content-Type: application/json", request.Head, StringComparison.Ordinal);
            Assert.DoesNotContain("traceparent", request.Head, StringComparison.OrdinalIgnoreCase);
        });

        using var metrics = JsonDocument.Parse(Bodies("metrics").Last());
        var scope = metrics.RootElement.GetProperty("resourceMetrics")[0];
        Assert.Contains("service.name", scope.GetProperty("resource").GetRawText(), StringComparison.Ordinal);
        var accepted = Named(scope.GetProperty("scopeMetrics")[0].GetProperty("metrics"), "replymint.mail.accepted").GetProperty("sum");
        Assert.Equal((2, true), (accepted.GetProperty("aggregationTemporality").GetInt32(), accepted.GetProperty("isMonotonic").GetBoolean()));
        var point = accepted.GetProperty("dataPoints").EnumerateArray().Single(one => one.GetProperty("attributes")[0].GetProperty("value").GetProperty("stringValue").GetString() == "smtp");
        Assert.True(long.Parse(point.GetProperty("asInt").GetString()!, System.Globalization.CultureInfo.InvariantCulture) >= 1);
        Assert.Matches("^[0-9]{19}$", point.GetProperty("startTimeUnixNano").GetString());
        var answered = Named(scope.GetProperty("scopeMetrics")[0].GetProperty("metrics"), "replymint.answer.duration").GetProperty("histogram").GetProperty("dataPoints")[0];
        Assert.Equal(answered.GetProperty("explicitBounds").GetArrayLength() + 1, answered.GetProperty("bucketCounts").GetArrayLength());
        Assert.Equal(long.Parse(answered.GetProperty("count").GetString()!, System.Globalization.CultureInfo.InvariantCulture), answered.GetProperty("bucketCounts").EnumerateArray().Sum(bucket => long.Parse(bucket.GetString()!, System.Globalization.CultureInfo.InvariantCulture)));

        var spans = Spans().ToList();
        // The source is one for the process: other tests' spans come, too.
        var send = spans.First(span => span.GetProperty("name").GetString() == "job" && span.GetRawText().Contains(tenant, StringComparison.Ordinal) && span.GetRawText().Contains("\"mail\"", StringComparison.Ordinal));
        var work = spans.Where(span => span.GetProperty("traceId").GetString() == send.GetProperty("traceId").GetString()).ToDictionary(span => span.GetProperty("name").GetString()!);
        Assert.Equal(["draft", "guard", "job", "policy", "send"], work.Keys.Order(StringComparer.Ordinal));
        Assert.All(work.Values.Where(span => span.GetProperty("name").GetString() != "job"), span => Assert.Equal(work["job"].GetProperty("spanId").GetString(), span.GetProperty("parentSpanId").GetString()));
        Assert.False(work["job"].TryGetProperty("parentSpanId", out _));
        Assert.Contains(spans, span => span.GetProperty("name").GetString() == "accept" && span.GetRawText().Contains("replymint.message.id", StringComparison.Ordinal));

        var line = Lines().First(line => line.GetProperty("body").GetProperty("stringValue").GetString()!.Contains("resume-not", StringComparison.Ordinal));
        Assert.Equal(17, line.GetProperty("severityNumber").GetInt32());
        var failed = spans.Single(span => span.GetProperty("traceId").GetString() == line.GetProperty("traceId").GetString());
        Assert.Equal(2, failed.GetProperty("status").GetProperty("code").GetInt32());
        Assert.DoesNotContain("anna@", string.Concat(_collector.Requests.Select(request => request.Body)), StringComparison.Ordinal);
    }

    /// <summary>The id that an answer carries is its trace's, and a caller's trace is a link beside it.</summary>
    [Fact]
    public async Task A_request_is_a_span_under_the_trace_id_of_its_answer()
    {
        const string Theirs = "0af7651916cd43dd8448eb211c80319c";
        await using var host = await StartAsync();
        var ids = new List<string>();
        foreach (var parent in (string[])[$"00-{Theirs}-b7ad6b7169203331-01", "00-" + new string('0', 32) + "-b7ad6b7169203331-01", "garbage", $"00-{Theirs}-b7ad6b7169203331-01-more", $"ff-{Theirs}-b7ad6b7169203331-01"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Http, "health"));
            request.Headers.TryAddWithoutValidation("traceparent", parent);
            using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
            ids.Add(answer.Headers.GetValues("X-Trace-Id").Single());
        }
        await WaitAsync(host, "traces", body => body.Contains(ids[^1], StringComparison.Ordinal));
        var spans = Spans().ToDictionary(span => span.GetProperty("traceId").GetString()!);
        Assert.All(ids, id => Assert.Equal("GET /health", spans[id].GetProperty("name").GetString()));
        Assert.DoesNotContain(Theirs, ids);
        Assert.Equal(Theirs, spans[ids[0]].GetProperty("links")[0].GetProperty("traceId").GetString());
        Assert.All(ids.Skip(1), id => Assert.Equal(0, spans[id].GetProperty("links").GetArrayLength()));
        Assert.All(ids, id => Assert.False(spans[id].TryGetProperty("parentSpanId", out _)));
    }

    [Fact]
    public async Task What_the_collector_can_t_take_now_comes_again_and_what_it_refuses_does_not()
    {
        await using var host = await StartAsync();
        _collector.Answer = "503 Service Unavailable";
        var first = await AskAsync(host);
        await WaitAsync(host, "traces", body => body.Contains(first, StringComparison.Ordinal));
        var before = Bodies("traces").Count(body => body.Contains(first, StringComparison.Ordinal));
        _collector.Answer = "200 OK";
        await EventuallyAsync(host, () => Bodies("traces").Count(body => body.Contains(first, StringComparison.Ordinal)) > before);

        _collector.Answer = "400 Bad Request";
        var second = await AskAsync(host);
        await WaitAsync(host, "traces", body => body.Contains(second, StringComparison.Ordinal));
        _collector.Answer = "200 OK";
        var third = await AskAsync(host);
        await WaitAsync(host, "traces", body => body.Contains(third, StringComparison.Ordinal));
        Assert.Single(Bodies("traces"), body => body.Contains(second, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Headers_of_the_collector_come_from_a_secret()
    {
        var file = Path.Combine(_folder.Path, "headers");
        File.WriteAllText(file, "api-key=3kq9vX2mWzN7tR5yB8cL4pF6hJ1sD0gA,X-Scope=mail\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var host = await StartAsync(otlp => otlp with { Headers = "file:" + file, Traces = false, Logs = false });
        await EventuallyAsync(host, () => Bodies("metrics").Count > 0);
        Assert.Contains("api-key: 3kq9vX2mWzN7tR5yB8cL4pF6hJ1sD0gA\r\nX-Scope: mail", _collector.Requests.First().Head, StringComparison.Ordinal);
        Assert.Empty(Bodies("traces"));
    }

    [Theory]
    [InlineData("http://collector.example:4318")]
    [InlineData("http://10.0.0.1:4318")]
    [InlineData("https://user:pass@collector.example")]
    [InlineData("collector.example:4318")]
    [InlineData("https://collector.example/?key=1")]
    public void A_collector_in_the_clear_is_refused(string endpoint) => Assert.Contains("monitoring.otlp.endpoint", Assert.Single(new MonitoringSettings { Otlp = new() { Endpoint = endpoint } }.Problems()), StringComparison.Ordinal);

    private async Task<ProductHost> StartAsync(Func<OtlpSettings, OtlpSettings>? change = null, Action<IServiceCollection>? services = null)
    {
        var otlp = new OtlpSettings { Endpoint = _collector.Url, Seconds = 1 };
        return await ProductHost.StartAsync(knowledge: Faq, settings: settings => settings with { Monitoring = new() { Otlp = change?.Invoke(otlp) ?? otlp } }, services: services);
    }

    private async Task<string> AskAsync(ProductHost host)
    {
        using var answer = await _http.GetAsync(new Uri(host.Http, "health"), TestContext.Current.CancellationToken);
        return answer.Headers.GetValues("X-Trace-Id").Single();
    }

    private Task WaitAsync(ProductHost host, string signal, Func<string, bool> seen) => EventuallyAsync(host, () => Bodies(signal).Any(seen));

    private static Task EventuallyAsync(ProductHost host, Func<bool> seen) => ProductHost.EventuallyAsync(() =>
    {
        if (seen())
            return Task.FromResult<string?>("");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        return Task.FromResult<string?>(null);
    });

    private List<string> Bodies(string signal) => [.. _collector.Requests.Where(request => request.Head.StartsWith($"POST /v1/{signal} ", StringComparison.Ordinal)).Select(request => request.Body)];

    private IEnumerable<JsonElement> Spans() => Items("traces", "resourceSpans", "scopeSpans", "spans");

    private IEnumerable<JsonElement> Lines() => Items("logs", "resourceLogs", "scopeLogs", "logRecords");

    private IEnumerable<JsonElement> Items(string signal, string outer, string inner, string items) =>
        Bodies(signal).Select(body => JsonDocument.Parse(body).RootElement).SelectMany(root => root.GetProperty(outer)[0].GetProperty(inner)[0].GetProperty(items).EnumerateArray());

    private static JsonElement Named(JsonElement metrics, string name) => metrics.EnumerateArray().Single(metric => metric.GetProperty("name").GetString() == name);
}
