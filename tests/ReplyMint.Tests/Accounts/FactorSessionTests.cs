using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Tests.Console;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>A second factor makes a new session: what somebody took of the old one is worth nothing (AUTH-2).</summary>
public sealed class FactorSessionTests
{
    private const string Root = "/api/v1/me/second-factor";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static async Task<string> CodeAsync(ProductHost host, string user)
    {
        var factors = await host.Get<SecondFactors>().FindAsync(user, Ct);
        return Totp.CodeAt(factors.Proposed?.Secret ?? factors.Totp!.Secret, host.Time.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds);
    }

    /// <summary>Proves a factor in a session: at first a new one, then the app.</summary>
    private static async Task<Said> ProveAsync(ProductHost host, string user, string token)
    {
        if ((await host.Get<SecondFactors>().FindAsync(user, Ct)).Any)
            return await host.PostAsync(Root + "/verify", new { code = await CodeAsync(host, user) }, token);
        Assert.Equal(200, (await host.PostAsync(Root + "/totp", null, token)).Code);
        return await host.PostAsync(Root + "/totp/confirm", new { code = await CodeAsync(host, user) }, token);
    }

    [Fact]
    public async Task Tokens_of_before_are_dead_at_once_and_the_session_lives_no_longer_for_it()
    {
        await using var host = await PeopleHost.StartAsync();
        var user = await host.PersonAsync(Role.Admin);
        var first = await host.SignInAsync(user, factor: false);
        var began = host.Time.GetUtcNow();
        Assert.Equal(200, (await host.GetAsync("/api/v1/me", first.AccessToken)).Code);
        foreach (var later in (int[])[0, 60])
        {
            host.Time.Advance(TimeSpan.FromSeconds(later));
            var before = await host.SignInAsync(user, factor: false);
            // Later than the sign-in, by which its life is counted all the same.
            host.Time.Advance(TimeSpan.FromSeconds(20));
            var proved = await ProveAsync(host, user, before.AccessToken);
            Assert.Equal(200, proved.Code);
            var session = proved.Body!["session"]!;
            Assert.NotEqual(before.Session, (string?)session["session"]);
            Assert.Equal(401, (await host.GetAsync("/api/v1/me", before.AccessToken)).Code);
            Assert.Equal(401, (await host.RefreshAsync(before.RefreshToken!)).Code);
            var token = (string)session["accessToken"]!;
            Assert.Equal((string?)session["session"], (string?)(await host.GetAsync("/api/v1/me", token)).Body!["session"]);
            var renewed = await host.RefreshAsync((string)session["refreshToken"]!);
            Assert.Equal((200, (string?)session["session"]), (renewed.Code, (string?)renewed.Body!["session"]));
            Assert.Contains(await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 3, Ct), entry => entry.Act == "session.factor" && entry.Target == (string?)session["session"] && entry.Details!["before"] == before.Session);
        }
        // Other sessions of the person go on, and all live as long as their sign-in.
        Assert.Equal(200, (await host.GetAsync("/api/v1/me", first.AccessToken)).Code);
        Assert.Equal([began.AddSeconds(80), began, began], (await host.Get<Sessions>().ListAsync(user, Ct)).Select(seen => seen.Session.SignedInAt));
    }

    [Fact]
    public async Task The_consoles_cookie_of_before_is_dead_and_what_was_typed_in_another_window_is_not()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Admin);
        using var browser = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id);
        using var thief = new ConsoleClient(host);
        // Old enough to be renewed on the way.
        host.Time.Advance(TimeSpan.FromMinutes(6));
        thief.Cookies["__Host-replymint"] = browser.Cookies["__Host-replymint"];
        var open = (await browser.GetAsync("/console/view")).Expect(200).Token;
        var proposal = (await browser.ActAsync("/console/factor", "/console/factor/app", ("to", "/console/factors"))).Expect(200);
        var proved = (await browser.PostAsync("/console/factor/app/confirm", new Dictionary<string, string> { ["_page"] = proposal.Token, ["to"] = "/console/factors", ["code"] = await CodeAsync(host, user) })).Expect(303);
        Assert.Single(proved.Message.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("/console/sign-in", (await thief.GetAsync("/console/inbox")).Expect(303).Location, StringComparison.Ordinal);
        (await browser.GetAsync("/console/inbox")).Expect(200);
        (await browser.PostAsync("/console/view", new Dictionary<string, string> { ["_page"] = open, ["language"] = "de", ["zone"] = "" })).Expect(303);
    }

    [Fact]
    public async Task What_ends_sessions_ends_those_too_that_a_factor_made_meanwhile()
    {
        await using var host = await PeopleHost.StartAsync();
        var user = await host.PersonAsync(Role.Admin);
        var before = await host.SignInAsync(user, factor: false);
        var token = (string)(await ProveAsync(host, user, before.AccessToken)).Body!["session"]!["accessToken"]!;
        host.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(204, (await host.SendAsync(HttpMethod.Delete, "/api/v1/me/sessions", null, token)).Code);
        Assert.Equal(401, (await host.GetAsync("/api/v1/me", token)).Code);
        Assert.Empty(await host.Get<Sessions>().ListAsync(user, Ct));
        // Nobody raises a session that has ended.
        var gone = await host.SignInAsync(user, factor: false);
        var caller = new Caller(CallerKind.User, user, host.Tenant.Id, Permissions.Of(Role.Admin)) { Session = gone.Session };
        Assert.True(await host.Get<Sessions>().EndAsync(user, gone.Session, Actor.Machine, Ct));
        Assert.Null(await host.Get<Sessions>().RaiseFactorAsync(caller, host.Time.GetUtcNow(), Ct));
    }
}
