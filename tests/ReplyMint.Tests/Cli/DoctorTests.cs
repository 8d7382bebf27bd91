using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Audit;
using ReplyMint.Cli;
using ReplyMint.Incidents;
using ReplyMint.Tests.Inbound;

namespace ReplyMint.Tests.Cli;

public sealed class DoctorTests : IAsyncDisposable
{
    private readonly CliRun _cli = CliRun.OnStore();
    private readonly FakeDns _dns = new();

    public DoctorTests()
    {
        _cli.Environment["REPLYMINT_URLS"] = "http://localhost:0";
        _cli.Environment["REPLYMINT_SMTP__PORT"] = "0";
        _cli.Environment["REPLYMINT_DNS__SERVER"] = _dns.Address;
    }

    public async ValueTask DisposeAsync()
    {
        await _dns.DisposeAsync();
        _cli.Dispose();
    }

    private async Task<IReadOnlyDictionary<string, JsonNode>> LookAsync(int status, params string[] more)
    {
        var code = await _cli.RunAsync(["doctor", "--json", .. more]);
        Assert.True(code == status, _cli.Out + _cli.Error);
        return _cli.Out.TrimEnd().Split('\n').Select(l => JsonNode.Parse(l)!).ToDictionary(f => (string)f["check"]!);
    }

    private static (string State, string Mend) Of(IReadOnlyDictionary<string, JsonNode> findings, string check) =>
        ((string)findings[check]["state"]!, (string?)findings[check]["mend"] ?? "");

    private async Task AddMailboxAsync()
    {
        Assert.Equal(0, await _cli.RunAsync("tenant", "add", "Acme"));
        Assert.Equal(0, await _cli.RunAsync("mailbox", "add", "shop@mail.example.com"));
    }

    [Fact]
    public async Task Before_the_first_start_all_can_be_well()
    {
        var findings = await LookAsync(0);
        foreach (var check in (string[])["disk", "data folder", "clock", "keys", "dns", "model"])
            Assert.Equal("ok", Of(findings, check).State);
        Assert.Equal(0, await _cli.RunAsync("doctor"));
        Assert.Contains("ok    clock: ", _cli.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_cli.Folder, "data")));
    }

    [Fact]
    public async Task A_scanner_is_asked_for_its_name()
    {
        Assert.Equal(("ok", ""), Of(await LookAsync(0), "scanner"));
        using var scanner = new ScannerDouble();
        var set = "inbound.attachments.scanner=" + scanner.Setting;
        Assert.Contains("ClamAV 9.9.9", (string)(await LookAsync(0, "--set", set))["scanner"]!["text"]!, StringComparison.Ordinal);
        scanner.Dispose();
        Assert.Equal("fail", Of(await LookAsync(1, "--set", set), "scanner").State);
    }

    [Fact]
    public async Task Who_wants_attachments_kept_where_nobody_said_what_scans_them_is_counted()
    {
        await AddMailboxAsync();
        Assert.DoesNotContain("attachments", (await LookAsync(0)).Keys);
        await _cli.OkAsync("retention", "set", "--attachments", "true", "--set", "inbound.attachments.scanner=none");
        Assert.Equal("warn", Of(await LookAsync(0), "attachments").State);
        Assert.DoesNotContain("attachments", (await LookAsync(0, "--set", "inbound.attachments.scanner=none")).Keys);
    }

    [Fact]
    public async Task A_domain_without_records_is_told_what_to_publish()
    {
        await AddMailboxAsync();
        var findings = await LookAsync(0, "--set", "outbound.channel=smtp", "--set", "outbound.smtp.host=192.0.2.1", "--set", "outbound.channel=file");
        Assert.Equal(("warn", "publish: mail.example.com. TXT \"v=spf1 mx -all\""), Of(findings, "SPF mail.example.com"));
        Assert.Contains("_domainkey.mail.example.com. TXT", Of(findings, "DKIM mail.example.com").Mend, StringComparison.Ordinal);
        Assert.Contains("publish: _dmarc.mail.example.com. TXT \"v=DMARC1; p=quarantine", Of(findings, "DMARC mail.example.com").Mend, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_domain_with_records_is_well_and_its_organisations_policy_counts()
    {
        await AddMailboxAsync();
        _dns.Texts["mail.example.com"] = ["google-site-verification=x", "v=spf1 a:out.example.com -all"];
        _dns.Texts["_domainkey.mail.example.com"] = [];
        _dns.Texts["_dmarc.example.com"] = ["v=DMARC1; p=reject"];
        var findings = await LookAsync(0);
        foreach (var kind in (string[])["SPF", "DKIM", "DMARC"])
            Assert.Equal("ok", Of(findings, $"{kind} mail.example.com").State);
    }

    [Theory]
    [InlineData("v=spf1 +all", null)]
    [InlineData("v=spf1 mx -all", "v=spf1 a -all")]
    public async Task A_record_that_does_harm_fails(string first, string? second)
    {
        await AddMailboxAsync();
        _dns.Texts["mail.example.com"] = second is null ? [first] : [first, second];
        Assert.Equal("fail", Of(await LookAsync(1), "SPF mail.example.com").State);
    }

    [Fact]
    public async Task A_resolver_that_does_not_answer_is_named_with_the_setting()
    {
        using var silent = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        _cli.Environment["REPLYMINT_DNS__SERVER"] = silent.Client.LocalEndPoint!.ToString()!;
        var (state, mend) = Of(await LookAsync(1), "dns");
        Assert.Equal("fail", state);
        Assert.Contains("dns.server", mend, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ports_that_others_hold_fail()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var findings = await LookAsync(1, "--set", $"smtp.port={port}", "--set", $"urls=http://127.0.0.1:{port}");
        Assert.Contains("smtp.port", Of(findings, $"port {port} (SMTP)").Mend, StringComparison.Ordinal);
        Assert.Contains("--urls", Of(findings, $"port {port} (HTTP)").Mend, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Modes_keys_and_clock_that_are_wrong_fail_with_the_remedy()
    {
        await AddMailboxAsync();
        var key = Assert.Single(Directory.GetFiles(Path.Combine(_cli.Folder, "config/keys")));
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Of(await LookAsync(1), "keys").Mend, StringComparison.Ordinal);
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        var blobs = Path.Combine(_cli.Folder, "data/blobs");
        File.SetUnixFileMode(blobs, File.GetUnixFileMode(blobs) | UnixFileMode.OtherRead);
        Assert.Equal($"chmod 700 {blobs}", Of(await LookAsync(1), "modes").Mend);
        File.SetLastWriteTimeUtc(Path.Combine(_cli.Folder, "data/db/replymint.db"), DateTime.UtcNow.AddDays(2));
        Assert.Equal("fail", Of(await LookAsync(1), "clock").State);
    }

    [Fact]
    public async Task A_recovery_kit_is_asked_for_and_its_age_is_told()
    {
        await AddMailboxAsync();
        var findings = await LookAsync(0);
        Assert.Equal("warn", Of(findings, "secret recovery-kit").State);
        Assert.Contains("secrets recovery-kit FILE", Of(findings, "secret recovery-kit").Mend, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("secrets", "recovery-kit", "kit.txt", "--generate"));
        findings = await LookAsync(0);
        Assert.Equal("ok", Of(findings, "secret recovery-kit").State);
        Assert.Contains("0 days ago", (string)findings["secret recovery-kit"]["text"]!, StringComparison.Ordinal);
        Assert.Equal("ok", Of(findings, "secrets").State);
    }

    [Fact]
    public async Task A_backup_and_a_drill_that_are_older_than_wanted_are_told()
    {
        await AddMailboxAsync();
        _cli.Environment["REPLYMINT_BACKUP__FOLDER"] = Path.Combine(_cli.Folder, "backups");
        var never = await LookAsync(0);
        Assert.Equal(("warn", "replymint backup drill"), Of(never, "record restore-drill"));
        await _cli.InStoreAsync(async services =>
        {
            var old = new BackupRun(DateTimeOffset.UtcNow.AddDays(-2), "a", 1);
            await services.GetRequiredService<Backups>().ChangeAsync(state => state with { Since = old.At, Data = old, Keys = old with { At = DateTimeOffset.UtcNow } }, (_, _, _, _) => Task.CompletedTask, default);
            return await services.GetRequiredService<Records>().AddAsync(RecordKinds.RestoreDrill, "somebody", "long ago", TimeSpan.FromDays(-1), default);
        });
        var overdue = await LookAsync(1);
        Assert.Equal("warn", Of(overdue, "backup").State);
        Assert.Contains("The last backup of the data is of", (string)overdue["backup"]["text"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("keys", (string)overdue["backup"]["text"]!, StringComparison.Ordinal);
        Assert.Equal(("fail", "replymint backup drill"), Of(overdue, "record restore-drill"));
    }

    [Fact]
    public async Task Whether_anybody_but_this_machine_knows_what_was_signed_and_erased_is_told()
    {
        await AddMailboxAsync();
        var none = await LookAsync(0);
        Assert.Equal("warn", Of(none, "anchors").State);
        Assert.Contains("audit.anchors", Of(none, "anchors").Mend, StringComparison.Ordinal);
        Assert.Contains("a restored store can't know who was erased", (string)none["anchors"]["text"]!, StringComparison.Ordinal);
        var place = Directory.CreateDirectory(Path.Combine(_cli.Folder, "elsewhere")).FullName;
        string[] anchored = ["--settings", _cli.Write("anchored.json", $$"""{"audit":{"anchors":[{"folder":"{{place}}"}] } }""")];
        Assert.Equal(0, await _cli.RunAsync(["audit", "root", .. anchored]));
        Assert.Equal("ok", Of(await LookAsync(0, anchored), "anchors").State);
        Directory.Delete(Path.Combine(place, "roots"), recursive: true);
        var empty = await LookAsync(0, anchored);
        Assert.Equal("warn", Of(empty, "anchors").State);
        Assert.Contains("holds none of this installation's records", (string)empty["anchors"]["text"]!, StringComparison.Ordinal);
        Directory.Delete(place);
        Assert.Contains("could not be read", (string)(await LookAsync(0, anchored))["anchors"]["text"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_server_is_judged_by_its_own_settings()
    {
        var settings = new ReplyMintSettings
        {
            Data = Path.Combine(_cli.Folder, "data"), Config = Path.Combine(_cli.Folder, "config"), Urls = ["http://127.0.0.1:0"],
            Environment = ReplyMint.Security.DeploymentEnvironment.Development, Smtp = new() { Port = 0 }, Outbound = new() { Concurrency = 3 },
        };
        await using var server = await ServerProcess.StartAsync(settings, _cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);
        // To a production's doctor the same command would warn of HTTP without a public name.
        _cli.Environment["REPLYMINT_ENVIRONMENT"] = "production";
        Assert.Equal(0, await _cli.RunAsync("doctor"));
        Assert.Contains("it runs on", _cli.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("http.publicUrl", _cli.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Servers_that_can_not_be_reached_fail()
    {
        int port;
        using (var closed = new TcpListener(IPAddress.Loopback, 0))
        {
            closed.Start();
            port = ((IPEndPoint)closed.LocalEndpoint).Port;
        }
        var findings = await LookAsync(1,
            "--set", "outbound.channel=smtp", "--set", "outbound.smtp.host=127.0.0.1", "--set", $"outbound.smtp.port={port}", "--set", "outbound.smtp.security=none",
            "--set", $"model.endpoint=http://127.0.0.1:{port}/v1", "--set", "model.model=m");
        Assert.Contains("outbound.smtp.host", Of(findings, "outbound").Mend, StringComparison.Ordinal);
        Assert.Contains("model.endpoint", Of(findings, "model").Mend, StringComparison.Ordinal);
    }
}
