using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>An administrator's keys over HTTP, and everybody who is none.</summary>
public sealed class ApiKeyRouteTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(HttpClient client, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, "/api/v1" + path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await client.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        return (answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    private static async Task<HttpStatusCode> WithAsync(ProductHost host, string key)
    {
        using var client = host.Client();
        client.DefaultRequestHeaders.Add("X-API-Key", key);
        return (await SendAsync(client, HttpMethod.Get, "/me")).Status;
    }

    [Fact]
    public async Task An_administrator_makes_lists_rotates_and_revokes_a_key()
    {
        await using var host = await ProductHost.StartAsync();
        using var admin = await host.ClientAsync(Role.Admin);
        var (status, made) = await SendAsync(admin, HttpMethod.Post, "/keys", new { name = "Shop", scopes = new[] { "messages:read", "drafts:read" }, mailboxes = new[] { host.Mailbox.Id }, networks = new[] { "127.0.0.0/8" } });
        Assert.Equal(HttpStatusCode.Created, status);
        var (id, first) = ((string)made!["key"]!["id"]!, (string)made["secret"]!);
        Assert.Equal(HttpStatusCode.OK, await WithAsync(host, first));
        var owner = (await SendAsync(admin, HttpMethod.Get, "/me")).Body!["id"]!.ToString();
        var (_, list) = await SendAsync(admin, HttpMethod.Get, "/keys");
        var listed = Assert.Single(list!["items"]!.AsArray())!;
        Assert.Equal((id, owner, "rm_test_" + id), ((string?)listed["id"], (string?)listed["owner"], (string?)listed["prefix"]));
        Assert.DoesNotContain(first[30..], list.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(first[30..], (await SendAsync(admin, HttpMethod.Get, "/keys/" + id)).Body!.ToJsonString(), StringComparison.Ordinal);

        using var other = await host.ClientAsync(Role.Admin);
        var (rotated, second) = await SendAsync(other, HttpMethod.Post, $"/keys/{id}/rotate", new { overlapHours = 0 });
        Assert.Equal(HttpStatusCode.OK, rotated);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await WithAsync(host, first), await WithAsync(host, (string)second!["secret"]!)));
        // He holds the secret now, so he answers for the key.
        Assert.NotEqual(owner, (string?)second["key"]!["owner"]);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(admin, HttpMethod.Delete, "/keys/" + id)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, await WithAsync(host, (string)second["secret"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(admin, HttpMethod.Delete, "/keys/" + id)).Status);
        var entries = await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 20, Ct);
        Assert.Equal(["key.revoke", "key.rotate", "key.create"], entries.Where(entry => entry.Target == id).Select(entry => entry.Act));
        Assert.Equal(owner, entries.First(entry => entry.Act == "key.create").Actor);
    }

    [Fact]
    public async Task Another_tenants_key_is_like_one_that_is_not_there()
    {
        await using var host = await ProductHost.StartAsync();
        var foreign = await host.Get<Tenants>().AddAsync("Other", Actor.Machine, Ct);
        using var admin = await host.ClientAsync(Role.Admin, tenant: foreign.Id);
        var (key, text) = await host.KeyAsync("messages:read");
        foreach (var id in new[] { key.Id, "k00000000000000000000" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(admin, HttpMethod.Get, "/keys/" + id)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(admin, HttpMethod.Post, $"/keys/{id}/rotate", new { })).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(admin, HttpMethod.Delete, "/keys/" + id)).Status);
        }
        Assert.Empty((await SendAsync(admin, HttpMethod.Get, "/keys")).Body!["items"]!.AsArray());
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(admin, HttpMethod.Post, "/keys", new { name = "x", scopes = new[] { "messages:read" }, mailboxes = new[] { host.Mailbox.Id } })).Status);
        Assert.Equal(HttpStatusCode.OK, await WithAsync(host, text));
    }

    [Theory]
    [InlineData(nameof(Role.Member), 403, 403)]
    [InlineData(nameof(Role.Auditor), 200, 403)]
    [InlineData(nameof(Role.Operator), 403, 403)]
    public async Task Only_administrators_make_keys(string role, int list, int create)
    {
        await using var host = await ProductHost.StartAsync();
        using var client = await host.ClientAsync(Enum.Parse<Role>(role));
        Assert.Equal(list, (int)(await SendAsync(client, HttpMethod.Get, "/keys")).Status);
        Assert.Equal(create, (int)(await SendAsync(client, HttpMethod.Post, "/keys", new { name = "x", scopes = new[] { "messages:read" } })).Status);
    }

    [Fact]
    public async Task A_key_can_neither_make_keys_nor_act_as_a_person()
    {
        await using var host = await ProductHost.StartAsync();
        using var program = await host.KeyClientAsync([.. Permissions.OfKeys.Each().Where(p => p != Permission.Me).Select(p => p.Name())]);
        foreach (var (method, path, body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Get, "/keys", null), (HttpMethod.Post, "/keys", new { name = "x", scopes = new[] { "messages:read" } }), (HttpMethod.Get, "/me/sessions", null), (HttpMethod.Get, "/me/tenants", null),
            (HttpMethod.Delete, "/session", null), (HttpMethod.Delete, "/me/sessions", null), (HttpMethod.Post, "/me/tenant", new { tenant = host.Tenant.Id }),
        })
            Assert.Equal((path, HttpStatusCode.Forbidden), (path, (await SendAsync(program, method, path, body)).Status));
    }

    [Fact]
    public async Task A_key_for_some_mailboxes_gets_nothing_that_is_the_whole_tenants()
    {
        await using var host = await ProductHost.StartAsync();
        using var admin = await host.ClientAsync(Role.Admin);
        foreach (var scope in new[] { "knowledge:write", "settings:read", "usage:read" })
        {
            var (status, body) = await SendAsync(admin, HttpMethod.Post, "/keys", new { name = "x", scopes = new[] { "messages:read", scope }, mailboxes = new[] { host.Mailbox.Id } });
            Assert.Equal((scope, HttpStatusCode.BadRequest), (scope, status));
            Assert.Contains(scope, body!["errors"]!["mailboxes"]!.ToJsonString(), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.Created, (await SendAsync(admin, HttpMethod.Post, "/keys", new { name = "x", scopes = new[] { scope } })).Status);
        }
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(admin, HttpMethod.Post, "/keys", new { name = "x", scopes = new[] { "messages:read", "knowledge:read" }, mailboxes = new[] { host.Mailbox.Id } })).Status);
    }

    [Fact]
    public async Task A_tenant_has_so_many_keys_and_no_more()
    {
        await using var host = await ProductHost.StartAsync();
        for (var i = 0; i < ApiKeys.MaxPerTenant; i++)
            await host.KeyAsync("messages:read");
        using var admin = await host.ClientAsync(Role.Admin);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(admin, HttpMethod.Post, "/keys", new { name = "x", scopes = new[] { "messages:read" } })).Status);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "name", """{"name":"","scopes":["messages:read"]}""" },
        { "name", """{"name":"a\nb","scopes":["messages:read"]}""" },
        { "scopes", """{"name":"x","scopes":[]}""" },
        { "scopes", """{"name":"x","scopes":["members:write"]}""" },
        { "scopes", """{"name":"x","scopes":["messages:read","messages:read"]}""" },
        { "networks", """{"name":"x","scopes":["messages:read"],"networks":["10.0.0.1/8"]}""" },
        { "networks", """{"name":"x","scopes":["messages:read"],"networks":["10"]}""" },
        { "networks", """{"name":"x","scopes":["messages:read"],"networks":[]}""" },
        { "expiresAt", """{"name":"x","scopes":["messages:read"],"expiresAt":"2020-01-01T00:00:00Z"}""" },
        { "mailboxes", """{"name":"x","scopes":["messages:read"],"mailboxes":["m00000000000000000000"]}""" },
        { "owner", """{"name":"x","scopes":["messages:read"],"owner":"u00000000000000000000"}""" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_wrong_wish_is_400_and_names_the_member(string member, string body)
    {
        await using var host = await ProductHost.StartAsync();
        using var admin = await host.ClientAsync(Role.Admin);
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await admin.PostAsync(new Uri("/api/v1/keys", UriKind.Relative), content, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["errors"]!.AsObject(), error => error.Key.StartsWith(member, StringComparison.Ordinal));
    }
}
