using ReplyMint.Inbound;
using ReplyMint.Mail;
using Xunit;

namespace ReplyMint.Tests.Inbound.Senders;

public sealed class DmarcTests
{
    private static Task<AuthResult> CheckAsync(string lines, string author, string? spf = null, params string[] dkim) => new DmarcCheck(new Zone(lines).AskAsync).CheckAsync(author, spf, dkim, default);

    [Theory]
    [InlineData("shop.example", "shop.example", AuthResult.Pass)]
    [InlineData("shop.example", "mail.shop.example", AuthResult.Pass)]
    [InlineData("news.shop.example", "shop.example", AuthResult.Pass)]
    [InlineData("news.shop.example", "mail.shop.example", AuthResult.Pass)]
    [InlineData("shop.example", "otherwise-shop.example", AuthResult.Fail)]
    [InlineData("shop.example", "stranger.example", AuthResult.Fail)]
    [InlineData("shop.example", "example", AuthResult.Fail)]
    [InlineData("stranger.example", "stranger.example", AuthResult.None)]
    internal async Task Names_of_one_organisation_stand_for_each_other(string author, string proved, AuthResult expected)
    {
        const string zone = "_dmarc.shop.example TXT v=DMARC1; p=none";
        Assert.Equal(expected, await CheckAsync(zone, author, proved));
        Assert.Equal(expected, await CheckAsync(zone, author, null, "elsewhere.example", proved));
    }

    [Fact]
    public async Task Without_a_proof_a_published_record_is_a_failure_whatever_it_asks_for()
    {
        foreach (var policy in (string[])["p=none", "p=reject", "p=quarantine; pct=0", "p=none; t=y", "rua=mailto:x@shop.example"])
            Assert.Equal(AuthResult.Fail, await CheckAsync("_dmarc.shop.example TXT v=DMARC1; " + policy, "shop.example"));
    }

    [Theory]
    [InlineData("v=DMARC1; p=none; adkim=s; aspf=s", false, false)]
    [InlineData("v=DMARC1;p=none;aspf=S", true, false)]
    [InlineData("v=DMARC1 ; p=none ; ADKIM = s ;", false, true)]
    public async Task A_strict_domain_means_itself(string record, bool dkim, bool spf)
    {
        var zone = "_dmarc.shop.example TXT " + record;
        Assert.Equal(dkim ? AuthResult.Pass : AuthResult.Fail, await CheckAsync(zone, "shop.example", null, "mail.shop.example"));
        Assert.Equal(spf ? AuthResult.Pass : AuthResult.Fail, await CheckAsync(zone, "shop.example", "mail.shop.example"));
        Assert.Equal(AuthResult.Pass, await CheckAsync(zone, "shop.example", "shop.example"));
    }

    [Fact]
    public async Task Who_lets_names_to_others_says_so_and_they_are_strangers_to_each_other()
    {
        const string zone = "_dmarc.host.example TXT v=DMARC1; p=none; psd=y\n_dmarc.anna.host.example TXT v=DMARC1; p=none";
        Assert.Equal(AuthResult.Fail, await CheckAsync(zone, "anna.host.example", "bert.host.example", "bert.host.example", "host.example"));
        Assert.Equal(AuthResult.Pass, await CheckAsync(zone, "anna.host.example", "mail.anna.host.example"));
        Assert.Equal(AuthResult.Pass, await CheckAsync(zone, "a.bert.host.example", "bert.host.example"));
        Assert.Equal(AuthResult.Fail, await CheckAsync(zone, "a.bert.host.example", "a.carl.host.example"));
        // A top-level domain need not say so.
        Assert.Equal(AuthResult.Fail, await CheckAsync("_dmarc.example TXT v=DMARC1; p=none", "shop.example", "stranger.example"));
        Assert.Equal(AuthResult.Pass, await CheckAsync("_dmarc.example TXT v=DMARC1; p=none", "shop.example", "mail.shop.example"));
        // And who is an organisation of his own below another.
        const string own = "_dmarc.big.example TXT v=DMARC1; p=none\n_dmarc.lab.big.example TXT v=DMARC1; p=none; psd=n";
        Assert.Equal(AuthResult.Fail, await CheckAsync(own, "lab.big.example", "www.big.example"));
        Assert.Equal(AuthResult.Fail, await CheckAsync(own, "big.example", "www.lab.big.example"));
        Assert.Equal(AuthResult.Pass, await CheckAsync(own, "lab.big.example", "www.lab.big.example"));
    }

    [Theory]
    [InlineData("_dmarc.shop.example TXT v=DMARC1; p=none\n_dmarc.shop.example TXT v=DMARC1; p=reject")]
    [InlineData("_dmarc.shop.example TXT v=dmarc1; p=none")]
    [InlineData("_dmarc.shop.example TXT p=none; v=DMARC1")]
    [InlineData("_dmarc.shop.example TXT some text")]
    public async Task What_is_no_record_is_none(string zone) => Assert.Equal(AuthResult.None, await CheckAsync(zone, "shop.example", "shop.example"));

    [Theory]
    [InlineData("_dmarc.shop.example FAIL")]
    [InlineData("_dmarc.shop.example TXT v=DMARC1; p=none\n_dmarc.example FAIL")]
    [InlineData("_dmarc.shop.example TXT v=DMARC1; p=none\n_dmarc.a.shop.example FAIL")]
    public async Task Silence_is_no_pass(string zone) => Assert.Equal(AuthResult.TempError, await CheckAsync(zone, "shop.example", "a.shop.example"));

    [Fact]
    public async Task Long_names_cost_no_more_than_eight_questions_and_strangers_none()
    {
        var zone = new Zone("_dmarc.shop.example TXT v=DMARC1; p=none");
        var name = string.Join('.', Enumerable.Range(0, 60)) + ".shop.example";
        Assert.Equal(AuthResult.Pass, await new DmarcCheck(zone.AskAsync).CheckAsync(name, "mail.shop.example", [], default));
        Assert.InRange(zone.Asked, 2, 10);
        var asked = zone.Asked;
        Assert.Equal(AuthResult.Fail, await new DmarcCheck(zone.AskAsync).CheckAsync("shop.example", null, [.. Enumerable.Range(0, 50).Select(i => $"x{i}.stranger.example")], default));
        Assert.Equal(2, zone.Asked - asked);
    }
}
