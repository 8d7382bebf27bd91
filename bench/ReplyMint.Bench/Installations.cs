using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Knowledge;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;

namespace ReplyMint.Bench;

/// <summary>Makes data folders with one tenant and one mailbox, and starts the product on them.</summary>
internal sealed class Installations(string folder, string? binary)
{
    public const string Address = "support@shop.example";
    public const string TrustedServer = "mx.shop.example";
    public const string Answer = "Delivery within Germany takes two to three working days.";

    private const string Faq = $"""
        # How long does delivery take?
        {Answer} You get a tracking link as soon as the parcel has left us.

        # How can I return an item?
        Send it back within 30 days in its original packaging. Print the return label in your customer account.

        # What are your opening hours?
        Our shop in Freiburg is open from Monday to Saturday between 10:00 and 18:00.
        """;

    private int _made;

    public string? Binary => binary;

    public string OutFolder(string installation) => Path.Combine(installation, "data", "out");

    public async Task<string> MakeAsync(MailboxMode mode)
    {
        var made = Directory.CreateDirectory(Path.Combine(folder, $"installation-{++_made}")).FullName;
        await using var opened = await OpenAsync(made);
        var provider = opened.Services;
        var tenant = await provider.GetRequiredService<Tenants>().AddAsync("shop", Actor.Machine, default);
        var mailbox = new Mailbox { Id = Ids.Random('m'), TenantId = tenant.Id, Address = Address, DisplayName = "Shop support", Mode = mode, Signature = "Your shop team" };
        await provider.GetRequiredService<Mailboxes>().AddAsync(mailbox, Actor.Machine, default);
        await provider.GetRequiredService<KnowledgeStore>().AddAsync(tenant.Id, PassageReader.Read("faq.md", Encoding.UTF8.GetBytes(Faq)), Actor.Machine, default);
        return made;
    }

    /// <summary>An administrator's access token, good for ten minutes, and an API key.</summary>
    public static async Task<(string Token, string Key)> CredentialsAsync(string installation)
    {
        await using var opened = await OpenAsync(installation);
        var services = opened.Services;
        var tenant = (await services.GetRequiredService<Tenants>().ListAsync(default))[0].Id;
        var (store, sessions) = (services.GetRequiredService<IStore>(), services.GetRequiredService<Sessions>());
        var user = await store.RetryAsync(async (commit, ct) =>
        {
            var made = await services.GetRequiredService<Users>().EnsureAsync(commit, "lead@shop.example", "A lead", ct);
            await services.GetRequiredService<Members>().SetAsync(commit, tenant, made.Id, Role.Admin, null, Actor.Machine, ct);
            return made.Id;
        }, default);
        var start = await store.RetryAsync((commit, ct) => sessions.StartAsync(commit, user, tenant, null, new SessionClient("bench", "127.0.0.1"), ct), default);
        var key = await services.GetRequiredService<ApiKeys>().CreateAsync(tenant, new ApiKeyWish { Name = "bench", Scopes = ["messages:read"] }, user, Actor.Machine, default);
        return ((await services.GetRequiredService<TokenDesk>().WelcomeAsync(start, default)).AccessToken, key.Text!);
    }

    internal sealed record Opened(OpenStore Store, ServiceProvider Services) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Services.DisposeAsync();
            await Store.DisposeAsync();
        }
    }

    internal static async Task<Opened> OpenAsync(string installation)
    {
        var settings = new ReplyMintSettings { Environment = DeploymentEnvironment.Development };
        var open = await OpenStore.OpenAsync(DataFolder.Open(Path.Combine(installation, "data")), Path.Combine(installation, "config"), settings.MasterKey, TimeProvider.System, default);
        var services = new ServiceCollection().AddLogging(log => log.SetMinimumLevel(LogLevel.None));
        services.AddReplyMint(settings, open);
        return new(open, services.BuildServiceProvider());
    }

    public Task<ServerChild> ServeAsync(string installation, params string[] settings) => ServerChild.StartAsync(installation,
        [$"smtp.authservId={TrustedServer}", "rates.tenantHour=10000000", "rates.installationHour=10000000", "smtp.maxConnectionsPerAddress=200", "requests.public.perMinute=10000000", "requests.public.burst=10000000", .. settings], binary);

    /// <summary>A question over an earlier mail that it quotes: about 5 KB, from a sender of its own.</summary>
    public static (string From, byte[] Content) Mail(int number)
    {
        var from = $"person-{number}@customer.example";
        var text = new StringBuilder($"""
            Authentication-Results: {TrustedServer}; spf=pass smtp.mailfrom={from}; dkim=pass header.d=customer.example; dmarc=pass header.from=customer.example
            Received: from mail.customer.example (mail.customer.example [192.0.2.7]) by {TrustedServer} with ESMTPS id {number:D10}; Tue, 24 Nov 2026 11:59:00 +0000
            DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=customer.example; s=mail; h=from:to:subject:date; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b={new string('A', 340)}
            From: Anna Example <{from}>
            To: Shop support <{Address}>
            Subject: Question {number} about delivery
            Message-ID: <{number}.{Guid.NewGuid():N}@customer.example>
            Date: Tue, 24 Nov 2026 11:59:00 +0000
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 8bit

            Hello,

            how long does delivery take?

            Best regards
            Anna Example

            On Mon, 23 Nov 2026 at 10:12, Shop news <news@shop.example> wrote:

            """);
        for (var line = 0; text.Length < 4_900; line++)
            text.Append($"> {line:D2} In this season we have looked through the whole range once more.\n");
        return (from, Encoding.UTF8.GetBytes(text.Append("\n.\n").Replace("\r\n", "\n").Replace("\n", "\r\n").ToString()));
    }
}
