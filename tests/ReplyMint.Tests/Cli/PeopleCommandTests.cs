using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Cli;
using ReplyMint.Security;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>People on the machine: the first operator, links made by hand, roles, and a lost second factor.</summary>
public sealed class PeopleCommandTests : IAsyncDisposable
{
    private readonly CliRun _cli = CliRun.OnStore();
    private ServerProcess? _server;

    public PeopleCommandTests()
    {
        _cli.Environment["REPLYMINT_URLS"] = "http://localhost:0";
        _cli.Environment["REPLYMINT_SMTP__PORT"] = "0";
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _cli.Dispose();
    }

    /// <summary>The store as the server has it, past what commands allow.</summary>
    private Task<OpenedStore> OpenAsync() => _cli.Open!(_cli.OfServer, TestContext.Current.CancellationToken);

    private async Task<JsonNode> PostAsync(string path, JsonNode body, string? token = null)
    {
        using var client = new HttpClient { BaseAddress = new Uri(_server!.Url) };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        using var answer = await client.PostAsJsonAsync(path, body, TestContext.Current.CancellationToken);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
    }

    [Fact]
    public async Task The_first_operator_is_made_here_and_comes_in_by_a_link_of_the_machine()
    {
        Assert.Contains("is an operator", await _cli.OkAsync("operator", "create", "Ops@Example.com"), StringComparison.Ordinal);
        _server = await ServerProcess.StartAsync(_cli.OfServer, _cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);
        var printed = await _cli.OkAsync("user", "sign-in-link", "ops@example.com", "--tenant", "installation");
        Assert.Contains("once", _cli.Error, StringComparison.Ordinal);
        var proof = JsonNode.Parse(printed.Split('\n')[1])!;
        var session = await PostAsync("/api/v1/sign-in/complete", proof);
        var token = (string)session["accessToken"]!;
        using var client = new HttpClient { BaseAddress = new Uri(_server.Url) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        Assert.Equal("operator", (string?)JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/me", UriKind.Relative), TestContext.Current.CancellationToken))!["role"]);
        Assert.Equal(400, (int)(await PostAsync("/api/v1/sign-in/complete", proof.DeepClone()))["status"]!);
        Assert.Contains("ops@example.com", await _cli.OkAsync("operator", "list"), StringComparison.Ordinal);
        Assert.Contains("last operator", await _cli.FailsAsync("operator", "remove", "ops@example.com"), StringComparison.Ordinal);
        await _cli.OkAsync("operator", "create", "two@example.com");
        await _cli.OkAsync("operator", "remove", "ops@example.com");
        Assert.Equal(401, (int)(await PostAsync("/api/v1/me/second-factor/totp", new JsonObject(), token))["status"]!);
    }

    [Fact]
    public async Task Nobody_makes_himself_or_another_unnameable_by_what_he_is_called()
    {
        await _cli.OkAsync("tenant", "add", "Victim");
        await _cli.OkAsync("tenant", "add", "Spammer");
        var ids = (await _cli.OkAsync("tenant", "list")).Split('\n').Skip(1).Where(line => line.Length > 0).ToDictionary(line => line[23..].Split(' ')[0], line => line[..21]);
        Assert.Contains("look like an id", await _cli.FailsAsync("tenant", "add", ids["Victim"]), StringComparison.Ordinal);
        // What was called so before that was refused, and what has another's name.
        await using (var open = await OpenAsync())
            foreach (var name in (string[])[ids["Victim"], ids["Spammer"], "victim"])
                await open.Services.GetRequiredService<Tenants>().AddAsync(name, Actor.Machine, TestContext.Current.CancellationToken);
        foreach (var (name, id) in ids)
            Assert.Contains($"\"name\":\"{name}\"", await _cli.OkAsync("tenant", "show", id), StringComparison.Ordinal);
        var several = await _cli.FailsAsync("tenant", "show", "Victim");
        Assert.Contains("2 tenants are called Victim", several, StringComparison.Ordinal);
        Assert.Contains(ids["Victim"], several, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Roles_are_given_and_taken_on_the_machine()
    {
        await _cli.OkAsync("tenant", "add", "Beta");
        Assert.Contains("1 to 100", await _cli.FailsAsync("tenant", "set", "Beta", "--name", " "), StringComparison.Ordinal);
        Assert.Equal("changed: secondFactorForAll", (await _cli.OkAsync("tenant", "set", "Beta", "--second-factor-for-all", "true")).Trim());
        Assert.Contains("\"secondFactorForAll\":true", await _cli.OkAsync("tenant", "show", "Beta"), StringComparison.Ordinal);
        await _cli.OkAsync("tenant", "set", "Beta", "--name", "Acme");
        await using (var open = await OpenAsync())
        {
            var tenant = Assert.Single(await open.Services.GetRequiredService<Tenants>().ListAsync(TestContext.Current.CancellationToken));
            var entry = (await open.Services.GetRequiredService<AuditLog>().NewestAsync(tenant.Id, 5, TestContext.Current.CancellationToken)).First(e => e.Act == "tenant.change");
            // The log is never erased, and a tenant may be called like a person.
            Assert.Equal(("Acme", "set"), (tenant.Name, entry.Details!["name"]));
        }
        await _cli.OkAsync("user", "add", "lead@example.com", "--role", "admin");
        await _cli.OkAsync("user", "add", "mia@example.com", "--role", "member");
        Assert.Contains("last administrator", await _cli.FailsAsync("user", "add", "lead@example.com", "--role", "member"), StringComparison.Ordinal);
        Assert.Contains("last administrator", await _cli.FailsAsync("user", "remove", "lead@example.com", "--yes"), StringComparison.Ordinal);
        var listed = await _cli.OkAsync("user", "list");
        Assert.Contains(listed.Split('\n'), l => l.Contains("mia@example.com", StringComparison.Ordinal) && l.Contains("member", StringComparison.Ordinal));
        var shown = await _cli.OkAsync("user", "show", "LEAD@example.com");
        Assert.Contains("admin of Acme", shown, StringComparison.Ordinal);
        Assert.Contains("second factor: none", shown, StringComparison.Ordinal);
        await _cli.OkAsync("user", "remove", "mia@example.com", "--yes");
        Assert.DoesNotContain("mia@", await _cli.OkAsync("user", "list"), StringComparison.Ordinal);
        Assert.Contains("does not belong", await _cli.FailsAsync("user", "sign-in-link", "mia@example.com"), StringComparison.Ordinal);
        Assert.Contains("does not belong there", await _cli.FailsAsync("user", "sign-in-link", "lead@example.com", "--tenant", "installation"), StringComparison.Ordinal);
        Assert.Contains("no second factor", await _cli.FailsAsync("user", "reset-second-factor", "lead@example.com", "--yes"), StringComparison.Ordinal);
        Assert.Contains("there is no user", await _cli.FailsAsync("user", "show", "nobody@example.com"), StringComparison.Ordinal);
        Assert.Contains("no mail address", await _cli.FailsAsync("operator", "create", "nonsense"), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, await _cli.RunAsync("user", "add", "x@example.com", "--role", "operator"));
        var link = await _cli.OkAsync("user", "sign-in-link", "lead@example.com", "--set", "accounts.signInUrl=https://app.example.com/in");
        await using (var open = await OpenAsync())
            Assert.Contains(await open.Services.GetRequiredService<AuditLog>().NewestAsync(KeyRing.Installation, 5, TestContext.Current.CancellationToken), entry => entry is { Act: "user.sign-in-link", Actor: "operator@machine" });
        Assert.Matches("^https://app\\.example\\.com/in#token=[\\w-]{43}&verifier=[\\w-]{43}\nin the console: https://app\\.example\\.com/console/link\\?token=[\\w-]{43}&verifier=[\\w-]{43}\n$", link);
    }

    [Fact]
    public async Task A_mailbox_that_lost_its_domain_to_another_tenant_says_so()
    {
        var ct = TestContext.Current.CancellationToken;
        var (own, other) = ((await _cli.OkAsync("tenant", "add", "Acme")).Split(' ')[0], (await _cli.OkAsync("tenant", "add", "Other")).Split(' ')[0]);
        await ProvedAsync(own, claim: true);
        Assert.DoesNotContain("another tenant", await _cli.OkAsync("mailbox", "list"), StringComparison.Ordinal);
        await ProvedAsync(other, claim: false);
        Assert.Contains("another tenant has proved its domain", await _cli.OkAsync("mailbox", "list"), StringComparison.Ordinal);
        Assert.Contains("\"domainLost\":true", await _cli.OkAsync("mailbox", "show", "info@moved.example"), StringComparison.Ordinal);

        async Task ProvedAsync(string tenant, bool claim)
        {
            await using var open = await OpenAsync();
            if (claim)
                await open.Services.GetRequiredService<Mailboxes>().AddAsync(new Mailbox { Id = "", TenantId = tenant, Address = "info@moved.example" }, Actor.Machine, ct, proof: "dns");
            await open.Services.GetRequiredService<IStore>().RetryAsync(async (commit, token) =>
            {
                var (_, key, item) = await open.Services.GetRequiredService<DomainOwners>().FindAsync("moved.example", token);
                DomainOwners.Write(commit, key, tenant, item);
                return true;
            }, ct);
        }
    }
}
