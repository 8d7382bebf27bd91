using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Security;

/// <summary>outside.allow: what tenants name is called at listed places only, is refused when it is named, and is not called any more once the list got narrower. The servers are real, and count who connects.</summary>
public sealed class FenceTests
{
    private const string Knowledge = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";

    private static string At(TcpSink sink) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{sink.Port}");

    private static Task<ApiHost> StartAsync(params string[] allow) =>
        ApiHost.StartAsync(settings: settings => settings with { Outside = new() { Allow = allow, Networks = ["127.0.0.0/8"] } }, knowledge: Knowledge);

    [Theory]
    [InlineData("hooks.example.com:443", "hooks.example.com", 443, true)]
    [InlineData("HOOKS.Example.com:443", "hooks.example.COM.", 443, true)]
    [InlineData("hooks.example.com:443", "hooks.example.com", 8443, false)]
    [InlineData("hooks.example.com:443", "hooks.example.com.evil.example", 443, false)]
    [InlineData("hooks.example.com:443", "evil.hooks.example.com", 443, false)]
    [InlineData("*.example.com:443", "hooks.example.com", 443, true)]
    [InlineData("*.example.com:443", "a.b.example.com", 443, true)]
    [InlineData("*.example.com:443", "example.com", 443, false)]
    [InlineData("*.example.com:443", "evil-example.com", 443, false)]
    [InlineData("*.example.com:443", "hooks.example.com.evil.example", 443, false)]
    [InlineData("*.example.com:443", "hooks.example.com", 80, false)]
    [InlineData("bücher.example:443", "xn--bcher-kva.example", 443, true)]
    [InlineData("*:993", "imap.example.com", 993, true)]
    [InlineData("*:993", "imap.example.com", 25, false)]
    [InlineData("10.1.2.3:*", "10.1.2.3", 8080, true)]
    [InlineData("10.1.2.3:443", "167838211", 443, true)]
    [InlineData("10.1.2.3:443", "::ffff:10.1.2.3", 443, true)]
    [InlineData("10.1.2.3:443", "10.1.2.30", 443, false)]
    [InlineData("[fd00::1]:443", "fd00:0::1", 443, true)]
    [InlineData("[fd00::1]:443", "fd00::2", 443, false)]
    [InlineData("*:443", "a b", 443, false)]
    [InlineData("*:443", "a/b", 443, false)]
    public void A_place_holds_what_it_says_and_nothing_that_looks_like_it(string place, string host, int port, bool held) =>
        Assert.Equal(held, new OutsideAddress(new OutsideSettings { Allow = [place] }).Unlisted(host, port) is null);

    [Theory]
    [InlineData("*:*")]
    [InlineData("*")]
    [InlineData("")]
    [InlineData(":443")]
    [InlineData("hooks.example.com")]
    [InlineData("hooks.example.com:")]
    [InlineData("hooks.example.com:0")]
    [InlineData("hooks.example.com:65536")]
    [InlineData("hooks.example.com:+1")]
    [InlineData("https://hooks.example.com:443")]
    [InlineData("hooks.example.com/path:443")]
    [InlineData("me@hooks.example.com:443")]
    [InlineData("*.example.com:*")]
    [InlineData("*example.com:443")]
    [InlineData("a.*.example.com:443")]
    [InlineData("*.0.0.1:443")]
    public void A_list_that_says_nothing_clear_ends_the_start(string place) =>
        Assert.Contains($"\"{place}\" is no place", Assert.Single(new OutsideSettings { Allow = [place] }.Problems()), StringComparison.Ordinal);

    /// <summary>Nobody said what may be called, so nothing is.</summary>
    [Fact]
    public void Without_a_list_nothing_is_called()
    {
        var none = new OutsideAddress(new ReplyMintSettings().Outside);
        Assert.Contains("outside.allow", none.Unlisted("hooks.example.com", 443), StringComparison.Ordinal);
        Assert.Contains("outside.allow", none.Problem(new Uri("https://hooks.example.com/"), needsHttps: true), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_on_the_list_is_refused_when_it_is_named()
    {
        await using var listed = new HttpSink();
        await using var other = new HttpSink();
        await using var api = await StartAsync(At(listed));
        object Account(TcpSink sink, string? tokenUrl = null) => new { mailbox = api.Product.Mailbox.Id, host = "127.0.0.1", port = sink.Port, security = "tls", user = "u", tokenUrl, clientId = tokenUrl is null ? null : "c" };
        var events = (string[])["message.received"];
        (string Path, object Body, string Member)[] tries =
        [
            ("webhooks", new { url = other.Url, events }, "url"), ("webhooks", new { url = $"http://127.0.0.1.:{other.Port}/", events }, "url"), ("webhooks", new { url = "http://hooks.example.com/", events }, "url"),
            ("knowledge/pages", new { url = other.Url }, "url"),
            ("channels", new { kind = "imap", secret = "s", imap = Account(other) }, "imap.host"), ("channels", new { kind = "smtp", secret = "s", smtp = Account(other) }, "smtp.host"),
            ("channels", new { kind = "imap", secret = "s", imap = Account(listed, other.Url) }, "imap.tokenUrl"),
        ];
        foreach (var (path, body, member) in tries)
        {
            var errors = (await api.PostAsync("admin", path, body)).Expect(400)["errors"]!.AsObject();
            Assert.Equal(member, Assert.Single(errors).Key);
            Assert.Contains("which is not on the operator's list of places that may be called (outside.allow)", errors[member]!.ToJsonString().Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        }
        var read = await api.GetAsync("admin", "settings");
        var settings = read.Expect(200);
        settings["notices"]!["webhook"] = other.Url;
        Assert.Equal("notices.webhook", Assert.Single((await api.PutAsync("admin", "settings", settings, read.ETag)).Expect(400)["errors"]!.AsObject()).Key);
        Assert.Equal(0, other.Connections);

        // The place that is listed is one.
        (await api.PostAsync("admin", "webhooks", new { url = listed.Url, events })).Expect(201);
        (await api.PostAsync("admin", "channels", new { kind = "smtp", secret = "s", smtp = Account(listed, listed.Url) })).Expect(201);
    }

    /// <summary>What was made while the list was wider stands in the store.</summary>
    [Fact]
    public async Task What_fell_from_the_list_is_not_called_any_more_and_says_so()
    {
        await using var listed = new HttpSink();
        await using var fallen = new HttpSink();
        await using var mail = new SmtpSink();
        await using var api = await StartAsync(At(listed));
        var host = api.Product;
        async Task<string> HookAsync(string url) => (await host.Get<Webhooks>().AddAsync(api.Tenant, Webhook.New(url, "", [WebhookEventKind.MessageReceived], host.Time), Actor.Machine, default))!.Value.Value.Id;
        async Task<Channel> ChannelAsync(Channel channel) => (await host.Get<Channels>().AddAsync(channel, Actor.Machine, default)).Channel!;
        var (good, bad) = (await HookAsync(listed.Url), await HookAsync(fallen.Url));
        var imap = await ChannelAsync(new("", api.Tenant, Channel.ByImap, "s") { Imap = new(host.Mailbox.Id, "127.0.0.1", mail.Port, MailAccount.Tls, "u", "INBOX", "", default) });
        await ChannelAsync(new("", api.Tenant, Channel.BySmtp, "s") { Smtp = new(host.Mailbox.Id, "127.0.0.1", mail.Port, MailAccount.StartTls, "u") });
        await host.Get<Tenants>().ChangeAsync(api.Tenant, tenant => tenant with { Notices = new() { Webhook = new Uri(fallen.Url) } }, Actor.Machine, new Dictionary<string, string>(), default);

        var tried = (await api.PostAsync("admin", $"webhooks/{bad}/test")).Expect(200);
        Assert.Equal((false, "not-listed"), ((bool)tried["taken"]!, (string?)tried["failure"]));
        Assert.True((bool)(await api.PostAsync("admin", $"webhooks/{good}/test")).Expect(200)["taken"]!);
        Assert.Contains("outside.allow", await host.Get<ImapWatch>().OnceAsync(imap, default), StringComparison.Ordinal);
        Assert.Contains("outside.allow", (await api.PostAsync("admin", "knowledge/pages", new { url = fallen.Url })).Expect(400).ToJsonString(), StringComparison.Ordinal);

        var message = await host.DeliverAsync(host.Mail("When are you open?"));
        // The answer waits for its own server, the event for its webhook, and both say why.
        var answer = await ProductHost.EventuallyAsync(async () => await host.Get<Outbox>().StateAsync(api.Tenant, message.Id, default) is { State: OutboxState.Queued, Attempts: > 0 } state ? state : null);
        Assert.Contains("smtp.host leads to 127.0.0.1 port", answer.Detail, StringComparison.Ordinal);
        var delivery = await ProductHost.EventuallyAsync(async () =>
        {
            // Tries come at their times, and the second factor ages meanwhile.
            host.Pass(TimeSpan.FromMinutes(1));
            api.Add("admin", Role.Admin);
            return (await api.GetAsync("admin", $"webhooks/{bad}/deliveries")).Expect(200)["items"]!.AsArray() is [{ } first, ..] && (int)first["attempts"]! > 0 ? first : null;
        });
        Assert.Equal("not-listed", (string?)delivery["failure"]);
        Assert.Equal((0, 0), (fallen.Connections, mail.Connections));
        Assert.NotEqual(0, listed.Connections);
    }

    /// <summary>The operator's own places lie where they lie, and a client for one of them reaches no other.</summary>
    [Fact]
    public async Task What_settings_name_is_that_host_and_port_and_no_other()
    {
        await using var named = new HttpSink();
        await using var other = new HttpSink();
        using var http = OutsideHttp.Create(OutsideAddress.Named(new Uri(named.Url)), needsHttps: false);
        Assert.True((await http.PostAsync(new Uri(named.Url), new StringContent("x"), TestContext.Current.CancellationToken)).IsSuccessStatusCode);
        foreach (var elsewhere in (string[])[other.Url, $"http://localhost:{named.Port}/"])
            Assert.True(OutsideHttp.IsUnlisted(await Assert.ThrowsAsync<HttpRequestException>(() => http.PostAsync(new Uri(elsewhere), new StringContent("x"), TestContext.Current.CancellationToken))));
        Assert.Equal((1, 0), (named.Connections, other.Connections));
    }

    /// <summary>A listed place leads on: to one that is not listed, and to one that is.</summary>
    [Fact]
    public async Task A_listed_place_leads_nowhere_else()
    {
        await using var other = new HttpSink();
        await using var listed = new HttpSink { Answer = $"307 Temporary Redirect\r\nLocation: {other.Url}/" };
        foreach (var allow in (string[][])[[At(listed)], [At(listed), At(other)]])
        {
            await using var api = await StartAsync(allow);
            var id = (string)(await api.PostAsync("admin", "webhooks", new { url = listed.Url, events = (string[])["message.received"] })).Expect(201)["webhook"]!["id"]!;
            var tried = (await api.PostAsync("admin", $"webhooks/{id}/test")).Expect(200);
            Assert.Equal((307, "status"), ((int)tried["status"]!, (string?)tried["failure"]));
        }
        Assert.Equal(0, other.Connections);
        Assert.Equal(2, listed.Connections);
    }

    /// <summary>A certificate says where its issuer's lies. Whoever calls that address calls for a stranger.</summary>
    [Fact]
    public async Task A_certificate_makes_nobody_call_an_address_that_it_names()
    {
        await using var issuer = new HttpSink();
        using var shown = Certificate(issuer.Url + "/issuer.cer");
        await using var listed = new TlsSink(shown);
        await using var mail = new SmtpSink(shown);
        await using var api = await StartAsync("localhost:*");
        var id = (string)(await api.PostAsync("admin", "webhooks", new { url = $"https://localhost:{listed.Port}/", events = (string[])["message.received"] })).Expect(201)["webhook"]!["id"]!;
        Assert.Equal("connection", (string?)(await api.PostAsync("admin", $"webhooks/{id}/test")).Expect(200)["failure"]);
        Assert.Equal(1, listed.Connections);
        Channel Account(string kind, MailAccount account) => new("c1", api.Tenant, kind, "s") { Smtp = account };
        Assert.Contains("signed by no authority", (await api.Product.Get<OwnServers>().LookAsync(Account(Channel.BySmtp, new(api.Product.Mailbox.Id, "localhost", mail.Port, MailAccount.StartTls, "u")), default)).Problem, StringComparison.Ordinal);
        Assert.Equal(1, mail.Connections);
        Assert.Equal(0, issuer.Connections);
    }

    /// <summary>The same where the operator named an authority of his own, by which it is judged once more.</summary>
    [Fact]
    public async Task An_authority_of_ones_own_makes_nobody_call_either()
    {
        await using var issuer = new HttpSink();
        using var shown = Certificate(issuer.Url + "/issuer.cer");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var own = new CertificateRequest("CN=own", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(9));
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "own.pem");
        await File.WriteAllTextAsync(file, own.ExportCertificatePem());
        await using var mail = new SmtpSink(shown);
        await using var host = await ProductHost.StartAsync(settings: settings => settings with { Outside = Places.Here, Inbound = settings.Inbound with { Imap = settings.Inbound.Imap with { AuthorityFile = file } } });
        Assert.Contains("signed by no authority", (await host.Get<OwnServers>().LookAsync(new("c1", host.Tenant.Id, Channel.BySmtp, "s") { Smtp = new(host.Mailbox.Id, "localhost", mail.Port, MailAccount.StartTls, "u") }, default)).Problem, StringComparison.Ordinal);
        Assert.Equal((1, 0), (mail.Connections, issuer.Connections));
    }

    /// <summary>For localhost, by an authority that nobody has, which is to be fetched elsewhere.</summary>
    private static X509Certificate2 Certificate(string issuer)
    {
        var now = DateTimeOffset.UtcNow;
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = authority.CreateSelfSigned(now.AddDays(-1), now.AddDays(9));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        leaf.CertificateExtensions.Add(names.Build());
        leaf.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [issuer]));
        using var signed = leaf.Create(root, now.AddHours(-1), now.AddDays(1), [1, 2, 3]);
        return signed.CopyWithPrivateKey(key);
    }

    private sealed class TlsSink(X509Certificate2 certificate) : TcpSink
    {
        protected override async Task ServeAsync(TcpClient client)
        {
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true) }, Stop);
            Assert.InRange(await tls.ReadAsync(new byte[1], Stop), 0, 1);
        }
    }
}
