using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>What operators do over HTTP, and tenants with their domains.</summary>
public sealed class TenantRouteTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_operator_makes_a_tenant_and_invites_its_first_administrator()
    {
        await using var host = await PeopleHost.StartAsync();
        var ops = (await host.SignInAsync(await host.PersonAsync(Role.Operator), KeyRing.Installation)).AccessToken;
        var made = await host.PostAsync("/api/v1/tenants", new { name = "Acme", admin = "lead@people.example" }, ops);
        Assert.Equal(201, made.Code);
        var id = (string)made.Body!["id"]!;
        Assert.Equal($"/api/v1/tenants/{id}", made.Message.Headers.Location!.ToString());
        var verifier = SignInLinks.NewToken();
        var token = Assert.Single(await host.MailsToAsync("lead@people.example")).Secret("invitation");
        Assert.Equal(202, (await host.PostAsync("/api/v1/invitations/accept", new { token, challenge = SignInLinks.ChallengeOf(verifier) })).Code);
        var signedIn = await host.CompleteAsync((await host.MailsToAsync("lead@people.example"))[^1].Secret(), verifier);
        Assert.Equal("admin", (string?)(await host.GetAsync("/api/v1/me", (string)signedIn.Body!["accessToken"]!)).Body!["role"]);

        var shown = await host.GetAsync($"/api/v1/tenants/{id}", ops);
        var tag = shown.Message.Headers.ETag!.Tag;
        var change = new { name = "Acme & Co", timeZone = "Europe/Berlin" };
        Assert.Equal(428, (await host.SendAsync(HttpMethod.Put, $"/api/v1/tenants/{id}", change, ops)).Code);
        Assert.Equal(200, (await host.SendAsync(HttpMethod.Put, $"/api/v1/tenants/{id}", change, ops, tag)).Code);
        Assert.Equal(412, (await host.SendAsync(HttpMethod.Put, $"/api/v1/tenants/{id}", change, ops, tag)).Code);
        Assert.Equal(400, (await host.SendAsync(HttpMethod.Put, $"/api/v1/tenants/{id}", new { name = "x", timeZone = "Moon/Base" }, ops, tag)).Code);
        Assert.Contains((await host.GetAsync("/api/v1/tenants", ops)).Body!["items"]!.AsArray(), t => (string?)t!["name"] == "Acme & Co");
        foreach (var unknown in (string[])["t0000000000000000000", KeyRing.Installation])
            Assert.Equal((404, 404), ((await host.GetAsync($"/api/v1/tenants/{unknown}", ops)).Code, (await host.SendAsync(HttpMethod.Put, $"/api/v1/tenants/{unknown}", change, ops, "\"1\"")).Code));
    }

    [Fact]
    public async Task A_name_that_looks_like_an_id_is_refused_at_every_door()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Open);
        var ops = (await host.SignInAsync(await host.PersonAsync(Role.Operator), KeyRing.Installation)).AccessToken;
        var tag = (await host.GetAsync($"/api/v1/tenants/{host.Tenant.Id}", ops)).Message.Headers.ETag!.Tag;
        foreach (var name in (string[])[host.Tenant.Id, host.Tenant.Id.ToUpperInvariant(), $" {host.Tenant.Id} "])
        {
            Assert.Equal(400, (await host.PostAsync("/api/v1/tenants", new { name }, ops)).Code);
            Assert.Equal(400, (await host.SendAsync(HttpMethod.Put, $"/api/v1/tenants/{host.Tenant.Id}", new { name, timeZone = "Etc/UTC" }, ops, tag)).Code);
            Assert.Equal(400, (await host.PostAsync("/api/v1/sign-up", new { address = "a@people.example", challenge = SignInLinks.ChallengeOf("v"), tenantName = name })).Code);
        }
    }

    [Fact]
    public async Task A_tenant_comes_with_its_invitation_or_not_at_all()
    {
        var store = new SeenStore();
        await using var host = await PeopleHost.StartAsync(services: store.Into);
        var ops = (await host.SignInAsync(await host.PersonAsync(Role.Operator), KeyRing.Installation)).AccessToken;
        Assert.Equal(201, (await host.PostAsync("/api/v1/tenants", new { name = "Acme", admin = "lead@people.example" }, ops)).Code);
        var made = Assert.Single(store.Committed, commit => commit.Any(key => key.Sort.StartsWith("invitation/", StringComparison.Ordinal)) && commit.Any(key => key.Sort == "tenant"));
        Assert.Contains(made, key => key.Sort == "tenant-key");
    }

    [Fact]
    public async Task An_operator_sees_no_mail_and_an_administrator_no_tenants()
    {
        await using var host = await PeopleHost.StartAsync();
        var user = await host.PersonAsync(Role.Operator);
        var ops = (await host.SignInAsync(user, KeyRing.Installation)).AccessToken;
        foreach (var path in (string[])["messages", "drafts", "members", "domains"])
            Assert.Equal(403, (await host.GetAsync("/api/v1/" + path, ops)).Code);
        var admin = (await host.SignInAsync(await host.PersonAsync(Role.Admin))).AccessToken;
        Assert.Equal((403, 403), ((await host.GetAsync("/api/v1/tenants", admin)).Code, (await host.PostAsync("/api/v1/tenants", new { name = "x" }, admin)).Code));
        var bare = (await host.SignInAsync(user, KeyRing.Installation, factor: false)).AccessToken;
        Assert.Equal(403, (await host.GetAsync("/api/v1/tenants", bare)).Code);
    }

    [Fact]
    public async Task A_domain_is_claimed_and_proved_by_its_administrator()
    {
        await using var dns = new FakeDns();
        await using var host = await ProductHost.StartAsync(settings: s => s with { Dns = new() { Server = dns.Address } });
        var admin = (await host.SignInAsync(await host.PersonAsync(Role.Admin))).AccessToken;
        var claimed = await host.PostAsync("/api/v1/domains", new { domain = "Kunden.Example" }, admin);
        Assert.Equal((201, "kunden.example"), (claimed.Code, (string?)claimed.Body!["domain"]));
        Assert.Equal(claimed.Body.ToJsonString(), (await host.GetAsync(claimed.Message.Headers.Location!.ToString(), admin)).Body!.ToJsonString());
        Assert.Equal(200, (await host.PostAsync("/api/v1/domains", new { domain = "kunden.example" }, admin)).Code);
        Assert.Equal(409, (await host.PostAsync("/api/v1/domains/kunden.example/verify", null, admin)).Code);
        dns.Texts[(string)claimed.Body["recordName"]!] = [(string)claimed.Body["recordValue"]!];
        var proved = await host.PostAsync("/api/v1/domains/kunden.example/verify", null, admin);
        Assert.Equal(200, proved.Code);
        Assert.NotNull((string?)proved.Body!["provedAt"]);
        Assert.True(await host.Get<ProvedDomains>().IsProvedAsync(host.Tenant.Id, "kunden.example", Ct));
        Assert.Single((await host.GetAsync("/api/v1/domains", admin)).Body!["items"]!.AsArray());

        var other = await host.Get<Tenants>().AddAsync("other", Actor.Machine, Ct);
        var foreign = (await host.SignInAsync(await host.PersonAsync(Role.Admin, tenant: other.Id), other.Id)).AccessToken;
        Assert.Equal((404, 404), ((await host.PostAsync("/api/v1/domains/kunden.example/verify", null, foreign)).Code, (await host.SendAsync(HttpMethod.Delete, "/api/v1/domains/kunden.example", null, foreign)).Code));
        foreach (var wrong in (string[])["com", "co.uk", "a b", "x\r\ny.example", new string('a', 300), "10.0.0.1", "."])
            Assert.Equal(400, (await host.PostAsync("/api/v1/domains", new { domain = wrong }, admin)).Code);
        Assert.Equal((204, 404), ((await host.SendAsync(HttpMethod.Delete, "/api/v1/domains/kunden.example", null, admin)).Code, (await host.SendAsync(HttpMethod.Delete, "/api/v1/domains/kunden.example", null, admin)).Code));
        Assert.Equal(["domain.remove", "domain.prove", "domain.add"], (await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 20, Ct)).Select(e => e.Act).Where(a => a.StartsWith("domain.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_old_proof_is_asked_for_again_when_a_mailbox_is_claimed()
    {
        await using var dns = new FakeDns();
        await using var host = await ProductHost.StartAsync(settings: s => s with { Dns = new() { Server = dns.Address } });
        var user = await host.PersonAsync(Role.Admin);
        var admin = (await host.SignInAsync(user)).AccessToken;
        var record = (await host.PostAsync("/api/v1/domains", new { domain = "kunden.example" }, admin)).Body!;
        var name = (string)record["recordName"]!;
        dns.Texts[name] = [(string)record["recordValue"]!];
        Assert.Equal(200, (await host.PostAsync("/api/v1/domains/kunden.example/verify", null, admin)).Code);
        dns.Texts.Remove(name, out var texts);
        Assert.Equal(201, (await host.PostAsync("/api/v1/mailboxes", new { address = "a@kunden.example" }, admin)).Code);
        host.Time.Advance(TimeSpan.FromMinutes(61));
        admin = (await host.SignInAsync(user)).AccessToken;
        Assert.Equal(409, (await host.PostAsync("/api/v1/mailboxes", new { address = "b@kunden.example", catchAll = true }, admin)).Code);
        dns.Texts[name] = texts!;
        Assert.Equal(201, (await host.PostAsync("/api/v1/mailboxes", new { address = "b@kunden.example", catchAll = true }, admin)).Code);
    }

    [Fact]
    public async Task A_resolver_that_is_silent_proves_nothing()
    {
        await using var host = await ProductHost.StartAsync(settings: s => s with { Dns = new() { Server = "127.0.0.1:1" } });
        var admin = (await host.SignInAsync(await host.PersonAsync(Role.Admin))).AccessToken;
        await host.PostAsync("/api/v1/domains", new { domain = "kunden.example" }, admin);
        Assert.Equal(503, (await host.PostAsync("/api/v1/domains/kunden.example/verify", null, admin)).Code);
        Assert.False(await host.Get<ProvedDomains>().IsProvedAsync(host.Tenant.Id, "kunden.example", Ct));
    }
}
