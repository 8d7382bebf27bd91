using System.Diagnostics;
using System.Globalization;
using DnsClient;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Inbound.Senders;

/// <summary>A real dnsmasq on a free port of this machine, which knows some names below .example and nobody else to ask.</summary>
public sealed class DnsServer : IAsyncLifetime
{
    private static readonly string? Program = Array.Find(["/usr/sbin/dnsmasq", "/usr/local/sbin/dnsmasq"], File.Exists);

    private readonly string _folder = Directory.CreateTempSubdirectory("replymint-dns-").FullName;
    private Process? _process;

    public DnsServer()
    {
        if (Program is null)
            return;
        Port = DovecotServer.FreePort();
        File.WriteAllText(Path.Combine(_folder, "conf"), string.Join('\n',
        [
            $"port={Port.ToString(CultureInfo.InvariantCulture)}", "listen-address=127.0.0.1", "bind-interfaces", "no-resolv", "no-hosts", "local=/example/", "local=/arpa/",
            Text("shop.example", "v=spf1 a:out.shop.example mx -all"), Text("_dmarc.shop.example", "v=DMARC1; p=reject; adkim=r; aspf=r"), Text("s1._domainkey.shop.example", Key.Record),
            Text("stranger.example", "v=spf1 ip4:127.0.0.1 -all"), Text("_dmarc.stranger.example", "v=DMARC1; p=none"), Text("plain.example", "v=spf1 ip4:127.0.0.1 -all"),
            "address=/out.shop.example/127.0.0.1", "mx-host=shop.example,mx.shop.example,10", "address=/mx.shop.example/192.0.2.1", "ptr-record=1.0.0.127.in-addr.arpa,out.shop.example", "address=/six.shop.example/2001:db8::1", "",
        ]));
    }

    public async ValueTask InitializeAsync()
    {
        if (Program is null)
            return;
        _process = Process.Start(new ProcessStartInfo(Program, ["--keep-in-foreground", "--conf-file=" + Path.Combine(_folder, "conf"), "--pid-file=", .. Environment.IsPrivilegedProcess ? (string[])["--user=root"] : []]) { RedirectStandardError = true })!;
        await OtherServer.ReadyAsync(_process, AnswersAsync);
    }

    internal static SignedMail Key { get; } = SignedMail.Rsa();

    public int Port { get; }

    internal DnsSettings Settings => new() { Server = $"127.0.0.1:{Port}" };

    public static void Need() => Assert.SkipWhen(Program is null, "dnsmasq-base is not installed");

    public ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            _process.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        Directory.Delete(_folder, true);
        return ValueTask.CompletedTask;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            return (await new SenderDns(Settings).AskAsync("shop.example", QueryType.TXT, default)).Reached;
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or DnsResponseException)
        {
            return false;
        }
    }

    /// <summary>A string of a record has at most 255 octets, so longer texts are several.</summary>
    private static string Text(string name, string text) => $"txt-record={name},{string.Join(',', text.Chunk(200).Select(part => $"\"{new string(part)}\""))}";
}
