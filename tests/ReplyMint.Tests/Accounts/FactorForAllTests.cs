using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Console;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>Where all people of a tenant need a second factor, not only its administrators (AUTH-4).</summary>
public sealed class FactorForAllTests
{
    private const string Work = "/api/v1/mailboxes";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static async Task<Said> AskOfAllAsync(ProductHost host, bool? all, string admin)
    {
        var read = await host.GetAsync("/api/v1/settings", admin);
        var notices = new { emails = Array.Empty<string>(), digestMinutes = 0, reminderHours = 24 };
        object wish = all is { } said ? new { timeZone = "Etc/UTC", notices, secondFactorForAll = said } : new { timeZone = "Etc/UTC", notices };
        return await host.SendAsync(HttpMethod.Put, "/api/v1/settings", wish, admin, read.Message.Headers.ETag!.Tag);
    }

    [Fact]
    public async Task Who_has_none_reaches_what_is_his_own_sets_one_up_and_goes_on()
    {
        await using var host = await PeopleHost.StartAsync();
        var admin = (await host.SignInAsync(await host.PersonAsync(Role.Admin))).AccessToken;
        var mia = await host.PersonAsync(Role.Member);
        var token = (await host.SignInAsync(mia, factor: false)).AccessToken;
        Assert.Equal((200, false), ((await host.GetAsync(Work, token)).Code, (bool)(await host.GetAsync("/api/v1/me", token)).Body!["lacksSecondFactor"]!));

        Assert.Equal((200, true), (await AskOfAllAsync(host, true, admin) is var set ? set.Code : 0, (bool)set.Body!["secondFactorForAll"]!));
        Assert.Contains(await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 5, Ct), entry => entry.Act == "tenant.change" && entry.Details!["secondFactorForAll"] == "true");
        // At once, in the session that was open.
        var refused = await host.GetAsync(Work, token);
        Assert.Equal((403, "Bearer error=\"insufficient_user_authentication\""), (refused.Code, refused.Message.Headers.WwwAuthenticate.ToString()));
        Assert.Equal(403, (await host.GetAsync("/api/v1/settings", token)).Code);
        Assert.Equal((200, true), (await host.GetAsync("/api/v1/me", token) is var me ? me.Code : 0, (bool)me.Body!["lacksSecondFactor"]!));
        Assert.Equal(200, (await host.GetAsync("/api/v1/me/sessions", token)).Code);
        // Left out, it stays; a session that proved one and a key go on.
        Assert.True((bool)(await AskOfAllAsync(host, null, admin)).Body!["secondFactorForAll"]!);
        Assert.Equal(200, (await host.GetAsync(Work, (await host.SignInAsync(await host.PersonAsync(Role.Auditor))).AccessToken)).Code);
        using var key = await host.KeyClientAsync("mailboxes:read");
        Assert.True((await key.GetAsync(new Uri(Work, UriKind.Relative), Ct)).IsSuccessStatusCode);

        Assert.Equal(200, (await host.PostAsync("/api/v1/me/second-factor/totp", null, token)).Code);
        Assert.Equal(403, (await host.GetAsync(Work, token)).Code);
        var proved = await host.PostAsync("/api/v1/me/second-factor/totp/confirm", new { code = await CodeAsync(host, mia) }, token);
        Assert.Equal(200, proved.Code);
        Assert.Equal(200, (await host.GetAsync(Work, (string)proved.Body!["session"]!["accessToken"]!)).Code);
        // Once for a session is enough for a member; the next one proves it anew.
        Assert.Equal(403, (await host.GetAsync(Work, (await host.SignInAsync(mia, factor: false)).AccessToken)).Code);

        Assert.False((bool)(await AskOfAllAsync(host, false, admin)).Body!["secondFactorForAll"]!);
        Assert.Equal(200, (await host.GetAsync(Work, (await host.SignInAsync(mia, factor: false)).AccessToken)).Code);
    }

    [Fact]
    public async Task The_operator_asks_it_of_all_tenants_and_only_administrators_of_their_own()
    {
        await using var host = await PeopleHost.StartAsync(change: accounts => accounts with { SecondFactorForAll = true });
        foreach (var role in (Role[])[Role.Member, Role.Auditor, Role.Admin])
            Assert.Equal(403, (await host.GetAsync(Work, (await host.SignInAsync(await host.PersonAsync(role), factor: false)).AccessToken)).Code);
        var member = (await host.SignInAsync(await host.PersonAsync(Role.Member))).AccessToken;
        Assert.Equal(200, (await host.GetAsync(Work, member)).Code);
        Assert.Equal(403, (await AskOfAllAsync(host, false, member)).Code);
        Assert.Equal(403, (await host.GetAsync("/api/v1/alerts", (await host.SignInAsync(await host.PersonAsync(Role.Operator), KeyRing.Installation, factor: false)).AccessToken)).Code);
    }

    [Fact]
    public async Task The_console_leads_a_member_to_set_one_up_and_shows_him_nothing_else()
    {
        await using var host = await ProductHost.StartAsync();
        using (var admin = await ConsoleClient.SignedInAsync(host, factor: true))
        {
            const string page = "/console/people/factor";
            var version = System.Text.RegularExpressions.Regex.Match((await admin.GetAsync(page)).Expect(200).Html, "name=\"version\" value=\"([0-9]+)\"").Groups[1].Value;
            Assert.Equal("/console/people?done=saved", (await admin.ActAsync(page, page, ("all", "on"), ("version", version))).Expect(303).Location);
            (await admin.ActAsync(page, page, ("version", version))).Expect(412);
            Assert.Contains("checked", (await admin.GetAsync(page)).Expect(200).Html, StringComparison.Ordinal);
        }
        var mia = await host.PersonAsync(Role.Member);
        using var browser = await ConsoleClient.SignedInAsync(host, mia, host.Tenant.Id);
        const string led = "/console/factor?to=%2Fconsole%2Finbox";
        Assert.Equal("/console/inbox", (await browser.GetAsync("/console")).Expect(303).Location);
        Assert.Equal(led, (await browser.GetAsync("/console/inbox")).Expect(303).Location);
        var asked = (await browser.GetAsync(led)).Expect(200).Html;
        Assert.Contains("Nobody works here without a second factor, and you have none yet.", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"/console/inbox\"", asked, StringComparison.Ordinal);
        (await browser.ActAsync(led, "/console/inbox/m0000000000000000000/thumb", ("value", "up"))).Expect(403);

        var proposal = (await browser.ActAsync(led, "/console/factor/app", ("to", "/console/inbox"))).Expect(200);
        var fields = new Dictionary<string, string> { ["_page"] = proposal.Token, ["to"] = "/console/inbox", ["code"] = await CodeAsync(host, mia) };
        Assert.Equal("/console/inbox", (await browser.PostAsync("/console/factor/app/confirm", fields)).Expect(303).Location);
        Assert.Contains("href=\"/console/inbox\"", (await browser.GetAsync("/console/inbox")).Expect(200).Html, StringComparison.Ordinal);

        // Somebody who sat there for long signs in anew first, or a stolen session could get a factor.
        using var late = await ConsoleClient.SignedInAsync(host, Role.Member);
        host.Time.Advance(TimeSpan.FromMinutes(16));
        Assert.StartsWith("/console/sign-in?done=sign-in-anew", (await late.ActAsync(led, "/console/factor/app", ("to", "/console/inbox"))).Expect(303).Location, StringComparison.Ordinal);
    }

    private static async Task<string> CodeAsync(ProductHost host, string user)
    {
        var factors = await host.Get<SecondFactors>().FindAsync(user, Ct);
        return Totp.CodeAt(factors.Proposed!.Secret, host.Time.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds);
    }
}
