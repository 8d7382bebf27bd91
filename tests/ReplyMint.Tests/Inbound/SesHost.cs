using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Inbound;

/// <summary>The product with a channel of Amazon SES, in a world where SNS's hosts are ours.</summary>
internal sealed class SesHost : IAsyncDisposable
{
    private readonly World _world = new();
    private readonly HttpClient _http = new();

    public ProductHost Product { get; private set; } = null!;

    public Channel Channel { get; private set; } = null!;

    /// <summary>Made once for all tests: keys take longer than what is tested with them.</summary>
    public static RSA Key { get; } = RSA.Create(2048);

    public static SnsAuthority Authority { get; } = new();

    private static readonly byte[] Genuine = Encoding.ASCII.GetBytes(Authority.Issue(Key));

    /// <summary>What the product asked for outside, and what is answered; anything else is 404.</summary>
    public ConcurrentQueue<string> Asked => _world.Asked;

    public ConcurrentDictionary<string, (HttpStatusCode Status, byte[] Body)> Answers => _world.Answers;

    public DateTimeOffset Now => Product.Time.GetUtcNow();

    public static async Task<SesHost> StartAsync(TemporaryFolder? folder = null, string? knowledge = null, Func<ReplyMintSettings, ReplyMintSettings>? settings = null)
    {
        var host = new SesHost();
        host.Answers[SnsMail.CertificateUrl] = (HttpStatusCode.OK, Genuine);
        host.Answers[SnsAuthority.IssuerUrl] = (HttpStatusCode.OK, Authority.Issuer);
        host.Product = await ProductHost.StartAsync(folder: folder, knowledge: knowledge, settings: settings, services: host.Trusted);
        host.Channel = await host.AddChannelAsync(SnsMail.Topic);
        return host;
    }

    /// <summary>Only the roots and the way out differ from the product's own.</summary>
    private void Trusted(IServiceCollection services) => services.AddSingleton(new SnsTrust(new HttpClient(_world), [Authority.Root]));

    public async Task<Channel> AddChannelAsync(string topic, string owner = Channel.Operator, string kind = Channel.Ses) =>
        (await Product.Get<Channels>().AddAsync(new Channel("", owner, kind, "") { Topics = [topic] }, Actor.Machine, default)).Channel!;

    public async Task RestartAsync(TemporaryFolder folder)
    {
        await Product.StopAsync();
        Product = await ProductHost.StartAsync(folder: folder, time: Product.Time, of: Product.Tenant, services: Trusted);
    }

    public Task<HttpStatusCode> PostAsync(SnsMail mail, Channel? channel = null) => PostAsync(mail.Json(), channel?.Id);

    public async Task<HttpStatusCode> PostAsync(string body, string? channel = null, string type = "text/plain", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Product.Http, $"webhooks/ses/{channel ?? Channel.Id}")) { Content = new StringContent(body, Encoding.UTF8, type) };
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        if (!answer.IsSuccessStatusCode)
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        return answer.StatusCode;
    }

    public SnsMail Received(string raw, string recipient = ProductHost.Address) => SnsMail.Of(SnsMail.Received(raw, recipient), Now);

    public async ValueTask DisposeAsync()
    {
        await Product.DisposeAsync();
        _http.Dispose();
        _world.Dispose();
    }

    private sealed class World : HttpMessageHandler
    {
        public ConcurrentQueue<string> Asked { get; } = [];

        public ConcurrentDictionary<string, (HttpStatusCode Status, byte[] Body)> Answers { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var url = request.RequestUri!.AbsoluteUri;
            Asked.Enqueue(url);
            var (status, body) = Answers.GetValueOrDefault(url, (HttpStatusCode.NotFound, []));
            return Task.FromResult(new HttpResponseMessage(status) { Content = new ByteArrayContent(body) });
        }
    }
}
