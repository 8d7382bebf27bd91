using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace ReplyMint.BinaryTests;

/// <summary>The binary as a server of the test's own data folder, on ports that the system chose.</summary>
internal sealed partial class RunningServer : IDisposable
{
    private readonly Process _process;

    private RunningServer(Process process, string url, int smtpPort)
    {
        (_process, Url, SmtpPort) = (process, url, smtpPort);
        Http = new() { BaseAddress = new(url), Timeout = TimeSpan.FromSeconds(30) };
    }

    public string Url { get; }

    public int SmtpPort { get; }

    public HttpClient Http { get; }

    public static string[] Arguments { get; } =
        ["serve", "--environment", "development", "--urls", "http://127.0.0.1:0", "--set", "smtp.port=0", "--set", "smtp.authservId=mx.test"];

    public static async Task<RunningServer> StartAsync(Binary binary, params string[] more)
    {
        var process = binary.Start(null, [.. Arguments, .. more]);
        var line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)
            ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        // Nobody reads its log; an unread pipe must not stop it.
        process.BeginErrorReadLine();
        var match = Serving().Match(line);
        Assert.True(match.Success, line);
        return new(process, match.Groups["url"].Value, int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture));
    }

    /// <summary>Sends a mail as a trusted server in front would hand it over. The server's answer when it refuses, else null.</summary>
    public async Task<string?> SendAsync(string subject, string text, string from = "ada@visitor.example")
    {
        var mail = new MimeMessage();
        mail.From.Add(MailboxAddress.Parse(from));
        mail.To.Add(MailboxAddress.Parse("shop@example.com"));
        mail.Subject = subject;
        mail.Body = new TextPart("plain") { Text = text };
        mail.Headers.Insert(0, "Authentication-Results", "mx.test; spf=pass; dkim=pass; dmarc=pass");
        using var client = new SmtpClient();
        await client.ConnectAsync("127.0.0.1", SmtpPort, SecureSocketOptions.None, TestContext.Current.CancellationToken);
        try
        {
            await client.SendAsync(mail, TestContext.Current.CancellationToken);
            return null;
        }
        catch (SmtpCommandException e)
        {
            return ((int)e.StatusCode).ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>SIGTERM, as a service manager sends it.</summary>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Its process is the binary's to end.</summary>
    public void Dispose() => Http.Dispose();

    [GeneratedRegex(@"^ReplyMint \S+ serves (?<url>http://\S+), mail on port (?<port>\d+) \(development, data in ")]
    private static partial Regex Serving();
}
