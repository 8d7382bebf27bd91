using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Tests.Console;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>Other sessions are ended by who proved lately that it is he; one's own by oneself at any time (ASVS V7.5.2).</summary>
public sealed class OtherSessionsTests
{
    private const string All = "/api/v1/me/sessions";
    private const string Factor = "/api/v1/me/second-factor";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    // Longer than a proof counts; tokens of access live shorter.
    private static readonly TimeSpan Stale = CallerGate.SecondFactorAge + TimeSpan.FromSeconds(1);

    private static async Task<int> EndAsync(ProductHost host, string token, string path) => (await host.SendAsync(HttpMethod.Delete, path, null, token)).Code;

    private static async Task<string> CodeAsync(ProductHost host, string user)
    {
        var factors = await host.Get<SecondFactors>().FindAsync(user, Ct);
        return Totp.CodeAt(factors.Proposed?.Secret ?? factors.Totp!.Secret, host.Time.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds);
    }

    /// <summary>An access token of a session whose sign-in and factor are too old.</summary>
    private static async Task<(string Token, string Session)> LaterAsync(ProductHost host, SessionTokens tokens)
    {
        host.Time.Advance(Stale);
        var renewed = (await host.RefreshAsync(tokens.RefreshToken!)).Body!;
        return ((string)renewed["accessToken"]!, (string)renewed["session"]!);
    }

    [Fact]
    public async Task Who_has_no_factor_signs_in_anew_before_he_ends_others()
    {
        await using var host = await PeopleHost.StartAsync();
        var user = await host.PersonAsync(Role.Member);
        var other = await host.SignInAsync(user, factor: false);
        var (token, own) = await LaterAsync(host, await host.SignInAsync(user, factor: false));
        foreach (var path in (string[])[$"{All}/{other.Session}", All])
        {
            var refused = await host.SendAsync(HttpMethod.Delete, path, null, token);
            Assert.Equal(403, refused.Code);
            Assert.Contains("sign in again, then call within 15 minutes", (string?)refused.Body!["detail"], StringComparison.Ordinal);
        }
        Assert.Equal(2, (await host.Get<Sessions>().ListAsync(user, Ct)).Count);
        // His own ends at any time.
        Assert.Equal(204, await EndAsync(host, token, $"{All}/{own}"));
        var fresh = await host.SignInAsync(user, factor: false);
        Assert.Equal(204, await EndAsync(host, fresh.AccessToken, $"{All}/{other.Session}"));
        Assert.Equal(204, await EndAsync(host, fresh.AccessToken, All));
        Assert.Empty(await host.Get<Sessions>().ListAsync(user, Ct));
    }

    [Fact]
    public async Task Who_has_one_proves_it_and_goes_on_in_the_session_that_the_answer_gives()
    {
        await using var host = await PeopleHost.StartAsync();
        var user = await host.PersonAsync(Role.Member);
        var first = await host.SignInAsync(user, factor: false);
        Assert.Equal(200, (await host.PostAsync(Factor + "/totp", null, first.AccessToken)).Code);
        Assert.Equal(200, (await host.PostAsync(Factor + "/totp/confirm", new { code = await CodeAsync(host, user) }, first.AccessToken)).Code);
        var other = await host.SignInAsync(user, factor: false);
        // A sign-in of this moment is no proof of the factor that he has.
        var thief = await host.SignInAsync(user, factor: false);
        var refused = await host.SendAsync(HttpMethod.Delete, $"{All}/{other.Session}", null, thief.AccessToken);
        Assert.Equal(403, refused.Code);
        Assert.Contains(Factor + "/verify", (string?)refused.Body!["detail"], StringComparison.Ordinal);
        Assert.Equal(403, await EndAsync(host, thief.AccessToken, All));

        host.Time.Advance(TimeSpan.FromMinutes(1));
        var proved = await host.PostAsync(Factor + "/verify", new { code = await CodeAsync(host, user) }, thief.AccessToken);
        var token = (string)proved.Body!["session"]!["accessToken"]!;
        Assert.Equal(204, await EndAsync(host, token, $"{All}/{other.Session}"));
        // To leave needs no proof.
        var leaving = await host.SignInAsync(user, factor: false);
        Assert.Equal(204, await EndAsync(host, leaving.AccessToken, "/api/v1/session"));
        Assert.Equal(204, await EndAsync(host, token, All));
    }

    [Fact]
    public async Task The_console_leads_to_the_proof_and_ends_nothing_before()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Member);
        using var here = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id);
        var other = await host.SignInAsync(user, factor: false);
        host.Time.Advance(Stale);
        foreach (var end in (string[])[$"/console/sessions/{other.Session}/end", "/console/sessions/end"])
            Assert.StartsWith("/console/sign-in?done=sign-in-anew&to=%2Fconsole%2Fsessions", (await here.ActAsync("/console/sessions", end)).Expect(303).Location, StringComparison.Ordinal);
        Assert.Equal(2, (await host.Get<Sessions>().ListAsync(user, Ct)).Count);
        (await here.GetAsync("/console/inbox")).Expect(200);
    }
}
