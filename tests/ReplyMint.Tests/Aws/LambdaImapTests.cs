using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Tests.Inbound;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Aws;

/// <summary>Accounts by IMAP, looked into by a schedule: one function on a real server, on a store that others share.</summary>
public sealed class LambdaImapTests(DovecotServer server) : IClassFixture<DovecotServer>, IAsyncLifetime
{
    private const string Minute = """{"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events","account":"123456789012","time":"2026-11-24T12:00:00Z","region":"eu-central-1","resources":["arn:aws:events:eu-central-1:123456789012:rule/imap"],"detail":{}}""";

    private readonly AwsInstallation _aws = new();
    private readonly LambdaQueueTests.Hints _hints = new();
    private readonly string _user = "u" + Guid.NewGuid().ToString("N")[..12];
    private LambdaBench _first = null!;
    private LambdaBench? _second;

    public async ValueTask InitializeAsync()
    {
        server.Need();
        _first = await LambdaBench.StartAsync(Settings, _aws);
    }

    public async ValueTask DisposeAsync()
    {
        if (_second is not null)
            await _second.DisposeAsync();
        if (_first is not null)
            await _first.DisposeAsync();
        await _aws.DisposeAsync();
    }

    private ReplyMintSettings Settings(ReplyMintSettings settings) => ImapHost.Of(server, settings);

    private Task<LambdaBench.Running> RunAsync(LambdaBench where) => where.RunAsync(LambdaFunction.Imap, services => services.AddSingleton<IWorkQueue>(_hints));

    private async Task AddAsync(LambdaBench.Running function, int port, string? secret = null)
    {
        await function.Get<Channels>().AddAsync(new Channel("", _first.Tenant.Id, Channel.ByImap, secret ?? DovecotServer.Word)
        {
            Imap = new(_first.Mailbox.Id, "127.0.0.1", port, ImapAccount.Tls, _user, "INBOX", "", DateTimeOffset.UtcNow.AddHours(-1)),
        }, Actor.Machine, default);
    }

    private Task AppendAsync(string id) =>
        server.AppendAsync(_user, $"From: Anna <anna@customer.example>\r\nTo: {LambdaBench.Address}\r\nSubject: Delivery\r\nMessage-ID: <{id}@customer.example>\r\nDate: Tue, 24 Nov 2026 11:59:00 +0000\r\n\r\nHow long does delivery take?\r\n", "INBOX", null);

    private async Task<IReadOnlyList<string>> TakenAsync(LambdaBench.Running function) =>
        [.. (await function.Get<Messages>().ListAsync(_first.Tenant.Id, 100, null, default)).Messages.Select(message => message.Summary.MessageId).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Mail_is_fetched_once_and_another_environment_goes_on_at_once_where_the_first_ended()
    {
        var one = await RunAsync(_first);
        await _first.FillAsync(one.Services);
        await AddAsync(one, server.TlsPort);
        await AppendAsync("one");
        Assert.Equal(new("null", null), await one.SendAsync(Minute));
        Assert.Equal(["one@customer.example"], await TakenAsync(one));
        // The worker is woken, in whose hands answering lies.
        Assert.Equal("mail", Assert.Single(_hints.Sent).Record.Kind);

        // Lambda ends an environment without a word; the next one must not wait for the end of its lease.
        await AppendAsync("two");
        _second = await LambdaBench.StartAsync(Settings, _aws, _first);
        var other = await RunAsync(_second);
        await other.SendAsync(Minute);
        Assert.Equal(["one@customer.example", "two@customer.example"], await TakenAsync(other));

        // Nothing is fetched again, by either.
        _first.Time.Advance(TimeSpan.FromMinutes(1));
        await one.SendAsync(Minute);
        await other.SendAsync(Minute);
        Assert.Equal(2, (await TakenAsync(one)).Count);
        Assert.Equal(2, _hints.Sent.Count);
    }

    [Fact]
    public async Task An_account_that_fails_is_left_alone_longer_and_longer()
    {
        await using var deaf = new Deaf();
        var function = await RunAsync(_first);
        await _first.FillAsync(function.Services);
        await AddAsync(function, deaf.Port);
        for (var i = 0; i < 60; i++)
        {
            Assert.Null((await function.SendAsync(Minute)).ErrorType);
            _first.Time.Advance(TimeSpan.FromMinutes(1));
        }
        // Each minute for the first few, then each quarter of an hour.
        Assert.InRange(deaf.Connections, 6, 14);
    }

    [Fact]
    public async Task A_round_that_takes_too_long_ends_and_the_function_stays_well()
    {
        await using var slow = new Slow();
        var function = await RunAsync(_first);
        await _first.FillAsync(function.Services);
        for (var i = 0; i < 9; i++)
            await AddAsync(function, slow.Port);
        var answer = function.SendAsync(Minute, TimeSpan.FromMinutes(2));
        // Eight at once, until they have greeted for half a minute; then the ninth, until the round is over.
        await UntilAsync(slow, 8);
        _first.Time.Advance(TimeSpan.FromSeconds(31));
        await UntilAsync(slow, 9);
        _first.Time.Advance(ImapRound.Longest - TimeSpan.FromSeconds(31));
        Assert.Null((await answer).ErrorType);
        Assert.Contains(_first.Log.All, line => line.Contains(" of 9 accounts were not looked into", StringComparison.Ordinal));
    }

    private static Task<string> UntilAsync(TcpSink sink, int connections) => ProductHost.EventuallyAsync(() => Task.FromResult(sink.Connections == connections ? "so" : null));

    /// <summary>Takes connections and closes them.</summary>
    private sealed class Deaf : TcpSink
    {
        protected override Task ServeAsync(TcpClient client) => Task.CompletedTask;
    }

    /// <summary>Takes connections and says nothing.</summary>
    private sealed class Slow : TcpSink
    {
        protected override Task ServeAsync(TcpClient client) => Task.Delay(Timeout.Infinite, Stop);
    }
}
