using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Security;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>
/// A server in a process of its own gives back what it opened: mails, requests, sessions that break off, answers that nobody takes and exports, round
/// after round, leave as many files, sockets and threads open as the first round did (NET-4).
/// </summary>
public sealed class HandlesTests : IDisposable
{
    private const int Mails = 60;
    private const int Cut = 40;
    private const int Requests = 80;

    // What a pool or a log may hold more of from one moment to the next; a leak of one for each of a kind is more.
    private const int Slack = 24;

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Round_after_round_no_more_is_open_than_before()
    {
        AwsInstallation.NeedsDataFolder();
        Assert.SkipUnless(Directory.Exists("/proc/self/fd"), "Counts handles by /proc.");
        var host = await ProductHost.StartAsync(folder: _folder, knowledge: "# When do you open?\n\nWe open at nine and close at five on all working days.\n", time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        var token = (await host.SignInAsync(await host.PersonAsync(Role.Admin))).AccessToken;
        await host.StopAsync();
        using var server = await ServerChild.StartAsync(_folder.Path,
        [
            $"smtp.authservId={ProductHost.TrustedServer}", "rates.tenantHour=100000", "rates.installationHour=100000",
            .. ((string[])["read", "write", "costly", "public", "failedFromNetwork"]).SelectMany(kind => (string[])[$"requests.{kind}.perMinute=1000000", $"requests.{kind}.burst=1000000"]),
            "outbound.channel=smtp", "outbound.smtp.host=127.0.0.1", $"outbound.smtp.port={ClosedPort()}", "outbound.smtp.security=none",
        ], ct: Ct);
        await RoundAsync(server, token, host, 0);
        var (files, threads) = await SettledAsync(server, int.MaxValue);
        for (var round = 1; round <= 2; round++)
        {
            await RoundAsync(server, token, host, round);
            var now = await SettledAsync(server, files + Slack);
            Assert.True(now.Files <= files + Slack, $"{now.Files} handles after round {round}, {files} before");
            Assert.True(now.Threads <= threads + Slack, $"{now.Threads} threads after round {round}, {threads} before");
        }
    }

    private static async Task RoundAsync(ServerChild server, string token, ProductHost host, int round)
    {
        await Parallel.ForAsync(0, Mails, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Ct }, async (i, _) =>
        {
            var mail = host.Mail("When do you open?", from: $"person-{round}-{i}@customer.example");
            Assert.StartsWith("250", await ProductHost.SmtpAsync(server.SmtpPort, mail), StringComparison.Ordinal);
        });
        await Parallel.ForAsync(0, Cut, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Ct }, async (i, _) =>
        {
            // In the middle of a dialogue, of a mail, and of a request's body.
            var (port, text) = (i % 3) switch
            {
                0 => (server.SmtpPort, "EHLO relay.example\r\nMAIL FROM:<a@customer.example>\r\n"),
                1 => (server.SmtpPort, $"EHLO relay.example\r\nMAIL FROM:<a@customer.example>\r\nRCPT TO:<{ProductHost.Address}>\r\nDATA\r\nSubject: x\r\n"),
                _ => (server.Url.Port, $"POST /api/v1/webhooks HTTP/1.1\r\nHost: {server.Url.Authority}\r\nContent-Length: 1000\r\n\r\n{{"),
            };
            using var client = new TcpClient { LingerState = new LingerOption(i % 2 == 0, 0) };
            await client.ConnectAsync(IPAddress.Loopback, port, Ct);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text), Ct);
        });
        using var http = new HttpClient { BaseAddress = server.Url, DefaultRequestHeaders = { ConnectionClose = true, Authorization = new("Bearer", token) } };
        string[] paths = ["/api/v1/messages", "/api/v1/audit/verify", "/api/v1/usage", "/console/sign-in", "/nowhere", "/api/v1/knowledge"];
        await Parallel.ForAsync(0, Requests, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Ct }, async (i, _) =>
        {
            using var answer = await http.GetAsync(new Uri(paths[i % paths.Length], UriKind.Relative), Ct);
            Assert.True((int)answer.StatusCode < 500, paths[i % paths.Length]);
        });
        await ExportAsync(http);
    }

    private static async Task ExportAsync(HttpClient http)
    {
        using var asked = await http.PostAsync(new Uri(RouteGroups.ApiRoot + "/exports", UriKind.Relative), new StringContent("""{"scope":"tenant"}""", Encoding.UTF8, "application/json"), Ct);
        var path = $"{RouteGroups.ApiRoot}/exports/{JsonNode.Parse(await asked.Content.ReadAsStringAsync(Ct))!["id"]}";
        await ProductHost.EventuallyAsync(async () => JsonNode.Parse(await http.GetStringAsync(new Uri(path, UriKind.Relative), Ct))!["state"]!.ToString() == "ready" ? path : null);
        for (var i = 0; i < 2; i++)
            Assert.True((await http.GetByteArrayAsync(new Uri(path + "/file", UriKind.Relative), Ct)).Length > 1_000);
        using var removed = await http.DeleteAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
    }

    /// <summary>Once nothing more is closed, or as few are open as there should be.</summary>
    private static async Task<(int Files, int Threads)> SettledAsync(ServerChild server, int enough)
    {
        var (least, seen) = (int.MaxValue, 0);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < ProductHost.Patience && seen < 20 && await timer.WaitForNextTickAsync(Ct);)
        {
            var files = Directory.GetFileSystemEntries($"/proc/{server.Id}/fd").Length;
            (least, seen) = files < least ? (files, 0) : (least, enough == int.MaxValue || files <= enough ? seen + 1 : 0);
        }
        return (least, Directory.GetDirectories($"/proc/{server.Id}/task").Length);
    }

    /// <summary>One that nobody listens on.</summary>
    private static int ClosedPort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
