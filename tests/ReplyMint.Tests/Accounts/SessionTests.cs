using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>Sessions of people (AUTH-2): what a token opens, and everything that ends it.</summary>
public sealed class SessionTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_shows_who_its_person_is_and_in_which_tenant()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Member, "mia@shop.example", mailboxes: [host.Mailbox.Id]);
        var tokens = await host.SignInAsync(user);
        using var client = host.Client(tokens.AccessToken);
        var me = JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/me", UriKind.Relative), Ct))!;
        Assert.Equal(("user", user, host.Tenant.Id, "mia@shop.example", "member", tokens.Session),
            ((string?)me["kind"], (string?)me["id"], (string?)me["tenant"], (string?)me["address"], (string?)me["role"], (string?)me["session"]));
        Assert.Equal(host.Mailbox.Id, (string?)Assert.Single(me["mailboxes"]!.AsArray()));
        Assert.Contains("drafts:write", me["permissions"]!.AsArray().Select(p => (string?)p));
    }

    [Fact]
    public async Task A_token_lives_ten_minutes_and_not_a_moment_longer()
    {
        await using var host = await ProductHost.StartAsync();
        var token = (await host.SignInAsync(await host.PersonAsync(Role.Member))).AccessToken;
        host.Time.Advance(AccessTokens.Lifetime - TimeSpan.FromMilliseconds(1));
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync(token));
        host.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.AskAsync(token));
    }

    [Fact]
    public async Task An_operators_role_counts_in_the_installation_alone_and_no_other_role_does_there()
    {
        await using var host = await ProductHost.StartAsync();
        foreach (var (role, tenant) in ((Role, string)[])[(Role.Operator, host.Tenant.Id), (Role.Admin, KeyRing.Installation)])
            Assert.Equal(HttpStatusCode.Unauthorized, await host.AskAsync((await host.SignInAsync(await host.PersonAsync(role, tenant: tenant), tenant)).AccessToken));
    }

    [Fact]
    public async Task A_refresh_gives_a_new_pair_and_the_old_one_ends_the_family()
    {
        await using var host = await ProductHost.StartAsync();
        var first = await host.SignInAsync(await host.PersonAsync(Role.Member));
        var (status, second, _) = await host.RefreshAsync(first.RefreshToken!);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(("Bearer", 600), ((string?)second!["tokenType"], (int)second["expiresIn"]!));
        var (_, third, _) = await host.RefreshAsync((string)second["refreshToken"]!);
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync((string)third!["accessToken"]!));

        // Somebody kept a copy: neither he nor the person stays.
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.RefreshAsync(first.RefreshToken!)).Status);
        foreach (var token in new[] { first.AccessToken, (string)second["accessToken"]!, (string)third["accessToken"]! })
            Assert.Equal(HttpStatusCode.Unauthorized, await host.AskAsync(token));
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.RefreshAsync((string)third["refreshToken"]!)).Status);
        Assert.Equal("session.reuse", (await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 1, Ct))[0].Act);
        Assert.Contains(await host.Get<Alerts>().NewestAsync(10, Ct), alert => alert.Kind == "refresh-token-reuse" && alert.Subject == first.Session);
    }

    [Fact]
    public async Task Of_many_uses_at_once_one_at_most_succeeds()
    {
        await using var host = await ProductHost.StartAsync();
        var tokens = await host.SignInAsync(await host.PersonAsync(Role.Member));
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => host.RefreshAsync(tokens.RefreshToken!)));
        Assert.InRange(answers.Count(answer => answer.Status == HttpStatusCode.OK), 0, 1);
        Assert.All(answers, answer => Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Unauthorized));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.AskAsync(tokens.AccessToken));
    }

    [Theory]
    [InlineData("rm_refresh_")]
    [InlineData("nonsense")]
    [InlineData("rm_refresh_0000000000000000000000000000000000000000000000000000")]
    public async Task What_is_no_refresh_token_refreshes_nothing(string token)
    {
        await using var host = await ProductHost.StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.RefreshAsync(token)).Status);
        // An access token is none either, nor the other way round.
        var tokens = await host.SignInAsync(await host.PersonAsync(Role.Member));
        Assert.NotEqual(HttpStatusCode.OK, (await host.RefreshAsync(tokens.AccessToken)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, await host.AskAsync(tokens.RefreshToken!));
    }

    [Fact]
    public async Task A_session_idles_out_and_ends_by_its_age()
    {
        using var folder = new TemporaryFolder();
        var start = new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
        var host = await ProductHost.StartAsync(folder: folder, time: new(start));
        var tenant = host.Tenant;
        var user = await host.PersonAsync(Role.Member);
        var (idle, busy) = (await host.SignInAsync(user), await host.SignInAsync(user));
        var token = busy.RefreshToken!;
        foreach (var (day, alive) in new[] { (6, true), (12, true), (18, true), (24, true), (29, true), (30, false) })
        {
            await host.StopAsync();
            host = await ProductHost.StartAsync(folder: folder, time: new(start.AddDays(day)), of: tenant);
            var (status, body, _) = await host.RefreshAsync(token);
            Assert.Equal((day, alive), (day, status == HttpStatusCode.OK));
            if (alive)
                token = (string)body!["refreshToken"]!;
            if (day == 12)
                Assert.Equal(HttpStatusCode.Unauthorized, (await host.RefreshAsync(idle.RefreshToken!)).Status);
        }
        Assert.Empty(await host.Get<Sessions>().ListAsync(user, Ct));
        await host.StopAsync();
    }

    [Fact]
    public async Task Signing_out_ends_this_session_and_everywhere_all()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Member);
        var (a, b, c) = (await host.SignInAsync(user), await host.SignInAsync(user), await host.SignInAsync(user));
        var stranger = await host.SignInAsync(await host.PersonAsync(Role.Member));
        Assert.Equal(HttpStatusCode.NoContent, await host.DeleteAsync("/api/v1/session", a.AccessToken));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await host.AskAsync(a.AccessToken), await host.AskAsync(b.AccessToken)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.RefreshAsync(a.RefreshToken!)).Status);
        // Somebody else's session is not there for him.
        Assert.Equal(HttpStatusCode.NotFound, await host.DeleteAsync("/api/v1/me/sessions/" + stranger.Session, b.AccessToken));
        Assert.Equal(HttpStatusCode.NoContent, await host.DeleteAsync("/api/v1/me/sessions/" + c.Session, b.AccessToken));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.AskAsync(c.AccessToken));
        var d = await host.SignInAsync(user);
        Assert.Equal(HttpStatusCode.NoContent, await host.DeleteAsync("/api/v1/me/sessions", d.AccessToken));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await host.AskAsync(b.AccessToken), await host.AskAsync(d.AccessToken)));
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync(stranger.AccessToken));
    }

    [Fact]
    public async Task A_person_has_so_many_sessions_and_the_one_not_seen_longest_goes()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Member);
        var first = await host.SignInAsync(user);
        host.Time.Advance(TimeSpan.FromSeconds(5));
        for (var i = 1; i < Sessions.MaxPerUser; i++)
            await host.SignInAsync(user);
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync(first.AccessToken));
        await host.SignInAsync(user);
        Assert.Equal(Sessions.MaxPerUser, (await host.Get<Sessions>().ListAsync(user, Ct)).Count);
        host.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.AskAsync(first.AccessToken));
        Assert.Equal(Sessions.MaxPerUser, await host.Get<Sessions>().EndAllAsync(user, new Actor(user), Ct));
    }

    [Fact]
    public async Task Signing_out_everywhere_ends_also_what_began_in_many_tenants_at_one_moment()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Member, "many@shop.example");
        // Each of them saw none of the others, so the bound of a person's sessions held none of them back.
        var starts = new List<(Commit Commit, SessionStart Start)>();
        for (var i = 0; i < 40; i++)
        {
            var tenant = (await host.Get<Tenants>().AddAsync($"Tenant {i}", Actor.Machine, Ct)).Id;
            await host.PersonAsync(Role.Member, "many@shop.example", tenant);
            var commit = new Commit();
            starts.Add((commit, await host.Get<Sessions>().StartAsync(commit, user, tenant, null, new SessionClient("test", null), Ct)));
        }
        foreach (var (commit, _) in starts)
            await host.Get<IStore>().CommitAsync(commit, Ct);
        var tokens = new List<SessionTokens>();
        foreach (var (_, start) in starts)
            tokens.Add(await host.Get<TokenDesk>().WelcomeAsync(start, Ct));
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync(tokens[^1].AccessToken));
        Assert.Equal(HttpStatusCode.NoContent, await host.DeleteAsync("/api/v1/me/sessions", tokens[0].AccessToken));
        Assert.Empty(await host.Get<Sessions>().ListAsync(user, Ct));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await host.AskAsync(tokens[0].AccessToken), await host.AskAsync(tokens[^1].AccessToken)));
        Assert.Equal(tokens[^1].Session, Assert.Single(await host.Get<AuditLog>().NewestAsync(tokens[^1].Tenant, 9, Ct), entry => entry.Act == "session.end-all").Details!["sessions"]);
    }

    [Fact]
    public async Task One_persons_changes_make_nobody_elses_credential_be_read_anew()
    {
        await using var host = await ProductHost.StartAsync();
        var tokens = await host.SignInAsync(await host.PersonAsync(Role.Member));
        var keys = new List<HttpClient>();
        for (var i = 0; i < 5; i++)
        {
            var (key, text) = await host.KeyAsync("messages:read");
            var client = host.Client();
            client.DefaultRequestHeaders.Add("X-API-Key", text);
            keys.Add(client);
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/api/v1/me", UriKind.Relative), Ct)).StatusCode);
            // As another process would, which this one does not hear of: whoever is asked anew is refused.
            await host.Get<IStore>().CommitAsync(new Commit().Delete(ItemKey.Main(host.Tenant.Id, "key/" + key.Id)), Ct);
        }
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/api/v1/me/tenant", new { tenant = host.Tenant.Id }, tokens.AccessToken)).Status);
        var kept = 0;
        foreach (var client in keys)
            using (client)
                kept += (await client.GetAsync(new Uri("/api/v1/usage", UriKind.Relative), Ct)).StatusCode == HttpStatusCode.Forbidden ? 1 : 0;
        // Groups of ids share a count, so one of them may be read anew by chance.
        Assert.InRange(kept, keys.Count - 1, keys.Count);
    }

    [Fact]
    public async Task A_person_sees_his_sessions_and_nobody_reads_them_in_the_store()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Member);
        var tokens = await host.SignInAsync(user);
        using var client = host.Client(tokens.AccessToken);
        using (var refresh = new HttpRequestMessage(HttpMethod.Post, "/api/v1/session/refresh") { Content = JsonContent.Create(new { refreshToken = tokens.RefreshToken }) })
        {
            refresh.Headers.TryAddWithoutValidation("User-Agent", "Firefox/150 " + new string('x', 500));
            (await client.SendAsync(refresh, Ct)).EnsureSuccessStatusCode();
        }
        var seen = Assert.Single(JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/me/sessions", UriKind.Relative), Ct))!["items"]!.AsArray())!;
        Assert.Equal((tokens.Session, "127.0.0.1", true), ((string?)seen["id"], (string?)seen["network"], (bool)seen["current"]!));
        Assert.StartsWith("Firefox/150 xxx", (string?)seen["client"], StringComparison.Ordinal);
        Assert.InRange(((string)seen["client"]!).Length, 1, 200);
        await foreach (var item in host.Get<IStore>().AllAsync(Table.Main, KeyRing.Installation, "", Ct))
        {
            var text = item.Key.Sort + System.Text.Encoding.Latin1.GetString(item.Value.Span) + System.Text.Encoding.Latin1.GetString(item.Sealed.Span);
            foreach (var secret in new[] { "Firefox", "127.0.0.1", tokens.RefreshToken![11..] })
                Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Rights_follow_the_role_in_the_store_within_three_seconds()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Admin, "boss@shop.example");
        await host.PersonAsync(Role.Admin);
        var token = (await host.SignInAsync(user)).AccessToken;
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync(token, "/api/v1/keys"));
        await host.PersonAsync(Role.Member, "boss@shop.example");
        host.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.Forbidden, await host.AskAsync(token, "/api/v1/keys"));
        await host.Get<IStore>().RetryAsync((commit, ct) => host.Get<Members>().RemoveAsync(commit, host.Tenant.Id, user, Actor.Machine, ct), Ct);
        host.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.AskAsync(token));
    }

    [Fact]
    public async Task A_session_that_another_process_ended_is_over_within_three_seconds()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Member);
        var tokens = await host.SignInAsync(user);
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync(tokens.AccessToken));
        await host.Get<IStore>().CommitAsync(new Commit().Delete(Sessions.KeyOf(user, tokens.Session)), Ct);
        host.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.AskAsync(tokens.AccessToken));
    }

    [Fact]
    public async Task A_second_factor_counts_at_once_and_for_fifteen_minutes()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Admin);
        var tokens = await host.SignInAsync(user, factor: false);
        var wish = new { name = "Shop", scopes = new[] { "messages:read" } };
        Assert.Equal(HttpStatusCode.Forbidden, (await host.PostAsync("/api/v1/keys", wish, tokens.AccessToken)).Status);
        Caller Of(string session) => new(CallerKind.User, user, host.Tenant.Id, Permissions.Of(Role.Admin)) { Session = session };
        tokens = await host.Get<TokenDesk>().WelcomeAsync((await host.Get<Sessions>().RaiseFactorAsync(Of(tokens.Session), host.Time.GetUtcNow(), Ct))!, Ct);
        var (status, made, _) = await host.PostAsync("/api/v1/keys", wish, tokens.AccessToken);
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.StartsWith("rm_test_", (string?)made!["secret"], StringComparison.Ordinal);
        host.Time.Advance(TimeSpan.FromMinutes(9));
        var next = (string)(await host.RefreshAsync(tokens.RefreshToken!)).Body!["accessToken"]!;
        host.Time.Advance(TimeSpan.FromMinutes(6) + TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Forbidden, (await host.PostAsync("/api/v1/keys", wish, next)).Status);
        Assert.Null(await host.Get<Sessions>().RaiseFactorAsync(Of("s00000000000000000000"), host.Time.GetUtcNow(), Ct));
    }

    [Fact]
    public async Task A_person_turns_to_a_tenant_of_his_and_to_no_other()
    {
        await using var host = await ProductHost.StartAsync();
        var tenants = host.Get<Tenants>();
        var (second, foreign) = (await tenants.AddAsync("Second", Actor.Machine, Ct), await tenants.AddAsync("Foreign", Actor.Machine, Ct));
        var user = await host.PersonAsync(Role.Member, "two@shop.example");
        await host.PersonAsync(Role.Auditor, "two@shop.example", second.Id);
        var tokens = await host.SignInAsync(user);
        Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync("/api/v1/me/tenant", new { tenant = foreign.Id }, tokens.AccessToken)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync("/api/v1/me/tenant", new { tenant = "installation" }, tokens.AccessToken)).Status);
        var (status, turned, _) = await host.PostAsync("/api/v1/me/tenant", new { tenant = second.Id }, tokens.AccessToken);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Null(turned!["refreshToken"]);
        using var client = host.Client((string)turned["accessToken"]!);
        var me = JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/me", UriKind.Relative), Ct))!;
        Assert.Equal((second.Id, "auditor"), ((string?)me["tenant"], (string?)me["role"]));
        var mine = JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/me/tenants", UriKind.Relative), Ct))!["items"]!.AsArray();
        Assert.Equal([("Second", "auditor"), ("shop", "member")], mine.Select(t => ((string?)t!["name"], (string?)t["role"])).Order());
        Assert.Equal(second.Id, (string?)(await host.RefreshAsync(tokens.RefreshToken!)).Body!["tenant"]);
    }
}
