using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Secrets;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>What a server does by its timers, a schedule wakes.</summary>
public sealed class LambdaScheduleTests : IAsyncLifetime
{
    internal const string Minute = """{"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events","account":"123456789012","time":"2026-11-24T12:00:00Z","region":"eu-central-1","resources":["arn:aws:events:eu-central-1:123456789012:rule/sweep"],"detail":{}}""";

    private readonly LambdaQueueTests.Hints _hints = new();
    private LambdaBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await LambdaBench.StartAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    private Task<LambdaBench.Running> RunAsync(LambdaFunction function) => _bench.RunAsync(function, services => services.AddSingleton<IWorkQueue>(_hints));

    [Fact]
    public async Task The_sweep_wakes_what_is_due_and_nothing_else()
    {
        var sweep = await RunAsync(LambdaFunction.Sweep);
        await _bench.Store.Store.RetryAsync((commit, _) =>
        {
            for (var i = 0; i < 12; i++)
                JobQueue.Add(commit, "t1", "test", $"due{i}", _bench.Time.GetUtcNow().AddSeconds(-i));
            JobQueue.Add(commit, "t1", "test", "later", _bench.Time.GetUtcNow().AddMinutes(10));
            return Task.FromResult(true);
        }, default);
        Assert.Equal(new("null", null), await sweep.SendAsync(Minute));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"due{i}").Order(), _hints.Sent.Select(job => job.Target).Order());
        _bench.Time.Advance(TimeSpan.FromMinutes(10));
        await sweep.SendAsync(Minute.Replace("aws.events", "aws.scheduler", StringComparison.Ordinal));
        Assert.Contains(_hints.Sent, job => job.Target == "later");
    }

    [Fact]
    public async Task The_sweep_ticks_its_clocks_when_they_are_due()
    {
        var sweep = await RunAsync(LambdaFunction.Sweep);
        var roots = sweep.Get<AuditRoots>();
        Assert.True(await roots.IsDueAsync(default));
        await sweep.SendAsync(Minute);
        var first = (await roots.NewestAsync(default))!.Value.Statement.At;
        // Each minute, though a schedule comes early now and then; a root is due each hour.
        for (var i = 0; i < 61; i++)
        {
            _bench.Time.Advance(TimeSpan.FromSeconds(59.5));
            await sweep.SendAsync(Minute);
        }
        Assert.Equal(first.AddSeconds(61 * 59.5), (await roots.NewestAsync(default))!.Value.Statement.At);
        Assert.NotEmpty(await sweep.Get<Records>().DueAsync(default));
    }

    [Fact]
    public async Task Rotation_changes_what_is_due()
    {
        var rotate = await RunAsync(LambdaFunction.Rotate);
        await rotate.SendAsync(Minute);
        Assert.DoesNotContain(_hints.Sent, job => job.Record.Kind == TenantKeyRotation.JobKind);
        _bench.Time.Advance(TimeSpan.FromDays(366));
        await rotate.SendAsync(Minute);
        await rotate.SendAsync(Minute);
        Assert.Single(_hints.Sent, job => job.Record.Kind == TenantKeyRotation.JobKind);
    }

    [Theory]
    [InlineData(LambdaFunction.Sweep)]
    [InlineData(LambdaFunction.Imap)]
    [InlineData(LambdaFunction.Rotate)]
    internal async Task Events_of_other_kinds_are_refused(LambdaFunction function)
    {
        var running = await RunAsync(function);
        foreach (var other in (string[])["{}", Minute.Replace("aws.events", "my.application", StringComparison.Ordinal), Minute.Replace("Scheduled Event", "Object Created", StringComparison.Ordinal), new RestEvent("GET", "/health").Json(), QueueEvent.Of(("m", "{}"))])
            Assert.Equal("ReplyMint.Refused", (await running.SendAsync(other)).ErrorType);
    }
}
