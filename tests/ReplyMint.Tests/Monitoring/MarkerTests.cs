using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Jobs;
using ReplyMint.Monitoring;
using ReplyMint.Storage;
using ReplyMint.Tests.Inbound;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Replies;
using ReplyMint.Tests.Security;
using Xunit;

namespace ReplyMint.Tests.Monitoring;

/// <summary>Marked data goes in by every door, good and bad, at the most verbose level of our own log; neither log nor trace nor metric shows a mark (MON-2).</summary>
public sealed class MarkerTests : IAsyncDisposable
{
    private const string Mark = "zq7mark7qz";
    private const string Faq = "# When do you open?\n\nWe open at nine and close at five on all working days.\n";

    private readonly HttpSink _collector = new();
    private readonly LogLines _lines = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _lines.Dispose();
        await _collector.DisposeAsync();
    }

    [Fact]
    public async Task No_mark_comes_into_log_trace_or_metric()
    {
        string metrics;
        await using var model = await ModelServer.StartAsync();
        // It fails with a mark, then answers one that the guard holds.
        model.Answer = async context =>
        {
            context.Response.StatusCode = model.Requests.Count == 1 ? 400 : 200;
            await ModelServer.Say(context, $"Write to {Mark}@evil.example, the code is {Mark}.");
        };
        await using (var host = await ProductHost.StartAsync(knowledge: Faq, settings: settings => settings with
        {
            Monitoring = new() { Otlp = new() { Endpoint = _collector.Url, Seconds = 1 }, Prometheus = new() { Listen = "http://127.0.0.1:0" } },
            Model = new() { Endpoint = model.Endpoint, Model = "m" },
            Accounts = settings.Accounts with { From = ProductHost.Address },
        }, services: services => services
            .AddLogging(logging => logging.AddProvider(_lines).SetMinimumLevel(LogLevel.Trace).AddFilter("ReplyMint", LogLevel.Trace))
            .AddSingleton(new JobHandler("rekey-not", (_, _) => throw new InvalidOperationException($"{Mark}@customer.example wrote {Mark}", new FormatException(Mark))))))
        {
            await MailsAsync(host);
            await RequestsAsync(host);
            await FailingJobAsync(host);
            await host.Get<ReplyMint.Audit.Alerts>().RaiseAsync("dead-job", "x1", "A job was given up.", default);
            metrics = await _http.GetStringAsync(new Uri(host.Get<PrometheusListener>().Url + "/metrics"), TestContext.Current.CancellationToken);
            // Spans that go while the host ends are sent, too.
        }

        var sent = string.Concat(_collector.Requests.Select(request => request.Head + request.Body));
        // Something was there to look into: failures with their types, spans of all steps, counts.
        Assert.Contains("System.InvalidOperationException", string.Concat(_lines.All), StringComparison.Ordinal);
        Assert.Contains("rekey-not", sent, StringComparison.Ordinal);
        Assert.All((string[])["\"accept\"", "\"job\"", "\"policy\"", "\"draft\"", "\"chat\"", "\"guard\"", "POST /webhooks/mailgun/inbound"], name => Assert.Contains(name, sent, StringComparison.Ordinal));
        Assert.Contains("replymint_reply_verdicts_total{", metrics, StringComparison.Ordinal);

        Assert.All(_lines.All, line => Clean(line));
        Assert.All(_collector.Requests, request => Clean(request.Head + request.Body));
        Clean(metrics);
    }

    private static void Clean(string text)
    {
        Assert.DoesNotContain(Mark, text, StringComparison.OrdinalIgnoreCase);
        foreach (var hidden in (string[])[Convert.ToBase64String(Encoding.UTF8.GetBytes(Mark + "@"))[..12], Convert.ToBase64String(Encoding.UTF8.GetBytes("\0" + Mark))[4..12], Uri.HexEscape(Mark[0]) + Mark[1..]])
            Assert.DoesNotContain(hidden, text, StringComparison.Ordinal);
    }

    private static async Task MailsAsync(ProductHost host)
    {
        await host.DeliverAndDecideAsync(host.Mail($"When do you open? {Mark}", from: $"{Mark}@customer.example", subject: $"A question {Mark}"), $"{Mark}@customer.example");
        await host.DeliverAndDecideAsync(host.Mail($"When do you open? {Mark} again", from: $"{Mark}2@customer.example", subject: Mark, extra: $"X-{Mark}: {Mark}", messageId: $"<{Mark}@{Mark}.example>"), $"{Mark}2@customer.example");
        Assert.StartsWith("550", await host.SmtpAsync("", recipient: $"{Mark}@shop.example"), StringComparison.Ordinal);
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", host.SmtpPort);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.Latin1);
        await reader.ReadLineAsync();
        foreach (var line in (string[])[$"EHLO {Mark}.example", "AUTH PLAIN " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{Mark}\0{Mark}")), $"MAIL FROM:<{Mark}@x.example> {Mark}={Mark}", $"RCPT TO:<{Mark}", $"VRFY {Mark}", $"{Mark} {Mark}", "QUIT"])
            await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"));
        await reader.ReadToEndAsync();
    }

    private async Task RequestsAsync(ProductHost host)
    {
        const string Api = "api/v1/";
        await SendAsync(host, HttpMethod.Get, $"nowhere/{Mark}?{Mark}={Mark}");
        await SendAsync(host, HttpMethod.Get, $"{Api}messages/{Mark}?{Mark}={Mark}", ("X-API-Key", Mark + "1234567890abcdef"));
        await SendAsync(host, HttpMethod.Get, Api + "me", ("Authorization", "Bearer " + Mark + "." + Mark + "." + Mark), ("X-Trace-Id", Mark), ("traceparent", Mark), ("Origin", $"https://{Mark}.example"), ("User-Agent", Mark), ("Cookie", Mark));
        await SendAsync(host, new HttpMethod(Mark.ToUpperInvariant()), "health");
        foreach (var body in (string[])[$$"""{"address":"{{Mark}}@customer.example"}""", $$"""{"address":"{{Mark}}@customer.example","{{Mark}}":"{{Mark}}"}""", $$"""{"{{Mark}}":""", $$"""{"token":"{{Mark}}","code":"{{Mark}}"}"""])
            foreach (var route in (string[])[Api + "sign-in", Api + "sign-in/complete", Api + "sessions/refresh", Api + "messages", Api + "invitations/accept", "webhooks/ses/" + Mark])
                await SendAsync(host, HttpMethod.Post, route, body, "application/json");
        await SendAsync(host, HttpMethod.Post, "webhooks/mailgun/inbound", $"recipient={Mark}%40shop.example&sender={Mark}%40x.example&subject={Mark}&body-plain={Mark}&timestamp=1&token={Mark}&signature={Mark}", "application/x-www-form-urlencoded");
        await SendAsync(host, HttpMethod.Post, $"webhooks/mailgun/{Mark}/inbound", Mark, "text/plain");
        await SendAsync(host, HttpMethod.Get, $"w/{Mark}");
    }

    private static async Task FailingJobAsync(ProductHost host)
    {
        var commit = new Commit();
        var job = host.Get<JobQueue>().Add(commit, host.Tenant.Id, "rekey-not", "x1");
        await host.Get<IStore>().CommitAsync(commit, default);
        host.Get<JobQueue>().Wake(job);
        await ProductHost.EventuallyAsync(async () => await host.Get<JobQueue>().FindAsync(record => record is { Kind: "rekey-not", Attempts: 1 }, default).AnyAsync() ? "" : null);
    }

    private Task SendAsync(ProductHost host, HttpMethod method, string path, params (string Name, string Value)[] headers) => SendAsync(host, new HttpRequestMessage(method, new Uri(host.Http, path)), headers);

    private Task SendAsync(ProductHost host, HttpMethod method, string path, string body, string type) =>
        SendAsync(host, new HttpRequestMessage(method, new Uri(host.Http, path)) { Content = new StringContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } } });

    private async Task SendAsync(ProductHost host, HttpRequestMessage request, params (string Name, string Value)[] headers)
    {
        using (request)
        {
            foreach (var (name, value) in headers)
                request.Headers.TryAddWithoutValidation(name, value);
            using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.NotEqual(StatusCodes.Status500InternalServerError, (int)answer.StatusCode);
        }
    }
}
