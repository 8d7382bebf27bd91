using System.Net;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using Xunit;

namespace ReplyMint.Tests.Inbound.Senders;

public sealed class SpfTests
{
    private const string Client = "192.0.2.10";

    private static Task<AuthResult> CheckAsync(Zone zone, string client = Client, string sender = "anna@shop.example", string? domain = null, string helo = "mail.shop.example") =>
        new SpfCheck(zone.AskAsync, new SpfWho(IPAddress.Parse(client), sender, helo)).CheckAsync(domain ?? sender[(sender.LastIndexOf('@') + 1)..], default);

    private static Task<AuthResult> OfAsync(string record, string more = "", string client = Client) => CheckAsync(new Zone($"shop.example TXT {record}\n{more}"), client);

    [Theory]
    [InlineData("v=spf1 +all", AuthResult.Pass)]
    [InlineData("v=spf1 -all", AuthResult.Fail)]
    [InlineData("v=spf1 ~all", AuthResult.SoftFail)]
    [InlineData("v=spf1 ?all", AuthResult.Neutral)]
    [InlineData("v=spf1", AuthResult.Neutral)]
    [InlineData("V=SPF1 IP4:192.0.2.0/24 -ALL", AuthResult.Pass)]
    [InlineData("v=spf10 +all", AuthResult.None)]
    [InlineData("spf2.0/mfrom +all", AuthResult.None)]
    [InlineData("v=spf1 ip4:192.0.2.10 -all", AuthResult.Pass)]
    [InlineData("v=spf1 ip4:192.0.2.11 -all", AuthResult.Fail)]
    [InlineData("v=spf1 ip4:192.0.2.8/30 -all", AuthResult.Pass)]
    [InlineData("v=spf1 -ip4:192.0.2.0/24 +all", AuthResult.Fail)]
    [InlineData("v=spf1 ip6:2001:db8::/32 -all", AuthResult.Fail)]
    [InlineData("v=spf1 unknown=x%{d} -all", AuthResult.Fail)]
    [InlineData("v=spf1 exp=why.shop.example -all", AuthResult.Fail)]
    internal async Task Records_say_who_may_send(string record, AuthResult expected) => Assert.Equal(expected, await OfAsync(record));

    [Theory]
    [InlineData("v=spf1 ip4:192.0.2.0/33 +all")]
    [InlineData("v=spf1 ip4:192.0.2 +all")]
    [InlineData("v=spf1 ip4:0300.0.2.10 +all")]
    [InlineData("v=spf1 ip4:2001:db8::1 +all")]
    [InlineData("v=spf1 ip6:192.0.2.10 +all")]
    [InlineData("v=spf1 all:shop.example")]
    [InlineData("v=spf1 include +all")]
    [InlineData("v=spf1 include: +all")]
    [InlineData("v=spf1 exists:shop +all")]
    [InlineData("v=spf1 a:192.0.2.10 +all")]
    [InlineData("v=spf1 a/024 +all")]
    [InlineData("v=spf1 a//129 +all")]
    [InlineData("v=spf1 a:%{x}.shop.example +all")]
    [InlineData("v=spf1 a:%{d0}.shop.example +all")]
    [InlineData("v=spf1 a:%{d.shop.example +all")]
    [InlineData("v=spf1 a:%a.shop.example +all")]
    [InlineData("v=spf1 moo +all")]
    [InlineData("v=spf1 moo.cow:far-out=man +all")]
    [InlineData("v=spf1 redirect=a.example redirect=b.example")]
    [InlineData("v=spf1 exp=a.example exp=b.example +all")]
    [InlineData("v=spf1 -all redirect=")]
    public async Task What_is_wrong_anywhere_is_wrong_in_all(string record) => Assert.Equal(AuthResult.PermError, await OfAsync(record));

    [Theory]
    [InlineData("v=spf1 a -all", "shop.example A 192.0.2.10", AuthResult.Pass)]
    [InlineData("v=spf1 a -all", "shop.example A 192.0.2.11", AuthResult.Fail)]
    [InlineData("v=spf1 a/24 -all", "shop.example A 192.0.2.99", AuthResult.Pass)]
    [InlineData("v=spf1 a:out.shop.example/28//64 -all", "out.shop.example A 192.0.2.1", AuthResult.Pass)]
    [InlineData("v=spf1 a:foo:bar/baz.shop.example -all", "foo:bar/baz.shop.example A 192.0.2.10", AuthResult.Pass)]
    [InlineData("v=spf1 a/24/24 +all", "", AuthResult.PermError)]
    [InlineData("v=spf1 exists:out.shop.example/24 +all", "", AuthResult.PermError)]
    [InlineData("v=spf1 exists:%{i}.%{l2r-}.x.example -all", "192.0.2.10.anna.x.example A 127.0.0.2", AuthResult.Pass)]
    [InlineData("v=spf1 -include:_h.%{d2} +all", "_h.shop.example TXT v=spf1 -a:%{h} +all", AuthResult.Fail)]
    [InlineData("v=spf1 ptr:shop.example. -all", "10.2.0.192.in-addr.arpa PTR out.Shop.example\nout.shop.example A 192.0.2.10", AuthResult.Pass)]
    [InlineData("v=spf1 mx -all", "shop.example MX mx.shop.example\nmx.shop.example A 192.0.2.10", AuthResult.Pass)]
    [InlineData("v=spf1 mx:other.example -all", "other.example MX mx.shop.example\nmx.shop.example A 192.0.2.9", AuthResult.Fail)]
    [InlineData("v=spf1 exists:%{ir}.list.example -all", "10.2.0.192.list.example A 127.0.0.2", AuthResult.Pass)]
    [InlineData("v=spf1 exists:%{l1r+}.%{o2}.%{v}.list.example -all", "anna.shop.example.in-addr.list.example A 127.0.0.2", AuthResult.Pass)]
    [InlineData("v=spf1 include:%{d1r}.example -all", "shop.example.example TXT none", AuthResult.PermError)]
    [InlineData("v=spf1 include:other.example -all", "other.example TXT v=spf1 ip4:192.0.2.10 -all", AuthResult.Pass)]
    [InlineData("v=spf1 include:other.example ?all", "other.example TXT v=spf1 -all", AuthResult.Neutral)]
    [InlineData("v=spf1 include:other.example +all", "other.example TXT v=spf1 moo", AuthResult.PermError)]
    [InlineData("v=spf1 include:other.example +all", "", AuthResult.PermError)]
    [InlineData("v=spf1 redirect=other.example", "other.example TXT v=spf1 ip4:192.0.2.10 -all", AuthResult.Pass)]
    [InlineData("v=spf1 redirect=other.example", "", AuthResult.PermError)]
    [InlineData("v=spf1 -all redirect=other.example", "other.example TXT v=spf1 +all", AuthResult.Fail)]
    [InlineData("v=spf1 ptr -all", "10.2.0.192.in-addr.arpa PTR out.shop.example.\nout.shop.example A 192.0.2.10", AuthResult.Pass)]
    [InlineData("v=spf1 ptr -all", "10.2.0.192.in-addr.arpa PTR out.shop.example.\nout.shop.example A 192.0.2.11", AuthResult.Fail)]
    [InlineData("v=spf1 ptr -all", "10.2.0.192.in-addr.arpa PTR out.myshop.example.\nout.myshop.example A 192.0.2.10", AuthResult.Fail)]
    [InlineData("v=spf1 ptr -all", "10.2.0.192.in-addr.arpa FAIL", AuthResult.Fail)]
    [InlineData("v=spf1 a -all", "out.example FAIL\nshop.example A 192.0.2.10", AuthResult.Pass)]
    [InlineData("v=spf1 a:out.example +all", "out.example FAIL", AuthResult.TempError)]
    [InlineData("v=spf1 include:out.example +all", "out.example FAIL", AuthResult.TempError)]
    [InlineData("v=spf1 +all", "shop.example TXT v=spf1 -all", AuthResult.PermError)]
    internal async Task Other_names_are_asked(string record, string more, AuthResult expected) => Assert.Equal(expected, await OfAsync(record, more));

    [Fact]
    public async Task IPv6_clients_have_their_own_addresses()
    {
        const string six = "2001:db8::10";
        Assert.Equal(AuthResult.Pass, await OfAsync("v=spf1 ip6:2001:db8::/64 -all", client: six));
        Assert.Equal(AuthResult.Fail, await OfAsync("v=spf1 ip4:0.0.0.0/0 -all", client: six));
        Assert.Equal(AuthResult.Pass, await OfAsync("v=spf1 a//64 -all", "shop.example AAAA 2001:db8::99", six));
        Assert.Equal(AuthResult.Pass, await OfAsync("v=spf1 exists:%{ir}.%{v}.list.example -all", "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.list.example A 127.0.0.2", six));
        Assert.Equal(AuthResult.Pass, await OfAsync("v=spf1 ptr -all", "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR out.shop.example\nout.shop.example AAAA 2001:db8::10", six));
    }

    [Fact]
    public async Task Nothing_published_proves_nothing()
    {
        Assert.Equal(AuthResult.None, await CheckAsync(new Zone("")));
        Assert.Equal(AuthResult.TempError, await CheckAsync(new Zone("shop.example FAIL")));
        foreach (var domain in (string[])["", "shop", "a..example", "[192.0.2.10]", new string('x', 64) + ".example", "münchen.example"])
            Assert.Equal(AuthResult.None, await CheckAsync(new Zone(""), domain: domain));
    }

    [Fact]
    public async Task More_than_ten_lookups_are_refused_wherever_they_stand()
    {
        Assert.Equal(AuthResult.Pass, await OfAsync("v=spf1 " + string.Join(' ', Enumerable.Repeat("a", 10)) + " +all", "shop.example A 192.0.2.1"));
        Assert.Equal(AuthResult.PermError, await OfAsync("v=spf1 " + string.Join(' ', Enumerable.Repeat("a", 11)) + " +all", "shop.example A 192.0.2.1"));
        // Each record is small; together they are not.
        var chain = string.Join('\n', Enumerable.Range(0, 20).Select(i => $"i{i}.example TXT v=spf1 include:i{i + 1}.example -all"));
        var zone = new Zone($"shop.example TXT v=spf1 include:i0.example +all\n{chain}");
        Assert.Equal(AuthResult.PermError, await CheckAsync(zone));
        Assert.InRange(zone.Asked, 1, 11);
        Assert.Equal(AuthResult.PermError, await OfAsync("v=spf1 include:shop.example +all"));
        Assert.Equal(AuthResult.PermError, await OfAsync("v=spf1 redirect=shop.example"));
    }

    [Fact]
    public async Task More_than_two_names_without_an_answer_are_refused_and_so_is_a_crowd_of_exchangers()
    {
        Assert.Equal(AuthResult.Pass, await OfAsync("v=spf1 a:x.example mx:y.example +all"));
        var zone = new Zone("shop.example TXT v=spf1 a:x.example a:y.example exists:z.example a:w.example +all");
        Assert.Equal(AuthResult.PermError, await CheckAsync(zone));
        Assert.Equal(4, zone.Asked);
        var crowd = string.Join('\n', Enumerable.Range(0, 11).Select(i => $"shop.example MX m{i}.shop.example\nm{i}.shop.example A 192.0.2.1"));
        Assert.Equal(AuthResult.PermError, await OfAsync("v=spf1 mx +all", crowd));
    }

    [Fact]
    public void A_name_that_became_too_long_is_cut_at_its_front()
    {
        var who = new SpfWho(IPAddress.Loopback, string.Join('.', Enumerable.Repeat("part", 60)) + "@shop.example", "h");
        var name = SpfMacro.Expand("%{l}.%{d}", who, "shop.example");
        Assert.InRange(name.Length, 240, 253);
        Assert.EndsWith(".shop.example", name, StringComparison.Ordinal);
    }
}
