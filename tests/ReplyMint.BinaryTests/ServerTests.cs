using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;

namespace ReplyMint.BinaryTests;

public sealed class ServerTests : IDisposable
{
    private const string Anywhere = "d";
    private readonly Binary _binary = new();

    public void Dispose() => _binary.Dispose();

    private async Task<string> OkAsync(params string[] arguments)
    {
        var ran = await _binary.RunAsync([.. arguments, "--data", Anywhere, "--config", "c"]);
        Assert.True(ran.Code == 0, $"{string.Join(' ', arguments)}: {ran.Code} {ran.Error}");
        return ran.Out;
    }

    private Task<RunningServer> StartAsync() => RunningServer.StartAsync(_binary, "--data", Anywhere, "--config", "c");

    private async Task SetUpAsync()
    {
        await OkAsync("tenant", "add", "Acme");
        await OkAsync("mailbox", "add", "shop@example.com", "--mode", "automatic");
        _binary.Write("faq/delivery.md", "# How long does delivery take?\n\nA parcel takes two or three working days.\n\n# How can I pay?\n\nYou can pay by card or by invoice.\n");
        await OkAsync("knowledge", "add", "faq");
    }

    private async Task<JsonNode> DecidedAsync()
    {
        var limit = Stopwatch.GetTimestamp();
        while (true)
        {
            var lines = (await OkAsync("messages", "list", "--json")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            if (lines.Length > 0 && (string?)JsonNode.Parse(lines[0])!["state"] is not "received")
                return JsonNode.Parse(await OkAsync("messages", "show", (string)JsonNode.Parse(lines[0])!["id"]!, "--json"))!;
            Assert.True(Stopwatch.GetElapsedTime(limit) < TimeSpan.FromSeconds(30), "nothing was decided");
        }
    }

    [Fact]
    public async Task A_mail_is_answered_and_commands_reach_the_server()
    {
        using var server = await StartAsync();
        await SetUpAsync();
        foreach (var path in (string[])["/health", "/ready", "/info", "/openapi/v1.json"])
            Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
        Assert.Null(await server.SendAsync("Delivery", "Hello,\n\nhow long does delivery take?\n\nAda\n"));
        var message = await DecidedAsync();
        Assert.Equal("answered", (string?)message["state"]);
        Assert.Contains("two or three working days", (string?)message["answer"]!["text"], StringComparison.Ordinal);
        Assert.Equal("550", await SendElsewhereAsync(server));
        Assert.Equal(0, await server.StopAsync());
        Assert.False(File.Exists(Path.Combine(_binary.Folder, "d/run/control.sock")));
        Assert.Contains(Directory.GetFiles(Path.Combine(_binary.Folder, "d/out"), "*.eml", SearchOption.AllDirectories),
            f => File.ReadAllText(f).Contains("Auto-Submitted: auto-replied", StringComparison.Ordinal));
        // Without the server the same command opens the store itself.
        Assert.Contains("answered", await OkAsync("messages", "list"), StringComparison.Ordinal);
    }

    /// <summary>Rules are attributes, which a native binary could have lost.</summary>
    [Fact]
    public async Task Requests_are_held_to_their_rules_and_the_description_shows_them()
    {
        var ct = TestContext.Current.CancellationToken;
        using var server = await StartAsync();
        Assert.Equal("is empty", (string?)(await PostAsync("/api/v1/session/refresh", """{"refreshToken":""}"""))["errors"]!["refreshToken"]![0]);
        Assert.Equal("is missing", (string?)(await PostAsync("/api/v1/session/refresh", "{}"))["errors"]!["refreshToken"]![0]);
        Assert.NotNull((await PostAsync("/api/v1/session/refresh?x=1", """{"refreshToken":"a"}"""))["errors"]!["query"]);

        var document = JsonNode.Parse(await server.Http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), ct))!;
        Assert.Equal(254, (int?)document["components"]!["schemas"]!["NewMailbox"]!["properties"]!["address"]!["maxLength"]);
        var limit = document["paths"]!["/api/v1/messages"]!["get"]!["parameters"]!.AsArray().Single(parameter => (string?)parameter!["name"] == "limit")!;
        Assert.Equal(200, (int?)limit["schema"]!["maximum"]);

        async Task<JsonNode> PostAsync(string path, string json)
        {
            using var body = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
            using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), body, ct);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            return JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct))!;
        }
    }

    private static async Task<string?> SendElsewhereAsync(RunningServer server)
    {
        using var client = new MailKit.Net.Smtp.SmtpClient();
        await client.ConnectAsync("127.0.0.1", server.SmtpPort, MailKit.Security.SecureSocketOptions.None, TestContext.Current.CancellationToken);
        var mail = new MimeKit.MimeMessage(
            [MimeKit.MailboxAddress.Parse("a@b.example")], [MimeKit.MailboxAddress.Parse("nobody@elsewhere.example")], "x", new MimeKit.TextPart("plain") { Text = "x" });
        try
        {
            await client.SendAsync(mail, TestContext.Current.CancellationToken);
            return null;
        }
        catch (MailKit.Net.Smtp.SmtpCommandException e)
        {
            return ((int)e.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    [Fact]
    public async Task A_killed_server_starts_again_on_what_it_left()
    {
        using (var server = await StartAsync())
        {
            await SetUpAsync();
            await server.KillAsync();
        }
        Assert.True(File.Exists(Path.Combine(_binary.Folder, "d/run/control.sock")));
        Assert.Contains("shop@example.com", await OkAsync("mailbox", "list"), StringComparison.Ordinal);
        using var again = await StartAsync();
        Assert.Null(await again.SendAsync("Payment", "How can I pay?"));
        Assert.Equal("answered", (string?)(await DecidedAsync())["state"]);
    }

    [Fact]
    public async Task The_demo_ends_well()
    {
        var ran = await _binary.RunAsync("demo", "--exit", "--json", "--urls", "http://127.0.0.1:0", "--set", "smtp.port=0");
        Assert.True(ran.Code == 0, ran.Out + ran.Error);
        Assert.Equal(["answered", "held", "ignored", "ignored", "answered", "held"],
            ran.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => (string?)JsonNode.Parse(l)!["decision"]));
    }

    [Fact]
    public async Task The_doctor_looks_at_everything()
    {
        // Port 9 of this machine answers no DNS.
        var ran = await _binary.RunAsync("doctor", "--json", "--data", Anywhere, "--config", "c", "--set", "dns.server=127.0.0.1:9", "--set", "smtp.port=0", "--set", "urls=http://127.0.0.1:0");
        var findings = ran.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!).DistinctBy(f => (string)f["check"]!).ToDictionary(f => (string)f["check"]!, f => (string)f["state"]!);
        Assert.Equal(1, ran.Code);
        Assert.Equal(("fail", "ok", "ok", "ok", "ok"), (findings["dns"], findings["disk"], findings["clock"], findings["keys"], findings["model"]));
    }
}
