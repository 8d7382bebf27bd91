using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Console;
using ReplyMint.Tests.Inbound;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>
/// Names of files that strangers chose, by each way in, to each place that shows them or could make a file of them: they are text on one line,
/// and no header, no folder, no markup and no terminal is theirs (INPUT-1).
/// </summary>
public sealed class HostileNamesTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static readonly string[] Names =
    [
        "../../../etc/passwd", "..\\..\\evil.exe", "/etc/cron.d/x", "a\"; filename=\"c.exe", "x\r\nX-Injected: 1\r\n\r\nbody", "lone\rX-Injected: 2", "invoice\u202Efdp.exe", "nul\0byte.txt",
        new string('n', 700) + ".txt", "Übergröße 日本.pdf", "\"><img src=x onerror=alert(1)>.png", "\u001b[31mred\u0007.txt", "\u2028line\u0085.txt", "CON", "%2e%2e%2f%0d%0aX-Injected: 3", "=?utf-8?q?x=0d=0ay?=.txt",
    ];

    private readonly TemporaryFolder _folder = new();
    private ProductHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProductHost.StartAsync(m => m with { Mode = MailboxMode.Draft }, folder: _folder);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>One line without control characters, not longer than a file system takes.</summary>
    private static string Shown(string name)
    {
        var line = string.Join(' ', string.Concat(name.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length > 255 ? line[..255] : line;
    }

    private static string Encoded(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);

    [Fact]
    public async Task They_are_one_line_of_text_in_the_api_and_on_the_page_by_whichever_way_they_came()
    {
        using var admin = await _host.ClientAsync(Role.Admin);
        using var browser = await ConsoleClient.SignedInAsync(_host);
        foreach (var message in (Message[])[await _host.DeliverAndDecideAsync(Mail()), await ByMailgunAsync()])
        {
            using var answer = await admin.GetAsync(new Uri($"{RouteGroups.ApiRoot}/messages/{message.Id}", UriKind.Relative), Ct);
            var shown = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["text"]!["attachments"]!.AsArray().Select(one => (string)one!["fileName"]!).ToList();
            Assert.Equal(Names.Select(Shown), shown);
            Assert.DoesNotContain(answer.Headers.Concat(answer.Content.Headers), header => header.Key.StartsWith("X-Inj", StringComparison.OrdinalIgnoreCase));

            var page = (await browser.GetAsync("/console/inbox/" + message.Id)).Expect(200).Html;
            foreach (var name in Names.Select(Shown))
                Assert.Contains($"<bdi>{Encoded(name)}</bdi>", page, StringComparison.Ordinal);
            Assert.DoesNotContain("<img src=x", page, StringComparison.Ordinal);
            Assert.DoesNotContain(page, c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'));
        }
    }

    [Fact]
    public async Task No_header_and_no_file_is_named_by_them()
    {
        var message = await _host.DeliverAndDecideAsync(Mail());
        using var admin = await _host.ClientAsync(Role.Admin);
        using var raw = await admin.GetAsync(new Uri($"{RouteGroups.ApiRoot}/messages/{message.Id}/raw", UriKind.Relative), Ct);
        Assert.Equal($"attachment; filename={message.Id}.eml", raw.Content.Headers.ContentDisposition!.ToString());

        using var asked = await admin.PostAsync(new Uri(RouteGroups.ApiRoot + "/exports", UriKind.Relative), new StringContent("""{"scope":"tenant"}""", Encoding.UTF8, "application/json"), Ct);
        var id = (string)JsonNode.Parse(await asked.Content.ReadAsStringAsync(Ct))!["id"]!;
        await ProductHost.EventuallyAsync(async () => (await _host.Get<Exports>().FindAsync(_host.Tenant.Id, id, Ct))?.Value.State == ExportState.Ready ? "ready" : null);
        using var browser = await ConsoleClient.SignedInAsync(_host, factor: true);
        var page = await browser.GetAsync($"/console/privacy/exports/{id}/file");
        using var file = await admin.GetAsync(new Uri($"{RouteGroups.ApiRoot}/exports/{id}/file", UriKind.Relative), Ct);
        foreach (var answer in (HttpResponseMessage[])[page.Message, file])
            Assert.Equal((200, $"attachment; filename=export-{id}.zip"), ((int)answer.StatusCode, answer.Content.Headers.ContentDisposition!.ToString()));

        // Unpacked by a program of others: what comes out lies where it was unpacked, and has our names.
        var to = _folder.Sub("unpacked");
        await using (var bytes = await file.Content.ReadAsStreamAsync(Ct))
            ZipFile.ExtractToDirectory(bytes, to);
        Assert.All(Directory.EnumerateFileSystemEntries(to, "*", SearchOption.AllDirectories), entry => Assert.Matches("^[a-z0-9-]+(?:\\.(?:jsonl|json|mbox))?$", Path.GetRelativePath(to, entry)));
        Assert.Contains(JsonEncodedText.Encode(Shown(Names[2])).ToString(), await System.IO.File.ReadAllTextAsync(Path.Combine(to, "messages.jsonl"), Ct), StringComparison.Ordinal);
        // Nor did one become the name of a file of ours.
        Assert.All(Directory.EnumerateFileSystemEntries(_host.DataFolder, "*", SearchOption.AllDirectories), entry => Assert.Matches("^[A-Za-z0-9._-]{1,80}$", Path.GetFileName(entry)));
        Assert.False(System.IO.File.Exists("/etc/cron.d/x") || System.IO.File.Exists(_folder.Sub("passwd")));
    }

    [Fact]
    public async Task A_command_shows_them_without_moving_the_terminal()
    {
        using var cli = new CliRun();
        cli.Write("a.eml", Mail());
        Assert.Equal(0, await cli.RunAsync("explain", "a.eml"));
        var attached = cli.Out.Split('\n').Where(line => line.Contains("Attached", StringComparison.Ordinal)).ToList();
        Assert.Equal(Names.Length, attached.Count);
        Assert.DoesNotContain(cli.Out, c => (char.IsControl(c) && c is not ('\n' or '\r')) || c is '\u202E' or '\u2028');
    }

    [Theory]
    [InlineData("../../etc/passwd.md", "passwd.md")]
    [InlineData("..\\..\\evil.md", "evil.md")]
    [InlineData("\"><img src=x onerror=alert(1)>.md", "\"><img src=x onerror=alert(1)>.md")]
    [InlineData("bell\u0007.md", null)]
    [InlineData("x\r\nX-Injected: 1.md", null)]
    [InlineData("nul\0.md", null)]
    public async Task A_file_of_knowledge_keeps_its_last_name_alone_or_is_refused(string name, string? taken)
    {
        using var admin = await _host.ClientAsync(Role.Admin);
        using var browser = await ConsoleClient.SignedInAsync(_host, factor: true);
        foreach (var way in (string[])["api", "console"])
        {
            using var form = new MultipartFormDataContent("----names");
            if (way == "console")
                form.Add(new StringContent((await browser.GetAsync("/console/knowledge/add")).Token), "_page");
            form.Add(File("file", name, $"# When are you open, {way}?\n\nWe open at nine.\n", "text/markdown"));
            var code = way == "api" ? (int)(await admin.PostAsync(new Uri(RouteGroups.ApiRoot + "/knowledge", UriKind.Relative), form, Ct)).StatusCode
                : (await browser.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/console/knowledge/upload") { Content = form }, [])).Code;
            Assert.True(taken is null ? code == 400 : code is 201 or 200 or 303, $"{way}: {code}");
        }
        var listed = JsonNode.Parse(await admin.GetStringAsync(new Uri(RouteGroups.ApiRoot + "/knowledge", UriKind.Relative), Ct))!["items"]!.AsArray().Select(one => (string)one!["name"]!);
        Assert.Equal(taken is null ? [] : [taken], listed);
    }

    private string Mail()
    {
        var mail = new StringBuilder(_host.Mail("See the files.", extra: "MIME-Version: 1.0"));
        mail.Replace("Content-Type: text/plain; charset=utf-8\r\n\r\nSee the files.\r\n", "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nSee the files.\r\n");
        foreach (var name in Names)
            // Beyond what a line may hold it comes in pieces (RFC 2231).
            mail.Append($"--m\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; {string.Join(";\r\n ", Uri.EscapeDataString(name).Chunk(600).Select((piece, i) => $"filename*{i}*={(i == 0 ? "utf-8''" : "")}{new string(piece)}"))}\r\n\r\nx\r\n");
        return mail.Append("--m--\r\n").ToString();
    }

    private async Task<Message> ByMailgunAsync()
    {
        var channel = await _host.Get<Channels>().AddAsync(_host.Tenant.Id, "mailgun", MailgunHost.ChannelKey, Actor.Machine, Ct);
        var known = (await _host.ListAsync()).Select(message => message.Id).ToHashSet();
        using var form = new MultipartFormDataContent("----names");
        foreach (var (name, value) in MailgunForm.Mail(ProductHost.Address, text: "See the files.").Concat(MailgunForm.Sign(MailgunHost.ChannelKey, _host.Time.GetUtcNow(), new string('a', 50))).Append(new("attachment-count", $"{Names.Length}")))
            form.Add(new StringContent(value), name);
        for (var i = 0; i < Names.Length; i++)
            form.Add(File($"attachment-{i + 1}", Names[i], "x", "application/octet-stream"));
        using var http = _host.Client();
        using var answer = await http.PostAsync(new Uri($"/webhooks/mailgun/{channel.Id}/inbound", UriKind.Relative), form, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await _host.DecidedAsync((await _host.ListAsync()).Single(message => !known.Contains(message.Id)));
    }

    private static ByteArrayContent File(string field, string name, string text, string type)
    {
        var file = new ByteArrayContent(Encoding.UTF8.GetBytes(text)) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        file.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"{field}\"; filename*=utf-8''{Uri.EscapeDataString(name)}");
        return file;
    }
}
