using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Inbound;

/// <summary>The webhooks over real HTTP on a real store, with a signer that holds Mailgun's key.</summary>
internal sealed class MailgunHost : IAsyncDisposable
{
    public const string Key = "key-5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b";
    public const string ChannelKey = "key-9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b4a";

    private readonly TemporaryFolder _folder = new();
    private WebApplication _app = null!;
    private OpenStore _open = null!;
    private int _tokens;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));

    public HttpClient Http { get; } = new();

    /// <summary>A tenant with the mailbox help@example.com, and the channel of another one with help@other.example.</summary>
    public Tenant Tenant { get; private set; } = null!;

    public Tenant Other { get; private set; } = null!;

    public Channel OtherChannel { get; private set; } = null!;

    public List<AuthenticatedDelivery> Delivered { get; } = [];

    public Func<AuthenticatedDelivery, AcceptOutcome?> Intercept { get; set; } = _ => null;

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<MailgunHost> StartAsync(bool verdicts = true, string key = Key, int maxMailBytes = 40 * 1024 * 1024)
    {
        var host = new MailgunHost();
        var ct = TestContext.Current.CancellationToken;
        host._open = await OpenStore.OpenAsync(DataFolder.Open(host._folder.Sub("data")), host._folder.Sub("config"), new MasterKeySettings(), host.Time, ct);
        var settings = new MailgunWebhookSettings { SigningKey = host.Secret(key), Verdicts = verdicts };
        Assert.Empty(settings.Problems());
        var builder = ReplyMintApp.NewBuilder();
        builder.Services.AddSingleton<TimeProvider>(host.Time).AddSingleton(new SecretSource(null)).AddSingleton(new UnprovedBodies(maxMailBytes, new InboundBudget(1 << 28), host.Time));
        builder.Services.AddSecurity(new HttpSettings { Environment = DeploymentEnvironment.Development, Urls = ["http://127.0.0.1:0"], Limits = new() { MaxMailBytes = maxMailBytes } });
        builder.Services.AddOutside(new OutsideSettings(), false, []);
        builder.Services.AddStorage(host._open).AddAudit(new AuditSettings(), host._open).AddAccounts(new AccountsSettings(), new DnsSettings(), host._open);
        builder.Services.AddSingleton(new JobsSettings()).AddSingleton<IWorkQueue, JobTurns>().AddSingleton<JobQueue>().AddSingleton<Switches>().AddSingleton<Containments>().AddSingleton<Watches>().AddSingleton<Webhooks>().AddSingleton<WebhookEvents>().AddSingleton<Allowances>().AddSingleton<Outbox>().AddSingleton<WishLedger>().AddSingleton<Suppressions>().AddSingleton(new ReplyTokens(new byte[32]))
            .AddSingleton<Messages>().AddSingleton<MailThreads>().AddSingleton<Threads>().AddSingleton<SpentTokens>().AddSingleton(new AttachmentSettings()).AddSingleton<Clamd>().AddSingleton<AttachmentGate>().AddSingleton<BounceAddresses>().AddSingleton(new InboundSettings()).AddSingleton<StoredBytes>().AddSingleton(new DiskSpace(host._open.Folder.Root, 0, host.Time)).AddSingleton<Inbox>();
        builder.Services.AddMailgun(settings);
        builder.Services.AddSingleton(provider => new MailgunInbound(provider.GetRequiredService<MailgunSources>(),
            provider.GetRequiredService<UnprovedBodies>(), maxMailBytes, host.Time, NullLogger.Instance, async (delivery, token) =>
            {
                if (host.Intercept(delivery) is { } other)
                    return other;
                var outcome = await provider.GetRequiredService<Inbox>().AcceptAsync(delivery, token);
                if (outcome == AcceptOutcome.Accepted)
                    lock (host.Delivered)
                        host.Delivered.Add(delivery);
                return outcome;
            }));
        host._app = builder.Build();
        host._app.UseEveryAnswer();
        host._app.UseProblemAnswers();
        host._app.UseRouting();
        host._app.UseRouteGuard();
        host._app.MapMailgun();
        await host._app.StartAsync(ct);
        host.Http.BaseAddress = new Uri(host._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        host.Tenant = await host.Get<Tenants>().AddAsync("One", Actor.System, ct);
        host.Other = await host.Get<Tenants>().AddAsync("Two", Actor.System, ct);
        await host.Get<Mailboxes>().AddAsync(new Mailbox { Id = "", TenantId = host.Tenant.Id, Address = "help@example.com" }, Actor.System, ct);
        await host.Get<Mailboxes>().AddAsync(new Mailbox { Id = "", TenantId = host.Other.Id, Address = "help@other.example" }, Actor.System, ct);
        host.OtherChannel = await host.Get<Channels>().AddAsync(host.Other.Id, "mailgun", ChannelKey, Actor.System, ct);
        return host;
    }

    /// <summary>Timestamp, token and signature as Mailgun makes them.</summary>
    public List<KeyValuePair<string, string>> Sign(string key = Key, TimeSpan ago = default, string? token = null)
    {
        return MailgunForm.Sign(key, Time.GetUtcNow() - ago, token ?? Interlocked.Increment(ref _tokens).ToString("x50", CultureInfo.InvariantCulture));
    }

    public async Task<HttpStatusCode> PostAsync(HttpContent content, string path = "/webhooks/mailgun/inbound")
    {
        using (content)
        {
            using var response = await Http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
            if (!response.IsSuccessStatusCode)
                Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            return response.StatusCode;
        }
    }

    public Task<HttpStatusCode> PostAsync(IEnumerable<KeyValuePair<string, string>> fields, string path = "/webhooks/mailgun/inbound") =>
        PostAsync(new FormUrlEncodedContent(fields), path);

    public Task<HttpStatusCode> PostJsonAsync(string json, string path = "/webhooks/mailgun/events") =>
        PostAsync(new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json")), path);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _open.DisposeAsync();
        _folder.Dispose();
    }

    private string Secret(string value)
    {
        var file = _folder.Sub(Path.GetRandomFileName());
        File.WriteAllText(file, value);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return "file:" + file;
    }
}
