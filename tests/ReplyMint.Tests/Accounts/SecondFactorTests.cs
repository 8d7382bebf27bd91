using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>Second factors (AUTH-4): enrolled by their owner only, each code once, asked for where it matters.</summary>
public sealed class SecondFactorTests
{
    private const string Root = "/api/v1/me/second-factor";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static byte[] FromBase32(string text)
    {
        var (bytes, buffer, bits) = (new List<byte>(), 0, 0);
        foreach (var c in text)
        {
            buffer = ((buffer << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(c, StringComparison.Ordinal)) & 0xFFFF;
            if ((bits += 5) >= 8)
                bytes.Add((byte)(buffer >> (bits -= 8)));
        }
        return [.. bytes];
    }

    private static string CodeOf(ProductHost host, byte[] secret, int steps = 0) => Totp.CodeAt(secret, (host.Time.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds) + steps);

    private static async Task<(string Token, string User)> AdminAsync(ProductHost host)
    {
        var user = await host.PersonAsync(Role.Admin);
        return ((await host.SignInAsync(user, factor: false)).AccessToken, user);
    }

    private static string TokenOf(Said proved) => (string)proved.Body!["session"]!["accessToken"]!;

    private static async Task<(byte[] Secret, string Token)> EnrolAsync(ProductHost host, string token)
    {
        var proposal = await host.PostAsync(Root + "/totp", null, token);
        Assert.Equal(200, proposal.Code);
        var secret = FromBase32((string)proposal.Body!["secret"]!);
        var proved = await host.PostAsync(Root + "/totp/confirm", new { code = CodeOf(host, secret) }, token);
        Assert.Equal(200, proved.Code);
        host.Time.Advance(TimeSpan.FromSeconds(Totp.StepSeconds));
        return (secret, TokenOf(proved));
    }

    private static Task<Said> VerifyAsync(ProductHost host, string code, string token) => host.PostAsync(Root + "/verify", new { code }, token);

    /// <summary>A call that only an administrator with a fresh second factor may make.</summary>
    private static async Task<int> ElevatedAsync(ProductHost host, string token) => (await host.PostAsync("/api/v1/domains", new { domain = $"{Guid.NewGuid():N}.example" }, token)).Code;

    [Theory]
    // RFC 6238 appendix B, cut to six digits.
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Codes_are_those_of_the_standard(long at, string expected)
    {
        var secret = Encoding.ASCII.GetBytes("12345678901234567890");
        Assert.Equal(expected, Totp.CodeAt(secret, at / Totp.StepSeconds));
        Assert.Equal("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", Totp.ToBase32(secret));
    }

    [Fact]
    public async Task An_administrator_enrols_an_app_and_then_may_what_needs_it_for_fifteen_minutes()
    {
        await using var host = await PeopleHost.StartAsync();
        var (token, user) = await AdminAsync(host);
        Assert.Equal(403, await ElevatedAsync(host, token));
        (var secret, token) = await EnrolAsync(host, token);
        Assert.Equal(201, await ElevatedAsync(host, token));
        var fresh = (await host.SignInAsync(user, factor: false)).AccessToken;
        Assert.Equal(403, await ElevatedAsync(host, fresh));
        var proved = await VerifyAsync(host, CodeOf(host, secret), fresh);
        Assert.Equal(200, proved.Code);
        fresh = TokenOf(proved);
        Assert.Equal(201, await ElevatedAsync(host, fresh));
        var listed = await host.GetAsync(Root, fresh);
        Assert.Equal("totp", (string?)Assert.Single(listed.Body!["items"]!.AsArray())!["id"]);
        host.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(201, await ElevatedAsync(host, fresh));
        var later = (await host.SignInAsync(user, factor: false)).AccessToken;
        later = TokenOf(await VerifyAsync(host, CodeOf(host, secret), later));
        host.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(201, await ElevatedAsync(host, later));
    }

    [Fact]
    public async Task A_secret_that_was_shown_has_ten_minutes_to_become_a_factor()
    {
        await using var host = await PeopleHost.StartAsync();
        var tokens = await host.SignInAsync(await host.PersonAsync(Role.Admin), factor: false);
        var secret = FromBase32((string)(await host.PostAsync(Root + "/totp", null, tokens.AccessToken)).Body!["secret"]!);
        host.Time.Advance(TimeSpan.FromMinutes(10));
        var token = (string)(await host.PostAsync("/api/v1/session/refresh", new { refreshToken = tokens.RefreshToken })).Body!["accessToken"]!;
        Assert.Equal(409, (await host.PostAsync(Root + "/totp/confirm", new { code = CodeOf(host, secret) }, token)).Code);
    }

    [Fact]
    public async Task A_second_factor_is_fresh_for_fifteen_minutes_and_not_longer()
    {
        await using var host = await PeopleHost.StartAsync();
        var user = await host.PersonAsync(Role.Admin);
        var tokens = await host.SignInAsync(user, factor: true);
        host.Time.Advance(TimeSpan.FromMinutes(15) + TimeSpan.FromSeconds(1));
        var renewed = await host.PostAsync("/api/v1/session/refresh", new { refreshToken = tokens.RefreshToken });
        Assert.Equal(403, await ElevatedAsync(host, (string)renewed.Body!["accessToken"]!));
    }

    [Fact]
    public async Task A_code_counts_once_however_many_send_it_at_a_time()
    {
        await using var host = await PeopleHost.StartAsync();
        var (token, _) = await AdminAsync(host);
        (var secret, token) = await EnrolAsync(host, token);
        var code = CodeOf(host, secret);
        var all = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => VerifyAsync(host, code, token)));
        Assert.Equal(1, all.Count(said => said.Code == 200));
        // The one that counted ended the session that the others were sent in.
        Assert.Equal(5, all.Count(said => said.Code is 403 or 401));
        token = TokenOf(all.Single(said => said.Code == 200));
        // A code of the step before is older than the one that was used, though in its time still.
        Assert.Equal(403, (await VerifyAsync(host, CodeOf(host, secret, -1), token)).Code);
        token = TokenOf(await VerifyAsync(host, CodeOf(host, secret, +1), token));
        host.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(403, (await VerifyAsync(host, CodeOf(host, secret, +2), token)).Code);
        Assert.Equal(403, (await VerifyAsync(host, CodeOf(host, secret, -2), token)).Code);
    }

    [Fact]
    public async Task Who_stole_a_session_can_not_put_in_a_factor_of_his_own_or_take_one_away()
    {
        await using var host = await PeopleHost.StartAsync();
        var (token, user) = await AdminAsync(host);
        await EnrolAsync(host, token);
        var stolen = (await host.SignInAsync(user, factor: false)).AccessToken;
        foreach (var said in (Said[])[
            await host.PostAsync(Root + "/totp", null, stolen), await host.PostAsync(Root + "/totp/confirm", new { code = "123456" }, stolen),
            await host.PostAsync(Root + "/recovery-codes", null, stolen), await host.SendAsync(HttpMethod.Delete, Root + "/totp", null, stolen)])
            Assert.Equal(403, said.Code);
        // The first one asks for a fresh sign-in.
        var (young, _) = await AdminAsync(host);
        var old = await host.SignInAsync(await host.PersonAsync(Role.Admin), factor: false);
        host.Time.Advance(TimeSpan.FromMinutes(16));
        var renewed = await host.PostAsync("/api/v1/session/refresh", new { refreshToken = old.RefreshToken });
        Assert.Equal(403, (await host.PostAsync(Root + "/totp", null, (string)renewed.Body!["accessToken"]!)).Code);
        Assert.NotEqual(young, old.AccessToken);
    }

    [Fact]
    public async Task A_recovery_code_stands_in_for_the_app_once()
    {
        await using var host = await PeopleHost.StartAsync();
        var (token, user) = await AdminAsync(host);
        Assert.Equal(409, (await host.PostAsync(Root + "/recovery-codes", null, token)).Code);
        (_, token) = await EnrolAsync(host, token);
        var made = await host.PostAsync(Root + "/recovery-codes", null, token);
        var codes = made.Body!["codes"]!.AsArray().Select(c => (string)c!).ToList();
        Assert.Equal(10, codes.Distinct().Count());
        var other = (await host.SignInAsync(user, factor: false)).AccessToken;
        var all = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => VerifyAsync(host, codes[0].ToUpperInvariant().Replace("-", "", StringComparison.Ordinal), other)));
        other = TokenOf(Assert.Single(all, said => said.Code == 200));
        Assert.Equal(201, await ElevatedAsync(host, other));
        var listed = await host.GetAsync(Root, other);
        Assert.Equal(9, (int?)listed.Body!["items"]![1]!["left"]);
        // New ones make the old ones worthless.
        Assert.Equal(200, (await host.PostAsync(Root + "/recovery-codes", null, other)).Code);
        Assert.Equal(403, (await VerifyAsync(host, codes[1], other)).Code);
        var seen = new StringBuilder();
        await foreach (var item in host.Get<IStore>().AllAsync(Table.Main, KeyRing.Installation, "factors/", Ct))
            seen.Append(Encoding.UTF8.GetString(item.Value.Span)).Append(Encoding.UTF8.GetString(item.Sealed.Span));
        Assert.DoesNotContain(codes[2], seen.ToString(), StringComparison.Ordinal);
        // With the last factor the codes go, too.
        Assert.Equal(204, (await host.SendAsync(HttpMethod.Delete, Root + "/totp", null, other)).Code);
        Assert.Empty((await host.GetAsync(Root, other)).Body!["items"]!.AsArray());
        Assert.Equal(404, (await host.SendAsync(HttpMethod.Delete, Root + "/totp", null, other)).Code);
    }

    [Fact]
    public async Task A_session_that_guesses_ends_and_its_person_can_still_come_in()
    {
        await using var host = await PeopleHost.StartAsync();
        var (token, user) = await AdminAsync(host);
        var (secret, _) = await EnrolAsync(host, token);
        var guesser = (await host.SignInAsync(user, factor: false)).AccessToken;
        var good = CodeOf(host, secret);
        var wrong = Enumerable.Range(0, 20).Select(i => i.ToString("D6", System.Globalization.CultureInfo.InvariantCulture)).Where(c => c != good && c != CodeOf(host, secret, 1) && c != CodeOf(host, secret, -1)).ToList();
        foreach (var code in wrong.Take(10))
            Assert.Equal(403, (await VerifyAsync(host, code, guesser)).Code);
        Assert.Equal(401, (await VerifyAsync(host, good, guesser)).Code);
        var alert = Assert.Single(await host.Get<Alerts>().NewestAsync(10, Ct), a => a.Kind == "second-factor-guessing");
        Assert.Equal(user, alert.Subject);
        Assert.Equal(200, (await VerifyAsync(host, good, (await host.SignInAsync(user, factor: false)).AccessToken)).Code);
    }

    [Fact]
    public async Task What_is_lost_the_operator_takes_away_and_the_person_enrols_anew()
    {
        await using var host = await PeopleHost.StartAsync();
        var (token, user) = await AdminAsync(host);
        await EnrolAsync(host, token);
        Assert.True(await host.Get<SecondFactors>().ResetAsync(user, Actor.Machine, Ct));
        Assert.Contains(await host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 5, Ct), e => e.Act == "second-factor.reset" && e.Target == user);
        var fresh = (await host.SignInAsync(user, factor: false)).AccessToken;
        Assert.Empty((await host.GetAsync(Root, fresh)).Body!["items"]!.AsArray());
        (_, fresh) = await EnrolAsync(host, fresh);
        Assert.Equal(201, await ElevatedAsync(host, fresh));
    }

    [Theory]
    [InlineData("")]
    [InlineData("12345")]
    [InlineData("１２３４５６")]
    [InlineData("123456 ")]
    [InlineData("123456\u0000")]
    [InlineData("000000000000000000000000000000000")]
    public async Task Codes_of_another_form_are_no_codes(string code)
    {
        await using var host = await PeopleHost.StartAsync();
        var (token, _) = await AdminAsync(host);
        (_, token) = await EnrolAsync(host, token);
        Assert.InRange((await VerifyAsync(host, code, token)).Code, 400, 403);
    }

    [Fact]
    public async Task Acts_on_factors_are_in_the_audit_log_of_the_tenant()
    {
        await using var host = await PeopleHost.StartAsync();
        var (token, user) = await AdminAsync(host);
        (_, token) = await EnrolAsync(host, token);
        await host.SendAsync(HttpMethod.Delete, Root + "/totp", null, token);
        var acts = (await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 10, Ct)).Where(e => e.Actor == user).Select(e => e.Act).ToList();
        Assert.Contains("second-factor.add", acts);
        Assert.Contains("second-factor.remove", acts);
    }
}
