using System.Net;
using System.Text.Json.Nodes;
using ReplyMint.Cli;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Aws;

/// <summary>An operator works on a store of AWS from his own machine, beside a server or without one.</summary>
public sealed class AwsCommandTests : IAsyncLifetime
{
    private AwsCli _aws = null!;
    private ServerProcess? _server;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _aws = await AwsCli.StartAsync();
        _aws.Run.Environment["REPLYMINT_STORE"] = "aws";
        _aws.Run.Patience = TimeSpan.FromMinutes(2);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        await _aws.DisposeAsync();
    }

    private Task<string> OkAsync(params string[] arguments) => _aws.Run.OkAsync(arguments);

    private async Task ServeAsync(string? changedBy = null, int workers = 48) => _server = await ServerProcess.StartAsync(
        _aws.Run.OfServer with { Store = StoreKind.Aws, Aws = AwsCli.SettingsOf(_aws.Run), ChangedBy = changedBy, Jobs = new() { Workers = workers } }, _aws.Run.Host(TextWriter.Null, TextWriter.Null), Ct);

    private async Task<HttpResponseMessage> AskAsync(HttpMethod method, string path, JsonNode? body = null, string? bearer = null, string? key = null)
    {
        using var client = new HttpClient { BaseAddress = new(_server!.Url) };
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json") };
        if (bearer is not null)
            request.Headers.Authorization = new("Bearer", bearer);
        if (key is not null)
            request.Headers.Add("X-API-Key", key);
        return await client.SendAsync(request, Ct);
    }

    /// <summary>What a server has proved is good for two seconds more.</summary>
    private static Task SeenAsync(Func<Task<bool>> holds) => ProductHost.EventuallyAsync(async () => await holds() ? "seen" : null);

    private static async Task<JsonNode> JsonAsync(HttpResponseMessage answer) => JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!;

    [Fact]
    public async Task The_first_operator_is_made_by_a_command_and_comes_in_at_a_server_elsewhere()
    {
        Assert.Contains("is an operator", await OkAsync("operator", "create", "ops@example.com"), StringComparison.Ordinal);
        await ServeAsync();
        var proof = JsonNode.Parse((await OkAsync("user", "sign-in-link", "ops@example.com", "--tenant", "installation")).Split('\n')[1])!;
        var token = (string)(await JsonAsync(await AskAsync(HttpMethod.Post, "/api/v1/sign-in/complete", proof)))["accessToken"]!;
        Assert.Equal("operator", (string?)(await JsonAsync(await AskAsync(HttpMethod.Get, "/api/v1/me", bearer: token)))["role"]);
        // A session that a command ends is over for the server, too.
        await OkAsync("incident", "revoke", "sessions", "--all", "--yes");
        await SeenAsync(async () => (await AskAsync(HttpMethod.Get, "/api/v1/me", bearer: token)).StatusCode == HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Keys_are_made_contained_and_revoked_beside_a_server()
    {
        await ServeAsync();
        await OkAsync("tenant", "add", "Acme");
        var made = await OkAsync("key", "create", "shop", "--scopes", "messages:read", "--tenant", "Acme");
        var text = made.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).First(word => word.StartsWith("rm_", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(HttpMethod.Get, "/api/v1/me", key: text)).StatusCode);
        var id = (string)JsonNode.Parse((await OkAsync("key", "list", "--tenant", "Acme", "--json")).Split('\n')[0])!["id"]!;
        var incident = (await OkAsync("incident", "open", "a key was posted in a forum")).Trim();
        await OkAsync("incident", "contain", "key", id, "--incident", incident);
        await SeenAsync(async () => (await AskAsync(HttpMethod.Get, "/api/v1/me", key: text)).StatusCode == HttpStatusCode.Unauthorized);
        await OkAsync("incident", "release", "key", id, "--incident", incident);
        await SeenAsync(async () => (await AskAsync(HttpMethod.Get, "/api/v1/me", key: text)).StatusCode == HttpStatusCode.OK);
        await OkAsync("key", "revoke", id, "--yes");
        await SeenAsync(async () => (await AskAsync(HttpMethod.Get, "/api/v1/me", key: text)).StatusCode == HttpStatusCode.Unauthorized);
        Assert.Contains("contain.key", await OkAsync("incident", "timeline", incident), StringComparison.Ordinal);
        await OkAsync("audit", "verify");
    }

    /// <summary>The network of functions lets SMTP out nowhere (AWS-3): said when such a channel is made, not when answers wait.</summary>
    [Fact]
    public async Task A_mailboxs_own_SMTP_server_is_refused_with_the_way_that_there_is()
    {
        await OkAsync("tenant", "add", "shop");
        await OkAsync("mailbox", "add", "support@shop.example", "--tenant", "shop");
        var secret = Path.Combine(_aws.Run.Environment["HOME"], "password");
        await File.WriteAllTextAsync(secret, "app-password-of-the-account", Ct);
        string[] account = ["--mailbox", "support@shop.example", "--tenant", "shop", "--host", "mail.shop.example", "--user", "support", "--secret-file", secret];
        var refused = await _aws.Run.FailsAsync(["channel", "add", "smtp", .. account]);
        Assert.Contains("functions get out by HTTPS only", refused, StringComparison.Ordinal);
        Assert.Contains("outbound.channel", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("smtp", await OkAsync("channel", "list"), StringComparison.Ordinal);
        Assert.Contains("is looked into", await OkAsync(["channel", "add", "imap", .. account, "--server", "mx.shop.example"]), StringComparison.Ordinal);
    }

    /// <summary>An export names its tenant's servers, and an import makes none; whoever imports hears what becomes of their answers.</summary>
    [Fact]
    public async Task An_imported_tenants_own_SMTP_server_is_told_and_not_used()
    {
        using var elsewhere = CliRun.OnStore();
        await elsewhere.OkAsync("tenant", "add", "shop");
        await elsewhere.OkAsync("mailbox", "add", "support@shop.example", "--tenant", "shop");
        var secret = elsewhere.Write("password", "app-password-of-the-account");
        await elsewhere.OkAsync("channel", "add", "smtp", "--mailbox", "support@shop.example", "--tenant", "shop", "--host", "mail.shop.example", "--user", "support", "--secret-file", secret);
        var zip = Path.Combine(elsewhere.Folder, "shop.zip");
        await elsewhere.OkAsync("export", "tenant", "--tenant", "shop", "--out", zip);
        var said = await OkAsync("import", zip);
        Assert.Contains("had an SMTP server of its own: on AWS answers can't leave by a mailbox's own SMTP server", said, StringComparison.Ordinal);
        Assert.DoesNotContain("smtp", await OkAsync("channel", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenant_is_exported_and_erased()
    {
        await OkAsync("tenant", "add", "Acme");
        await OkAsync("mailbox", "add", "support@acme.example", "--tenant", "Acme");
        var zip = Path.Combine(_aws.Run.Folder, "acme.zip");
        await OkAsync("export", "tenant", "--tenant", "Acme", "--out", zip);
        await OkAsync("export", "verify", zip);
        await OkAsync("secrets", "rotate", "all");
        var id = (string)JsonNode.Parse((await OkAsync("tenant", "list", "--json")).Split('\n')[0])!["id"]!;
        await OkAsync("erase", "tenant", "Acme", "--yes", id);
        Assert.DoesNotContain("Acme", await OkAsync("tenant", "list"), StringComparison.Ordinal);
        Assert.Contains(id, await OkAsync("erase", "list"), StringComparison.Ordinal);
        await OkAsync("audit", "verify");
        Assert.Empty(_aws.Front.Refused);
    }

    [Fact]
    public async Task Restored_tables_serve_once_the_ledger_was_replayed_and_let_in_nobody_from_before()
    {
        await OkAsync("tenant", "add", "Acme");
        var text = (await OkAsync("key", "create", "shop", "--scopes", "messages:read", "--tenant", "Acme")).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).First(word => word.StartsWith("rm_", StringComparison.Ordinal));
        Assert.Contains("no moment that has passed", await _aws.Run.FailsAsync("backup", "restored", "--at", "2999-01-01T00:00:00Z", "--yes"), StringComparison.Ordinal);
        var said = await OkAsync("backup", "restored", "--at", DateTime.UtcNow.AddMinutes(-10).ToString("O", System.Globalization.CultureInfo.InvariantCulture), "--yes");
        Assert.Contains("1 API keys", said, StringComparison.Ordinal);
        Assert.Contains("erase replay", await _aws.Run.FailsAsync("tenant", "list"), StringComparison.Ordinal);
        Assert.Contains("erase replay", (await Assert.ThrowsAsync<RefusedException>(() => ServeAsync())).Message, StringComparison.Ordinal);
        await OkAsync("erase", "replay", "--nothing-was-erased-since");
        await ServeAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(HttpMethod.Get, "/api/v1/me", key: text)).StatusCode);
        Assert.Contains("backup.restore", await OkAsync("audit", "list", "--installation"), StringComparison.Ordinal);
        using var embedded = ReplyMint.Tests.Cli.CliRun.OnStore();
        await embedded.OkAsync("tenant", "add", "Acme");
        Assert.Contains("backup restore", await embedded.FailsAsync("backup", "restored", "--at", "2026-01-01T00:00:00Z", "--yes"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mails_in_a_bucket_are_read_within_a_bound_and_removed()
    {
        using var aws = new ReplyMint.Aws.AwsServices(AwsCli.SettingsOf(_aws.Run) with { MailBucket = AwsCli.SettingsOf(_aws.Run).Bucket }, _aws.Run.Environment.GetValueOrDefault, TimeProvider.System);
        var mails = AwsRooms.Mails("any", aws.Mails());
        await aws.Mails().CallAsync(HttpMethod.Put, "inbound/d6iitobk75", new byte[1_000], Ct);
        Assert.Equal(1_000, (await mails.ReadAsync("inbound/d6iitobk75", 1_000, Ct)).Content!.Length);
        Assert.Equal(new(null, true), await mails.ReadAsync("inbound/d6iitobk75", 999, Ct));
        await mails.DeleteAsync("inbound/d6iitobk75", Ct);
        await mails.DeleteAsync("inbound/d6iitobk75", Ct);
        Assert.Equal(new(null, false), await mails.ReadAsync("inbound/d6iitobk75", 1_000, Ct));
        Assert.Empty(_aws.Front.Refused);
    }

    [Fact]
    public async Task Changed_settings_leave_a_record_with_author_before_and_after()
    {
        await ServeAsync();
        await _server!.DisposeAsync();
        await ServeAsync("arn:aws:iam::123456789012:role/deploy", workers: 12);
        var record = (await OkAsync("record", "list")).Split('\n').Single(line => line.Contains(" change ", StringComparison.Ordinal));
        Assert.Contains("settings, by arn:aws:iam::123456789012:role/deploy", record, StringComparison.Ordinal);
        Assert.Contains("jobs.workers: 48 -> 12", record, StringComparison.Ordinal);
        await _server!.DisposeAsync();
        // Who deploys the same again changes nothing.
        await ServeAsync("arn:aws:iam::123456789012:role/other", workers: 12);
        Assert.Single((await OkAsync("record", "list")).Split('\n'), line => line.Contains(" change ", StringComparison.Ordinal));
    }
}
