using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Cli;
using ReplyMint.Monitoring;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Monitoring;

/// <summary>Whatever stands in a value, an entry of the log is one line of each place that logs go to, and moves no terminal (MON-2).</summary>
public sealed class LogForgeryTests
{
    private const string Hostile = "x\r\n12:00:00 info: Forged[0] all is well\n\u001b[2J\u001b]0;owned\u0007\u0085\u2028{\"forged\":true}\u202Egnp\0\b";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    /// <summary>What a terminal or a reader of lines would take for more than text.</summary>
    private static bool Moves(char c) => char.IsControl(c) || c is '\u2028' or '\u2029' or '\u202E';

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void On_standard_error_an_entry_is_one_line(bool production)
    {
        var environment = production ? DeploymentEnvironment.Production : DeploymentEnvironment.Development;
        using var services = new ServiceCollection().AddLogging(logging => ProcessLog.Add(logging, environment)).BuildServiceProvider();
        var chosen = services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName;
        var formatter = services.GetServices<ConsoleFormatter>().Single(one => one.Name == chosen);
        List<KeyValuePair<string, object?>> state = [new("id", Hostile), new("{OriginalFormat}", "Seen: {id}")];
        using var text = new StringWriter();
        formatter.Write(new LogEntry<List<KeyValuePair<string, object?>>>(LogLevel.Warning, "Category" + Hostile, 7, state, new InvalidOperationException(Hostile), (_, _) => "Seen: " + Hostile), null, text);
        var line = Assert.Single(text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain(line, Moves);
        // Nothing is lost of what it says.
        Assert.Contains("Seen: x", line, StringComparison.Ordinal);
        Assert.Contains("InvalidOperationException", line, StringComparison.Ordinal);
        if (production)
            Assert.Equal(Hostile, (string)JsonNode.Parse(line)!["State"]!["id"]!);
    }

    [Fact]
    public void To_a_collector_an_entry_is_one_record()
    {
        var book = new LogBook(new FakeTimeProvider());
        List<KeyValuePair<string, object?>> state = [new("id", Hostile), new("{OriginalFormat}", "Seen: {id}")];
        book.CreateLogger("Category" + Hostile).Log(LogLevel.Warning, 7, state, new InvalidOperationException(Hostile), (_, _) => "Seen: " + Hostile);
        var sent = Encoding.UTF8.GetString(OtlpJson.Logs(new OtlpResource("1" + Hostile, "test" + Hostile, "i" + Hostile), book.Lines.Take(10)));
        Assert.DoesNotContain(sent, Moves);
        var record = Assert.Single(JsonNode.Parse(sent)!["resourceLogs"]![0]!["scopeLogs"]![0]!["logRecords"]!.AsArray())!;
        Assert.Equal("Seen: " + Hostile, (string)record["body"]!["stringValue"]!);
        Assert.DoesNotContain(record["attributes"]!.AsArray(), attribute => ((string)attribute!["key"]!).Contains("forged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task On_a_terminal_listings_of_what_strangers_wrote_are_lines_of_text()
    {
        using var cli = CliRun.OnStore();
        await cli.InStoreAsync(async services =>
        {
            var tenant = await services.GetRequiredService<Tenants>().AddAsync("shop " + Hostile, Actor.Machine, Ct);
            await services.GetRequiredService<IStore>().RetryAsync(async (commit, token) =>
            {
                await services.GetRequiredService<AuditLog>().AppendAsync(commit, tenant.Id, new AuditEntry(Actor.Of("u" + Hostile, Hostile), "draft.note", "m" + Hostile, new Dictionary<string, string> { ["agent"] = Hostile }), token);
                return true;
            }, Ct);
            await services.GetRequiredService<Alerts>().RaiseAsync("privilege-probing", "s" + Hostile, "Somebody tried " + Hostile, Ct);
            return true;
        });
        foreach (var command in (string[])["audit list", "audit list --json", "alerts list", "tenant list", "tenant list --json"])
        {
            var shown = await cli.OkAsync(command.Split(' '));
            Assert.True(shown.Contains("all is well", StringComparison.Ordinal), command + ": " + shown);
            Assert.DoesNotContain(shown, c => c is not ('\n' or '\r') && Moves(c));
            Assert.DoesNotContain(shown.Split('\n'), line => line.StartsWith("12:00:00", StringComparison.Ordinal) || line.StartsWith('{') && line.Contains("\"forged\":true", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("REPLYMINT_URLS__0", "http://x" + Hostile)]
    [InlineData("REPLYMINT_SMTP__AUTHSERVID", Hostile)]
    [InlineData("REPLYMINT_NO_SUCH_" + "\u001b[2J", "1")]
    [InlineData("REPLYMINT_ENVIRONMENT", "prod\u001b[2J\r")]
    public async Task A_setting_that_is_refused_is_told_without_its_escapes(string name, string value)
    {
        using var cli = CliRun.OnStore();
        cli.Environment[name] = value;
        Assert.NotEqual(0, await cli.RunAsync("settings", "show"));
        Assert.True((cli.Out + cli.Error).Length > 0);
        Assert.DoesNotContain(cli.Out + cli.Error, c => c is not ('\n' or '\r') && Moves(c));
    }

    /// <summary>By every door of a running product, at the most verbose level of our own log: what was sent stands in no line that moves anything.</summary>
    [Fact]
    public async Task What_callers_and_senders_send_forges_no_line()
    {
        using var lines = new Security.LogLines();
        await using (var host = await ProductHost.StartAsync(services: services => services.AddLogging(logging => logging.AddProvider(lines).SetMinimumLevel(LogLevel.Trace).AddFilter("ReplyMint", LogLevel.Trace))))
        {
            using var http = host.Client();
            foreach (var path in (string[])["nowhere/%0d%0aForged", "api/v1/messages/%1b%5b2J", "api/v1/me?x=%0aForged", "webhooks/mailgun/%0d%0a/inbound", "console/link?token=%1b%5d0"])
                using (await http.GetAsync(new Uri(host.Http, path), Ct)) { }
            foreach (var head in (string[])["User-Agent: \u001b[2J", "X-Trace-Id: \u001b[2J", "traceparent: 00-\u001b[2J", "X-API-Key: rm_test_\u001b[2J", "Authorization: Bearer \u001b[2J", "X-Forwarded-For: \u001b[2J"])
                await RawAsync(host.Http.Port, $"GET /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1:{host.Http.Port}\r\nConnection: close\r\n{head}\r\n\r\n");
            await RawAsync(host.SmtpPort, "EHLO \u001b[2J\r\nMAIL FROM:<\u001b[2J@x.example>\r\nRCPT TO:<\u001b[2J@shop.example>\r\n\u001b[2J\r\nQUIT\r\n");
            await host.DeliverAndDecideAsync(host.Mail("Hello \u001b[2J", subject: "\u001b[2J", messageId: "<\u001b[2J@x.example>", extra: "X-\u001b: \u001b[2J"));
        }
        Assert.NotEmpty(lines.All);
        Assert.DoesNotContain(lines.All, line => line.Contains("Forged", StringComparison.Ordinal) || line.TrimEnd().Any(Moves));
    }

    private static async Task RawAsync(int port, string text)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, Ct);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text), Ct);
        using var read = new MemoryStream();
        try
        {
            await stream.CopyToAsync(read, Ct);
        }
        catch (IOException)
        {
            // It hung up on us; what it logged counts.
        }
    }
}
