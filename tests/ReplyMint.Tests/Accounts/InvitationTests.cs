using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>How people join: by invitation, or by themselves where sign-up is open.</summary>
public sealed class InvitationTests
{
    private const string Ben = "ben@people.example";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static async Task<string> AdminAsync(ProductHost host) => (await host.SignInAsync(await host.PersonAsync(Role.Admin))).AccessToken;

    private static async Task<string> InvitedAsync(ProductHost host, string admin, string role = "member", string[]? mailboxes = null)
    {
        Assert.Equal(201, (await host.PostAsync("/api/v1/invitations", new { address = Ben, role, mailboxes }, admin)).Code);
        return (await host.MailsToAsync(Ben))[^1].Secret("invitation");
    }

    private static Task<Said> AcceptAsync(ProductHost host, string token, string verifier) =>
        host.PostAsync("/api/v1/invitations/accept", new { token, challenge = SignInLinks.ChallengeOf(verifier) });

    [Fact]
    public async Task Who_accepts_gets_a_link_of_his_own_and_is_what_the_administrator_said()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Invite);
        var admin = await AdminAsync(host);
        var token = await InvitedAsync(host, admin, mailboxes: [host.Mailbox.Id]);
        var listed = (await host.GetAsync("/api/v1/invitations", admin)).Body!["items"]![0]!;
        Assert.Equal((Ben, "member"), ((string?)listed["address"], (string?)(await host.GetAsync($"/api/v1/invitations/{listed["id"]}", admin)).Body!["role"]));
        var verifier = SignInLinks.NewToken();
        // Many at once: it works once.
        var all = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => AcceptAsync(host, token, verifier)));
        Assert.Equal((1, 5), (all.Count(said => said.Code == 202), all.Count(said => said.Code == 400)));
        var mails = await host.MailsToAsync(Ben);
        Assert.Equal(2, mails.Count);
        var signedIn = await host.CompleteAsync(mails[1].Secret(), verifier);
        var me = await host.GetAsync("/api/v1/me", (string)signedIn.Body!["accessToken"]!);
        Assert.Equal(("member", host.Mailbox.Id, host.Tenant.Id), ((string?)me.Body!["role"], (string?)me.Body["mailboxes"]![0], (string?)me.Body["tenant"]));
        Assert.Empty((await host.GetAsync("/api/v1/invitations", admin)).Body!["items"]!.AsArray());
        Assert.Equal(409, (await host.PostAsync("/api/v1/invitations", new { address = Ben, role = "admin" }, admin)).Code);
    }

    [Fact]
    public async Task A_tenant_that_has_as_many_members_as_it_may_invites_and_takes_nobody_more()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Invite, settings => settings with { MembersPerTenant = 2 });
        var admin = await AdminAsync(host);
        var token = await InvitedAsync(host, admin);
        var third = await host.Get<MemberDesk>().AddAsync(host.Tenant.Id, "carl@people.example", Role.Member, Actor.Machine, Ct);
        Assert.Equal(MemberChange.Done, third.Result);

        var accepted = await AcceptAsync(host, token, "v");
        Assert.Equal(409, accepted.Code);
        Assert.Equal(409, (await host.PostAsync("/api/v1/invitations", new { address = "dora@people.example", role = "member" }, admin)).Code);
        Assert.Equal(MemberChange.TooMany, (await host.Get<MemberDesk>().AddAsync(host.Tenant.Id, "dora@people.example", Role.Member, Actor.Machine, Ct)).Result);
        Assert.Null(await host.Get<Users>().FindByAddressAsync("dora@people.example", Ct));
        // Who is one already may become something else, and where somebody left there is room.
        Assert.Equal(MemberChange.Done, (await host.Get<MemberDesk>().AddAsync(host.Tenant.Id, "carl@people.example", Role.Auditor, Actor.Machine, Ct)).Result);
        Assert.Equal(204, (await host.SendAsync(HttpMethod.Delete, "/api/v1/members/" + third.User.Id, null, admin)).Code);
        Assert.Equal(202, (await AcceptAsync(host, token, "v")).Code);
    }

    [Fact]
    public async Task The_invitation_alone_lets_nobody_in()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Invite);
        var token = await InvitedAsync(host, await AdminAsync(host));
        var thief = SignInLinks.NewToken();
        Assert.Equal(400, (await host.CompleteAsync(token, thief)).Code);
        var accepted = await AcceptAsync(host, token, thief);
        Assert.Equal((202, false), (accepted.Code, accepted.Body!.ToJsonString().Contains("oken\"", StringComparison.Ordinal)));
        // What would let him in went to the invited address.
        Assert.Equal(2, (await host.MailsToAsync(Ben)).Count);
    }

    [Fact]
    public async Task Inviting_says_the_same_of_people_with_and_without_an_account()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Invite);
        var admin = await AdminAsync(host);
        var other = await host.Get<Tenants>().AddAsync("other", Actor.Machine, Ct);
        await host.PersonAsync(Role.Admin, "known@people.example", other.Id);
        var answers = new List<string>();
        foreach (var address in (string[])["known@people.example", "never@people.example"])
        {
            var said = await host.PostAsync("/api/v1/invitations", new { address, role = "auditor" }, admin);
            answers.Add($"{said.Code} {said.Body!.ToJsonString().Replace(address, "", StringComparison.Ordinal).Replace((string)said.Body["id"]!, "", StringComparison.Ordinal)}");
        }
        Assert.Single(answers.Distinct());
        Assert.Single(await host.MailsToAsync("known@people.example"));
        Assert.Single(await host.MailsToAsync("never@people.example"));
    }

    [Fact]
    public async Task An_invitation_ends_by_time_by_taking_it_back_by_a_newer_one_and_with_the_one_who_gave_it()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Invite);
        var admin = await AdminAsync(host);
        var first = await InvitedAsync(host, admin);
        var second = await InvitedAsync(host, admin, "auditor");
        Assert.Equal(400, (await AcceptAsync(host, first, "v")).Code);
        var id = (string)(await host.GetAsync("/api/v1/invitations", admin)).Body!["items"]![0]!["id"]!;
        Assert.Equal(204, (await host.SendAsync(HttpMethod.Delete, $"/api/v1/invitations/{id}", null, admin)).Code);
        Assert.Equal(404, (await host.SendAsync(HttpMethod.Delete, $"/api/v1/invitations/{id}", null, admin)).Code);
        Assert.Equal(400, (await AcceptAsync(host, second, "v")).Code);

        var rogue = await host.PersonAsync(Role.Admin);
        var token = await InvitedAsync(host, (await host.SignInAsync(rogue)).AccessToken, "admin");
        Assert.Equal(204, (await host.SendAsync(HttpMethod.Delete, $"/api/v1/members/{rogue}", null, admin)).Code);
        Assert.Equal(400, (await AcceptAsync(host, token, "v")).Code);
    }

    [Fact]
    public async Task An_old_invitation_gives_a_member_no_other_role_and_lets_nobody_in_again_who_was_removed()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Invite);
        var admin = await AdminAsync(host);
        var token = await InvitedAsync(host, admin, "admin");
        var ben = await host.PersonAsync(Role.Member, Ben);
        Assert.Equal(202, (await AcceptAsync(host, token, "v")).Code);
        Assert.Equal(Role.Member, (await host.Get<Members>().FindAsync(host.Tenant.Id, ben, Ct))!.Role);

        Assert.Equal(204, (await host.SendAsync(HttpMethod.Delete, $"/api/v1/members/{ben}", null, admin)).Code);
        host.Time.Advance(TimeSpan.FromMinutes(9));
        host.Time.Advance(TimeSpan.FromMinutes(52));
        admin = await AdminAsync(host);
        token = await InvitedAsync(host, admin, "admin");
        await host.PersonAsync(Role.Member, Ben);
        Assert.Equal(204, (await host.SendAsync(HttpMethod.Delete, $"/api/v1/members/{ben}", null, admin)).Code);
        Assert.Equal(400, (await AcceptAsync(host, token, "v")).Code);
    }

    [Fact]
    public async Task A_fourth_mail_within_the_hour_waits_instead_of_being_lost()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Invite);
        var admin = await AdminAsync(host);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(201, (await host.PostAsync("/api/v1/invitations", new { address = Ben, role = "member" }, admin)).Code);
            // The clock stands still, and two jobs of one moment for one invitation can't be told apart: the second one would wait for the first.
            await host.IdleAsync();
        }
        Assert.Equal(3, (await host.MailsToAsync(Ben)).Count);
        host.Time.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(4, (await host.MailsToAsync(Ben)).Count);
        Assert.Equal(202, (await AcceptAsync(host, (await host.MailsToAsync(Ben))[^1].Secret("invitation"), "v")).Code);
    }

    [Fact]
    public async Task A_tenant_invites_a_few_strangers_a_day_and_fewer_when_it_made_itself()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Open, s => s with { InvitationsPerDay = 3, InvitationsPerDaySelfMade = 2 });
        var verifier = SignInLinks.NewToken();
        await host.PostAsync("/api/v1/sign-up", new { address = Ben, challenge = SignInLinks.ChallengeOf(verifier), tenantName = "Mine" });
        var come = await host.CompleteAsync(Assert.Single(await host.MailsToAsync(Ben)).Secret(), verifier);
        var ben = (string)(await host.GetAsync("/api/v1/me", (string)come.Body!["accessToken"]!)).Body!["id"]!;
        var tokens = new[] { (await AdminAsync(host), 3), ((await host.SignInAsync(ben, (string)come.Body["tenant"]!)).AccessToken, 2) };
        foreach (var (admin, most) in tokens)
        {
            // At once, so that nobody counts before the others do.
            var all = await Task.WhenAll(Enumerable.Range(0, most + 4).Select(i => host.PostAsync("/api/v1/invitations", new { address = $"p{i}@strangers{most}.example", role = "member" }, admin)));
            Assert.Equal((most, 4), (all.Count(said => said.Code == 201), all.Count(said => said.Code == 429)));
            var listed = (await host.GetAsync("/api/v1/invitations", admin)).Body!["items"]!.AsArray();
            Assert.Equal(most, listed.Count);
            // Taking one back gives no other mail.
            await host.SendAsync(HttpMethod.Delete, $"/api/v1/invitations/{listed[0]!["id"]}", null, admin);
            Assert.Equal(429, (await host.PostAsync("/api/v1/invitations", new { address = "more@strangers.example", role = "member" }, admin)).Code);
        }
        await host.IdleAsync();
        Assert.Equal(1 + 3 + 2, host.OutFiles.Count);
        host.Time.Advance(TimeSpan.FromHours(12));
        Assert.Equal(201, (await host.PostAsync("/api/v1/invitations", new { address = "more@strangers.example", role = "member" }, await AdminAsync(host))).Code);
    }

    [Theory]
    [InlineData("auditor")]
    [InlineData("admin")]
    public async Task Mailboxes_are_given_to_members_only_since_the_others_see_all(string role)
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Invite);
        var admin = await AdminAsync(host);
        var ben = await host.PersonAsync(Role.Member, Ben);
        var invited = await host.PostAsync("/api/v1/invitations", new { address = "new@people.example", role, mailboxes = new[] { host.Mailbox.Id } }, admin);
        Assert.Equal((400, true), (invited.Code, invited.Body!["errors"]!["mailboxes"] is not null));
        var tag = (await host.GetAsync($"/api/v1/members/{ben}", admin)).Message.Headers.ETag!.Tag;
        Assert.Equal(400, (await host.SendAsync(HttpMethod.Put, $"/api/v1/members/{ben}", new { role, mailboxes = new[] { host.Mailbox.Id } }, admin, tag)).Code);
        Assert.Equal(200, (await host.SendAsync(HttpMethod.Put, $"/api/v1/members/{ben}", new { role = "member", mailboxes = new[] { host.Mailbox.Id } }, admin, tag)).Code);
    }

    [Fact]
    public async Task Closed_stays_closed()
    {
        await using var host = await PeopleHost.StartAsync();
        var said = await host.PostAsync("/api/v1/invitations", new { address = Ben, role = "member" }, await AdminAsync(host));
        Assert.Equal(403, said.Code);
        Assert.Equal(403, (await host.PostAsync("/api/v1/sign-up", new { address = Ben, challenge = SignInLinks.ChallengeOf("v"), tenantName = "Mine" })).Code);
        await using var invite = await PeopleHost.StartAsync(SignUp.Invite);
        Assert.Equal(403, (await invite.PostAsync("/api/v1/sign-up", new { address = Ben, challenge = SignInLinks.ChallengeOf("v"), tenantName = "Mine" })).Code);
        Assert.Equal(SignUp.Closed, new AccountsSettings().SignUp);
        Assert.Contains(new AccountsSettings { SignUp = SignUp.Open }.Problems(), p => p.StartsWith("accounts.signUp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_name_that_a_stranger_chose_brings_no_link_into_our_mail()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Open);
        await host.PostAsync("/api/v1/sign-up", new { address = Ben, challenge = SignInLinks.ChallengeOf("v"), tenantName = "Win at https://evil.example/{0} now" });
        var text = Assert.Single(await host.MailsToAsync(Ben)).TextBody!;
        Assert.DoesNotContain("evil.example", text, StringComparison.Ordinal);
        Assert.Single(text.Split("https://"), part => part.StartsWith("app.shop.example/sign-in#token=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Open_sign_up_makes_a_tenant_for_a_proved_address_and_a_plain_link_for_one_that_has_an_account()
    {
        var store = new SeenStore();
        await using var host = await PeopleHost.StartAsync(SignUp.Open, services: store.Into);
        store.Committed.Clear();
        var verifier = SignInLinks.NewToken();
        await host.PersonAsync(Role.Member, "known@people.example");
        var answers = new List<string>();
        foreach (var address in (string[])[Ben, "known@people.example"])
        {
            var said = await host.PostAsync("/api/v1/sign-up", new { address, challenge = SignInLinks.ChallengeOf(verifier), tenantName = "Ben & Söhne" });
            answers.Add($"{said.Code} {said.Body!.ToJsonString()}");
        }
        Assert.Single(answers.Distinct());
        Assert.Equal("Sign in to ReplyMint", Assert.Single(await host.MailsToAsync("known@people.example")).Subject);
        var mail = Assert.Single(await host.MailsToAsync(Ben));
        Assert.Contains("\"Ben & Söhne\"", mail.TextBody!, StringComparison.Ordinal);
        Assert.Equal(400, (await host.CompleteAsync(mail.Secret(), SignInLinks.NewToken())).Code);
        var all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.CompleteAsync(mail.Secret(), verifier)));
        var signedIn = Assert.Single(all, said => said.Code == 200);
        // Those who lost left nothing behind, no keys of a tenant that never was either.
        Assert.Single(store.Committed, commit => commit.Any(key => key.Table == Table.Keys && key.Sort == "tenant-key"));
        Assert.Contains(store.Committed, commit => commit.Any(key => key.Sort == "tenant-key") && commit.Any(key => key.Sort == "tenant") && commit.Any(key => key.Sort.StartsWith("member/", StringComparison.Ordinal)));
        var me = await host.GetAsync("/api/v1/me", (string)signedIn.Body!["accessToken"]!);
        Assert.Equal(("admin", Ben), ((string?)me.Body!["role"], (string?)me.Body["address"]));
        var tenants = await host.Get<Tenants>().ListAsync(Ct);
        Assert.Equal("Ben & Söhne", Assert.Single(tenants, t => t.Id != host.Tenant.Id).Name);
    }

    [Fact]
    public async Task Plus_tags_make_no_other_people_of_one_address()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Open);
        for (var i = 0; i < 5; i++)
            Assert.Equal(202, (await host.PostAsync("/api/v1/sign-up", new { address = $"bob+{i}@people.example", challenge = SignInLinks.ChallengeOf(SignInLinks.NewToken()), tenantName = "Bob" })).Code);
        var mails = 0;
        for (var i = 0; i < 5; i++)
            mails += (await host.MailsToAsync($"bob+{i}@people.example")).Count;
        Assert.Equal(3, mails);
    }

    [Fact]
    public async Task Who_was_removed_everywhere_may_make_a_tenant_of_his_own()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Open);
        await host.PersonAsync(Role.Admin);
        var ben = await host.PersonAsync(Role.Member, Ben);
        await host.Get<MemberDesk>().RemoveAsync(host.Tenant.Id, ben, Actor.Machine, Ct);
        var verifier = SignInLinks.NewToken();
        Assert.Equal(202, (await host.PostAsync("/api/v1/sign-in", new { address = Ben, challenge = SignInLinks.ChallengeOf(verifier) })).Code);
        Assert.Empty(await host.MailsToAsync(Ben));
        await host.PostAsync("/api/v1/sign-up", new { address = Ben, challenge = SignInLinks.ChallengeOf(verifier), tenantName = "Mine" });
        var said = await host.CompleteAsync(Assert.Single(await host.MailsToAsync(Ben)).Secret(), verifier);
        Assert.Equal(200, said.Code);
        Assert.Equal(ben, (string?)(await host.GetAsync("/api/v1/me", (string)said.Body!["accessToken"]!)).Body!["id"]);
    }

    [Fact]
    public async Task Tenants_are_made_a_few_a_day_from_one_network_and_in_all()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Open, s => s with { SignUpsPerNetwork = 2, SignUpsPerDay = 1 });
        var verifier = SignInLinks.NewToken();
        Task<Said> SignUpAsync(string address) => host.PostAsync("/api/v1/sign-up", new { address, challenge = SignInLinks.ChallengeOf(verifier), tenantName = "Mine" });
        Assert.Equal((202, 202, 429), ((await SignUpAsync("a@people.example")).Code, (await SignUpAsync("b@people.example")).Code, (await SignUpAsync("c@people.example")).Code));
        Assert.Equal(200, (await host.CompleteAsync(Assert.Single(await host.MailsToAsync("a@people.example")).Secret(), verifier)).Code);
        Assert.Equal(429, (await host.CompleteAsync(Assert.Single(await host.MailsToAsync("b@people.example")).Secret(), verifier)).Code);
        host.Time.Advance(TimeSpan.FromHours(13));
        Assert.Equal(202, (await SignUpAsync("c@people.example")).Code);
    }
}
