using System.Text.Json.Nodes;
using ReplyMint.Cli;
using ReplyMint.Security;

namespace ReplyMint.Tests.Cli;

/// <summary>Commands on a real store, without a server and with one: the same words, the same results.</summary>
public sealed class StoreCommandTests : IAsyncDisposable
{
    private readonly CliRun _cli = CliRun.OnStore();
    private ServerProcess? _server;

    public StoreCommandTests()
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

    private async Task StartServerAsync() =>
        _server = await ServerProcess.StartAsync(_cli.OfServer, _cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);

    /// <summary>The last line says what is wrong.</summary>
    private async Task<string> FailsAsync(params string[] arguments)
    {
        var said = await _cli.FailsAsync(arguments);
        Assert.StartsWith("replymint: ", _cli.Error.Split('\n')[^2], StringComparison.Ordinal);
        return said;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tenant_its_mailbox_and_its_knowledge_are_set_up(bool withServer)
    {
        if (withServer)
            await StartServerAsync();
        await _cli.OkAsync("tenant", "add", "Acme");
        Assert.Contains("already", await FailsAsync("tenant", "add", "acme"), StringComparison.Ordinal);
        await _cli.OkAsync("mailbox", "add", "Shop@Example.com", "--mode", "automatic", "--signature", "Bye\\nAcme");
        Assert.Contains("claimed already", await FailsAsync("mailbox", "add", "shop@example.com"), StringComparison.Ordinal);
        var mailbox = JsonNode.Parse(await _cli.OkAsync("mailbox", "show", "shop@example.com"))!;
        Assert.Equal(("automatic", "Bye\nAcme", "Acme"), ((string?)mailbox["mode"], (string?)mailbox["signature"], (string?)mailbox["tenant"]));
        _cli.Write("faq/hours.md", "# When do you open?\n\nWe open at nine in the morning.\n");
        _cli.Write("faq/deep/pay.md", "# How can I pay?\n\nBy card.\n");
        _cli.Write("faq/ignored.bin", "x");
        _cli.Write("faq/deep/prices.PDF", "%PDF-1.7");
        _cli.Write("faq/LICENCE", "x");
        var added = await _cli.OkAsync("knowledge", "add", "faq");
        // Nothing is passed over in silence.
        foreach (var told in (string[])["deep/prices.PDF: not taken, its text can't be read here; save it as text or HTML", "ignored.bin: not taken, .bin is no known format", "LICENCE: not taken, its name has no extension", "known formats are .md, "])
            Assert.Contains(told, _cli.Error, StringComparison.Ordinal);
        Assert.Contains("deep/pay.md: added, 1 passage", added, StringComparison.Ordinal);
        Assert.Contains("hours.md: unchanged", await _cli.OkAsync("knowledge", "add", "faq"), StringComparison.Ordinal);
        Assert.Contains("We open at nine", await _cli.OkAsync("knowledge", "ask", "When do you open?"), StringComparison.Ordinal);
        Assert.Empty(await _cli.OkAsync("knowledge", "missing", "--days", "7"));
        Assert.Contains("from 1 to 400", await FailsAsync("knowledge", "missing", "--days", "0"), StringComparison.Ordinal);
        await _cli.OkAsync("knowledge", "remove", "hours.md");
        Assert.DoesNotContain("hours.md", await _cli.OkAsync("knowledge", "list"), StringComparison.Ordinal);
        Assert.Equal(withServer, _cli.Error.Contains("(using the running server of ./data)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rules_and_schedules_come_from_files_that_are_checked()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        await _cli.OkAsync("mailbox", "add", "shop@example.com");
        _cli.Write("rules.json", """[{ "name": "refunds", "word": "refund", "action": "hold" }, { "name": "hello", "subject": "hi", "action": "template", "template": "Hello." }]""");
        _cli.Write("hours.json", """{ "spans": [{ "days": ["monday"], "from": "09:00", "to": "17:00", "mode": "automatic" }], "holidays": [{ "date": "2026-12-25", "mode": "off" }] }""");
        await _cli.OkAsync("mailbox", "set", "shop@example.com", "--rules", "rules.json", "--schedule", "hours.json", "--mode", "schedule");
        var shown = JsonNode.Parse(await _cli.OkAsync("mailbox", "show", "shop@example.com"))!;
        Assert.Equal(2, shown["rules"]!.AsArray().Count);
        Assert.Equal("draft", (string?)shown["schedule"]!["otherwise"]);
        Assert.Equal("monday", (string?)shown["schedule"]!["spans"]![0]!["days"]![0]);
        foreach (var (file, wrong) in new[]
        {
            ("""[{ "name": "x", "action": "hold" }]""", "no condition"), ("""[{ "word": "x" }]""", "name of its own"),
            ("""[{ "name": "x", "word": "y", "action": "template" }]""", "needs a template"), ("""[{ "name": "x", "wurd": "y" }]""", "can't be read"), ("nonsense", "can't be read"),
        })
        {
            _cli.Write("wrong.json", file);
            Assert.Contains(wrong, await FailsAsync("mailbox", "set", "shop@example.com", "--rules", "wrong.json"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_stop_switch_stands_until_it_is_started_again()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        await _cli.OkAsync("mailbox", "add", "shop@example.com");
        await _cli.OkAsync("switch", "set", "stop", "--mailbox", "shop@example.com", "--reason", "drill");
        var listed = (await _cli.OkAsync("switch", "list")).Split('\n');
        Assert.Contains(listed, l => l.StartsWith("STOPPED", StringComparison.Ordinal) && l.EndsWith("mailbox shop@example.com", StringComparison.Ordinal));
        Assert.Contains(listed, l => l.StartsWith("running", StringComparison.Ordinal) && l.EndsWith("everything", StringComparison.Ordinal));
        await _cli.OkAsync("switch", "set", "start", "--mailbox", "shop@example.com");
        Assert.DoesNotContain("STOPPED", await _cli.OkAsync("switch", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_channels_secret_comes_from_a_file_and_is_never_shown()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        _cli.Write("weak", "password");
        await FailsAsync("channel", "add", "mailgun", "--secret-file", "weak");
        _cli.Write("key", "f00dbabe5eed1234f00dbabe5eed9876");
        var added = await _cli.OkAsync("channel", "add", "mailgun", "--secret-file", "key");
        var id = added.Split(' ')[0];
        Assert.Contains($"/webhooks/mailgun/{id}/inbound", added, StringComparison.Ordinal);
        var listed = await _cli.OkAsync("channel", "list");
        Assert.Contains(id, listed, StringComparison.Ordinal);
        Assert.DoesNotContain("f00dbabe", listed + added, StringComparison.Ordinal);
        Assert.Contains("add --yes", await FailsAsync2("channel", "remove", id), StringComparison.Ordinal);
        await _cli.OkAsync("channel", "remove", id, "--yes");
        Assert.DoesNotContain(id, await _cli.OkAsync("channel", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_channel_is_told_which_topics_and_verdicts_to_believe()
    {
        const string topic = "arn:aws:sns:eu-west-1:123456789012:mail-in";
        await _cli.OkAsync("tenant", "add", "Acme");
        _cli.Write("key", "f00dbabe5eed1234f00dbabe5eed9876");
        var ses = await _cli.OkAsync("channel", "add", "ses", "--topic", topic, "--tenant", "Acme");
        var id = ses.Split(' ')[0];
        Assert.Contains($"/webhooks/ses/{id}", ses, StringComparison.Ordinal);
        var mailgun = (await _cli.OkAsync("channel", "add", "mailgun", "--secret-file", "key", "--verdicts")).Split(' ')[0];
        var listed = (await _cli.OkAsync("channel", "list")).Split('\n');
        Assert.Contains(listed, line => line.Contains(id, StringComparison.Ordinal) && line.Contains(topic, StringComparison.Ordinal) && line.Contains("Acme", StringComparison.Ordinal));
        Assert.Contains(listed, line => line.Contains(mailgun, StringComparison.Ordinal) && line.TrimEnd().EndsWith(" verdicts", StringComparison.Ordinal));
        await _cli.OkAsync("channel", "set", mailgun, "--verdicts", "false");
        await _cli.OkAsync("channel", "set", id, "--topic", topic + "-2", "--topic", topic + "-3");
        listed = (await _cli.OkAsync("channel", "list")).Split('\n');
        Assert.Contains(listed, line => line.Contains("no verdicts", StringComparison.Ordinal));
        Assert.Contains(listed, line => line.Contains($"{topic}-2 {topic}-3", StringComparison.Ordinal));
        foreach (var (line, why) in new[]
        {
            ("channel add ses", "--topic"), ($"channel add ses --topic {topic} --secret-file key", "no secret"), ($"channel add ses --topic {topic} --verdicts", "is signed"),
            ("channel add ses --topic arn:aws:sqs:eu-west-1:123456789012:x", "no topic"), ("channel add mailgun", "--secret-file"), ($"channel add mailgun --secret-file key --topic {topic}", "is for ses"),
            ("channel set nowhere --verdicts true", "there is no channel"), ($"channel set {id} --secret-file key", "no secret"),
        })
            Assert.Contains(why, await FailsAsync(line.Split(' ')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mailboxs_own_server_is_named_checked_and_given_up()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        await _cli.OkAsync("mailbox", "add", "shop@example.com");
        _cli.Write("password", "app password of the account\n");
        var added = await _cli.OkAsync("channel", "add", "smtp", "--mailbox", "shop@example.com", "--host", "smtp.example.invalid", "--user", "shop", "--secret-file", "password");
        var id = added.Split(' ').First(word => word.Length > 20 && word[0] == 'c');
        var listed = await _cli.OkAsync("channel", "list");
        Assert.Contains("smtp.example.invalid", listed, StringComparison.Ordinal);
        Assert.DoesNotContain("app password", listed + added, StringComparison.Ordinal);
        Assert.Contains("no server of the name smtp.example.invalid", await FailsAsync("channel", "check", id), StringComparison.Ordinal);
        await _cli.OkAsync("channel", "set", id, "--host", "127.0.0.2.invalid", "--port", "465", "--security", "tls");
        foreach (var (line, why) in new[]
        {
            ("channel add smtp --mailbox shop@example.com --host smtp.example.invalid --user shop --secret-file password", "another server already"), ("channel add smtp --secret-file password", "--mailbox, --host and --user"),
            ("channel add smtp --mailbox shop@example.com --host 10.0.0.1 --user shop --secret-file password", "--host"), ($"channel set {id} --security none", "--security"), ($"channel set {id} --token-url https://x.example/token", "--tokenUrl"),
        })
            Assert.Contains(why, await FailsAsync(line.Split(' ')), StringComparison.Ordinal);
        await _cli.OkAsync("channel", "remove", id, "--yes");
        Assert.Contains("leave by", await _cli.OkAsync("channel", "add", "smtp", "--mailbox", "shop@example.com", "--host", "smtp.example.invalid", "--user", "shop", "--secret-file", "password"), StringComparison.Ordinal);
    }

    private async Task<string> FailsAsync2(params string[] arguments)
    {
        Assert.Equal(1, await _cli.RunAsync(arguments));
        return _cli.Error;
    }

    [Fact]
    public async Task What_is_not_there_is_said_with_the_command_that_lists_what_is()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        foreach (var line in (string[])["drafts show x", "drafts approve x", "drafts assign x -", "drafts note x look", "messages show x", "outbox show x", "outbox replay x", "outbox discard x", "outbox settle x --sent",
            "alerts ack x", "suppression remove a@example.com", "mailbox show a@example.com", "knowledge remove x", "knowledge add nowhere"])
            await FailsAsync(line.Split(' '));
        await _cli.OkAsync("tenant", "add", "Other");
        Assert.Contains("several tenants", await FailsAsync("drafts", "list"), StringComparison.Ordinal);
        foreach (var line in (string[])["drafts list", "messages list", "outbox list", "suppression list", "knowledge list", "tenant show"])
            await _cli.OkAsync([.. line.Split(' '), .. line == "tenant show" ? (string[])["Acme"] : ["--tenant", "Acme"]]);
    }

    [Fact]
    public async Task A_draft_gets_a_note_and_somebody_who_looks_at_it()
    {
        await StartServerAsync();
        await _cli.OkAsync("tenant", "add", "Acme");
        await _cli.OkAsync("mailbox", "add", "shop@example.com");
        await _cli.OkAsync("user", "add", "lead@example.com", "--role", "member");
        using (var relay = await Product.RelayConnection.OpenAsync(_server!.SmtpPort, TestContext.Current.CancellationToken))
            Assert.Equal(250, await relay.SendAsync("anna@customer.example", "shop@example.com",
                "From: anna@customer.example\r\nTo: shop@example.com\r\nSubject: Hours\r\nMessage-ID: <1@customer.example>\r\n\r\nWhen are you open?\r\n.\r\n"u8.ToArray(), TestContext.Current.CancellationToken));
        var id = await Product.ProductHost.EventuallyAsync(async () => await _cli.OkAsync("drafts", "list", "--json") is { Length: > 0 } listed ? (string?)JsonNode.Parse(listed)!["id"] : null);
        await _cli.OkAsync("drafts", "assign", id, "lead@example.com");
        await _cli.OkAsync("drafts", "note", id, "Ask", "Carl", "first.");
        var draft = JsonNode.Parse(await _cli.OkAsync("drafts", "show", id, "--json"))!["draft"]!;
        Assert.StartsWith("u", (string?)draft["assignee"], StringComparison.Ordinal);
        Assert.Equal(("operator@machine", "Ask Carl first."), ((string?)draft["notes"]![0]!["by"], (string?)draft["notes"]![0]!["text"]));
        Assert.Contains("Ask Carl first.", await _cli.OkAsync("drafts", "show", id), StringComparison.Ordinal);
        Assert.Contains("nobody of the tenant", await FailsAsync("drafts", "assign", id, "eve@example.com"), StringComparison.Ordinal);
        await _cli.OkAsync("drafts", "assign", id, "-");
        Assert.Null(JsonNode.Parse(await _cli.OkAsync("drafts", "show", id, "--json"))!["draft"]!["assignee"]);
    }

    [Fact]
    public async Task A_second_server_and_a_busy_port_are_refused_in_one_line()
    {
        await StartServerAsync();
        Assert.Contains("another replymint process works on", await FailsAsync("serve"), StringComparison.Ordinal);
        Assert.Contains("is busy; stop the program that uses it", await FailsAsync("serve", "--data", "other", "--urls", _server!.Url), StringComparison.Ordinal);
        Assert.Contains("SMTP port", await FailsAsync("serve", "--data", "other", "--set", $"smtp.port={_server.SmtpPort}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_can_not_be_used_is_refused_in_one_line() =>
        Assert.Contains("replymint: smtp.certificateFile: there is no file /nowhere/mx.pem", await FailsAsync("serve", "--set", "smtp.certificateFile=/nowhere/mx.pem"), StringComparison.Ordinal);

    [Fact]
    public async Task A_store_that_can_not_be_used_is_refused_in_one_line()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        Directory.Move(Path.Combine(_cli.Folder, "config"), Path.Combine(_cli.Folder, "away"));
        Assert.Contains("master key", await FailsAsync("serve"), StringComparison.Ordinal);
        Directory.Move(Path.Combine(_cli.Folder, "away"), Path.Combine(_cli.Folder, "config"));
        foreach (var old in Directory.GetFiles(Path.Combine(_cli.Folder, "data/db")))
            File.Delete(old);
        _cli.Write("data/db/replymint.db", new string('x', 10_000));
        Assert.Contains("damaged", await FailsAsync("serve"), StringComparison.Ordinal);
        File.SetUnixFileMode(Path.Combine(_cli.Folder, "data"), (UnixFileMode)0b111_101_101);
        Assert.Contains("chmod 700", await FailsAsync("serve"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("drafts", "list")]
    public async Task A_secret_that_can_t_be_read_refuses_in_one_line_that_names_the_setting(params string[] command)
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        var code = await _cli.RunAsync([.. command, "--set", "model.endpoint=http://127.0.0.1:1/v1", "--set", "model.model=m", "--set", "model.apiKey=file:/nowhere/key"]);
        Assert.Equal(ExitCode.Failed, code);
        var line = Assert.Single(_cli.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), text => text.StartsWith("replymint:", StringComparison.Ordinal));
        Assert.Contains("model.apiKey", line, StringComparison.Ordinal);
        Assert.DoesNotContain("unexpectedly", line, StringComparison.Ordinal);
    }
}
