using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>What somebody decided by a right, or by a count, is not stored when that has changed by then.</summary>
public sealed class RightsRaceTests
{
    private static async Task<(ProductHost Host, WatchedStore Watched)> StartAsync()
    {
        WatchedStore? watched = null;
        return (await PeopleHost.StartAsync(services: services => watched = WatchedStore.Put(services)), watched!);
    }

    [Fact]
    public async Task Of_two_administrators_who_demote_each_other_at_once_one_stays()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        var (one, two) = (await host.PersonAsync(Role.Admin), await host.PersonAsync(Role.Admin));
        var (first, second) = ((await host.SignInAsync(one)).AccessToken, (await host.SignInAsync(two)).AccessToken);
        watched.Interrupt("members", async () => Assert.Equal(200, await DemoteAsync(one, second)));
        Assert.Equal(409, await DemoteAsync(two, first));
        Assert.Equal(two, Assert.Single(await host.Get<Members>().ListAsync(host.Tenant.Id, default), member => member.Role == Role.Admin).User);

        async Task<int> DemoteAsync(string user, string token)
        {
            var path = "/api/v1/members/" + user;
            var tag = (await host.GetAsync(path, second)).Message.Headers.ETag!.ToString();
            return (await host.SendAsync(HttpMethod.Put, path, new { role = "member" }, token, tag)).Code;
        }
    }

    [Fact]
    public async Task Of_two_operators_who_remove_each_other_at_once_one_stays()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        var (one, two) = (await host.PersonAsync(Role.Operator), await host.PersonAsync(Role.Operator));
        var desk = host.Get<MemberDesk>();
        watched.Interrupt("members", async () => Assert.Equal(MemberChange.Done, await desk.RemoveAsync(KeyRing.Installation, one, new Actor(two), default)));
        Assert.Equal(MemberChange.LastAdmin, await desk.RemoveAsync(KeyRing.Installation, two, new Actor(one), default));
        Assert.Equal(two, Assert.Single(await host.Get<Members>().ListAsync(KeyRing.Installation, default)).User);
    }

    [Fact]
    public async Task An_invitation_of_somebody_who_loses_his_right_at_that_moment_makes_no_member()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        var (one, _) = (await host.PersonAsync(Role.Operator), await host.PersonAsync(Role.Operator));
        await host.Get<Invitations>().InviteAsync(host.Tenant.Id, "new@people.example", Role.Admin, null, null, new Actor(one), default);
        await host.IdleAsync();
        var token = (await host.MailsToAsync("new@people.example"))[0].Secret("invitation");
        watched.Interrupt("member/", async () => Assert.Equal(MemberChange.Done, await host.Get<MemberDesk>().RemoveAsync(KeyRing.Installation, one, Actor.Machine, default)));
        Assert.InRange((await host.PostAsync("/api/v1/invitations/accept", new { token, challenge = SignInLinks.ChallengeOf(SignInLinks.NewToken()) })).Code, 400, 499);
        Assert.Empty(await host.Get<Members>().ListAsync(host.Tenant.Id, default));
    }

    [Fact]
    public async Task An_act_names_no_incident_that_is_closed_at_that_moment()
    {
        var (host, watched) = await StartAsync();
        await using var _ = host;
        using var client = await host.ClientAsync(Role.Operator);
        using var opened = await client.PostAsJsonAsync(new Uri("/api/v1/incidents", UriKind.Relative), new { text = "wrong prices" });
        var incident = (string)JsonNode.Parse(await opened.Content.ReadAsStringAsync())!["id"]!;
        watched.Interrupt("contained/", async () => Assert.True(await host.Get<IncidentBook>().CloseAsync(incident, [], Actor.Machine, default)));
        using var contained = await client.PostAsJsonAsync(new Uri("/api/v1/containments", UriKind.Relative), new { kind = "tenant", id = host.Tenant.Id, incident });
        Assert.Equal(400, (int)contained.StatusCode);
        Assert.False(await host.Get<Containments>().IsAsync(ContainedKind.Tenant, host.Tenant.Id, default));
    }
}
