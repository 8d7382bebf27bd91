using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Cli;
using ReplyMint.Security;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>People on the machine: the first operator, links made by hand, roles, and a lost second factor.</summary>
public sealed class PeopleCommandTests : IAsyncDisposable
{
    private readonly CliRun _cli = new();
    private ServerProcess? _server;

    public PeopleCommandTests()
    {
        _cli.Environment["REPLYMINT_BASE"] = _cli.Folder;
        _cli.Environment["REPLYMINT_ENVIRONMENT"] = "development";
        _cli.Environment["REPLYMINT_URLS"] = "http://localhost:0";
        _cli.Environment["REPLYMINT_SMTP__PORT"] = "0";
        _cli.Open = (settings, ct) => Installation.OpenForCommandAsync(settings, _cli.Host(TextWriter.Null, TextWriter.Null), ct);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _cli.Dispose();
    }

    private async Task<string> OkAsync(params string[] arguments)
    {
        var code = await _cli.RunAsync(arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {code} {_cli.Error}");
        return _cli.Out;
    }

    private async Task<string> FailsAsync(params string[] arguments)
    {
        Assert.Equal(1, await _cli.RunAsync(arguments));
        return _cli.Error;
    }

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
        Assert.Contains("is an operator", await OkAsync("operator", "create", "Ops@Example.com"), StringComparison.Ordinal);
        _server = await ServerProcess.StartAsync(new ReplyMintSettings
        {
            Data = Path.Combine(_cli.Folder, "data"), Config = Path.Combine(_cli.Folder, "config"), Urls = ["http://localhost:0"], Environment = DeploymentEnvironment.Development, Smtp = new() { Port = 0 },
        }, _cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);
        var printed = await OkAsync("user", "sign-in-link", "ops@example.com", "--tenant", "installation");
        Assert.Contains("once", _cli.Error, StringComparison.Ordinal);
        var proof = JsonNode.Parse(printed.Split('\n')[1])!;
        var session = await PostAsync("/api/v1/sign-in/complete", proof);
        var token = (string)session["accessToken"]!;
        using var client = new HttpClient { BaseAddress = new Uri(_server.Url) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        Assert.Equal("operator", (string?)JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/me", UriKind.Relative), TestContext.Current.CancellationToken))!["role"]);
        Assert.Equal(400, (int)(await PostAsync("/api/v1/sign-in/complete", proof.DeepClone()))["status"]!);
        Assert.Contains("ops@example.com", await OkAsync("operator", "list"), StringComparison.Ordinal);
        Assert.Contains("last operator", await FailsAsync("operator", "remove", "ops@example.com"), StringComparison.Ordinal);
        await OkAsync("operator", "create", "two@example.com");
        await OkAsync("operator", "remove", "ops@example.com");
        Assert.Equal(401, (int)(await PostAsync("/api/v1/me/second-factor/totp", new JsonObject(), token))["status"]!);
    }

    [Fact]
    public async Task Roles_are_given_and_taken_on_the_machine()
    {
        await OkAsync("tenant", "add", "Beta");
        Assert.Contains("1 to 100", await FailsAsync("tenant", "set", "Beta", "--name", " "), StringComparison.Ordinal);
        await OkAsync("tenant", "set", "Beta", "--name", "Acme");
        await OkAsync("user", "add", "lead@example.com", "--role", "admin");
        await OkAsync("user", "add", "mia@example.com", "--role", "member");
        Assert.Contains("last administrator", await FailsAsync("user", "add", "lead@example.com", "--role", "member"), StringComparison.Ordinal);
        Assert.Contains("last administrator", await FailsAsync("user", "remove", "lead@example.com", "--yes"), StringComparison.Ordinal);
        var listed = await OkAsync("user", "list");
        Assert.Contains(listed.Split('\n'), l => l.Contains("mia@example.com", StringComparison.Ordinal) && l.Contains("member", StringComparison.Ordinal));
        var shown = await OkAsync("user", "show", "LEAD@example.com");
        Assert.Contains("admin of Acme", shown, StringComparison.Ordinal);
        Assert.Contains("second factor: none", shown, StringComparison.Ordinal);
        await OkAsync("user", "remove", "mia@example.com", "--yes");
        Assert.DoesNotContain("mia@", await OkAsync("user", "list"), StringComparison.Ordinal);
        Assert.Contains("does not belong", await FailsAsync("user", "sign-in-link", "mia@example.com"), StringComparison.Ordinal);
        Assert.Contains("does not belong there", await FailsAsync("user", "sign-in-link", "lead@example.com", "--tenant", "installation"), StringComparison.Ordinal);
        Assert.Contains("no second factor", await FailsAsync("user", "reset-second-factor", "lead@example.com", "--yes"), StringComparison.Ordinal);
        Assert.Contains("there is no user", await FailsAsync("user", "show", "nobody@example.com"), StringComparison.Ordinal);
        Assert.Contains("no mail address", await FailsAsync("operator", "create", "nonsense"), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, await _cli.RunAsync("user", "add", "x@example.com", "--role", "operator"));
        var link = await OkAsync("user", "sign-in-link", "lead@example.com", "--set", "accounts.signInUrl=https://app.example.com/in");
        Assert.Matches("^https://app\\.example\\.com/in#token=[\\w-]{43}&verifier=[\\w-]{43}\n$", link);
    }
}
