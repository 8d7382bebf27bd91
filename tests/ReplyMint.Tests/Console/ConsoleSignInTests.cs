using System.Text.RegularExpressions;
using ReplyMint.Accounts;
using ReplyMint.Console;
using ReplyMint.Security;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>How people come into the console, and out again.</summary>
public sealed class ConsoleSignInTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_mailed_link_leads_in_with_one_click_and_only_in_the_browser_that_asked()
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, "mia@people.example");
        using var browser = new ConsoleClient(host);
        Assert.Equal("/console/sign-in?to=%2Fconsole%2Finbox", (await browser.GetAsync("/console/inbox")).Expect(303).Location);
        (await browser.ActAsync("/console/sign-in", "/console/sign-in", ("address", "mia@people.example"))).Expect(202);
        var link = await LinkAsync(host, "mia@people.example");

        using var other = new ConsoleClient(host);
        (await other.ActAsync(link, "/console/link", ("token", TokenOf(link)), ("verifier", ""))).Expect(400);
        Assert.DoesNotContain("__Host-replymint", other.Cookies.Keys);

        var page = (await browser.GetAsync(link)).Expect(200);
        Assert.Contains(TokenOf(link), page.Html, StringComparison.Ordinal);
        var came = (await browser.ActAsync(link, "/console/link", ("token", TokenOf(link)), ("verifier", ""))).Expect(303);
        Assert.Equal("/console", came.Location);
        Assert.Equal("/console/inbox", (await browser.GetAsync("/console")).Expect(303).Location);
        (await browser.GetAsync("/console/inbox")).Expect(200);
        Assert.DoesNotContain("__Host-replymint-ask", browser.Cookies.Keys);

        using var again = new ConsoleClient(host);
        again.Cookies["__Host-replymint-ask"] = "x";
        (await browser.ActAsync("/console/sign-in", "/console/link", ("token", TokenOf(link)))).Expect(400);
    }

    [Fact]
    public async Task Somebody_without_an_account_is_told_the_same()
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, "mia@people.example");
        async Task<string> AskAsync(string address)
        {
            using var browser = new ConsoleClient(host);
            var answer = (await browser.ActAsync("/console/sign-in", "/console/sign-in", ("address", address))).Expect(202);
            return Regex.Replace(answer.Html, "(?<= nonce=\"| value=\")[A-Za-z0-9_-]{22,}", "");
        }
        Assert.Equal(await AskAsync("mia@people.example"), await AskAsync("nobody@people.example"));
        Assert.Empty(await host.MailsToAsync("nobody@people.example"));
    }

    [Fact]
    public async Task A_link_made_at_the_machine_brings_its_verifier_along()
    {
        await using var host = await PeopleHost.StartAsync();
        var user = await host.Get<Users>().FindAsync(await host.PersonAsync(Role.Member, "mia@people.example"), Ct);
        var (token, verifier) = Assert.NotNull(await host.Get<SignInDesk>().MakeAsync(user!, null, ReplyMint.Audit.Actor.Machine, Ct));
        using var browser = new ConsoleClient(host);
        var link = $"/console/link?token={token}&verifier={verifier}";
        (await browser.ActAsync(link, "/console/link", ("token", token), ("verifier", verifier))).Expect(303);
        (await browser.GetAsync("/console/inbox")).Expect(200);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_for_everybody_who_has_its_cookie()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host);
        using var copy = new ConsoleClient(host);
        copy.Cookies["__Host-replymint"] = browser.Cookies["__Host-replymint"];
        (await copy.GetAsync("/console/inbox")).Expect(200);
        var left = (await browser.ActAsync("/console/inbox", "/console/sign-out")).Expect(303);
        Assert.Equal("\"cache\", \"storage\"", left.Header("Clear-Site-Data"));
        Assert.DoesNotContain("__Host-replymint", browser.Cookies.Keys);
        (await copy.GetAsync("/console/inbox")).Expect(303);
    }

    [Fact]
    public async Task What_administrators_change_needs_a_second_factor_which_the_console_asks_for_and_sets_up()
    {
        await using var host = await ProductHost.StartAsync(routes: app =>
        {
            app.MapPages(Permission.SettingsWrite).Show("/elevated", call => call.GoAsync("/console/reached"));
            app.MapPages(Permission.SettingsWrite).Act("/elevated", call => call.GoAsync("/console/changed"));
        });
        var user = await host.PersonAsync(Role.Admin);
        using var browser = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id);
        Assert.Equal("/console/factor?to=%2Fconsole%2Felevated", (await browser.GetAsync("/console/elevated")).Expect(303).Location);
        (await browser.ActAsync("/console/inbox", "/console/elevated")).Expect(403);

        var proposal = (await browser.ActAsync("/console/factor?to=/console/elevated", "/console/factor/app", ("to", "/console/elevated"))).Expect(200);
        var secret = (await host.Get<SecondFactors>().FindAsync(user, Ct)).Proposed!.Secret;
        Assert.Contains(Totp.ToBase32(secret), proposal.Html.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        var fields = new Dictionary<string, string> { ["_page"] = proposal.Token, ["to"] = "/console/elevated", ["code"] = CodeOf(host, secret) };
        Assert.Equal("/console/elevated", (await browser.PostAsync("/console/factor/app/confirm", fields)).Expect(303).Location);
        Assert.Equal("/console/reached", (await browser.GetAsync("/console/elevated")).Expect(303).Location);
        Assert.Equal("/console/changed", (await browser.ActAsync("/console/inbox", "/console/elevated")).Expect(303).Location);

        host.Time.Advance(TimeSpan.FromMinutes(16));
        (await browser.GetAsync("/console/elevated")).Expect(303);
        (await browser.ActAsync("/console/factor", "/console/factor", ("code", "000000"))).Expect(403);
        (await browser.ActAsync("/console/factor", "/console/factor", ("code", CodeOf(host, secret)), ("to", "https://evil.example/"))).Expect(303);
        (await browser.ActAsync("/console/inbox", "/console/elevated")).Expect(303);
    }

    [Theory]
    [InlineData("/console/inbox?view=all", "/console/inbox?view=all")]
    [InlineData("https://evil.example/", "/console")]
    [InlineData("//evil.example/", "/console")]
    [InlineData("/console//evil.example/", "/console")]
    [InlineData("/console\\evil", "/console")]
    [InlineData("/consoles", "/console")]
    [InlineData("/console/a\r\nSet-Cookie: x=1", "/console")]
    public void A_page_leads_on_to_our_own_pages_only(string asked, string leads) => Assert.Equal(leads, PageCall.Here(asked));

    private static string CodeOf(ProductHost host, byte[] secret) => Totp.CodeAt(secret, host.Time.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds);

    private static string TokenOf(string link) => link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..];

    private static async Task<string> LinkAsync(ProductHost host, string address)
    {
        const string origin = "https://app.shop.example";
        var text = (await host.MailsToAsync(address))[^1].TextBody!;
        return text.Split('\n').Single(line => line.StartsWith(origin + "/console/link?token=", StringComparison.Ordinal)).Trim()[origin.Length..];
    }
}
