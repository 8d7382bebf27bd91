using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using MimeKit;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>
/// A server is killed again and again while mail comes in and answers go out, one on a store of its own or one of two on a store of AWS. What
/// was acknowledged is there, and nobody is answered twice. REPLYMINT_TEST_FULL=1 runs the long form.
/// </summary>
public sealed class CrashTests : IAsyncDisposable
{
    private const int Connections = 8;
    private const int Senders = 4;
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private static readonly bool Full = Environment.GetEnvironmentVariable("REPLYMINT_TEST_FULL") == "1";
    private static readonly (int Mails, int Kills) Alone = Full ? (1000, 50) : (100, 5);
    // The stand-in for DynamoDB takes some hundred calls a second.
    private static readonly (int Mails, int Kills) Shared = Full ? (200, 20) : (20, 3);

    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(Full ? 15 : 2));
    private readonly TemporaryFolder _folder = new();
    private readonly SmtpSink _sink = new();
    private readonly int _seed = Random.Shared.Next();
    private readonly ConcurrentDictionary<string, Kind> _acknowledged = [];
    private readonly Channel<int> _progress = Channel.CreateUnbounded<int>();
    private TaskCompletionSource<ServerChild>[] _servers = [NextServer()];
    private AwsInstallation? _aws;
    private IReadOnlyList<string> _settings = [];
    private IReadOnlyDictionary<string, string>? _variables;
    private int _events, _resent;

    private enum Kind { Answerable, Unanswerable, Machine }

    private CancellationToken Stop => _limit.Token;

    private (int Mails, int Kills) Size => _aws is null ? Alone : Shared;

    [Fact]
    public async Task Killed_at_any_moment_it_loses_no_mail_and_answers_none_twice()
    {
        // The other one is killed on AWS anyway.
        AwsInstallation.NeedsDataFolder();
        await LoseNothingAsync();
    }

    [Fact]
    public async Task Two_on_a_store_of_AWS_of_which_one_is_killed_at_any_moment_lose_no_mail_and_answer_none_twice()
    {
        _aws = new();
        (_settings, _variables) = await _aws.ServeAsync();
        _servers = [NextServer(), NextServer()];
        await LoseNothingAsync();
    }

    private async Task LoseNothingAsync()
    {
        var tenant = await SeedAsync();
        _sink.BeforeTaken = SlowReplyAsync;
        var todo = Channel.CreateUnbounded<int>();
        for (var i = 0; i < Size.Mails; i++)
            todo.Writer.TryWrite(i);
        todo.Writer.Complete();

        var feeding = Task.WhenAll(Enumerable.Range(0, Connections).Select(first => Task.Run(() => FeedAsync(todo.Reader, first))));
        var kills = await KillAsync(feeding);
        await feeding;
        _sink.BeforeTaken = () => Task.CompletedTask;

        await using var host = await ProductHost.StartAsync(folder: _folder, settings: Settings, time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()), aws: _aws);
        var messages = await SettledAsync(host, tenant);
        await CheckAsync(host, tenant, messages, kills);
        await CheckResendingAsync(host, tenant, messages.Count);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Where(server => server.Task.IsCompletedSuccessfully))
            (await server.Task).Dispose();
        if (_aws is not null)
            await _aws.DisposeAsync();
        await _sink.DisposeAsync();
        if (Directory.Exists(_folder.Path))
            _folder.Dispose();
        _limit.Dispose();
    }

    private static TaskCompletionSource<ServerChild> NextServer() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ReplyMintSettings Settings(ReplyMintSettings settings) => settings with
    {
        Rates = new RateSettings { TenantHour = 100_000, InstallationHour = 100_000 },
        Outbound = new OutboundSettings { Channel = OutboundSettings.ToSmtp, Concurrency = Senders, Smtp = new SmtpSettings { Host = "127.0.0.1", Port = _sink.Port, Security = SmtpSettings.None, TimeoutSeconds = 900 } },
    };

    private async Task<string> SeedAsync()
    {
        var host = await ProductHost.StartAsync(folder: _folder, settings: Settings, knowledge: Faq, time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()), aws: _aws);
        await host.StopAsync();
        return host.Tenant.Id;
    }

    /// <summary>Now and then the receiver has the mail and takes its time to say so: the window in which a crash leaves nobody knowing.</summary>
    private async Task SlowReplyAsync()
    {
        Progress();
        if (Random.Shared.Next(3) == 0)
            await Task.Delay(Random.Shared.Next(1, 60), Stop);
    }

    private void Progress() => _progress.Writer.TryWrite(Interlocked.Increment(ref _events));

    /// <summary>A client that does what relays do: what was not acknowledged is sent again, and elsewhere where there is another.</summary>
    private async Task FeedAsync(ChannelReader<int> todo, int at)
    {
        RelayConnection? connection = null;
        await foreach (var number in todo.ReadAllAsync(Stop))
        {
            var (id, kind, from, content) = Mail(number);
            while (!_acknowledged.ContainsKey(id))
                try
                {
                    connection ??= await RelayConnection.OpenAsync((await _servers[at % _servers.Length].Task.WaitAsync(Stop)).SmtpPort, Stop);
                    if (await connection.SendAsync(from, ProductHost.Address, content, Stop) == 250)
                        _acknowledged[id] = kind;
                    Progress();
                }
                catch (Exception e) when (e is IOException or SocketException)
                {
                    Interlocked.Increment(ref _resent);
                    connection?.Dispose();
                    connection = null;
                    at++;
                }
        }
        connection?.Dispose();
    }

    /// <summary>Kills a server at random points of the work's progress, each time a moment later than the event that led there.</summary>
    private async Task<int> KillAsync(Task feeding)
    {
        var random = new Random(_seed);
        var kills = 0;
        for (var i = 0; i < _servers.Length; i++)
            await StartServerAsync(i);
        foreach (var point in Enumerable.Range(0, Size.Kills - 1).Select(_ => random.Next(1, Size.Mails * 6 / 5)).Order())
        {
            while (await _progress.Reader.ReadAsync(Stop) < point)
            {
            }
            await Task.Delay(random.Next(30), Stop);
            var victim = random.Next(_servers.Length);
            await KillServerAsync(victim);
            kills++;
            await StartServerAsync(victim);
        }
        await feeding;
        for (var i = 0; i < _servers.Length; i++)
            await KillServerAsync(i);
        return kills + _servers.Length;
    }

    private async Task StartServerAsync(int i) => _servers[i].SetResult(await ServerChild.StartAsync(i == 0 ? _folder.Path : Directory.CreateDirectory(Path.Combine(_folder.Path, $"beside{i}")).FullName,
    [
        $"smtp.authservId={ProductHost.TrustedServer}", "rates.tenantHour=100000", "rates.installationHour=100000", "outbound.channel=smtp",
        $"outbound.concurrency={Senders}", "outbound.smtp.host=127.0.0.1", $"outbound.smtp.port={_sink.Port}", "outbound.smtp.security=none", .. _settings,
    ], variables: _variables, ct: Stop));

    private async Task KillServerAsync(int i)
    {
        using var server = await _servers[i].Task;
        // Clients wait for the next one from here on.
        _servers[i] = NextServer();
        await server.KillAsync();
    }

    private static (string Id, Kind Kind, string From, byte[] Content) Mail(int number)
    {
        var kind = (number % 10) switch { 8 => Kind.Machine, 9 => Kind.Unanswerable, _ => Kind.Answerable };
        var (id, from) = ($"crash-{number}@customer.example", $"person-{number}@customer.example");
        var text = string.Join("\r\n",
        [
            $"Authentication-Results: {ProductHost.TrustedServer}; dmarc=pass",
            $"From: Person <{from}>",
            $"To: {ProductHost.Address}",
            $"Subject: Question {number}",
            $"Message-ID: <{id}>",
            "Date: Tue, 24 Nov 2026 11:59:00 +0000",
            .. kind == Kind.Machine ? (string[])["Auto-Submitted: auto-replied"] : [],
            "",
            kind == Kind.Unanswerable ? "Do you sponsor our local football club this year?" : "How long does delivery take?",
            ".", "",
        ]);
        return (id, kind, from, Encoding.ASCII.GetBytes(text));
    }

    /// <summary>All messages, once each is decided and no answer is under way.</summary>
    private static Task<IReadOnlyList<Message>> SettledAsync(ProductHost host, string tenant) => ProductHost.EventuallyAsync(async () =>
    {
        // The sweeper's clock; far less than what a sending may take. What a process of a shared store left is its own for a quarter of an hour.
        host.Time.Advance(TimeSpan.FromSeconds(host.Get<IStore>().IsShared ? 30 : 1));
        var messages = await AllAsync(host, tenant);
        foreach (var message in messages)
            if (message.Record.State == MessageState.Received
                || await host.Get<Outbox>().StateAsync(tenant, message.Id, default) is { State: OutboxState.Queued or OutboxState.Sending })
                return null;
        return messages;
    });

    private static async Task<IReadOnlyList<Message>> AllAsync(ProductHost host, string tenant)
    {
        var all = new List<Message>();
        string? cursor = null;
        do
        {
            (var page, cursor) = await host.Get<Messages>().ListAsync(tenant, 500, cursor, default);
            all.AddRange(page);
        }
        while (cursor is not null);
        return all;
    }

    private async Task CheckAsync(ProductHost host, string tenant, IReadOnlyList<Message> messages, int kills)
    {
        var sent = _sink.Mails.Select(mail => MimeMessage.Load(new MemoryStream(Encoding.Latin1.GetBytes(mail)))).ToList();
        Assert.Equal(Size.Mails, _acknowledged.Count);
        Assert.Equal(_acknowledged.Keys.Order(), messages.Select(message => message.Summary.MessageId).Order());
        Assert.Equal(sent.Count, sent.Select(mail => mail.MessageId).Distinct().Count());
        Assert.Equal(sent.Count, sent.Select(mail => mail.InReplyTo).Distinct().Count());

        var answered = sent.Select(mail => mail.InReplyTo).ToHashSet();
        var uncertain = 0;
        foreach (var message in messages)
        {
            var id = message.Summary.MessageId;
            var answer = (await host.Get<Outbox>().StateAsync(tenant, message.Id, default))?.State;
            switch (_acknowledged[id])
            {
                case Kind.Answerable:
                    Assert.Equal(MessageState.Answered, message.Record.State);
                    Assert.True(answer is OutboxState.Sent or OutboxState.Uncertain, $"{id}: {answer} (seed {_seed})");
                    // What counts as sent is with the receiver; of the uncertain ones nobody knows.
                    Assert.True(answer == OutboxState.Uncertain || answered.Contains(id), $"{id} is lost (seed {_seed})");
                    uncertain += answer == OutboxState.Uncertain ? 1 : 0;
                    break;
                case var other:
                    Assert.Equal(other == Kind.Machine ? MessageState.Ignored : MessageState.Held, message.Record.State);
                    Assert.Null(answer);
                    Assert.DoesNotContain(id, answered);
                    break;
            }
        }
        Assert.InRange(uncertain, 0, kills * Senders);
        TestContext.Current.TestOutputHelper?.WriteLine($"{messages.Count} mails, {kills} kills, {_resent} interrupted, {sent.Count} answers at the receiver, {uncertain} uncertain");
    }

    /// <summary>A client that missed the acknowledgement sends the mail again, also after the crash: it is the same mail.</summary>
    private static async Task CheckResendingAsync(ProductHost host, string tenant, int known)
    {
        using var connection = await RelayConnection.OpenAsync(host.SmtpPort, default);
        for (var number = 0; number < 10; number++)
        {
            var (_, _, from, content) = Mail(number);
            Assert.Equal(250, await connection.SendAsync(from, ProductHost.Address, content, default));
        }
        Assert.Equal(known, (await AllAsync(host, tenant)).Count);
    }
}
