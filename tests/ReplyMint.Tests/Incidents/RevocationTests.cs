using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Incidents;

/// <summary>Sessions, keys and links end for good: at once, for any number, through a crash, and no others (IR-2).</summary>
public sealed class RevocationTests
{
    private static Task<ProductHost> StartAsync(TemporaryFolder? folder = null, FakeTimeProvider? time = null, Tenant? of = null) =>
        ProductHost.StartAsync(folder: folder, time: time, of: of, settings: s => s with { Accounts = new() { SignUp = SignUp.Invite, From = "hello@shop.example", SignInUrl = PeopleHost.Page } });

    private static async Task<int> ReadAsync(ProductHost host, string? token, string? key = null)
    {
        using var client = host.Client(token);
        if (key is not null)
            client.DefaultRequestHeaders.Add("X-API-Key", key);
        using var answer = await client.GetAsync(new Uri("/api/v1/me", UriKind.Relative));
        return (int)answer.StatusCode;
    }

    private static async Task<Revocation> RevokeAsync(ProductHost host, RevocationWish wish)
    {
        var started = await host.Get<RevocationDesk>().StartAsync(wish, Actor.Machine, null, now: false, default);
        return await host.Get<RevocationDesk>().FinishAsync(started!.Id, default);
    }

    [Fact]
    public async Task All_are_out_with_the_first_commit_however_many_there_are()
    {
        await using var host = await StartAsync();
        var tokens = await host.SignInAsync(await host.PersonAsync(Role.Admin));
        var (_, key) = await host.KeyAsync("messages:read");
        Assert.Equal(200, await ReadAsync(host, tokens.AccessToken));
        Assert.Equal(200, await ReadAsync(host, null, key));
        // Nothing is removed yet: the job is for later.
        foreach (var thing in (RevokedThing[])[RevokedThing.Sessions, RevokedThing.Keys])
            Assert.NotNull(await host.Get<RevocationDesk>().StartAsync(new(thing), Actor.Machine, null, now: false, default));
        Assert.Equal(401, await ReadAsync(host, tokens.AccessToken));
        Assert.Equal(401, await ReadAsync(host, null, key));
        Assert.NotEqual(200, (await host.PostAsync("/api/v1/session/refresh", new { refreshToken = tokens.RefreshToken })).Code);
        // Who comes in afterwards stays.
        host.Time.Advance(TimeSpan.FromSeconds(1));
        var later = await host.SignInAsync(await host.PersonAsync(Role.Admin));
        Assert.Equal(200, await ReadAsync(host, later.AccessToken));
        host.Time.Advance(TimeSpan.FromSeconds(25));
        await host.IdleAsync();
        Assert.Equal(200, await ReadAsync(host, later.AccessToken));
        Assert.Empty(await host.Get<Revocations>().ActiveAsync(default));
    }

    [Fact]
    public async Task By_person_by_tenant_and_by_time_others_stay()
    {
        await using var host = await StartAsync();
        var other = await host.Get<Tenants>().AddAsync("other", Actor.Machine, default);
        var (anna, ben, cleo) = (await host.PersonAsync(Role.Admin), await host.PersonAsync(Role.Admin), await host.PersonAsync(Role.Admin, tenant: other.Id));
        var (a, b, c) = ((await host.SignInAsync(anna)).AccessToken, (await host.SignInAsync(ben)).AccessToken, (await host.SignInAsync(cleo, other.Id)).AccessToken);
        Assert.Equal(1, (await RevokeAsync(host, new(RevokedThing.Sessions, User: anna))).Count);
        Assert.Equal((401, 200, 200), (await ReadAsync(host, a), await ReadAsync(host, b), await ReadAsync(host, c)));
        Assert.Equal(1, (await RevokeAsync(host, new(RevokedThing.Sessions, Tenant: other.Id))).Count);
        Assert.Equal((200, 401), (await ReadAsync(host, b), await ReadAsync(host, c)));
        host.Time.Advance(TimeSpan.FromMinutes(1));
        var split = host.Time.GetUtcNow();
        host.Time.Advance(TimeSpan.FromMinutes(1));
        var young = (await host.SignInAsync(anna)).AccessToken;
        Assert.Equal(1, (await RevokeAsync(host, new(RevokedThing.Sessions, From: split))).Count);
        Assert.Equal((200, 401), (await ReadAsync(host, b), await ReadAsync(host, young)));
        Assert.Equal(1, (await RevokeAsync(host, new(RevokedThing.Sessions, Until: split))).Count);
        Assert.Equal(401, await ReadAsync(host, b));
    }

    [Fact]
    public async Task While_one_person_s_sessions_are_being_removed_others_stay_in()
    {
        await using var host = await StartAsync();
        var (anna, ben) = (await host.PersonAsync(Role.Admin), await host.PersonAsync(Role.Admin));
        var (a, b) = ((await host.SignInAsync(anna)).AccessToken, (await host.SignInAsync(ben)).AccessToken);
        // Nothing is removed yet: the job is for later.
        Assert.NotNull(await host.Get<RevocationDesk>().StartAsync(new(RevokedThing.Sessions, User: anna), Actor.Machine, null, now: false, default));
        Assert.Equal((401, 200), (await ReadAsync(host, a), await ReadAsync(host, b)));
    }

    [Fact]
    public async Task A_session_turned_to_another_tenant_is_of_its_person_s_tenants_all_the_same()
    {
        await using var host = await StartAsync();
        var other = await host.Get<Tenants>().AddAsync("other", Actor.Machine, default);
        var user = await host.PersonAsync(Role.Admin, "both@people.example");
        await host.PersonAsync(Role.Admin, "both@people.example", other.Id);
        var token = (await host.SignInAsync(user, other.Id)).AccessToken;
        Assert.Equal(1, (await RevokeAsync(host, new(RevokedThing.Sessions, Tenant: host.Tenant.Id))).Count);
        Assert.Equal(401, await ReadAsync(host, token));
    }

    [Fact]
    public async Task Keys_and_links_end_by_person_and_tenant()
    {
        await using var host = await StartAsync();
        var user = await host.PersonAsync(Role.Admin, "lead@people.example");
        var his = await host.Get<ApiKeys>().CreateAsync(host.Tenant.Id, new ApiKeyWish { Name = "his", Scopes = ["messages:read"] }, user, Actor.Machine, default);
        var (_, machines) = await host.KeyAsync("messages:read");
        Assert.Equal(1, (await RevokeAsync(host, new(RevokedThing.Keys, User: user))).Count);
        Assert.Equal((401, 200), (await ReadAsync(host, null, his.Text), await ReadAsync(host, null, machines)));
        Assert.Equal(1, (await RevokeAsync(host, new(RevokedThing.Keys, Tenant: host.Tenant.Id))).Count);
        Assert.Equal(401, await ReadAsync(host, null, machines));

        var (token, verifier) = await host.LinkAsync("lead@people.example");
        using var admin = await host.ClientAsync(Role.Admin);
        using var invited = await admin.PostAsJsonAsync(new Uri("/api/v1/invitations", UriKind.Relative), new { address = "new@people.example", role = "member" });
        Assert.Equal(HttpStatusCode.Created, invited.StatusCode);
        var invitation = (await host.MailsToAsync("new@people.example"))[0].Secret("invitation");
        Assert.Equal(2, (await RevokeAsync(host, new(RevokedThing.Links, Tenant: host.Tenant.Id))).Count);
        Assert.NotEqual(200, (await host.CompleteAsync(token, verifier)).Code);
        Assert.NotEqual(202, (await host.PostAsync("/api/v1/invitations/accept", new { token = invitation, challenge = SignInLinks.ChallengeOf(verifier) })).Code);
    }

    [Fact]
    public async Task Hundreds_are_removed_page_by_page_and_a_crash_in_between_loses_none()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        var host = await StartAsync(folder, time);
        for (var i = 0; i < 11; i++)
        {
            var user = await host.PersonAsync(Role.Member);
            for (var session = 0; session < 25; session++)
                await host.SignInAsync(user);
        }
        var keeper = await host.SignInAsync(await host.PersonAsync(Role.Admin));
        var started = await host.Get<RevocationDesk>().StartAsync(new(RevokedThing.Sessions, Tenant: host.Tenant.Id), Actor.Machine, null, now: false, default);
        await host.StopAsync();
        // Nobody finished it; the job of the next start does.
        host = await StartAsync(folder, time, host.Tenant);
        time.Advance(TimeSpan.FromSeconds(25));
        var done = await ProductHost.EventuallyAsync(async () => await host.Get<Revocations>().FindAsync(started!.Id, default) is ({ DoneAt: not null } found, _) ? found : null);
        Assert.Equal(276, done.Count);
        Assert.Equal(401, await ReadAsync(host, keeper.AccessToken));
        var left = await host.Get<IStore>().QueryAsync(Table.Main, KeyRing.Installation, new ReplyMint.Storage.Range("session/"), null, default);
        Assert.Empty(left.Items);
        Assert.Contains(await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 100, default), entry => entry.Act == "revoked.sessions" && entry.Target == started!.Id);
        await host.StopAsync();
    }

    [Fact]
    public async Task An_operator_does_it_over_HTTP_and_sees_the_count()
    {
        await using var host = await StartAsync();
        var token = (await host.SignInAsync(await host.PersonAsync(Role.Member))).AccessToken;
        using var client = await host.ClientAsync(Role.Operator);
        using var vague = await client.PostAsJsonAsync(new Uri("/api/v1/revocations", UriKind.Relative), new { thing = "sessions" });
        Assert.Equal(HttpStatusCode.BadRequest, vague.StatusCode);
        using var asked = await client.PostAsJsonAsync(new Uri("/api/v1/revocations", UriKind.Relative), new { thing = "sessions", tenant = host.Tenant.Id });
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        Assert.Equal(401, await ReadAsync(host, token));
        await host.IdleAsync();
        var answer = JsonNode.Parse(await client.GetStringAsync(asked.Headers.Location!))!;
        Assert.Equal(1, (long)answer["count"]!);
        Assert.NotNull(answer["doneAt"]);
    }
}
