using System.Net;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Monitoring;
using ReplyMint.Telemetry;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Monitoring;

/// <summary>/metrics is closed until a setting opens it, and then for who brings the token, or who is on this machine.</summary>
public sealed class PrometheusTests : IDisposable
{
    private const string Token = "3kq9vX2mWzN7tR5yB8cL4pF6hJ1sD0gA";
    private const string Faq = "# When do you open?\n\nWe open at nine and close at five on all working days.\n";

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Without_a_setting_there_is_nothing()
    {
        await using var host = await ProductHost.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(new Uri(host.Http, "metrics"), TestContext.Current.CancellationToken)).StatusCode);
        Assert.Null(host.Services.GetService(typeof(MetricBook)));
    }

    [Fact]
    public async Task Beside_the_API_it_needs_its_token()
    {
        await using var host = await ProductHost.StartAsync(settings: settings => settings with { Monitoring = new() { Prometheus = new() { Token = Secret() } } });
        foreach (var wrong in (string?[])[null, "Bearer ", "Bearer " + Token[..^1], "Bearer " + Token + "x", "Basic " + Token, Token])
        {
            var refused = await AskAsync(host, wrong);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.DoesNotContain("replymint_", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        var answer = await AskAsync(host, "Bearer " + Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        // A token that can't be read any more opens nothing.
        File.Delete(Path.Combine(_folder.Path, "token"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(host, "Bearer " + Token)).StatusCode);
    }

    [Fact]
    public async Task On_this_machine_it_shows_what_happened_by_words_of_ours()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq, settings: settings => settings with { Monitoring = new() { Prometheus = new() { Listen = "http://127.0.0.1:0" } } },
            services: services => services.AddSingleton(new BuildTime(new DateTimeOffset(2026, 11, 14, 12, 0, 0, TimeSpan.Zero))));
        var url = new Uri(host.Get<PrometheusListener>().Url + "/metrics");
        await host.DeliverAndDecideAsync(host.Mail("When do you open?"));
        await host.SmtpAsync("", recipient: "nobody@shop.example");
        await _http.GetAsync(new Uri(host.Http, "health"), TestContext.Current.CancellationToken);
        await _http.GetAsync(new Uri(host.Http, "nowhere/anna@customer.example"), TestContext.Current.CancellationToken);

        var text = await ProductHost.EventuallyAsync(async () => await _http.GetStringAsync(url, TestContext.Current.CancellationToken) is var page
            && page.Contains("replymint_queue_depth ", StringComparison.Ordinal) && page.Contains("http_route=\"/health\"", StringComparison.Ordinal) && page.Contains("http_response_status_code=\"404\"", StringComparison.Ordinal) ? page : null);

        foreach (var line in (string[])
        [
            "# TYPE replymint_mail_accepted_total counter", "replymint_mail_accepted_total{replymint_channel=\"smtp\"} ", "replymint_mail_refused_total{replymint_channel=\"smtp\",replymint_reason=\"unknown-recipient\"} ",
            "replymint_reply_verdicts_total{replymint_ending=\"answer\"} ", "replymint_mail_sendings_total{replymint_outcome=\"sent\",replymint_channel=\"file\"} ", "replymint_answer_duration_seconds_bucket{le=\"+Inf\"} ",
            "replymint_store_commit_duration_seconds_count{replymint_outcome=\"committed\"} ", "replymint_job_duration_seconds_sum{replymint_job=\"mail\"} ", "replymint_job_dead_letters_total{replymint_job=\"mail\"} ",
            "replymint_build_age_seconds 864000\n", "http_server_request_duration_seconds_count{http_request_method=\"GET\",http_route=\"/health\",http_response_status_code=\"200\"} 1",
        ])
            Assert.Contains(line, text, StringComparison.Ordinal);
        Assert.DoesNotContain('@', text);
        Assert.DoesNotContain(host.Tenant.Id, text, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Mailbox.Id, text, StringComparison.Ordinal);
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#'), line => Assert.Matches("""^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.E+-]+$""", line));
        // The API itself shows nothing, and a page that a browser was led to names another host.
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(new Uri(host.Http, "metrics"), TestContext.Current.CancellationToken)).StatusCode);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Host = "evil.example" } };
        Assert.Equal(HttpStatusCode.BadRequest, (await _http.SendAsync(rebound, TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(new Uri(url, "/other"), TestContext.Current.CancellationToken)).StatusCode);
    }

    [Theory]
    [InlineData("http://0.0.0.0:9464")]
    [InlineData("http://*:9464")]
    [InlineData("http://192.168.1.5:9464")]
    [InlineData("http://metrics.example.com:9464")]
    [InlineData("https://127.0.0.1:9464")]
    [InlineData("9464")]
    public void A_listener_for_others_is_refused(string listen) => Assert.Contains("monitoring.prometheus.listen", Assert.Single(new MonitoringSettings { Prometheus = new() { Listen = listen } }.Problems()), StringComparison.Ordinal);

    [Fact]
    public void A_token_in_the_settings_is_refused() => Assert.Contains("monitoring.prometheus.token", Assert.Single(new MonitoringSettings { Prometheus = new() { Token = Token } }.Problems()), StringComparison.Ordinal);

    private string Secret()
    {
        var file = Path.Combine(_folder.Path, "token");
        File.WriteAllText(file, Token + "\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return "file:" + file;
    }

    private async Task<HttpResponseMessage> AskAsync(ProductHost host, string? authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Http, "metrics"));
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return await _http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
