using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Tests.Inbound;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>Passkeys in a real browser with an authenticator of its own: made, used for coming in and as second factor, and removed.</summary>
public sealed class ConsolePasskeyTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_passkey_is_made_signs_in_proves_and_is_removed()
    {
        await using var browser = await ConsoleBrowser.StartAsync();
        await using var host = await StartAsync();
        await browser.AuthenticatorAsync();
        await ComeInAsync(browser, host);
        var user = (await host.Get<Members>().ListAsync(host.Tenant.Id, Ct)).Single().User;
        await browser.OpenAsync(Here(host, "/console/factors"));
        await browser.ReadAsync("You have no second factor yet.");
        await browser.ClickAsync("main a[href='/console/factors/passkey']");
        await browser.SeeAsync(".passkey:not([hidden])");
        await browser.TypeAsync("#name", "Mia's key");
        await browser.ClickAsync(".passkey button.main");
        await browser.ReadAsync("The passkey is there.");
        var passkey = Assert.Single((await host.Get<SecondFactors>().FindAsync(user, Ct)).Passkeys);
        Assert.Equal("Mia's key", passkey.Name);
        // It counted as a proof at once: what administrators change is open.
        await browser.OpenAsync(Here(host, "/console/people/invite"));
        await browser.SeeAsync("#address, main pre");

        // The same device makes no second one.
        await browser.OpenAsync(Here(host, "/console/factors/passkey"));
        await browser.SeeAsync(".passkey:not([hidden])");
        await browser.ClickAsync(".passkey button.main");
        await browser.SeeAsync(".passkey [role=alert]:not([hidden])");

        // Out, and in again without a mail.
        await browser.ClickAsync("header .me button");
        await browser.ReadAsync("You are signed out.");
        await browser.ClickAsync(".passkey button");
        await browser.SeeAsync("header nav");
        // Both factors at once, until a quarter of an hour is over.
        host.Time.Advance(TimeSpan.FromMinutes(16));
        await browser.OpenAsync(Here(host, $"/console/factors/{passkey.Id}/remove"));
        await browser.SeeAsync(".passkey:not([hidden])");
        await browser.ClickAsync(".passkey button");
        await browser.SeeAsync("button.bad");
        await browser.ClickAsync("button.bad");
        await browser.ReadAsync("The second factor is removed.");
        Assert.Empty((await host.Get<SecondFactors>().FindAsync(user, Ct)).Passkeys);
        await browser.ClickAsync("header .me button");
        await browser.ReadAsync("You are signed out.");
        await browser.ClickAsync(".passkey button");
        await browser.ReadAsync("The passkey was not proved, or leads nowhere here.");
    }

    /// <summary>Whoever holds the key and is not its owner: a finger that is not his.</summary>
    [Fact]
    public async Task A_key_that_does_not_know_its_holder_opens_nothing()
    {
        await using var browser = await ConsoleBrowser.StartAsync();
        await using var host = await StartAsync();
        var authenticator = await browser.AuthenticatorAsync();
        await ComeInAsync(browser, host);
        await browser.OpenAsync(Here(host, "/console/factors/passkey"));
        await browser.SeeAsync(".passkey:not([hidden])");
        await browser.ClickAsync(".passkey button.main");
        await browser.ReadAsync("The passkey is there.");
        await browser.ClickAsync("header .me button");
        await browser.ReadAsync("You are signed out.");
        await browser.AskAsync("WebAuthn.setUserVerified", new() { ["authenticatorId"] = authenticator, ["isUserVerified"] = false });
        await browser.ClickAsync(".passkey button");
        await browser.SeeAsync(".passkey [role=alert]:not([hidden])");

        // A page that forgot to ask for it: the authenticator answers, and the server refuses.
        await browser.EvaluateAsync("""
            (() => { const get = navigator.credentials.get.bind(navigator.credentials);
              navigator.credentials.get = asked => get({ publicKey: { ...asked.publicKey, userVerification: "discouraged", allowCredentials: KNOWN } }); })()
            """.Replace("KNOWN", await KnownAsync(host), StringComparison.Ordinal));
        await browser.ClickAsync(".passkey button");
        await browser.ReadAsync("The passkey was not proved, or leads nowhere here.");
        await browser.OpenAsync(Here(host, "/console/inbox"));
        await browser.SeeAsync("#address");
    }

    [Fact]
    public async Task Nobody_adds_or_removes_a_factor_with_a_session_that_was_left_open()
    {
        await using var host = await StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host);
        host.Time.Advance(TimeSpan.FromMinutes(16));
        Assert.StartsWith("/console/sign-in?done=sign-in-anew", (await browser.GetAsync("/console/factors/passkey")).Expect(303).Location, StringComparison.Ordinal);
        (await browser.ActAsync("/console/factors", "/console/factors/passkey", ("name", "x"), ("client", "AAAA"), ("data", "AAAA"))).Expect(403);
        Assert.StartsWith("/console/sign-in", (await browser.ActAsync("/console/factors", "/console/factors/codes")).Expect(303).Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Recovery_codes_are_shown_once_and_open_what_the_app_opens()
    {
        await using var host = await StartAsync();
        var user = await host.PersonAsync(Role.Admin);
        using var browser = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id);
        var proposal = (await browser.ActAsync("/console/factor/app?to=/console/factors", "/console/factor/app", ("to", "/console/factors"))).Expect(200);
        var secret = (await host.Get<SecondFactors>().FindAsync(user, Ct)).Proposed!.Secret;
        var code = Totp.CodeAt(secret, host.Time.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds);
        Assert.Equal("/console/factors", (await browser.PostAsync("/console/factor/app/confirm", new Dictionary<string, string> { ["_page"] = proposal.Token, ["to"] = "/console/factors", ["code"] = code })).Expect(303).Location);
        var shown = (await browser.ActAsync("/console/factors", "/console/factors/codes")).Expect(200).Html;
        var codes = shown[(shown.IndexOf("<pre>", StringComparison.Ordinal) + 5)..shown.IndexOf("</pre>", StringComparison.Ordinal)].Split('\n');
        Assert.Equal(SecondFactors.RecoveryCodes, codes.Length);
        Assert.DoesNotContain(codes[0], (await browser.GetAsync("/console/factors")).Expect(200).Html, StringComparison.Ordinal);
        host.Time.Advance(TimeSpan.FromMinutes(16));
        Assert.StartsWith("/console/factor?to=", (await browser.GetAsync("/console/factors/totp/remove")).Expect(303).Location, StringComparison.Ordinal);
        (await browser.ActAsync("/console/factor", "/console/factor", ("code", codes[0]), ("to", "/console/factors/totp/remove"))).Expect(303);
        (await browser.ActAsync("/console/factors/totp/remove", "/console/factors/totp/remove")).Expect(303);
        Assert.False((await host.Get<SecondFactors>().FindAsync(user, Ct)).Any);
        (await browser.GetAsync("/console/factors/totp/remove")).Expect(404);
    }

    /// <summary>A passkey belongs to a name, and an address of a network is none.</summary>
    private static Task<ProductHost> StartAsync()
    {
        var port = DovecotServer.FreePort();
        return ProductHost.StartAsync(settings: s => s with
        {
            Urls = [$"http://127.0.0.1:{port}"],
            Accounts = new AccountsSettings { From = "hello@shop.example", SignInUrl = $"http://localhost:{port}/console/sign-in" },
        });
    }

    private static Uri Here(ProductHost host, string path) => new($"http://localhost:{host.Http.Port}{path}");

    private static async Task ComeInAsync(ConsoleBrowser browser, ProductHost host)
    {
        await browser.OpenAsync(Here(host, (await ConsoleJourneyTests.LinkAsync(host)).PathAndQuery));
        await browser.ClickAsync("button.main");
        await browser.SeeAsync("header nav");
    }

    private static async Task<string> KnownAsync(ProductHost host)
    {
        var user = (await host.Get<Members>().ListAsync(host.Tenant.Id, Ct)).Single().User;
        var known = (await host.Get<SecondFactors>().FindAsync(user, Ct)).Passkeys.Single().Credential;
        return $"[{{ type: 'public-key', id: new Uint8Array({new JsonArray([.. known.Select(one => (JsonNode)(int)one)]).ToJsonString()}) }}]";
    }
}
