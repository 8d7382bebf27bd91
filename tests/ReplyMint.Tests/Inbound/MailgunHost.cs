using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Inbound;

/// <summary>The product with Mailgun's webhooks, with a signer that holds Mailgun's key, and what it delivered to the inbox.</summary>
internal sealed class MailgunHost : IAsyncDisposable
{
    public const string Key = "key-5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b";
    public const string ChannelKey = "key-9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b4a";

    private ProductHost _product = null!;
    private HttpClient _http = null!;
    private int _tokens;

    public FakeTimeProvider Time => _product.Time;

    /// <summary>A tenant with the mailbox help@example.com, and the channel of another one with help@other.example.</summary>
    public Tenant Tenant => _product.Tenant;

    public Tenant Other { get; private set; } = null!;

    public Channel OtherChannel { get; private set; } = null!;

    public List<AuthenticatedDelivery> Delivered { get; } = [];

    public Func<AuthenticatedDelivery, AcceptOutcome?> Intercept { get; set; } = _ => null;

    public T Get<T>() where T : notnull => _product.Get<T>();

    public static async Task<MailgunHost> StartAsync(bool verdicts = true, int? maxMailBytes = null)
    {
        var host = new MailgunHost();
        var ct = TestContext.Current.CancellationToken;
        var folder = new TemporaryFolder();
        var mailgun = new MailgunWebhookSettings { SigningKey = Secret(folder, Key), Verdicts = verdicts };
        Assert.Empty(mailgun.Problems());
        host._product = await ProductHost.StartAsync(mailbox => mailbox with { Address = "help@example.com" },
            settings => settings with { Mailgun = mailgun, Http = settings.Http with { Limits = settings.Http.Limits with { MaxMailBytes = maxMailBytes ?? settings.Http.Limits.MaxMailBytes } } },
            folder: folder, services: host.Watch);
        host._http = host._product.Client();
        host.Other = await host.Get<Tenants>().AddAsync("Two", Actor.System, ct);
        await host.Get<Mailboxes>().AddAsync(new Mailbox { Id = "", TenantId = host.Other.Id, Address = "help@other.example" }, Actor.System, ct);
        host.OtherChannel = await host.Get<Channels>().AddAsync(host.Other.Id, "mailgun", ChannelKey, Actor.System, ct);
        return host;
    }

    /// <summary>The product's own door, with the test between it and the inbox.</summary>
    private void Watch(IServiceCollection services) => services.AddSingleton(provider => new MailgunInbound(provider.GetRequiredService<MailgunSources>(), provider.GetRequiredService<UnprovedBodies>(),
        provider.GetRequiredService<HttpSettings>().Limits.MaxMailBytes, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<MailgunInbound>>(), async (delivery, ct) =>
        {
            if (Intercept(delivery) is { } other)
                return other;
            var outcome = await provider.GetRequiredService<Inbox>().AcceptAsync(delivery, ct);
            if (outcome == AcceptOutcome.Accepted)
                lock (Delivered)
                    Delivered.Add(delivery);
            return outcome;
        }));

    /// <summary>Timestamp, token and signature as Mailgun makes them.</summary>
    public List<KeyValuePair<string, string>> Sign(string key = Key, TimeSpan ago = default, string? token = null)
    {
        return MailgunForm.Sign(key, Time.GetUtcNow() - ago, token ?? Interlocked.Increment(ref _tokens).ToString("x50", CultureInfo.InvariantCulture));
    }

    public async Task<HttpStatusCode> PostAsync(HttpContent content, string path = "/webhooks/mailgun/inbound")
    {
        using (content)
        {
            using var response = await _http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
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
        _http.Dispose();
        await _product.DisposeAsync();
    }

    private static string Secret(TemporaryFolder folder, string value)
    {
        var file = folder.Sub("mailgun");
        File.WriteAllText(file, value);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return "file:" + file;
    }
}
