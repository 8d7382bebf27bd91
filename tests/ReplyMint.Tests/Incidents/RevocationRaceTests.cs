using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>What is being made at the very moment of a revocation does not slip behind it (IR-2).</summary>
public sealed class RevocationRaceTests
{
    private const string Lead = "lead@people.example";

    [Fact]
    public async Task A_session_that_was_to_be_stored_while_all_ended_begins_after_that()
    {
        var (host, watched) = await StartAsync(SignUp.Open);
        await using var _ = host;
        // The link is spent on the tenant; the session comes behind it.
        var (token, verifier) = await host.NewTenantLinkAsync(Lead);
        Revocation? ended = null;
        watched.Interrupt("session/", async () => ended = await RevokeAsync(host, RevokedThing.Sessions));
        Assert.Equal(200, (await host.CompleteAsync(token, verifier)).Code);
        var user = (await host.Get<Users>().FindByAddressAsync(Lead, default))!;
        var session = Assert.Single(await host.Get<Sessions>().ListAsync(user.Id, default)).Session;
        Assert.False(ended!.Covers(session.SignedInAt));
    }

    [Fact]
    public async Task A_session_that_is_stored_before_the_revocation_is_ends_with_it()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        var user = await host.PersonAsync(Role.Admin, Lead);
        var (token, verifier) = await host.LinkAsync(Lead);
        var access = "";
        // The revocation looked at the clock by then.
        watched.Interrupt("revocation/", async () =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(1));
            access = (string)(await host.CompleteAsync(token, verifier)).Body!["accessToken"]!;
            Assert.Equal(200, (await host.GetAsync("/api/v1/me", access)).Code);
        });
        await RevokeAsync(host, RevokedThing.Sessions);
        Assert.Equal(401, (await host.GetAsync("/api/v1/me", access)).Code);
        Assert.Empty(await host.Get<Sessions>().ListAsync(user, default));
    }

    [Fact]
    public async Task A_key_that_was_to_be_stored_while_all_ended_is_younger_than_that()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        Revocation? ended = null;
        watched.Interrupt("key/", async () => ended = await RevokeAsync(host, RevokedThing.Keys));
        var (key, text) = await host.KeyAsync("messages:read");
        Assert.False(ended!.Covers(key.Secrets[0].CreatedAt));
        watched.Interrupt("key/", async () => ended = await RevokeAsync(host, RevokedThing.Keys));
        Assert.Null((await host.Get<ApiKeys>().RotateAsync(host.Tenant.Id, key.Id, TimeSpan.Zero, null, Actor.Machine, default)).Key);
        using var program = host.Client();
        program.DefaultRequestHeaders.Add("X-API-Key", text);
        using var answer = await program.GetAsync(new Uri("/api/v1/me", UriKind.Relative));
        Assert.Equal(401, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_link_that_was_to_be_stored_while_all_ended_is_younger_than_that()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        await host.PersonAsync(Role.Admin, Lead);
        var user = (await host.Get<Users>().FindByAddressAsync(Lead, default))!;
        Revocation? ended = null;
        watched.Interrupt("sign-in-link/", async () => ended = await RevokeAsync(host, RevokedThing.Links));
        Assert.NotNull(await host.Get<SignInDesk>().MakeAsync(user, null, Actor.Machine, default));
        var link = Assert.Single((await host.Get<IStore>().QueryAsync(Table.Main, KeyRing.Installation, new ReplyMint.Storage.Range(SignInLinks.Prefix), null, default)).Items);
        Assert.False(ended!.Covers(link.Expires!.Value - SignInLinks.Life));
    }

    [Fact]
    public async Task A_request_that_waits_for_its_job_becomes_no_link_behind_a_revocation()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        await host.PersonAsync(Role.Admin, Lead);
        // The job has read the request by then.
        watched.Interrupt("sign-in-link/", async () => await RevokeAsync(host, RevokedThing.Links));
        Assert.Equal(202, (await host.PostAsync("/api/v1/sign-in", new { address = Lead, challenge = SignInLinks.ChallengeOf(SignInLinks.NewToken()) })).Code);
        Assert.Empty(await host.MailsToAsync(Lead));
        Assert.Empty((await host.Get<IStore>().QueryAsync(Table.Main, KeyRing.Installation, new ReplyMint.Storage.Range("sign-in-"), null, default)).Items);
        // Who asks afterwards gets one.
        host.Time.Advance(TimeSpan.FromSeconds(1));
        var (token, verifier) = await host.LinkAsync(Lead);
        Assert.Equal(200, (await host.CompleteAsync(token, verifier)).Code);
    }

    [Fact]
    public async Task A_request_that_was_to_be_stored_while_all_ended_is_younger_than_that()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        Revocation? ended = null;
        DateTimeOffset? asked = null;
        watched.Interrupt(SignInDesk.Prefix, async () => ended = await RevokeAsync(host, RevokedThing.Links));
        watched.AfterCommit = commit =>
        {
            foreach (var operation in commit.Operations)
                if (operation.Kind == OperationKind.Put && operation.Key.Sort.StartsWith(SignInDesk.Prefix, StringComparison.Ordinal))
                    asked = operation.Expires - SignInLinks.Life;
            return Task.CompletedTask;
        };
        Assert.Equal(202, (await host.PostAsync("/api/v1/sign-in", new { address = Lead, challenge = SignInLinks.ChallengeOf(SignInLinks.NewToken()) })).Code);
        Assert.False(ended!.Covers(asked!.Value));
    }

    [Fact]
    public async Task A_request_becomes_no_link_while_a_revocation_is_at_work()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        await host.PersonAsync(Role.Admin, Lead);
        // It counts, and nobody has begun to remove anything.
        watched.Interrupt("sign-in-link/", () => StopLinksAsync(host));
        Assert.Equal(202, (await host.PostAsync("/api/v1/sign-in", new { address = Lead, challenge = SignInLinks.ChallengeOf(SignInLinks.NewToken()) })).Code);
        Assert.Empty(await host.MailsToAsync(Lead));
    }

    [Fact]
    public async Task A_request_whose_links_are_revoked_while_its_job_looks_at_it_becomes_none()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        await host.PersonAsync(Role.Admin, Lead);
        // The job has found by then that the request counts.
        watched.InterruptReading("contained/user/", () => StopLinksAsync(host));
        Assert.Equal(202, (await host.PostAsync("/api/v1/sign-in", new { address = Lead, challenge = SignInLinks.ChallengeOf(SignInLinks.NewToken()) })).Code);
        Assert.Empty(await host.MailsToAsync(Lead));
        Assert.Single(await host.Get<Revocations>().ActiveAsync(default));
    }

    [Fact]
    public async Task A_link_that_is_revoked_while_somebody_comes_in_by_it_lets_nobody_in()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        var user = await host.PersonAsync(Role.Admin, Lead);
        var (token, verifier) = await host.LinkAsync(Lead);
        watched.InterruptReading("contained/user/", () => StopLinksAsync(host));
        Assert.Equal(400, (await host.CompleteAsync(token, verifier)).Code);
        Assert.Empty(await host.Get<Sessions>().ListAsync(user, default));
        Assert.Single(await host.Get<Revocations>().ActiveAsync(default));
    }

    [Fact]
    public async Task A_link_that_is_revoked_while_a_tenant_is_made_by_it_makes_none()
    {
        var (host, watched) = await StartAsync(SignUp.Open);
        await using var _ = host;
        var (token, verifier) = await host.NewTenantLinkAsync(Lead);
        watched.InterruptReading("rate/sign-up/", () => StopLinksAsync(host));
        Assert.Equal(400, (await host.CompleteAsync(token, verifier)).Code);
        Assert.Single(await host.Get<Tenants>().ListAsync(default));
        Assert.Null(await host.Get<Users>().FindByAddressAsync(Lead, default));
        Assert.Single(await host.Get<Revocations>().ActiveAsync(default));
    }

    [Fact]
    public async Task An_invitation_that_is_revoked_while_it_is_accepted_makes_no_member()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        await host.Get<Invitations>().InviteAsync(host.Tenant.Id, Lead, Role.Admin, null, null, Actor.Machine, default);
        var token = Assert.Single(await host.MailsToAsync(Lead)).Secret("invitation");
        watched.InterruptReading("contained/tenant/", () => StopLinksAsync(host));
        Assert.Equal(400, (await host.PostAsync("/api/v1/invitations/accept", new { token, challenge = SignInLinks.ChallengeOf(SignInLinks.NewToken()) })).Code);
        Assert.Empty(await host.Get<Members>().ListAsync(host.Tenant.Id, default));
        Assert.Null(await host.Get<Users>().FindByAddressAsync(Lead, default));
        Assert.Single(await host.Get<Revocations>().ActiveAsync(default));
    }

    [Fact]
    public async Task An_invitation_that_was_to_be_stored_while_all_ended_is_younger_than_that()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        Revocation? ended = null;
        watched.Interrupt("invitation/", async () => ended = await RevokeAsync(host, RevokedThing.Links));
        var (_, invitation) = await host.Get<Invitations>().InviteAsync(host.Tenant.Id, "new@people.example", Role.Member, null, null, Actor.Machine, default);
        Assert.False(ended!.Covers(invitation!.CreatedAt));
    }

    [Fact]
    public async Task A_revocation_whose_process_ended_at_its_first_commit_reaches_up_to_when_it_went_on()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        var tokens = await host.SignInAsync(await host.PersonAsync(Role.Admin));
        watched.AfterCommit = commit => commit.Operations.Any(operation => operation.Key.Sort == "revocations") ? throw new StoreUnavailableException("the test broke it") : Task.CompletedTask;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => host.Get<RevocationDesk>().StartAsync(new(RevokedThing.Sessions), Actor.Machine, null, now: false, default));
        watched.AfterCommit = _ => Task.CompletedTask;
        Assert.Equal(401, (await host.GetAsync("/api/v1/me", tokens.AccessToken)).Code);
        var id = Assert.Single(await host.Get<Revocations>().ActiveAsync(default)).Id;
        host.Time.Advance(TimeSpan.FromSeconds(25));
        await host.IdleAsync();
        var (found, _) = (await host.Get<Revocations>().FindAsync(id, default))!.Value;
        Assert.Equal((1, host.Time.GetUtcNow()), (found.Count, found.Until));
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await host.GetAsync("/api/v1/me", (await host.SignInAsync(await host.PersonAsync(Role.Admin))).AccessToken)).Code);
    }

    private static async Task<(ProductHost Host, WatchedStore Watched)> StartAsync(SignUp signUp = SignUp.Closed)
    {
        WatchedStore? watched = null;
        return (await PeopleHost.StartAsync(signUp, services: services => watched = WatchedStore.Put(services)), watched!);
    }

    /// <summary>From here on no link counts; none is removed yet.</summary>
    private static Task StopLinksAsync(ProductHost host) => host.Get<RevocationDesk>().StartAsync(new(RevokedThing.Links), Actor.Machine, null, now: false, default);

    /// <summary>From its beginning to its end, with the clock moving on behind it.</summary>
    private static async Task<Revocation> RevokeAsync(ProductHost host, RevokedThing thing)
    {
        var started = await host.Get<RevocationDesk>().StartAsync(new(thing), Actor.Machine, null, now: false, default);
        var done = await host.Get<RevocationDesk>().FinishAsync(started!.Id, default);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        return done;
    }
}
