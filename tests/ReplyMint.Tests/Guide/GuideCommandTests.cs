using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ReplyMint.Cli;
using ReplyMint.Guide;
using ReplyMint.Tests.Cli;
using Xunit;

namespace ReplyMint.Tests.Guide;

/// <summary>replymint guide, as a user types it.</summary>
public sealed class GuideCommandTests : IDisposable
{
    private readonly CliRun _cli = CliRun.OnStore();

    public void Dispose() => _cli.Dispose();

    private static string VerdictOf(JsonNode report, string id) => (string)report["controls"]!.AsArray().Single(one => (string)one!["id"]! == id)!["verdict"]!;

    [Fact]
    public async Task A_developers_server_is_found_and_passes_all_that_can_be_looked_at()
    {
        var settings = _cli.OfServer with { Http = new() { Limits = new() { HeadSeconds = 0.5, RateGraceSeconds = 1.5 } } };
        await using var server = await ServerProcess.StartAsync(settings, _cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);
        _cli.Patience = TimeSpan.FromSeconds(90);
        var report = JsonNode.Parse(await _cli.OkAsync("guide", "--format", "json", "--template", Infra.TemplateChecks.File, "--repo", HouseTests.Root))!;
        Assert.Equal(Catalogue.All.Count, report["controls"]!.AsArray().Count);
        Assert.Equal(0, (int)report["counts"]!["fail"]! + (int)report["counts"]!["warn"]!);
        // Of SOC-4 a scan is asked for that nobody may have made here.
        foreach (var control in Catalogue.All.Where(control => control.Checks.Any(check => check.Missing is null && check.AtStage is null) && control.Id != "SOC-4"))
            Assert.Contains(VerdictOf(report, control.Id), (string[])["pass", "not applicable"]);
        Assert.Contains(server.Url, (string)report["of"]!, StringComparison.Ordinal);
        Assert.Matches(@"\(\d+ requests in ", _cli.Error);

        // The same by its address, from outside.
        var table = await _cli.OkAsync("guide", "--url", server.Url, "--only", "HDR,MAIL-3");
        Assert.Matches(@"(?m)^HDR-1 +pass +X-Content-Type-Options", table);
        Assert.Matches(@"(?m)^MAIL-3 +not checked", table);
        Assert.Contains("8 controls of " + server.Url, table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rehearsal_wants_the_services_name_again_and_leaves_nothing()
    {
        await using var server = await ServerProcess.StartAsync(_cli.OfServer, _cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);
        _cli.Patience = TimeSpan.FromSeconds(90);
        Assert.Equal(2, await _cli.RunAsync("guide", "--rehearse", "--only", "AUTH-1,MAIL-2"));
        var name = Regex.Match(_cli.Error, @"repeat the name of the service: --confirm (\S+)").Groups[1].Value;
        Assert.NotEqual("", name);
        Assert.Equal("", await _cli.OkAsync("tenant", "list"));
        Assert.Equal(2, await _cli.RunAsync("guide", "--rehearse", "--only", "AUTH-1", "--confirm", "api.example.com"));
        Assert.Equal(1, await _cli.RunAsync("guide-rehearse", "--only", "AUTH-1"));
        Assert.Equal(2, await _cli.RunAsync("guide", "--confirm", name));

        var report = JsonNode.Parse(await _cli.OkAsync("guide", "--rehearse", "--confirm", name, "--only", "AUTH-1,MAIL-2", "--format", "json"))!;
        Assert.Equal(["pass", "pass"], [VerdictOf(report, "AUTH-1"), VerdictOf(report, "MAIL-2")]);
        Assert.Matches(@"\(\d+ requests; the throw-away tenants are erased\)", _cli.Error);
        Assert.DoesNotContain('\r', _cli.Error);
        Assert.Equal("", await _cli.OkAsync("tenant", "list"));

        _cli.Interactive = true;
        _cli.Input = name + "\n";
        Assert.Contains("MAIL-2   pass", await _cli.OkAsync("guide", "--rehearse", "--only", "MAIL-2"), StringComparison.Ordinal);
        _cli.Input = "\n";
        Assert.Equal(2, await _cli.RunAsync("guide", "--rehearse", "--only", "MAIL-2"));
    }

    /// <summary>A person sees what is rehearsed while the server is at it: here its requests wait until he does.</summary>
    [Fact]
    public async Task A_rehearsal_shows_a_person_what_it_is_at()
    {
        await using var server = await ServerProcess.StartAsync(_cli.OfServer, _cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);
        using var first = new ManualResetEventSlim();
        using var second = new ManualResetEventSlim();
        var late = new System.Collections.Concurrent.ConcurrentBag<string>();
        await using var front = new ForgingProxy(new(System.Net.IPAddress.Loopback, new Uri(server.Url).Port))
        {
            Ask = asked =>
            {
                // Mail is handed over by the second of them alone.
                if (asked.Contains(" /api/v1/", StringComparison.Ordinal) && !(asked.StartsWith("POST /api/v1/messages", StringComparison.Ordinal) ? second : first).Wait(TimeSpan.FromSeconds(5)))
                    late.Add(asked.Split('\r')[0]);
                return asked;
            },
        };
        using var error = new Shown(text =>
        {
            if (text.StartsWith("\r1/2 AUTH-1 ", StringComparison.Ordinal))
                first.Set();
            else if (text.StartsWith("\r2/2 MAIL-2 ", StringComparison.Ordinal))
                second.Set();
        });
        _cli.Interactive = true;
        Assert.Equal(0, await CommandLine.RunAsync(["guide", "--rehearse", "--confirm", "127.0.0.1", "--url", $"http://127.0.0.1:{front.Port}", "--only", "AUTH-1,MAIL-2"], _cli.Host(TextWriter.Null, error), TestContext.Current.CancellationToken));
        Assert.True(late.IsEmpty, $"{string.Join('\n', late)}\n{error}");
        // The line is gone before the next one is written.
        Assert.Matches(@"\r2/2 MAIL-2  \r2/2 erasing \r +\r\(\d+ requests; the throw-away tenants are erased\)\n", error.ToString());
    }

    private sealed class Shown(Action<string> seen) : StringWriter
    {
        public override void Write(string? value)
        {
            base.Write(value);
            seen(value ?? "");
        }
    }

    [Fact]
    public async Task A_rehearsal_needs_a_server_and_sends_no_key_to_another_one()
    {
        await _cli.OkAsync("tenant", "add", "shop");
        Assert.Equal(2, await _cli.RunAsync("guide", "--rehearse", "--confirm", "localhost"));
        Assert.Contains("no server runs here", _cli.Error, StringComparison.Ordinal);
        using var other = CliRun.OnStore();
        await using var server = await ServerProcess.StartAsync(other.OfServer, other.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);
        var url = new Uri(server.Url);
        Assert.Equal(2, await _cli.RunAsync("guide", "--rehearse", "--url", url.GetLeftPart(UriPartial.Authority), "--confirm", url.Host));
        Assert.Contains("serves another installation", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_server_settings_and_store_are_looked_at_and_findings_are_status_1()
    {
        await _cli.OkAsync("tenant", "add", "shop");
        _cli.Environment["REPLYMINT_ENVIRONMENT"] = "production";
        Assert.Equal(1, await _cli.RunAsync("guide"));
        Assert.Matches(@"(?m)^NET-1 +FAIL .*\n +config: environment: production; http.publicUrl and http.hosts name nothing.*\n +mend: Name the public address", _cli.Out);
        // What many controls lack is told once, below all of them.
        Assert.Matches(@"(?m)^HDR-1 +not checked .*\nHDR-2 ", _cli.Out);
        Assert.Matches(@"(?m)^Not checked, live: no server runs on .*; start one.*\n +(\S+ )*HDR-1 HDR-2 ", _cli.Out);
        Assert.Matches(@"(?m)^Not checked, rehearse: needs a rehearsal: replymint guide --rehearse\n( +\S.*\n)* +(\S+ )*IR-1 ", _cli.Out);
        Assert.Single(Regex.Matches(_cli.Out, "rehearse: needs a rehearsal: "));
    }

    [Fact]
    public async Task What_somebody_answers_for_is_no_finding()
    {
        await _cli.OkAsync("tenant", "add", "shop");
        _cli.Environment["REPLYMINT_ENVIRONMENT"] = "production";
        Assert.Equal(1, await _cli.RunAsync("guide", "--only", "MON-1"));
        var file = _cli.Write("accepted.json", """{"accepted":[{"control":"MON-1","owner":"anna","until":"2999-01-01","reason":"the pager comes next week"}]}""");
        Assert.Contains("fail, accepted", await _cli.OkAsync("guide", "--only", "MON-1", "--baseline", file), StringComparison.Ordinal);
        _cli.Write("accepted.json", """{"accepted":[{"control":"MON-1","owner":"anna","until":"2020-01-01","reason":"the pager comes next week"}]}""");
        Assert.Equal(1, await _cli.RunAsync("guide", "--only", "MON-1", "--baseline", file));
        Assert.Contains("it was accepted until 2020-01-01 by anna", _cli.Out, StringComparison.Ordinal);
        Assert.Equal(2, await _cli.RunAsync("guide", "--baseline", "nowhere.json"));
        Assert.StartsWith("<!doctype html>", (await _cli.RunAsync("guide", "--only", "MON-1", "--format", "html"), _cli.Out).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--url ftp://x", "--url takes")]
    [InlineData("--url http://x/path", "--url takes")]
    [InlineData("--url http://user@x", "--url takes")]
    [InlineData("--smtp x", "--smtp takes")]
    [InlineData("--origin https://x/", "--origin takes")]
    [InlineData("--only NET-1,NET-99", "there is no control NET-99")]
    [InlineData("--only ,", "--only names controls or groups")]
    [InlineData("--format yaml", "Argument 'yaml' not recognized. Must be one of: 'table' 'json' 'sarif' 'html'. See: ")]
    [InlineData("--look everywhere", "--look takes live, config, record, template, repo")]
    public async Task A_wrong_wish_gets_one_line_and_status_2(string line, string message)
    {
        Assert.Equal(2, await _cli.RunAsync(["guide", .. line.Split(' ')]));
        Assert.Contains(message, _cli.Error, StringComparison.Ordinal);
        Assert.Single(_cli.Error.TrimEnd('\n').Split('\n'));
        Assert.Equal("", _cli.Out);
    }

    [Fact]
    public async Task Nothing_to_look_at_is_status_2()
    {
        Assert.Equal(2, await _cli.RunAsync("guide"));
        Assert.Contains("nothing could be looked at: there is no store in ", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _cli.RunAsync("guide", "--url", "http://127.0.0.1:1"));
        Assert.Contains("nothing could be looked at: GET /health -> no connection", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _cli.RunAsync("guide", "--url", "http://127.0.0.1:1", "--only", "AUTH-5"));
        Assert.Contains("nothing could be looked at: needs a rehearsal: replymint guide --rehearse", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _cli.RunAsync("guide", "--url", "http://127.0.0.1:1", "--only", "MAIL-3"));
        Assert.Contains("nothing could be looked at: none of these controls is looked at there (live)", _cli.Error, StringComparison.Ordinal);
    }
}
