using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using MimeKit;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Limits;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>The whole product in this process: real store, real SMTP and HTTP listeners on loopback, the clock in the test's hand.</summary>
internal sealed class ProductHost : IAsyncDisposable
{
    public const string Address = "support@shop.example";
    public const string TrustedServer = "mx.shop.example";

    private readonly TemporaryFolder _folder;
    private readonly OpenStore _open;
    private readonly WebApplication _app;
    private int _sent;
    private long _passed;

    private ProductHost(TemporaryFolder folder, OpenStore open, WebApplication app, FakeTimeProvider time)
    {
        _folder = folder;
        _open = open;
        _app = app;
        Time = time;
    }

    public FakeTimeProvider Time { get; }
    public Tenant Tenant { get; private set; } = null!;
    public Mailbox Mailbox { get; private set; } = null!;
    public IServiceProvider Services => _app.Services;
    public string OutFolder => _open.Folder.Out;
    public Uri Http => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    public int SmtpPort => _app.Services.GetRequiredService<SmtpListener>().Port;

    public string DataFolder
    {
        get
        {
            AwsInstallation.NeedsDataFolder();
            return _open.Folder.Root;
        }
    }

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<ProductHost> StartAsync(
        Func<Mailbox, Mailbox>? mailbox = null, Func<ReplyMintSettings, ReplyMintSettings>? settings = null, string? knowledge = null,
        TemporaryFolder? folder = null, FakeTimeProvider? time = null, Func<Tenant, Tenant>? tenant = null, Tenant? of = null, Action<IServiceCollection>? services = null, Action<WebApplication>? routes = null, AwsInstallation? aws = null, bool filled = true)
    {
        folder ??= new TemporaryFolder();
        time ??= new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        var chosen = new ReplyMintSettings
        {
            Environment = DeploymentEnvironment.Development,
            Urls = ["http://127.0.0.1:0"],
            Smtp = new SmtpListenerSettings { Port = 0, AuthservId = TrustedServer },
            Requests = Roomy.Limits,
            Outside = Places.Public,
        };
        chosen = settings?.Invoke(chosen) ?? chosen;
        var data = ReplyMint.Storage.DataFolder.Open(folder.Sub("data"));
        var open = aws is null && !AwsInstallation.IsAsked
            ? await OpenStore.OpenAsync(data, folder.Sub("config"), new MasterKeySettings(), time, default)
            : await (aws ?? AwsInstallation.Of(folder.Path)).OpenAsync(data, folder.Sub("config"), time);
        var builder = ReplyMintApp.NewBuilder();
        builder.Services.AddSingleton<TimeProvider>(time);
        if (open.Store.IsShared)
            builder.Services.AddSingleton(await (aws ?? AwsInstallation.Of(folder.Path)).FilesAsync());
        builder.Services.AddReplyMint(chosen, open);
        FailureLines.Add(builder.Logging);
        services?.Invoke(builder.Services);
        // It looks at everything, and tests move the clock by days: GuideClockTests let it tick themselves.
        Assert.True(builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(ReplyMint.Guide.GuideClock))));
        var app = builder.Build();
        app.MapReplyMint();
        routes?.Invoke(app);
        var host = new ProductHost(folder, open, app, time) { Tenant = of! };
        if (open.IsNew && filled)
            await host.FillAsync(mailbox, knowledge, tenant);
        await app.StartAsync();
        return host;
    }

    private async Task FillAsync(Func<Mailbox, Mailbox>? mailbox, string? knowledge, Func<Tenant, Tenant>? tenant)
    {
        Tenant = await Get<Tenants>().AddAsync("shop", Actor.Machine, default);
        if (tenant is not null)
        {
            await Get<Tenants>().ChangeAsync(Tenant.Id, tenant, Actor.Machine, new Dictionary<string, string>(), default);
            Tenant = (await Get<Tenants>().FindAsync(Tenant.Id, default))!;
        }
        Mailbox = new Mailbox { Id = Ids.Random('m'), TenantId = Tenant.Id, Address = Address, DisplayName = "Shop support", Mode = MailboxMode.Automatic, Signature = "Your shop team" };
        Mailbox = mailbox?.Invoke(Mailbox) ?? Mailbox;
        var (result, added) = await Get<Mailboxes>().AddAsync(Mailbox, Actor.Machine, default);
        Assert.Equal(ClaimResult.Claimed, result);
        Mailbox = added!;
        if (knowledge is not null)
            await Get<KnowledgeStore>().AddAsync(Tenant.Id, PassageReader.Read("faq.md", System.Text.Encoding.UTF8.GetBytes(knowledge)), Actor.Machine, default);
    }

    /// <summary>A mail as a person's program writes it, vouched for by the trusted server unless told otherwise.</summary>
    public string Mail(string text, string from = "anna@customer.example", string subject = "A question", string? extra = null, string? authentication = "dmarc=pass", string? messageId = null, string to = Address) =>
        string.Join("\r\n",
        [
            .. authentication is null ? Array.Empty<string>() : [$"Authentication-Results: {TrustedServer}; {authentication}"],
            $"From: Anna Example <{from}>",
            $"To: {to}",
            $"Subject: {subject}",
            $"Message-ID: {messageId ?? $"<{Interlocked.Increment(ref _sent)}.{Guid.NewGuid():N}@customer.example>"}",
            "Date: Tue, 24 Nov 2026 11:59:00 +0000",
            .. extra is null ? Array.Empty<string>() : [extra],
            "Content-Type: text/plain; charset=utf-8",
            "",
            text,
            "",
        ]);

    /// <summary>Hands a mail over by SMTP and returns the message that it became.</summary>
    public async Task<Message> DeliverAsync(string raw, string reversePath = "anna@customer.example", string recipient = Address)
    {
        var known = (await ListAsync()).Select(message => message.Id).ToHashSet();
        Assert.StartsWith("250", await SmtpAsync(raw, reversePath, recipient), StringComparison.Ordinal);
        return (await ListAsync()).Single(message => !known.Contains(message.Id));
    }

    /// <summary>The dialogue of a relay; the bytes of the mail go over as they are. Returns the last reply.</summary>
    public Task<string> SmtpAsync(string raw, string reversePath = "anna@customer.example", string recipient = Address) => SmtpAsync(SmtpPort, raw, reversePath, recipient);

    /// <summary>The same with a server of another process.</summary>
    public static async Task<string> SmtpAsync(int port, string raw, string reversePath = "anna@customer.example", string recipient = Address)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
        await ReplyAsync();
        var reply = "";
        foreach (var line in (string[])["EHLO relay.example", $"MAIL FROM:<{reversePath}>", $"RCPT TO:<{recipient}>", "DATA", raw.Replace("\r\n.", "\r\n..", StringComparison.Ordinal) + "\r\n."])
        {
            await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(line + "\r\n"));
            reply = await ReplyAsync();
            if (reply[0] is not ('2' or '3'))
                break;
        }
        await stream.WriteAsync("QUIT\r\n"u8.ToArray());
        return reply;

        async Task<string> ReplyAsync()
        {
            string line;
            do
                line = await reader.ReadLineAsync() ?? throw new IOException("The server closed the connection.");
            while (line[3] == '-');
            return line;
        }
    }

    public async Task<IReadOnlyList<Message>> ListAsync() => (await Get<Messages>().ListAsync(Tenant.Id, 1000, null, default)).Messages;

    /// <summary>Waits until the message is decided, and its answer has left where there is one.</summary>
    public async Task<Message> DecidedAsync(Message message)
    {
        var decided = await EventuallyAsync(async () =>
            await Get<Messages>().FindAsync(Tenant.Id, message.Id, default) is { Record.State: not MessageState.Received } found ? found : null);
        if (decided.Record.State == MessageState.Answered)
            await EventuallyAsync(async () => await Get<Outbox>().StateAsync(Tenant.Id, message.Id, default) is { State: not (OutboxState.Queued or OutboxState.Sending) } state ? state : null);
        return decided;
    }

    public async Task<Message> DeliverAndDecideAsync(string raw, string reversePath = "anna@customer.example") =>
        await DecidedAsync(await DeliverAsync(raw, reversePath));

    /// <summary>The mails that left through the file channel, replies to a message first by name.</summary>
    public async Task<MimeMessage> AnswerAsync(Message message) => await MimeMessage.LoadAsync(Path.Combine(OutFolder, message.Id + ".eml"));

    public IReadOnlyList<string> OutFiles => [.. Directory.GetFiles(OutFolder, "*.eml").Select(file => Path.GetFileNameWithoutExtension(file))];

    /// <summary>
    /// How long a test waits in real time for what comes anyway: a minute, since a loaded machine is slow. Less where it is expected not
    /// to come, which is what a run without a protection waits for (REPLYMINT_TEST_PATIENCE, in seconds).
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("REPLYMINT_TEST_PATIENCE"), out var seconds) ? seconds : 60);

    /// <summary>
    /// Lets time go by while a test waits. On a shared store once a second only: what one process does not begin within minutes another one
    /// may, and with minutes in each look nobody would come to begin anything.
    /// </summary>
    public void Pass(TimeSpan time)
    {
        if (_open.IsEmbedded || Stopwatch.GetElapsedTime(_passed) >= TimeSpan.FromSeconds(1))
        {
            _passed = Stopwatch.GetTimestamp();
            Time.Advance(time);
        }
    }

    /// <summary>Lets days go by as a machine does that sleeps through all but their last hour: to go through each second of them takes long.</summary>
    public void Leap(TimeSpan days)
    {
        Time.AdjustTime(Time.GetUtcNow() + days - TimeSpan.FromHours(1));
        Time.Advance(TimeSpan.FromHours(1));
    }

    /// <summary>Somebody stops all sending, of this tenant unless another partition is named, or lets it go on.</summary>
    public Task SwitchAsync(bool stopped, string? partition = null) =>
        Get<IStore>().RetryAsync(async (commit, ct) =>
        {
            await Get<Switches>().SetAsync(commit, partition ?? Tenant.Id, null, stopped, "test", ct);
            return true;
        }, default);

    /// <summary>Waits for something that other threads bring about.</summary>
    public static async Task<T> EventuallyAsync<T>(Func<Task<T?>> look, TimeSpan? atMost = null) where T : class
    {
        using var patience = new CancellationTokenSource(atMost ?? Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        do
        {
            if (await look() is { } found)
                return found;
        }
        while (await timer.WaitForNextTickAsync(patience.Token));
        throw new TimeoutException();
    }

    /// <summary>Stops the process's part; the folder stays for another start.</summary>
    public async Task StopAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _open.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }
}
