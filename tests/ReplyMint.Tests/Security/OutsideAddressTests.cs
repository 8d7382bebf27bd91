using System.Net;
using ReplyMint.Security;
using ReplyMint.Tests.Outbound;
using Xunit;

namespace ReplyMint.Tests.Security;

/// <summary>INPUT-6: an address that a tenant gave leads to the public internet and nowhere else, however it is written and whatever its name resolves to.</summary>
public sealed class OutsideAddressTests
{
    private static readonly OutsideAddress Closed = new(Places.Public);

    /// <summary>The list holds the place, so that only the network keeps it closed.</summary>
    private static OutsideAddress Listed(HttpSink sink, params string[] networks) =>
        new(new OutsideSettings { Allow = [string.Create(System.Globalization.CultureInfo.InvariantCulture, $"*:{sink.Port}")], Networks = networks });

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("10.0.0.1")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.170.2")]
    [InlineData("168.63.129.16")]
    [InlineData("100.64.0.1")]
    [InlineData("100.100.100.200")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("192.0.0.192")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.51.100.7")]
    [InlineData("203.0.113.7")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::ffff:0:10.0.0.1")]
    [InlineData("::10.0.0.1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1::a00:1")]
    [InlineData("fe80::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("ff02::1")]
    [InlineData("2001::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:a00:1::1")]
    [InlineData("3fff::1")]
    [InlineData("100::1")]
    public void Reserved_addresses_are_not_called(string address) => Assert.False(Closed.MayBeCalled(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.1")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.1")]
    [InlineData("192.167.1.1")]
    [InlineData("168.63.129.17")]
    [InlineData("2606:4700::1111")]
    [InlineData("::ffff:1.1.1.1")]
    public void Public_addresses_are(string address) => Assert.True(Closed.MayBeCalled(IPAddress.Parse(address)));

    /// <summary>Forms in which a loopback address may be written: all lead to a listener that is there, and none reaches it.</summary>
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("LOCALHOST")]
    [InlineData("127.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f000001")]
    [InlineData("0x7f.1")]
    [InlineData("0177.0.0.1")]
    [InlineData("0")]
    [InlineData("0.0.0.0")]
    [InlineData("[::1]")]
    [InlineData("[::]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::ffff:7f00:1]")]
    [InlineData("[0:0:0:0:0:ffff:7f00:0001]")]
    [InlineData("127.0.0.1.")]
    [InlineData("①②⑦.⓪.⓪.①")]
    public async Task No_way_of_writing_it_leads_to_this_machine(string host)
    {
        await using var sink = new HttpSink();
        using var http = OutsideHttp.Create(Listed(sink), needsHttps: false);
        await Assert.ThrowsAnyAsync<Exception>(() => http.GetAsync(new Uri($"http://{host}:{new Uri(sink.Url).Port}/")));
        Assert.False(sink.Reached.Task.IsCompleted);
        Assert.Empty(sink.Requests);
    }

    [Fact]
    public async Task A_name_is_looked_up_once_and_only_the_checked_address_is_connected_to()
    {
        await using var sink = new HttpSink();
        var asked = 0;
        // A name that says something else at each look: every connection asks once, and judges what it was told then.
        using var rebinding = OutsideHttp.Create(Listed(sink), false, (_, _) => Task.FromResult<IPAddress[]>(asked++ == 0 ? [IPAddress.Parse("169.254.1.1")] : [IPAddress.Loopback]));
        var url = new UriBuilder(sink.Url) { Host = "rebind.example" }.Uri;
        await Assert.ThrowsAsync<HttpRequestException>(() => rebinding.PostAsync(url, new StringContent("x")));
        Assert.Equal(1, asked);
        await Assert.ThrowsAsync<HttpRequestException>(() => rebinding.PostAsync(url, new StringContent("x")));
        Assert.Empty(sink.Requests);

        // Of several addresses only one that may be called is taken; where the operator opened the network, it is.
        asked = 0;
        using var opened = OutsideHttp.Create(Listed(sink, "127.0.0.1/32"), false,
            (_, _) => { asked++; return Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.1"), IPAddress.Loopback]); });
        Assert.True((await opened.PostAsync(url, new StringContent("x"))).IsSuccessStatusCode);
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task Redirects_are_not_followed_and_plain_http_is_refused_where_https_is_needed()
    {
        await using var sink = new HttpSink { Answer = "307 Temporary Redirect\r\nLocation: /elsewhere" };
        var opened = Listed(sink, "127.0.0.0/8");
        using var http = OutsideHttp.Create(opened, needsHttps: false);
        Assert.Equal(307, (int)(await http.PostAsync(new Uri(sink.Url), new StringContent("x"))).StatusCode);
        Assert.Single(sink.Requests);
        using var strict = OutsideHttp.Create(opened, needsHttps: true);
        await Assert.ThrowsAsync<HttpRequestException>(() => strict.PostAsync(new Uri(sink.Url), new StringContent("x")));
        Assert.Single(sink.Requests);
    }

    /// <summary>A proxy would look the name up by itself, and connect where it likes.</summary>
    [Fact]
    public async Task The_machines_proxy_is_not_asked()
    {
        await using var proxy = new HttpSink();
        await using var sink = new HttpSink();
        var before = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new ProxyOfOneName("proxied.example", new Uri(proxy.Url));
        try
        {
            using var http = OutsideHttp.Create(Listed(sink, "127.0.0.0/8"), needsHttps: false, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));
            Assert.True((await http.PostAsync(new UriBuilder(sink.Url) { Host = "proxied.example" }.Uri, new StringContent("x"))).IsSuccessStatusCode);
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }
        Assert.Empty(proxy.Requests);
        Assert.Single(sink.Requests);
    }

    /// <summary>Other tests run beside this one, and name other hosts.</summary>
    private sealed class ProxyOfOneName(string name, Uri proxy) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : proxy;

        public bool IsBypassed(Uri host) => host.Host != name;
    }

    [Theory]
    [InlineData("https://user:secret@hooks.example/", "user")]
    [InlineData("http://hooks.example/", "https")]
    [InlineData("ftp://hooks.example/", "https")]
    [InlineData("https://169.254.169.254/latest/meta-data/", "private")]
    [InlineData("https://[::ffff:10.0.0.1]/", "private")]
    [InlineData("https://2852039166/", "private")]
    public void What_can_be_seen_to_be_wrong_is_said_when_it_is_set(string url, string why) =>
        Assert.Contains(why, Closed.Problem(new Uri(url), needsHttps: true), StringComparison.Ordinal);

    [Theory]
    [InlineData("10.1.0.0/16", true)]
    [InlineData("192.168.7.1", true)]
    [InlineData("fd12::/32", true)]
    [InlineData("169.254.0.0/16", false)]
    [InlineData("0.0.0.0/0", false)]
    [InlineData("10.0.0.0/7", false)]
    [InlineData("8.8.8.0/24", false)]
    [InlineData("fe80::/10", false)]
    [InlineData("intranet", false)]
    public void The_operator_opens_private_networks_only(string network, bool allowed) =>
        Assert.Equal(allowed, !new OutsideSettings { Networks = [network] }.Problems().Any());
}
