using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Aws;

/// <summary>
/// Two environments of the function api and two of the function worker on one store and one queue, whose messages come late, twice and in any
/// order. One of the four ends at random, without a word. REPLYMINT_TEST_FULL=1 tries more.
/// </summary>
public sealed class LambdaCrashTests : IAsyncDisposable
{
    private const string Minute = """{"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events","account":"123456789012","time":"2026-11-24T12:00:00Z","region":"eu-central-1","resources":["arn:aws:events:eu-central-1:123456789012:rule/sweep"],"detail":{}}""";
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private static readonly bool Full = Environment.GetEnvironmentVariable("REPLYMINT_TEST_FULL") == "1";
    private static readonly int Mails = Full ? 40 : 8;

    private readonly AwsInstallation _aws = new();
    private readonly List<LambdaBench> _benches = [];
    private readonly Outgoing _out = new();
    private readonly System.Threading.Channels.Channel<string> _queue = System.Threading.Channels.Channel.CreateUnbounded<string>();

    // Each of the four is the one that ends at least once.
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, Full ? 24 : 4)];

    public async ValueTask DisposeAsync()
    {
        // The first has the folder whose key the others copied, and the tables.
        foreach (var bench in Enumerable.Reverse(_benches))
            await bench.DisposeAsync();
        await _aws.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task No_mail_is_lost_or_answered_twice(int seed)
    {
        var random = new Random(seed);
        var (first, sweep, key) = await FillAsync();
        // An API makes some commits a mail, a worker some more; it ends at one of them, and hears of it or not.
        var mortal = new MortalProcess(random.Next(1, 3 * Mails), heard: random.Next(2) == 0);
        var functions = new List<LambdaBench.Running>();
        foreach (var (function, i) in new[] { LambdaFunction.Api, LambdaFunction.Api, LambdaFunction.Worker, LambdaFunction.Worker }.Select((function, i) => (function, i)))
            functions.Add(await RunAsync(await BesideAsync(first), function, i == seed % 4 ? mortal : null));
        var (apis, workers) = (functions[..2], functions[2..]);

        var posted = Task.WhenAll(Enumerable.Range(0, Mails).Select(number => PostAsync(apis, number, key)));
        var worked = Task.WhenAll(workers.Select((_, i) => WorkAsync(workers, new Random(seed + i), posted)));
        await posted;
        await worked;
        var ids = (await sweep.Get<Messages>().ListAsync(first.Tenant.Id, 1_000, null, default)).Messages.Select(message => message.Id).ToList();
        Assert.Equal(Mails, ids.Count);
        await EndAsync(first, sweep, workers, random, ids);

        Assert.True(_out.Sent.Count == _out.Sent.Distinct().Count(), "a mail was answered twice");
        foreach (var id in ids)
        {
            Assert.Equal(MessageState.Answered, (await sweep.Get<Messages>().FindAsync(first.Tenant.Id, id, default))!.Record.State);
            var state = (await sweep.Get<Outbox>().StateAsync(first.Tenant.Id, id, default))!.State;
            // Nobody can tell of what the one that ended was at; all others left.
            Assert.True(state == OutboxState.Sent || (state == OutboxState.Uncertain && mortal.IsDead), $"{state}");
            Assert.True(state == OutboxState.Uncertain || _out.Sent.Contains(id), "an answer is lost");
        }
    }

    private async Task<(LambdaBench Bench, LambdaBench.Running Sweep, string Key)> FillAsync()
    {
        var bench = await LambdaBench.StartAsync(aws: _aws);
        _benches.Add(bench);
        var sweep = await RunAsync(bench, LambdaFunction.Sweep, null);
        await bench.FillAsync(sweep.Services, Faq);
        await sweep.Get<Tenants>().ChangeAsync(bench.Tenant.Id, tenant => tenant with { AnswersVouched = true }, Actor.Machine, new Dictionary<string, string>(), default);
        return (bench, sweep, (await sweep.Get<ApiKeys>().CreateAsync(bench.Tenant.Id, new ApiKeyWish { Name = "A key", Scopes = ["messages:write"] }, Actor.Machine.Id, Actor.Machine, default)).Text!);
    }

    private async Task<LambdaBench> BesideAsync(LambdaBench first)
    {
        var bench = await LambdaBench.StartAsync(aws: _aws, beside: first);
        _benches.Add(bench);
        return bench;
    }

    private Task<LambdaBench.Running> RunAsync(LambdaBench bench, LambdaFunction function, MortalProcess? mortal) => bench.RunAsync(function, services =>
    {
        services.AddSingleton<IOutboundChannel>(_out).AddSingleton<IWorkQueue>(new Hints(_queue.Writer, mortal));
        mortal?.Into(services, _out);
    });

    /// <summary>As a client does: again, and elsewhere, until somebody has taken it.</summary>
    private static async Task PostAsync(List<LambdaBench.Running> apis, int number, string key)
    {
        var from = string.Create(CultureInfo.InvariantCulture, $"person{number}@customer.example");
        var mail = Encoding.UTF8.GetBytes($"From: Anna <{from}>\r\nTo: {LambdaBench.Address}\r\nSubject: Delivery\r\nMessage-ID: <{number}@customer.example>\r\nDate: Tue, 24 Nov 2026 11:59:00 +0000\r\n\r\nHow long does delivery take?\r\n");
        for (var tries = 0; tries < 20; tries++)
        {
            var answer = await apis[(number + tries) % 2].SendAsync(new RestEvent("POST", "/api/v1/messages") { Headers = [("X-API-Key", key), ("Content-Type", "message/rfc822")], Query = [("to", LambdaBench.Address), ("from", from)], Body = mail }.Json());
            if (answer.ErrorType is null && new RestAnswer(System.Text.Json.Nodes.JsonNode.Parse(answer.Body)!).Status is 200 or 202)
                return;
        }
        Assert.Fail("nobody takes the mail");
    }

    /// <summary>What SQS does with its messages: to any worker, now and then to both, and again where one said that it failed or said nothing.</summary>
    private async Task WorkAsync(List<LambdaBench.Running> workers, Random random, Task posted)
    {
        while (true)
        {
            while (_queue.Reader.TryRead(out var body))
                await HandAsync(workers, random, body);
            if (posted.IsCompleted)
                return;
            await Task.WhenAny(posted, _queue.Reader.WaitToReadAsync().AsTask());
        }
    }

    private async Task HandAsync(List<LambdaBench.Running> workers, Random random, string body)
    {
        var message = QueueEvent.Of(("m", body));
        var to = random.Next(5) == 0 ? workers : [workers[random.Next(2)]];
        var answers = await Task.WhenAll(to.Select(worker => worker.SendAsync(message)));
        if (answers.All(answer => answer.ErrorType is not null || QueueEvent.Failed(answer).Length > 0))
            _queue.Writer.TryWrite(body);
    }

    /// <summary>As time goes by, the sweep finds all that was left.</summary>
    private async Task EndAsync(LambdaBench bench, LambdaBench.Running sweep, List<LambdaBench.Running> workers, Random random, List<string> ids)
    {
        using var patience = new CancellationTokenSource(2 * ProductHost.Patience);
        while (!await AreOverAsync())
        {
            bench.Time.Advance(TimeSpan.FromMinutes(1));
            Assert.Null((await sweep.SendAsync(Minute)).ErrorType);
            for (var left = _queue.Reader.Count; left > 0 && _queue.Reader.TryRead(out var body); left--)
                await HandAsync(workers, random, body);
            patience.Token.ThrowIfCancellationRequested();
        }

        async Task<bool> AreOverAsync()
        {
            foreach (var id in ids)
                if (await sweep.Get<Outbox>().StateAsync(bench.Tenant.Id, id, default) is not { State: not (OutboxState.Queued or OutboxState.Sending) })
                    return false;
            return true;
        }
    }

    /// <summary>Of one process: what it did not send before its end is lost.</summary>
    private sealed class Hints(System.Threading.Channels.ChannelWriter<string> queue, MortalProcess? mortal) : IWorkQueue
    {
        private readonly ConcurrentQueue<string> _offered = new();

        public bool Wants(ItemKey key, string tenant, string kind) => true;

        public void Offer(Job job) => _offered.Enqueue(WakeUp.Of(job).Write());

        public Task FlushAsync(CancellationToken ct)
        {
            while (_offered.TryDequeue(out var body))
                if (mortal is not { IsDead: true })
                    queue.TryWrite(body);
            return Task.CompletedTask;
        }
    }
}
