using System.Net;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Privacy;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Privacy;

/// <summary>A person who signs in is erased, with what he wrote to others and what he held.</summary>
public sealed class UserErasureTests
{
    private const string Carl = "carl-marked@people.example";

    [Fact]
    public async Task Account_sessions_keys_notes_and_assignments_go()
    {
        var folder = new TemporaryFolder();
        await using var host = await ProductHost.StartAsync(folder: folder);
        var boss = await host.PersonAsync(Role.Admin);
        var carl = await host.PersonAsync(Role.Admin, Carl);
        var client = host.Client((await host.SignInAsync(carl)).AccessToken);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client));
        var key = await host.Get<ApiKeys>().CreateAsync(host.Tenant.Id, new ApiKeyWish { Name = "carl's", Scopes = ["messages:read"] }, carl, new Actor(carl), default);
        await host.Get<SecondFactors>().ProposeTotpAsync(carl, default);
        var held = await host.DeliverAndDecideAsync(host.Mail("Do you sponsor our football club?"));
        Assert.Equal(MessageState.Held, held.Record.State);
        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftTalk>().NoteAsync(host.Tenant.Id, held.Id, "a note of carl", new Actor(carl), default));
        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftTalk>().NoteAsync(host.Tenant.Id, held.Id, "a note of boss", new Actor(boss), default));
        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftTalk>().AssignAsync(host.Tenant.Id, held.Id, carl, new Actor(boss), default));

        var done = await host.FinishAsync(await host.Get<Erasures>().UserAsync(Carl, Actor.Machine, default));

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client));
        Assert.Null(await host.Get<Users>().FindAsync(carl, default));
        Assert.Null(await host.Get<Users>().FindByAddressAsync(Carl, default));
        Assert.Null(await host.Get<ApiKeys>().FindAsync(host.Tenant.Id, key.Key!.Id, default));
        Assert.Null(await host.Get<Members>().FindAsync(host.Tenant.Id, carl, default));
        var draft = (await host.Get<Drafts>().FindAsync(host.Tenant.Id, held.Id, default))!;
        Assert.Null(draft.Record.Assignee);
        Assert.Equal("a note of boss", Assert.Single(draft.Content.Notes).Text);
        var counts = await host.Get<ErasureCounts>().ReadAsync(done, default);
        Assert.Equal((1L, 1L, 1L, 1L, 1L), (counts["session"], counts["refresh"], counts["key"], counts["note"], counts["assignment"]));
        var reader = await StoreReader.ReadAsync(folder.Sub("data"), folder.Sub("config"));
        Assert.Equal(0, reader.Count([Carl, "a note of carl"]));
        Assert.Equal(1, reader.Count(["a note of boss"]));
        // Who comes later by the same address is somebody new.
        Assert.NotEqual(carl, await host.PersonAsync(Role.Member, Carl));
    }

    [Fact]
    public async Task The_last_administrator_and_the_last_operator_are_refused_with_a_word()
    {
        await using var host = await ProductHost.StartAsync();
        await host.PersonAsync(Role.Admin, Carl);
        var refused = Assert.IsType<ErasureStart.Refused>(await host.Get<Erasures>().UserAsync(Carl, Actor.Machine, default));
        Assert.Contains($"the last administrator of tenant {host.Tenant.Id}", refused.Why, StringComparison.Ordinal);
        await host.PersonAsync(Role.Operator, "ops@people.example");
        Assert.Contains("last operator", Assert.IsType<ErasureStart.Refused>(await host.Get<Erasures>().UserAsync("ops@people.example", Actor.Machine, default)).Why, StringComparison.Ordinal);
        Assert.NotNull(await host.Get<Users>().FindByAddressAsync(Carl, default));
        await host.PersonAsync(Role.Admin);
        Assert.Equal(ErasureState.Done, (await host.FinishAsync(await host.Get<Erasures>().UserAsync(Carl, Actor.Machine, default))).State);
        Assert.IsType<ErasureStart.NotFound>(await host.Get<Erasures>().UserAsync(Carl, Actor.Machine, default));
    }

    [Fact]
    public async Task Who_is_kept_by_a_hold_keeps_his_rights_until_it_is_lifted()
    {
        await using var host = await ProductHost.StartAsync();
        await host.PersonAsync(Role.Operator);
        var carl = await host.PersonAsync(Role.Operator, Carl);
        var hold = (await host.Get<LegalHolds>().SetAsync(KeyRing.Installation, HoldScope.User, carl, null, "case", Actor.Machine, default))!;
        var held = Assert.IsType<ErasureStart.Started>(await host.Get<Erasures>().UserAsync(Carl, Actor.Machine, default)).Erasure;
        Assert.Equal(ErasureState.Held, held.State);
        Assert.NotNull(await host.Get<Members>().FindAsync(KeyRing.Installation, carl, default));
        await host.Get<LegalHolds>().LiftAsync(KeyRing.Installation, hold.Id, Actor.Machine, default);
        await ProductHost.EventuallyAsync(async () => (await host.Get<Erasures>().FindAsync(KeyRing.Installation, held.Id, default))?.Erasure is { State: ErasureState.Done } done ? done : null);
        Assert.Null(await host.Get<Members>().FindAsync(KeyRing.Installation, carl, default));
        Assert.Null(await host.Get<Users>().FindAsync(carl, default));
    }

    [Fact]
    public async Task A_member_of_many_tenants_leaves_all()
    {
        await using var host = await ProductHost.StartAsync();
        var carl = await host.PersonAsync(Role.Member, Carl);
        for (var i = 0; i < 12; i++)
        {
            var tenant = await host.Get<Tenants>().AddAsync("tenant " + i, Actor.Machine, default);
            await host.PersonAsync(Role.Member, Carl, tenant.Id);
        }
        await host.FinishAsync(await host.Get<Erasures>().UserAsync(Carl, Actor.Machine, default));
        Assert.Empty(await host.Get<Members>().TenantsOfAsync(carl, default));
        foreach (var tenant in await host.Get<Tenants>().ListAsync(default))
            Assert.Null(await host.Get<Members>().FindAsync(tenant.Id, carl, default));
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client)
    {
        using var answer = await client.GetAsync(new Uri("/api/v1/me", UriKind.Relative));
        return answer.StatusCode;
    }
}
