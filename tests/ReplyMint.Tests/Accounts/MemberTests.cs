using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>Who belongs to a tenant, and who may change that (AUTH-4, AUTH-5).</summary>
public sealed class MemberTests
{
    private const string Root = "/api/v1/members";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static async Task<(string User, string Token)> PersonAsync(ProductHost host, Role role, string? tenant = null)
    {
        var user = await host.PersonAsync(role, tenant: tenant);
        return (user, (await host.SignInAsync(user, tenant)).AccessToken);
    }

    private static async Task<Said> PutAsync(ProductHost host, string user, object body, string token) =>
        await host.SendAsync(HttpMethod.Put, $"{Root}/{user}", body, token, (await host.GetAsync($"{Root}/{user}", token)).Message.Headers.ETag?.Tag);

    [Fact]
    public async Task A_person_says_what_he_is_called_and_the_audit_log_does_not()
    {
        await using var host = await PeopleHost.StartAsync();
        var (_, admin) = await PersonAsync(host, Role.Admin);
        var (user, token) = await PersonAsync(host, Role.Member);
        var named = await host.SendAsync(HttpMethod.Put, "/api/v1/me/name", new { name = " Berta Grün " }, token);
        Assert.Equal((200, "Berta Grün"), (named.Code, (string?)named.Body!["name"]));
        Assert.Equal("Berta Grün", (string?)(await host.GetAsync($"{Root}/{user}", admin)).Body!["name"]);
        var act = (await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 1, Ct))[0];
        Assert.Equal(("user.name", user, user, null), (act.Act, act.Actor, act.Target, act.Details));
        foreach (var wrong in (object[])[new { name = "two\nlines" }, new { name = new string('x', 101) }, new { }])
            Assert.Equal(400, (await host.SendAsync(HttpMethod.Put, "/api/v1/me/name", wrong, token)).Code);
        Assert.Null((await host.SendAsync(HttpMethod.Put, "/api/v1/me/name", new { name = "" }, token)).Body!["name"]);
        // A key is nobody with a name of his own.
        using var key = await host.KeyClientAsync("messages:read");
        using var refused = await key.PutAsync(new Uri("/api/v1/me/name", UriKind.Relative), System.Net.Http.Json.JsonContent.Create(new { name = "Key" }), Ct);
        Assert.Equal(403, (int)refused.StatusCode);
    }

    [Fact]
    public async Task An_administrator_reads_and_changes_members()
    {
        await using var host = await PeopleHost.StartAsync();
        var (admin, token) = await PersonAsync(host, Role.Admin);
        var (member, _) = await PersonAsync(host, Role.Member);
        var first = await host.GetAsync(Root + "?limit=1", token);
        var next = (string)first.Body!["next"]!;
        var second = await host.GetAsync($"{Root}?limit=1&cursor={next}", token);
        Assert.Equal(new[] { admin, member }.Order(StringComparer.Ordinal), new[] { first, second }.Select(page => (string)page.Body!["items"]![0]!["user"]!));
        var changed = await PutAsync(host, member, new { role = "member", mailboxes = new[] { host.Mailbox.Id } }, token);
        Assert.Equal(200, changed.Code);
        Assert.Equal(host.Mailbox.Id, (string?)changed.Body!["mailboxes"]![0]);
        Assert.Equal((428, 412), ((await host.SendAsync(HttpMethod.Put, $"{Root}/{member}", new { role = "admin" }, token)).Code,
            (await host.SendAsync(HttpMethod.Put, $"{Root}/{member}", new { role = "admin" }, token, "\"1\"")).Code));
        Assert.Equal(400, (await PutAsync(host, member, new { role = "member", mailboxes = new[] { "m-of-others" } }, token)).Code);
        Assert.Contains((await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 5, Ct)), e => e.Act == "member.change" && e.Actor == admin && e.Target == member);
    }

    [Fact]
    public async Task Only_an_administrator_with_a_second_factor_gives_roles_and_nobody_gives_the_operators()
    {
        await using var host = await PeopleHost.StartAsync();
        var (admin, token) = await PersonAsync(host, Role.Admin);
        var bare = (await host.SignInAsync(admin, factor: false)).AccessToken;
        Assert.Equal(403, (await PutAsync(host, admin, new { role = "admin" }, bare)).Code);
        foreach (var role in (Role[])[Role.Member, Role.Auditor])
        {
            var (user, own) = await PersonAsync(host, role);
            Assert.Equal(403, (await PutAsync(host, user, new { role = "admin" }, own)).Code);
            Assert.Equal(403, (await host.SendAsync(HttpMethod.Delete, $"{Root}/{admin}", null, own)).Code);
            Assert.Equal(403, (await host.PostAsync("/api/v1/invitations", new { address = "x@people.example", role = "admin" }, own)).Code);
            foreach (var word in (object[])["operator", "owner", 3])
                Assert.Equal(400, (await PutAsync(host, user, new { role = word }, token)).Code);
        }
        var (_, operatorToken) = await PersonAsync(host, Role.Operator, KeyRing.Installation);
        Assert.Equal(403, (await host.GetAsync(Root, operatorToken)).Code);
    }

    [Fact]
    public async Task The_last_administrator_stays_also_when_two_remove_each_other_at_once()
    {
        await using var host = await PeopleHost.StartAsync();
        var (one, oneToken) = await PersonAsync(host, Role.Admin);
        Assert.Equal(409, (await PutAsync(host, one, new { role = "member" }, oneToken)).Code);
        Assert.Equal(409, (await host.SendAsync(HttpMethod.Delete, $"{Root}/{one}", null, oneToken)).Code);
        for (var round = 0; round < 5; round++)
        {
            var (two, twoToken) = await PersonAsync(host, Role.Admin);
            var both = await Task.WhenAll(
                host.SendAsync(HttpMethod.Delete, $"{Root}/{two}", null, oneToken), host.SendAsync(HttpMethod.Delete, $"{Root}/{one}", null, twoToken));
            Assert.Equal(1, both.Count(said => said.Code == 204));
            Assert.Single(await host.Get<Members>().ListAsync(host.Tenant.Id, Ct), member => member.Role == Role.Admin);
            if (both[1].Code == 204)
                (one, oneToken) = (two, twoToken);
        }
    }

    [Fact]
    public async Task A_foreign_member_is_as_unknown_as_a_random_one()
    {
        await using var host = await PeopleHost.StartAsync();
        var other = await host.Get<Tenants>().AddAsync("other", Actor.Machine, Ct);
        var (foreign, _) = await PersonAsync(host, Role.Member, other.Id);
        var (_, token) = await PersonAsync(host, Role.Admin);
        foreach (var id in (string[])[foreign, "u0000000000000000000"])
        {
            Assert.Equal(404, (await host.GetAsync($"{Root}/{id}", token)).Code);
            Assert.Equal(404, (await host.SendAsync(HttpMethod.Put, $"{Root}/{id}", new { role = "admin" }, token, "\"1\"")).Code);
            Assert.Equal(404, (await host.SendAsync(HttpMethod.Delete, $"{Root}/{id}", null, token)).Code);
        }
    }

    [Fact]
    public async Task A_removed_member_is_out_with_his_session_and_his_keys()
    {
        await using var host = await PeopleHost.StartAsync();
        var (_, token) = await PersonAsync(host, Role.Admin);
        var (gone, goneToken) = await PersonAsync(host, Role.Admin);
        var key = (await host.PostAsync("/api/v1/keys", new { name = "mine", scopes = new[] { "drafts:read" } }, goneToken)).Body!;
        async Task<(int, int)> AskAsync()
        {
            using var client = host.Client();
            client.DefaultRequestHeaders.Add("X-API-Key", (string)key["secret"]!);
            using var answer = await client.GetAsync(new Uri("/api/v1/me", UriKind.Relative), Ct);
            return ((await host.GetAsync("/api/v1/me", goneToken)).Code, (int)answer.StatusCode);
        }
        Assert.Equal((200, 200), await AskAsync());
        Assert.Equal(204, (await host.SendAsync(HttpMethod.Delete, $"{Root}/{gone}", null, token)).Code);
        Assert.Equal((401, 401), await AskAsync());
        var entry = (await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 1, Ct))[0];
        Assert.Equal(("member.remove", gone), (entry.Act, entry.Target));
    }

    private static async Task<(string Id, string Secret)> KeyAsync(ProductHost host, string token)
    {
        var made = (await host.PostAsync("/api/v1/keys", new { name = "mine", scopes = new[] { "drafts:read" } }, token)).Body!;
        return ((string)made["key"]!["id"]!, (string)made["secret"]!);
    }

    private static async Task<int> WithAsync(ProductHost host, string secret)
    {
        using var client = host.Client();
        client.DefaultRequestHeaders.Add("X-API-Key", secret);
        using var answer = await client.GetAsync(new Uri("/api/v1/me", UriKind.Relative), Ct);
        return (int)answer.StatusCode;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_an_administrator_had_in_his_hands_works_never_again_when_he_is_one_again_or_a_colleague_rotates_it(bool removed)
    {
        await using var host = await PeopleHost.StartAsync();
        var (_, token) = await PersonAsync(host, Role.Admin);
        var user = await host.PersonAsync(Role.Admin, "mia@people.example");
        var session = await host.SignInAsync(user);
        var (left, taken, shared) = (await KeyAsync(host, session.AccessToken), await KeyAsync(host, session.AccessToken), await KeyAsync(host, session.AccessToken));
        var sharedNow = (string)(await host.PostAsync($"/api/v1/keys/{shared.Id}/rotate", new { }, token)).Body!["secret"]!;
        Assert.Equal((200, 200, 200, 200), (await WithAsync(host, left.Secret), await WithAsync(host, taken.Secret), await WithAsync(host, shared.Secret), await WithAsync(host, sharedNow)));

        Assert.Equal(removed ? 204 : 200, (removed ? await host.SendAsync(HttpMethod.Delete, $"{Root}/{user}", null, token) : await PutAsync(host, user, new { role = "member" }, token)).Code);
        Assert.Equal((401, 401, 401, 200), (await WithAsync(host, left.Secret), await WithAsync(host, taken.Secret), await WithAsync(host, shared.Secret), await WithAsync(host, sharedNow)));
        Assert.False((bool)(await host.GetAsync("/api/v1/keys/" + left.Id, token)).Body!["works"]!);
        var rotated = (await host.PostAsync($"/api/v1/keys/{taken.Id}/rotate", new { overlapHours = 48 }, token)).Body!;
        Assert.Equal((true, null), ((bool)rotated["key"]!["works"]!, (string?)rotated["key"]!["overlapUntil"]));
        Assert.Equal((401, 200), (await WithAsync(host, taken.Secret), await WithAsync(host, (string)rotated["secret"]!)));

        host.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(user, await host.PersonAsync(Role.Admin, "mia@people.example"));
        host.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal((401, 401, 401), (await WithAsync(host, left.Secret), await WithAsync(host, taken.Secret), await WithAsync(host, shared.Secret)));
        // Who was only demoted never left: his session went on, with a member's rights.
        Assert.Equal(removed ? 401 : 200, (await host.GetAsync("/api/v1/me", session.AccessToken)).Code);
        Assert.Equal(removed ? 401 : 200, (await host.PostAsync("/api/v1/session/refresh", new { refreshToken = session.RefreshToken })).Code);
        var fresh = await host.SignInAsync(user);
        Assert.Equal(200, (await host.GetAsync("/api/v1/keys", fresh.AccessToken)).Code);
        Assert.Equal(200, await WithAsync(host, (await KeyAsync(host, fresh.AccessToken)).Secret));
    }
}
