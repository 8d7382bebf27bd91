using System.Text;
using ReplyMint.Cli;
using ReplyMint.Guide;
using ReplyMint.Tests.Cli;

namespace ReplyMint.Tests.Guide;

/// <summary>A report that was handed on is the one that was made, and somebody answers for it.</summary>
public sealed class GuideVerifyTests : IDisposable
{
    private readonly CliRun _cli = CliRun.OnStore();

    public void Dispose() => _cli.Dispose();

    private async Task<string> ReportAsync()
    {
        await _cli.OkAsync("tenant", "add", "shop");
        return await _cli.OkAsync("guide", "--look", "config", "--only", "MAIL-3", "--format", "html");
    }

    [Fact]
    public async Task A_report_is_one_page_whose_last_line_proves_it()
    {
        var page = await ReportAsync();
        Assert.StartsWith("<!doctype html>", page, StringComparison.Ordinal);
        Assert.Matches("</html>\n<!-- replymint guide: sha256 [0-9a-f]{64}; signed [A-Za-z0-9_.-]+ -->\n$", page);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        var file = _cli.Write("report.html", page);
        Assert.Matches("^.*report.html: unchanged since .*, signed by this installation; sha256 [0-9a-f]{64}\n$", await _cli.OkAsync("guide", "verify", file));

        // Who has the public keys needs no store.
        var keys = _cli.Write("keys.json", await _cli.OkAsync("incident", "evidence-keys"));
        using var auditor = CliRun.OnStore();
        await auditor.OkAsync("guide", "verify", file, "--keys", keys);
        await auditor.OkAsync("tenant", "add", "other");
        Assert.Equal(1, await auditor.RunAsync("guide", "verify", file));
        Assert.Contains("this installation did not sign it", auditor.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_changed_byte_is_found()
    {
        var page = await ReportAsync();
        var bytes = Encoding.UTF8.GetBytes(page);
        var statement = GuideSeal.Read(bytes)!.Value.Statement;
        var signature = page.LastIndexOf("; signed ", StringComparison.Ordinal) + "; signed ".Length;
        for (var i = 0; i < bytes.Length; i++)
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= 1;
            Assert.True(GuideSeal.Read(changed) is not var (said, hash, also) || said != hash || also != statement, $"byte {i}");
        }
        // The signature itself: its head, what is signed, its last letter.
        foreach (var at in new[] { signature, signature + statement!.IndexOf('.', StringComparison.Ordinal) + 20, signature + statement.Length - 1 })
        {
            var other = page[at] == 'A' ? 'B' : 'A';
            Assert.Equal(1, await _cli.RunAsync("guide", "verify", _cli.Write("changed.html", page[..at] + other + page[(at + 1)..])));
            Assert.Contains("it proves nothing", _cli.Error, StringComparison.Ordinal);
        }
        foreach (var (text, message) in new[]
        {
            (page.Replace("MAIL-3", "MAIL-4", StringComparison.Ordinal), "was changed since it was made"), (page + "\n", "or its last line is missing"), (page[..^5], "or its last line is missing"), ("hello", "or its last line is missing"),
            (GuideSeal.Seal(page[..page.LastIndexOf("<!--", StringComparison.Ordinal)].Replace("pass", "fail", StringComparison.Ordinal), statement), "the signature is of another report"),
            (GuideSeal.Seal("<!doctype html>\n", null), "nobody signed it"),
        })
        {
            Assert.Equal(1, await _cli.RunAsync("guide", "verify", _cli.Write("changed.html", text)));
            Assert.Contains(message, _cli.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_report_of_a_service_elsewhere_has_a_hash_and_says_that_nobody_signed_it()
    {
        await using var server = await ServerProcess.StartAsync(_cli.OfServer, _cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);
        _cli.Patience = TimeSpan.FromSeconds(60);
        var page = await _cli.OkAsync("guide", "--url", server.Url, "--only", "HDR-1", "--format", "html");
        Assert.EndsWith("; not signed -->\n", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("guide verify", "guide verify takes the file of a report")]
    [InlineData("guide verify nowhere.html", "nowhere.html can't be read")]
    [InlineData("guide --token-file nowhere", "--token-file takes a file")]
    public async Task A_wrong_wish_gets_one_line_and_status_2(string line, string message)
    {
        Assert.Equal(2, await _cli.RunAsync(line.Split(' ')));
        Assert.Contains(message, _cli.Error, StringComparison.Ordinal);
    }

    /// <summary>What only a caller sees is asked as the caller of the file, and the token shows nowhere.</summary>
    [Fact]
    public async Task A_key_in_a_file_asks_for_what_only_a_caller_sees()
    {
        await using var server = await ServerProcess.StartAsync(_cli.OfServer, _cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);
        _cli.Patience = TimeSpan.FromSeconds(60);
        await _cli.OkAsync("tenant", "add", "shop");
        var made = await _cli.OkAsync("key", "create", "guide", "--scopes", "usage:read");
        var key = System.Text.RegularExpressions.Regex.Match(made, "rm_(live|test)_[a-z0-9_]+").Value;
        var report = await _cli.OkAsync("guide", "--look", "live", "--only", "MON-4,SOC-3", "--format", "json", "--token-file", _cli.Write("token", key + "\n"));
        Assert.Contains("GET /api/v1/usage as a caller -\\u003E 200", report, StringComparison.Ordinal);
        Assert.Contains("GET /api/v1/audit/verify as a caller -\\u003E 403: give a token of an auditor", report, StringComparison.Ordinal);
        Assert.DoesNotContain(key, report + _cli.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _cli.RunAsync("guide", "--look", "live", "--token-file", _cli.Write("token", "two words\n")));
        Assert.DoesNotContain("two words", _cli.Error, StringComparison.Ordinal);
    }
}
