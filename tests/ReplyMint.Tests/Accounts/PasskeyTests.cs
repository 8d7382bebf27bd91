using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>Passkeys: made by their owner, proved by what they sign, and no other form of anything taken (AUTH-3, AUTH-4).</summary>
public sealed class PasskeyTests
{
    private const string Root = "/api/v1/me/second-factor";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    /// <summary>{"credProtect": 2}, as a security key says it unasked.</summary>
    private static readonly byte[] CredProtect = [0xA1, 0x6B, .. "credProtect"u8, 0x02];

    /// <summary>What is no map of extensions, or has something behind it: nothing, a list, a half of one, without a length, a tag, too deep, too long, numbers that lie.</summary>
    private static readonly byte[][] Rubbish =
    [
        [], [0x00], [0x81, 0x01], CredProtect[..^1], [.. CredProtect, 0], [.. CredProtect, .. CredProtect], [0xA2, .. CredProtect[1..]], [0xBF, .. CredProtect[1..], 0xFF], [0xA1, .. CredProtect[1..^1], 0xC0, 0x01],
        [0xA1, .. CredProtect[1..^1], 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x01], [0xA1, 0x81, 0x01, 0x01], [0xA1, .. CredProtect[1..^1], 0x59, 0x07, 0xD0, .. new byte[2_000]],
        [0xBB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, .. CredProtect[1..]], [0xA1, 0x7B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0xA1, 0x6B, .. "cred"u8],
    ];

    private static async Task<(string User, string Token)> PersonAsync(ProductHost host, bool factor = false)
    {
        var user = await host.PersonAsync(Role.Admin);
        return (user, (await host.SignInAsync(user, factor: factor)).AccessToken);
    }

    private static async Task<JsonNode> OptionsAsync(ProductHost host, string path, string? token = null)
    {
        var said = await host.PostAsync(path, null, token);
        Assert.Equal(200, said.Code);
        return said.Body!;
    }

    private static async Task<Said> EnrolAsync(ProductHost host, string token, Authenticator authenticator) =>
        await host.PostAsync(Root + "/passkey/confirm", authenticator.Make(await OptionsAsync(host, Root + "/passkey", token)), token);

    private static string TokenOf(Said proved) => (string)proved.Body!["session"]!["accessToken"]!;

    private static async Task<int> ElevatedAsync(ProductHost host, string token) => (await host.PostAsync("/api/v1/domains", new { domain = $"{Guid.NewGuid():N}.example" }, token)).Code;

    [Fact]
    public async Task A_passkey_is_enrolled_and_proves_a_session()
    {
        await using var host = await PeopleHost.StartAsync();
        using var authenticator = new Authenticator();
        var (user, token) = await PersonAsync(host);
        var options = await OptionsAsync(host, Root + "/passkey", token);
        Assert.Equal(("app.shop.example", "none", "required", -7), ((string?)options["rp"]!["id"], (string?)options["attestation"], (string?)options["authenticatorSelection"]!["userVerification"], (int)options["pubKeyCredParams"]![0]!["alg"]!));
        token = TokenOf(await host.PostAsync(Root + "/passkey/confirm", authenticator.Make(options), token));
        Assert.Equal(201, await ElevatedAsync(host, token));
        // The ceremony was used up.
        Assert.Equal(403, (await host.PostAsync(Root + "/passkey/confirm", authenticator.But(credential: [1, 2, 3]).Make(options), token)).Code);

        var fresh = (await host.SignInAsync(user, factor: false)).AccessToken;
        Assert.Equal(403, await ElevatedAsync(host, fresh));
        var request = await OptionsAsync(host, Root + "/passkey/challenge", fresh);
        var used = authenticator.Use(request);
        var all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.PostAsync(Root + "/passkey/verify", used, fresh)));
        fresh = TokenOf(Assert.Single(all, said => said.Code == 200));
        Assert.Equal(201, await ElevatedAsync(host, fresh));
        var listed = Assert.Single((await host.GetAsync(Root, fresh)).Body!["items"]!.AsArray())!;
        Assert.Equal(("passkey", "my key"), ((string?)listed["kind"], (string?)listed["name"]));
        Assert.Equal(204, (await host.SendAsync(HttpMethod.Delete, $"{Root}/{listed["id"]}", null, fresh)).Code);
        Assert.Empty((await host.GetAsync(Root, fresh)).Body!["items"]!.AsArray());
        // It can be enrolled anew, so nothing of it was left.
        Assert.Equal(200, (await EnrolAsync(host, (await host.SignInAsync(user, factor: false)).AccessToken, authenticator)).Code);
    }

    [Theory]
    [InlineData("https://app.bücher.example/sign-in", "app.xn--bcher-kva.example", "https://app.xn--bcher-kva.example")]
    [InlineData("https://app.bücher.example:8443/sign-in", "app.xn--bcher-kva.example", "https://app.xn--bcher-kva.example:8443")]
    [InlineData("https://APP.shop.example:443/", "app.shop.example", "https://app.shop.example")]
    [InlineData("http://localhost:5173/sign-in", "localhost", "http://localhost:5173")]
    public async Task A_site_is_named_as_browsers_name_it(string page, string site, string origin)
    {
        await using var host = await PeopleHost.StartAsync(page: page);
        using var authenticator = new Authenticator { Site = site, Origin = origin };
        var (_, token) = await PersonAsync(host);
        Assert.Equal(200, (await EnrolAsync(host, token, authenticator)).Code);
    }

    [Fact]
    public async Task A_passkey_signs_in_with_both_factors_at_once()
    {
        await using var host = await PeopleHost.StartAsync();
        using var authenticator = new Authenticator();
        var (user, token) = await PersonAsync(host);
        token = TokenOf(await EnrolAsync(host, token, authenticator));
        var options = await OptionsAsync(host, "/api/v1/sign-in/passkey/challenge");
        Assert.Empty(options["allowCredentials"]!.AsArray());
        var passkey = authenticator.Use(options);
        var all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.PostAsync("/api/v1/sign-in/passkey", new { passkey })));
        var signedIn = Assert.Single(all, said => said.Code == 200);
        Assert.Equal(3, all.Count(said => said.Code == 400));
        var own = (string)signedIn.Body!["accessToken"]!;
        Assert.Equal(user, (string?)(await host.GetAsync("/api/v1/me", own)).Body!["id"]);
        Assert.Equal(201, await ElevatedAsync(host, own));
        // A session's challenge is none of the door's, nor another session's.
        var inside = await OptionsAsync(host, Root + "/passkey/challenge", own);
        Assert.Equal(400, (await host.PostAsync("/api/v1/sign-in/passkey", new { passkey = authenticator.Use(inside) })).Code);
        Assert.Equal(403, (await host.PostAsync(Root + "/passkey/verify", authenticator.Use(inside), token)).Code);
        var outside = await OptionsAsync(host, "/api/v1/sign-in/passkey/challenge");
        Assert.Equal(403, (await host.PostAsync(Root + "/passkey/verify", authenticator.Use(outside), own)).Code);
        // Whom an operator isolated is a stranger, until he is released.
        var desk = host.Get<ContainmentDesk>();
        Assert.Equal(ActResult.Done, await desk.ContainAsync(new(ContainedKind.User, user), Actor.Machine, null, Ct));
        Assert.Equal(400, (await host.PostAsync("/api/v1/sign-in/passkey", new { passkey = authenticator.Use(await OptionsAsync(host, "/api/v1/sign-in/passkey/challenge")) })).Code);
        Assert.Equal(ActResult.Done, await desk.ReleaseAsync(ContainedKind.User, user, Actor.Machine, null, Ct));
        Assert.Equal(200, (await host.PostAsync("/api/v1/sign-in/passkey", new { passkey = authenticator.Use(await OptionsAsync(host, "/api/v1/sign-in/passkey/challenge")) })).Code);
        // Whose membership ended has no place to go.
        await host.PersonAsync(Role.Admin);
        Assert.Equal(MemberChange.Done, await host.Get<MemberDesk>().RemoveAsync(host.Tenant.Id, user, Actor.Machine, Ct));
        Assert.Equal(400, (await host.PostAsync("/api/v1/sign-in/passkey", new { passkey = authenticator.Use(await OptionsAsync(host, "/api/v1/sign-in/passkey/challenge")) })).Code);
    }

    [Fact]
    public async Task What_a_security_key_says_besides_is_passed_over()
    {
        await using var host = await PeopleHost.StartAsync();
        // {"credProtect": 2, "hmac-secret": true}; with a list, a map, bytes, an own number and a longer one; and the backup flags of a synced passkey.
        byte[] several = [0xA2, 0x6B, .. "credProtect"u8, 0x02, 0x6B, .. "hmac-secret"u8, 0xF5];
        byte[] odd = [0xA1, 0x64, .. "mine"u8, 0x84, 0xA1, 0x01, 0x41, 0x07, 0x38, 0x63, 0x19, 0x01, 0x00, 0xFA, 0x3F, 0x80, 0x00, 0x00];
        foreach (var (flags, more) in ((byte, byte[])[])[(0x85, CredProtect), (0x85, several), (0x85, odd), (0x9D, CredProtect)])
        {
            using var key = new Authenticator { Flags = flags, More = more };
            var (_, token) = await PersonAsync(host);
            Assert.Equal(200, (await EnrolAsync(host, token, key)).Code);
            Assert.Equal(200, (await host.PostAsync("/api/v1/sign-in/passkey", new { passkey = key.Use(await OptionsAsync(host, "/api/v1/sign-in/passkey/challenge")) })).Code);
            // Most say nothing when they are used.
            Assert.Equal(200, (await host.PostAsync("/api/v1/sign-in/passkey", new { passkey = key.But(flags: 0x05, more: []).Use(await OptionsAsync(host, "/api/v1/sign-in/passkey/challenge")) })).Code);
        }
    }

    [Fact]
    public async Task An_authenticator_that_does_not_count_on_is_refused_with_an_alert()
    {
        await using var host = await PeopleHost.StartAsync();
        using var authenticator = new Authenticator { Count = 7 };
        var (_, token) = await PersonAsync(host);
        await EnrolAsync(host, token, authenticator);
        async Task<int> UseAsync() => (await host.PostAsync("/api/v1/sign-in/passkey", new { passkey = authenticator.Use(await OptionsAsync(host, "/api/v1/sign-in/passkey/challenge")) })).Code;
        Assert.Equal(400, await UseAsync());
        authenticator.Count = 8;
        Assert.Equal(200, await UseAsync());
        authenticator.Count = 6;
        Assert.Equal(400, await UseAsync());
        Assert.Single(await host.Get<Alerts>().NewestAsync(10, Ct), a => a.Kind == "passkey-copy");
    }

    [Fact]
    public async Task Nothing_wrong_is_enrolled()
    {
        await using var host = await PeopleHost.StartAsync();
        using var good = new Authenticator();
        var (_, token) = await PersonAsync(host);
        Authenticator[] wrong =
        [
            good.But(origin: "https://app.shop.example.evil.example"), good.But(origin: "http://app.shop.example"), good.But(origin: "https://app.shop.example:444"), good.But(site: "shop.example"), good.But(site: "evil.example"),
            good.But(flags: 0x01), good.But(flags: 0x04), good.But(flags: 0x85), good.But(says: new() { ["type"] = "webauthn.get" }), good.But(says: new() { ["challenge"] = "AAAA" }), good.But(says: new() { ["challenge"] = "!" }),
            good.But(says: new() { ["crossOrigin"] = true }), good.But(says: new() { ["topOrigin"] = "https://evil.example" }), good.But(says: new() { ["type"] = null }), good.But(says: new() { ["origin"] = null }), good.But(says: new() { ["origin"] = 3 }),
            good.But(more: [0]), good.But(more: CredProtect), .. Rubbish.Select(more => good.But(flags: 0x85, more: more)), good.But(credential: []), good.But(key: key => key[..^1]), good.But(key: key => { key[4] = 0x27; return key; }), good.But(key: key => { key[20] ^= 1; return key; }),
        ];
        foreach (var one in wrong)
        {
            // A session bears ten wrong ones; each gets its own.
            var session = (await PersonAsync(host)).Token;
            var said = await EnrolAsync(host, session, one);
            Assert.True(said.Code is 403 or 400, $"{Array.IndexOf(wrong, one)}: {said.Code}");
            Assert.Empty((await host.GetAsync(Root, session)).Body!["items"]!.AsArray());
            one.Dispose();
        }
        // Somebody else's challenge.
        var other = await OptionsAsync(host, Root + "/passkey", (await PersonAsync(host)).Token);
        Assert.Equal(403, (await host.PostAsync(Root + "/passkey/confirm", good.Make(other), token)).Code);
        // Too late.
        var late = await OptionsAsync(host, Root + "/passkey", token);
        host.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(403, (await host.PostAsync(Root + "/passkey/confirm", good.Make(late), token)).Code);
        Assert.Equal(200, (await EnrolAsync(host, token, good)).Code);
        // One credential has one owner.
        Assert.Equal(403, (await EnrolAsync(host, (await PersonAsync(host)).Token, good)).Code);
    }

    [Fact]
    public async Task Nothing_wrong_signs_in()
    {
        await using var host = await PeopleHost.StartAsync();
        using var good = new Authenticator();
        using var stranger = new Authenticator();
        var (_, token) = await PersonAsync(host);
        await EnrolAsync(host, token, good);
        async Task<int> UseAsync(Authenticator one, Func<byte[], byte[]>? signature = null) =>
            (await host.PostAsync("/api/v1/sign-in/passkey", new { passkey = one.Use(await OptionsAsync(host, "/api/v1/sign-in/passkey/challenge"), signature) })).Code;
        Authenticator[] wrong =
        [
            stranger, stranger.But(credential: good.Credential), good.But(origin: "https://evil.example"), good.But(site: "evil.example"), good.But(flags: 0x01), good.But(flags: 0x04), good.But(flags: 0x45), good.But(flags: 0x85),
            good.But(says: new() { ["type"] = "webauthn.create" }), good.But(says: new() { ["crossOrigin"] = true }), good.But(more: [0xA0]), good.But(more: CredProtect), .. Rubbish.Select(more => good.But(flags: 0x85, more: more)), good.But(credential: [.. good.Credential, 0]),
        ];
        foreach (var one in wrong)
            Assert.Equal((Array.IndexOf(wrong, one), 400), (Array.IndexOf(wrong, one), await UseAsync(one)));
        foreach (var signature in (Func<byte[], byte[]>[])[s => [], s => s[..^1], s => [.. s, 0], s => { s[^1] ^= 1; return s; }, _ => [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00]])
            Assert.Equal(400, await UseAsync(good, signature));
        Assert.Equal(200, await UseAsync(good));
    }

    [Fact]
    public async Task Without_a_site_there_are_no_passkeys()
    {
        await using var host = await ProductHost.StartAsync();
        Assert.Equal((409, 409), ((await host.PostAsync("/api/v1/sign-in/passkey/challenge")).Code, (await host.PostAsync(Root + "/passkey", null, (await PersonAsync(host)).Token)).Code));
    }
}
