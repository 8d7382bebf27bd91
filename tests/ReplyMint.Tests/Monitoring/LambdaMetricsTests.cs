using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Monitoring;
using ReplyMint.Telemetry;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Outbound;
using Xunit;

namespace ReplyMint.Tests.Monitoring;

/// <summary>A function has no timers: what it measured leaves behind its event, before it may be frozen.</summary>
public sealed class LambdaMetricsTests
{
    private const string Minute = """{"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events","account":"123456789012","time":"2026-11-24T12:00:00Z","region":"eu-central-1","resources":["arn:aws:events:eu-central-1:123456789012:rule/sweep"],"detail":{}}""";

    [Fact]
    public async Task Each_event_that_measured_something_leaves_one_line()
    {
        await using var written = new StringWriter();
        await using var bench = await LambdaBench.StartAsync(settings => settings with { Monitoring = new() { Emf = true } });
        var sweep = await bench.RunAsync(LambdaFunction.Sweep, services => services.AddSingleton<TextWriter>(TextWriter.Synchronized(written)));
        for (var i = 0; i < 2; i++)
        {
            await sweep.SendAsync(Minute);
            bench.Time.Advance(TimeSpan.FromMinutes(1));
        }
        // The runtime asks for the next event only when all of the one before has left.
        await sweep.SendAsync(Minute);
        var lines = written.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(lines.Length, 2, 3);
        Assert.All(lines, line =>
        {
            using var json = JsonDocument.Parse(line);
            Assert.Equal("replymint-development-sweep", json.RootElement.GetProperty("Function").GetString());
            Assert.Equal(EmfLine.Namespace, json.RootElement.GetProperty("_aws").GetProperty("CloudWatchMetrics")[0].GetProperty("Namespace").GetString());
            Assert.Equal(0, json.RootElement.GetProperty("replymint.queue.age").GetDouble());
            Assert.DoesNotContain(bench.Store.Id, line, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Rotation_tells_how_old_keys_are_and_how_many_are_overdue()
    {
        await using var written = new StringWriter();
        await using var bench = await LambdaBench.StartAsync(settings => settings with { Monitoring = new() { Emf = true } });
        var rotate = await bench.RunAsync(LambdaFunction.Rotate, services => services.AddSingleton<TextWriter>(TextWriter.Synchronized(written)));
        await rotate.SendAsync(Minute);
        // Nobody changes the master key: a person is to, each year.
        bench.Time.Advance(TimeSpan.FromDays(400));
        await rotate.SendAsync(Minute);
        await rotate.SendAsync(Minute);
        var lines = written.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var (before, after) = (Told(lines[0]), Told(lines[1]));
        Assert.Equal(0, before.Overdue);
        Assert.InRange(after.Overdue, 1, 10);
        Assert.InRange(after.Age - before.Age, 399 * 86_400, 401 * 86_400);

        static (double Overdue, double Age) Told(string line)
        {
            using var json = JsonDocument.Parse(line);
            Assert.Equal("replymint-development-rotate", json.RootElement.GetProperty("Function").GetString());
            return (json.RootElement.GetProperty(Measures.SecretsOverdue.Name).GetDouble(), json.RootElement.GetProperty(Measures.OldestKey.Name).GetDouble());
        }
    }

    [Fact]
    public async Task A_collector_gets_what_a_function_measured()
    {
        await using var collector = new HttpSink();
        await using var bench = await LambdaBench.StartAsync(settings => settings with { Monitoring = new() { Otlp = new() { Endpoint = collector.Url } } });
        var sweep = await bench.RunAsync(LambdaFunction.Sweep);
        await sweep.SendAsync(Minute);
        await sweep.SendAsync(Minute);
        Assert.Contains(collector.Requests, request => request.Body.Contains("replymint.queue.depth", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_setting_nothing_is_written()
    {
        await using var written = new StringWriter();
        await using var bench = await LambdaBench.StartAsync();
        var sweep = await bench.RunAsync(LambdaFunction.Sweep, services => services.AddSingleton<TextWriter>(TextWriter.Synchronized(written)));
        await sweep.SendAsync(Minute);
        await sweep.SendAsync(Minute);
        Assert.Empty(written.ToString());
        Assert.Null(sweep.Services.GetService<MetricBook>());
    }
}
