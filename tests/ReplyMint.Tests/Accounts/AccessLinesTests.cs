using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Tests.Incidents;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Security;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>Who proved himself, who tried in vain and who was refused stands in the log, by ids and marks (ASVS V16.3.1, V16.3.2).</summary>
public sealed class AccessLinesTests : IAsyncDisposable
{
    private const string Address = "mia@shop.example";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly LogLines _lines = new();
    private ProductHost _host = null!;

    private async Task StartAsync() => _host = await PeopleHost.StartAsync(services: services => services.AddSingleton<ILoggerProvider>(_lines));

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _lines.Dispose();
    }

    private string Mark => _host.MarkOf("127.0.0.1");

    private int Count(string line) => _lines.All.Count(all => all.Contains(line, StringComparison.Ordinal));

    /// <summary>There is one such line, and it says where from.</summary>
    private void Told(string way, string outcome, string account, string? tenant = null) =>
        Assert.Equal(1, Count($"Proof by {way}: {outcome}, account {account}, tenant {tenant ?? "-"}, network {Mark}"));

    /// <summary>The same for what is written behind the answer, which its reader may have before.</summary>
    private Task<string> SoonAsync(string line) => ProductHost.EventuallyAsync(() => Task.FromResult(Count(line) == 1 ? line : null));

    [Fact]
    public async Task Each_way_in_leaves_a_line_good_or_bad_and_no_address()
    {
        await StartAsync();
        var user = await _host.PersonAsync(Role.Admin, Address);
        var named = _host.Get<SecurityEvents>().NameOf(Address);

        // By a link.
        var (link, verifier) = await _host.LinkAsync(Address);
        Told(Way.Link, "asked", named);
        Assert.Equal(400, (await _host.CompleteAsync(link[..^1] + (link[^1] == '0' ? '1' : '0'), verifier)).Code);
        Told(Way.Link, "refused", "-");
        var said = await _host.CompleteAsync(link, verifier);
        Assert.Equal(200, said.Code);
        Told(Way.Link, "accepted", user, _host.Tenant.Id);

        // By what it gave.
        var (token, refresh) = ((string)said.Body!["accessToken"]!, (string)said.Body["refreshToken"]!);
        Assert.Equal(200, (await _host.GetAsync("/api/v1/me", token)).Code);
        Told(Way.Token, "accepted", user, _host.Tenant.Id);
        Assert.Equal(401, (await _host.GetAsync("/api/v1/me", "ey.ey.ey")).Code);
        Told(Way.Token, "refused", "-");
        Assert.Equal(200, (await _host.RefreshAsync(refresh)).Code);
        Told(Way.Refresh, "accepted", user, _host.Tenant.Id);

        // By a second factor, which he has not.
        Assert.Equal(403, (await _host.PostAsync("/api/v1/me/second-factor/verify", new { code = await WrongAfterEnrollingAsync(user) }, token)).Code);
        Told(Way.App, "refused", user);
        Assert.Equal(403, (await _host.PostAsync("/api/v1/me/second-factor/verify", new { code = "abcdefg-abcdefg-abcdefg" }, token)).Code);
        Told(Way.Recovery, "refused", user);

        // The copy of a spent token, which ends the session; and what that session gave.
        Assert.Equal(401, (await _host.RefreshAsync(refresh)).Code);
        Told(Way.Refresh, "spent", user, _host.Tenant.Id);
        Assert.Equal(401, (await _host.GetAsync("/api/v1/me", token)).Code);
        Told(Way.Token, "ended", user, _host.Tenant.Id);
        Assert.Equal(401, (await _host.RefreshAsync("nonsense")).Code);
        Told(Way.Refresh, "malformed", "-");

        foreach (var secret in (string[])["mia", "shop.example", link, verifier, token, refresh, "abcdefg", "nonsense", "127.0.0.1"])
            Assert.DoesNotContain(_lines.All, line => line.Contains("Proof by", StringComparison.Ordinal) && line.Contains(secret, StringComparison.Ordinal));
    }

    /// <summary>An app's secret in the store, and a code that is none of it.</summary>
    private async Task<string> WrongAfterEnrollingAsync(string user)
    {
        var factors = _host.Get<SecondFactors>();
        var secret = await factors.ProposeTotpAsync(user, Ct);
        var step = _host.Time.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds;
        var caller = new Caller(CallerKind.User, user, _host.Tenant.Id, Permissions.Of(Role.Admin));
        Assert.Equal(FactorResult.Done, await factors.ConfirmTotpAsync(caller, Totp.CodeAt(secret, step), Ct));
        return Enumerable.Range(0, 9).Select(i => $"00000{i}").First(code => !Enumerable.Range(-3, 7).Any(off => Totp.CodeAt(secret, step + off) == code));
    }

    [Fact]
    public async Task Keys_passkeys_and_webhooks_leave_lines_and_who_brings_nothing_leaves_none()
    {
        await StartAsync();
        var (key, text) = await _host.KeyAsync("me:read");
        Assert.Equal(200, await _host.AskAsync("/api/v1/me", "127.0.0.1", text));
        Told(Way.Key, "accepted", key.Id, _host.Tenant.Id);
        Assert.Equal(401, await _host.AskAsync("/api/v1/me", "127.0.0.1", Detected.WrongKey(key.Id)));
        Told(Way.Key, "refused", key.Id);
        var before = Count("Proof by");
        Assert.Equal(401, await Detected.AskAsync(_host, "/api/v1/me", "127.0.0.1"));
        Assert.Equal(before, Count("Proof by"));

        using var forged = new FormUrlEncodedContent([new("timestamp", "1"), new("token", "t"), new("signature", "s")]);
        Assert.Equal(401, await _host.AskAsync("/webhooks/mailgun/inbound", "127.0.0.1", method: HttpMethod.Post, body: forged));
        await SoonAsync($"Proof by {Way.Webhook}: refused, account {_host.Get<SecurityEvents>().NameOf("mailgun")}, tenant -, network {Mark}");
        using var stranger = new Authenticator();
        var options = (await _host.PostAsync("/api/v1/sign-in/passkey/challenge")).Body!;
        Assert.Equal(400, (await _host.PostAsync("/api/v1/sign-in/passkey", new { passkey = stranger.Use(options) })).Code);
        Told(Way.Passkey, "refused", "-");
    }

    [Fact]
    public async Task What_a_proved_caller_was_refused_leaves_a_line_with_the_right_and_the_route()
    {
        await StartAsync();
        var (key, text) = await _host.KeyAsync("me:read");
        Assert.Equal(403, await _host.AskAsync("/api/v1/messages", "127.0.0.1", text));
        await SoonAsync($"Refused: caller {key.Id}, tenant {_host.Tenant.Id}, right messages:read, route /api/v1/messages, status 403, network {Mark}");

        // No fresh factor, and what is not his.
        var user = await _host.PersonAsync(Role.Admin);
        var token = (await _host.SignInAsync(user, factor: false)).AccessToken;
        Assert.Equal(403, (await _host.PostAsync("/api/v1/keys", new { name = "x", scopes = new[] { "me:read" } }, token)).Code);
        await SoonAsync($"Refused: caller {user}, tenant {_host.Tenant.Id}, right keys:write, route /api/v1/keys, status 403");
        Assert.Equal(404, (await _host.GetAsync("/api/v1/messages/m00000000000000000000", token)).Code);
        await SoonAsync($"Refused: caller {user}, tenant {_host.Tenant.Id}, right -, route /api/v1/messages/{{id}}, status 404");
    }

    [Fact]
    public async Task A_flood_is_cut_and_the_number_left_out_is_told_while_good_ones_are_still_told()
    {
        await StartAsync();
        for (var i = 0; i < AccessLines.MostOfNetwork + 5; i++)
            Assert.InRange(await _host.AskAsync("/api/v1/me", "127.0.0.1", Detected.WrongKey()), 401, 429);
        Assert.Equal(AccessLines.MostOfNetwork, Count("Proof by api-key: "));
        var (key, _) = await _host.KeyAsync("me:read");
        _host.Get<AccessLines>().Proof(System.Net.IPAddress.Loopback, Way.Key, "accepted", key.Id);
        Assert.Equal(1, Count($"Proof by api-key: accepted, account {key.Id}"));
        Assert.Equal(0, Count("were left out"));
        _host.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, Count($"5 more lines of the kind failed-proof from network {Mark} within a minute were left out"));
    }

    [Fact]
    public async Task A_flood_from_everywhere_is_cut_too()
    {
        await StartAsync();
        var lines = _host.Get<AccessLines>();
        for (var i = 0; i < 2 * AccessLines.Most; i++)
            lines.Proof(new System.Net.IPAddress([93, 184, (byte)(i >> 8), (byte)i]), Way.Key, "refused", null);
        Assert.Equal(AccessLines.Most, Count("Proof by api-key: refused"));
        lines.Tell();
        Assert.Equal(AccessLines.Most, _lines.All.Where(line => line.Contains("were left out", StringComparison.Ordinal))
            .Sum(line => int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)));
    }
}
