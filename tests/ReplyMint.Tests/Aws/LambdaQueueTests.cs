using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Storage;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>Workers that SQS wakes: each job once, whatever becomes of its messages.</summary>
public sealed class LambdaQueueTests : IAsyncLifetime
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private readonly Hints _hints = new();
    private LambdaBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await LambdaBench.StartAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    private Task<LambdaBench.Running> RunAsync(LambdaFunction function, params JobHandler[] handlers) => _bench.RunAsync(function, services =>
    {
        services.AddSingleton<IWorkQueue>(_hints);
        foreach (var handler in handlers)
            services.AddSingleton(handler);
    });

    private async Task<Job> AddAsync(IServiceProvider services, string kind, string target = "x1", string tenant = "t1")
    {
        Job? job = null;
        await _bench.Store.Store.RetryAsync((commit, _) => { job = services.GetRequiredService<JobQueue>().Add(commit, tenant, kind, target); return Task.FromResult(true); }, default);
        return job!;
    }

    private async Task<bool> IsThereAsync(Job job) => await _bench.Store.Store.GetAsync(job.Key, default) is not null;

    [Fact]
    public async Task A_mail_that_one_function_took_another_one_answers_once()
    {
        var api = await RunAsync(LambdaFunction.Api);
        await _bench.FillAsync(api.Services, Faq);
        await api.Get<Tenants>().ChangeAsync(_bench.Tenant.Id, tenant => tenant with { AnswersVouched = true }, Actor.Machine, new Dictionary<string, string>(), default);
        var key = await api.Get<ApiKeys>().CreateAsync(_bench.Tenant.Id, new ApiKeyWish { Name = "A key", Scopes = ["messages:write"] }, Actor.Machine.Id, Actor.Machine, default);
        var mail = Encoding.UTF8.GetBytes($"From: Anna <anna@customer.example>\r\nTo: {LambdaBench.Address}\r\nSubject: Delivery\r\nMessage-ID: <1@customer.example>\r\nDate: Tue, 24 Nov 2026 11:59:00 +0000\r\n\r\nHow long does delivery take?\r\n");
        var taken = await api.AskAsync(new("POST", "/api/v1/messages") { Headers = [("X-API-Key", key.Text!), ("Content-Type", "message/rfc822")], Query = [("to", LambdaBench.Address), ("from", "anna@customer.example")], Body = mail });
        Assert.True(taken.Status == 202, taken.Text);
        await api.AskAsync(new("GET", "/health"));
        var hint = Assert.Single(_hints.Sent);
        Assert.Equal(Inbox.JobKind, hint.Record.Kind);

        var worker = await RunAsync(LambdaFunction.Worker);
        var @event = QueueEvent.Of(hint, hint);
        Assert.Empty(QueueEvent.Failed(await worker.SendAsync(@event)));
        Assert.Empty(QueueEvent.Failed(await worker.SendAsync(@event)));
        var id = (string)JsonNode.Parse(taken.Text)!["id"]!;
        var message = (await worker.Get<Messages>().FindAsync(_bench.Tenant.Id, id, default))!.Record;
        Assert.True(message.State == MessageState.Answered, string.Join(' ', message.Reasons));
        foreach (var more in _hints.Sent.Skip(1))
            Assert.Empty(QueueEvent.Failed(await worker.SendAsync(QueueEvent.Of(more))));
        Assert.Equal(OutboxState.Sent, (await worker.Get<Outbox>().StateAsync(_bench.Tenant.Id, id, default))!.State);
        Assert.Contains("two to three working days", await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(_bench.OutFolder, "*.eml")), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_comes_again_only_where_nobody_knows_its_end()
    {
        var ran = new ConcurrentQueue<string>();
        var worker = await RunAsync(LambdaFunction.Worker, new JobHandler("test", async (job, ct) =>
        {
            ran.Enqueue(job.Target);
            switch (job.Target)
            {
                case "fails":
                    throw new InvalidOperationException();
                case "hangs":
                    await Task.Delay(Timeout.Infinite, ct);
                    break;
                case "waits":
                    return new JobOutcome.Wait(TimeSpan.FromHours(1));
                case "dies":
                    return new JobOutcome.Dead("it is over");
            }
            var commit = new Commit();
            job.Complete(commit);
            await _bench.Store.Store.CommitAsync(commit, default);
            return JobOutcome.Finished;
        }));
        var jobs = new List<Job>();
        foreach (var target in (string[])["done", "fails", "hangs", "waits", "dies"])
            jobs.Add(await AddAsync(worker.Services, "test", target));
        var gone = await AddAsync(worker.Services, "test", "gone");
        await _bench.Store.Store.CommitAsync(new Commit().Delete(gone.Key), default);

        var answer = worker.SendAsync(QueueEvent.Of([.. jobs, gone, jobs[0]]), TimeSpan.FromSeconds(20));
        await Product.ProductHost.EventuallyAsync(() => Task.FromResult(ran.Count == 5 ? "all" : null));
        foreach (var job in jobs.Where(job => job.Target != "hangs"))
            await Product.ProductHost.EventuallyAsync(async () => await IsThereAsync(job) ? null : "ended");
        _bench.Time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(["m2"], QueueEvent.Failed(await answer));
        Assert.True(await IsThereAsync(jobs[2]));
        Assert.Equal(5, ran.Count);
        Assert.Single(await worker.Get<JobQueue>().DeadAsync("t1", default));
        // The failed one was put off, and a late message of it finds it gone.
        Assert.Empty(QueueEvent.Failed(await worker.SendAsync(QueueEvent.Of(jobs[1]))));
        Assert.Equal(5, ran.Count);
    }

    [Fact]
    public async Task A_job_whose_end_can_not_be_stored_comes_again_and_is_still_due()
    {
        WatchedStore? store = null;
        var worker = await _bench.RunAsync(LambdaFunction.Worker, services =>
        {
            store = WatchedStore.Put(services);
            services.AddSingleton(new JobHandler("test", (_, _) => Task.FromResult<JobOutcome>(new JobOutcome.Again(TimeSpan.FromMinutes(1)))));
        });
        var job = await AddAsync(worker.Services, "test");
        store!.BeforeCommit = _ => throw new StoreUnavailableException("throttled");
        Assert.Equal(["m0"], QueueEvent.Failed(await worker.SendAsync(QueueEvent.Of(job))));
        store.BeforeCommit = _ => { };
        Assert.True(await IsThereAsync(job));
        Assert.Empty(QueueEvent.Failed(await worker.SendAsync(QueueEvent.Of(job))));
        Assert.False(await IsThereAsync(job));
    }

    [Fact]
    public async Task What_is_no_wake_up_is_told_and_left_to_the_dead_letters_and_the_others_are_done()
    {
        var worker = await RunAsync(LambdaFunction.Worker);
        var job = await AddAsync(worker.Services, "unknown-kind");
        var good = JsonNode.Parse(WakeUp.Of(job).Write())!.AsObject();
        string With(string member, JsonNode value)
        {
            var changed = good.DeepClone().AsObject();
            changed[member] = value;
            return changed.ToJsonString();
        }
        string[] poisoned = ["", "x", "{}", "null", "[1]", With("v", 2), With("shard", 9), With("shard", -1), With("tenant", "t2"), With("kind", "other"), With("key", "installation"), With("key", "0000000000000a/t1/unknown-kind/x1"), With("more", 1)];
        var answer = await worker.SendAsync(QueueEvent.Of([.. poisoned.Select((body, i) => ($"p{i}", body)), ("good", good.ToJsonString())]));
        Assert.Equal(poisoned.Select((_, i) => $"p{i}").Order(), QueueEvent.Failed(answer).Order());
        Assert.False(await IsThereAsync(job));
        Assert.Equal(poisoned.Length, _bench.Log.All.Count(line => line.Contains("is none for this function", StringComparison.Ordinal)));
        Assert.NotNull((await worker.SendAsync("""{"Records":[]}""")).ErrorType);
        Assert.NotNull((await worker.SendAsync("""{"Records":[{"eventSource":"aws:s3"}]}""")).ErrorType);
        Assert.NotNull((await worker.SendAsync(new RestEvent("GET", "/health").Json())).ErrorType);
    }

    [Fact]
    public async Task Only_the_function_of_erasures_runs_them_and_it_runs_nothing_else()
    {
        var (worker, erase) = (await RunAsync(LambdaFunction.Worker), await RunAsync(LambdaFunction.Erase));
        var (mail, erasure) = (await AddAsync(worker.Services, "unknown-kind"), await AddAsync(worker.Services, ErasureWork.JobKind, "e1"));
        Assert.Equal(["m1"], QueueEvent.Failed(await worker.SendAsync(QueueEvent.Of(mail, erasure))));
        Assert.True(await IsThereAsync(erasure));
        mail = await AddAsync(worker.Services, "unknown-kind", "x2");
        Assert.Equal(["m0"], QueueEvent.Failed(await erase.SendAsync(QueueEvent.Of(mail, erasure))));
        Assert.True(await IsThereAsync(mail));
        Assert.False(await IsThereAsync(erasure));
    }

    /// <summary>Keeps what was sent.</summary>
    internal sealed class Hints : IWorkQueue
    {
        private readonly List<Job> _offered = [];

        public List<Job> Sent { get; } = [];

        public bool Wants(ItemKey key, string tenant, string kind) => true;

        public void Offer(Job job)
        {
            lock (_offered)
                _offered.Add(job);
        }

        public Task FlushAsync(CancellationToken ct)
        {
            lock (_offered)
            {
                Sent.AddRange(_offered);
                _offered.Clear();
            }
            return Task.CompletedTask;
        }
    }
}
