using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Cli;

public sealed class ExplainTests : IDisposable
{
    private const string Question = """
        Return-Path: <ada@example.com>
        Authentication-Results: mx.example.org; spf=pass; dmarc=fail
        From: =?utf-8?q?Ad=C3=A0?= <ada@example.com>
        To: Shop <shop@example.org>
        Subject: Where is my order?
        Message-ID: <1@example.com>
        Date: Tue, 3 Nov 2026 10:00:00 +0100
        Content-Type: text/plain; charset=utf-8

        Where is my order 17?

        > We sent it.

        """;

    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    private async Task<JsonNode> JsonAsync(params string[] more)
    {
        Assert.Equal(0, await _cli.RunAsync(["explain", "--json", .. more]));
        return JsonNode.Parse(Assert.Single(_cli.Out.TrimEnd().Split('\n')))!;
    }

    [Fact]
    public async Task All_that_was_read_is_told_as_one_object_a_file()
    {
        _cli.Write("a.eml", Question);
        var mail = await JsonAsync("a.eml");
        Assert.Equal("a.eml", (string?)mail["file"]);
        Assert.Equal("Adà", (string?)mail["from"]![0]!["name"]);
        Assert.Equal("shop@example.org", (string?)mail["to"]![0]!["address"]);
        Assert.Equal("1@example.com", (string?)mail["messageId"]);
        Assert.Equal("2026-11-03T09:00:00Z", (string?)mail["date"]);
        Assert.Equal("Where is my order 17?", (string?)mail["reply"]);
        Assert.Contains("> We sent it.", (string?)mail["quoted"], StringComparison.Ordinal);
        Assert.Null(mail["error"]);
        Assert.Equal("answer", (string?)mail["verdict"]!["result"]);
        foreach (var member in (string[])["cc", "replyTo", "subject", "inReplyTo", "text", "signature", "attachments"])
            Assert.NotNull(mail[member]);
    }

    [Fact]
    public async Task Rules_that_need_a_channel_or_a_mailbox_are_asked_only_when_these_are_named()
    {
        _cli.Write("a.eml", Question);
        string Outcome(JsonNode mail, string rule) => (string)mail["verdict"]!["rules"]!.AsArray().Single(r => (string?)r!["name"] == rule)!["outcome"]!;
        var bare = await JsonAsync("a.eml");
        Assert.Equal(("not asked", "not asked", "not asked"), (Outcome(bare, "not-addressed"), Outcome(bare, "dmarc"), Outcome(bare, "seen-before")));
        var named = await JsonAsync("a.eml", "--authserv-id", "mx.example.org", "--mailbox", "else@example.org");
        Assert.Equal(("hold", "hold"), (Outcome(named, "not-addressed"), Outcome(named, "dmarc")));
        Assert.Equal("hold", (string?)named["verdict"]!["result"]);
        Assert.Equal(["not-addressed", "dmarc"], named["verdict"]!["reasons"]!.AsArray().Select(r => (string?)r));
        Assert.Equal("answer", (string?)(await JsonAsync("a.eml", "--mailbox", "SHOP+x@example.org"))["verdict"]!["result"]);
    }

    [Fact]
    public async Task A_bounce_is_known_by_its_Return_Path()
    {
        _cli.Write("b.eml", "Return-Path: <>\nFrom: mailer-daemon@example.com\nSubject: Undelivered\n\nx\n");
        var verdict = (await JsonAsync("b.eml"))["verdict"]!;
        Assert.Equal("ignore", (string?)verdict["result"]);
        Assert.Equal("null-reverse-path", (string?)verdict["reasons"]![0]);
    }

    [Fact]
    public async Task A_broken_file_is_an_error_for_itself_only()
    {
        _cli.Write("a.eml", Question);
        _cli.Write("empty.eml", "");
        _cli.Write("none.eml", "no header here\n");
        Directory.CreateDirectory(Path.Combine(_cli.Folder, "d"));
        Assert.Equal(1, await _cli.RunAsync("explain", "--json", "nowhere.eml", "empty.eml", "d", "none.eml", "a.eml"));
        var lines = _cli.Out.TrimEnd().Split('\n').Select(l => JsonNode.Parse(l)!).ToList();
        Assert.Equal(["nowhere.eml", "empty.eml", "d", "none.eml", "a.eml"], lines.Select(l => (string?)l["file"]));
        Assert.All(lines[..4], l => Assert.NotNull((string?)l["error"]));
        Assert.Null(lines[4]["error"]);
    }

    [Fact]
    public async Task A_body_alone_is_read_as_what_somebody_wrote()
    {
        _cli.Write("t.txt", "Grüße, wann öffnen Sie?\n\n-- \nAda\n");
        Assert.Equal("Grüße, wann öffnen Sie?", (string?)(await JsonAsync("t.txt"))["reply"]);
        _cli.Write("h.html", "<p>When do you <b>open</b>?</p><p style=\"display:none\">secret</p>");
        var html = await JsonAsync("h.html");
        Assert.Equal("When do you open?", ((string?)html["reply"])!.Trim());
        Assert.Contains("secret", (string?)html["hidden"]![0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task For_people_it_is_a_table_that_no_mail_can_disturb()
    {
        _cli.Write("a.eml", "From: a@example.com\nSubject: =?utf-8?q?x=1B]0;owned=07?=\nContent-Type: text/plain; charset=utf-8\n\n\u001b[2Jhello\u202egnp.exe\n");
        Assert.Equal(0, await _cli.RunAsync("explain", "a.eml"));
        Assert.DoesNotContain('\u001b', _cli.Out);
        Assert.DoesNotContain('\u0007', _cli.Out);
        Assert.DoesNotContain('\u202e', _cli.Out);
        Assert.Contains("Verdict     answer", _cli.Out, StringComparison.Ordinal);
    }
}
