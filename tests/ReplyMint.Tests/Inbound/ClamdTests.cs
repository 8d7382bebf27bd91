using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Inbound;

/// <summary>What we say to ClamAV is what it understands: the real one, with one signature of our own.</summary>
public sealed class ClamdTests : IDisposable
{
    private static readonly string? Program = Array.Find([Environment.GetEnvironmentVariable("REPLYMINT_TEST_CLAMD") ?? "/usr/sbin/clamd", "/usr/local/sbin/clamd"], File.Exists);

    // The harmless file that scanners agree to find (eicar.org). In one piece they would find this one.
    private static readonly byte[] s_eicar = Encoding.ASCII.GetBytes(string.Concat("X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE", "!$H+H*"));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_real_scanner_passes_finds_and_bounds()
    {
        Assert.SkipWhen(Program is null, "clamav-daemon is not installed");
        var (socket, log) = (_folder.Sub("clamd.ctl"), _folder.Sub("log"));
        Directory.CreateDirectory(_folder.Sub("db"));
        await File.WriteAllTextAsync(Path.Combine(_folder.Sub("db"), "ours.hsb"), $"{Convert.ToHexStringLower(SHA256.HashData(s_eicar))}:{s_eicar.Length}:Ours.Eicar\n", Ct);
        await File.WriteAllTextAsync(_folder.Sub("conf"), $"DatabaseDirectory {_folder.Sub("db")}\nLocalSocket {socket}\nLogFile {log}\nForeground yes\nStreamMaxLength 1M\n", Ct);
        using var process = Process.Start(new ProcessStartInfo(Program!, ["-c", _folder.Sub("conf")]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        try
        {
            var scanner = new Clamd(new() { Scanner = "unix:" + socket });
            await OtherServer.ReadyAsync(process, async () => await scanner.VersionAsync(Ct) is not null, () => File.Exists(log) ? File.ReadAllText(log) : "");
            Assert.StartsWith("ClamAV ", await scanner.VersionAsync(Ct), StringComparison.Ordinal);
            Assert.Equal(new(ScanResult.Found, "Ours.Eicar.UNOFFICIAL"), await scanner.ScanAsync(s_eicar, Ct));
            // It opens a mail by itself.
            Assert.Equal(ScanResult.Found, (await scanner.ScanAsync(Encoding.ASCII.GetBytes($"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n{Convert.ToBase64String(s_eicar)}\r\n--b--\r\n"), Ct)).Result);
            Assert.Equal(new(ScanResult.Clean), await scanner.ScanAsync(new byte[200_000], Ct));
            Assert.Equal(new(ScanResult.Clean), await scanner.ScanAsync(Array.Empty<byte>(), Ct));
            Assert.NotEqual(ScanResult.Clean, (await scanner.ScanAsync(new byte[3_000_000], Ct)).Result);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
