using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Inbound;

/// <summary>A real Dovecot on free ports of this machine, with a folder of its own. Each name is an account, and all have one password.</summary>
public sealed class DovecotServer : IAsyncLifetime
{
    public const string Password = "secret of an account";

    private static readonly string? Program = Array.Find(["/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "/usr/bin/dovecot"], File.Exists);

    private static readonly bool Submits = File.Exists("/usr/lib/dovecot/submission");

    private readonly string _folder = Directory.CreateTempSubdirectory("replymint-imap-").FullName;
    private Process? _process;

    public DovecotServer()
    {
        if (Program is null)
            return;
        (Port, TlsPort, TokenPort, SubmissionPort, SubmissionTlsPort) = (FreePort(), FreePort(), FreePort(), FreePort(), FreePort());
        Certificate(Path.Combine(_folder, "cert.pem"), Path.Combine(_folder, "key.pem"));
        foreach (var folder in (string[])["run", "state", "mail"])
            Directory.CreateDirectory(Path.Combine(_folder, folder));
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        // Who asks about a token is answered by the test that gave it.
        File.WriteAllText(Path.Combine(_folder, "oauth2"), $"tokeninfo_url = http://127.0.0.1:{TokenPort}/info?access_token=\nusername_attribute = email\nactive_attribute = active\nactive_value = yes\n");
        var root = Environment.IsPrivilegedProcess;
        // Its processes never work as root; mails then belong to nobody.
        var user = root ? "uid=65534 gid=65534" : $"uid={Id("-u")} gid={Id("-g")}";
        if (root)
            Run("chown", "65534:65534", Path.Combine(_folder, "mail"));
        File.WriteAllText(Config, $$"""
            protocols = imap{{(Submits ? " submission" : "")}}
            base_dir = {{_folder}}/run
            state_dir = {{_folder}}/state
            log_path = {{_folder}}/log
            {{(root ? "" : $"default_internal_user = {Environment.UserName}\ndefault_login_user = {Environment.UserName}\nservice anvil {{\n  chroot =\n}}\nservice imap-login {{\n  chroot =\n}}")}}
            ssl = yes
            ssl_cert = <{{_folder}}/cert.pem
            ssl_key = <{{_folder}}/key.pem
            disable_plaintext_auth = no
            auth_failure_delay = 0
            mail_location = maildir:{{_folder}}/mail/%u
            first_valid_uid = 1
            mail_max_userip_connections = 100
            auth_mechanisms = plain login xoauth2 oauthbearer
            passdb {
              driver = oauth2
              mechanisms = xoauth2 oauthbearer
              args = {{_folder}}/oauth2
            }
            passdb {
              mechanisms = plain login
              driver = static
              args = password={PLAIN}{{Password.Replace(' ', '_')}}
            }
            userdb {
              driver = static
              args = {{user}} home={{_folder}}/mail/%u allow_all_users=yes
            }
            namespace inbox {
              inbox = yes
              mailbox Drafts {
                auto = create
                special_use = \Drafts
              }
              mailbox Sent {
                auto = create
                special_use = \Sent
              }
            }
            service imap-login {
              inet_listener imap {
                address = 127.0.0.1
                port = {{Port.ToString(CultureInfo.InvariantCulture)}}
              }
              inet_listener imaps {
                address = 127.0.0.1
                port = {{TlsPort.ToString(CultureInfo.InvariantCulture)}}
                ssl = yes
              }
            }
            {{(Submits ? $$"""
            submission_relay_host = 127.0.0.1
            submission_relay_port = {{Relay.Port.ToString(CultureInfo.InvariantCulture)}}
            service submission-login {
              inet_listener submission {
                address = 127.0.0.1
                port = {{SubmissionPort.ToString(CultureInfo.InvariantCulture)}}
              }
              inet_listener submissions {
                address = 127.0.0.1
                port = {{SubmissionTlsPort.ToString(CultureInfo.InvariantCulture)}}
                ssl = yes
              }
            }
            """ : "")}}

            """);
    }

    public async ValueTask InitializeAsync()
    {
        if (Program is null)
            return;
        _process = Process.Start(new ProcessStartInfo(Program, ["-F", "-c", Config]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        await OtherServer.ReadyAsync(_process, AnswersAsync, () => File.Exists(Path.Combine(_folder, "log")) ? File.ReadAllText(Path.Combine(_folder, "log")) : "");
    }

    public int Port { get; }
    public int TlsPort { get; }
    public int TokenPort { get; }
    public int SubmissionPort { get; }
    public int SubmissionTlsPort { get; }

    /// <summary>Where what was handed in by SMTP goes next.</summary>
    internal SmtpSink Relay { get; } = new() { Answer = Usual };

    public string Authority => Path.Combine(_folder, "cert.pem");
    public static string Word => Password.Replace(' ', '_');

    private string Config => Path.Combine(_folder, "dovecot.conf");

    /// <summary>It hands mail on by commands that the sink knows.</summary>
    internal static string? Usual(string stage) => stage == "EHLO" ? "250-sink\r\n250-PIPELINING\r\n250 8BITMIME" : null;

    public void NeedSubmission()
    {
        Need();
        Assert.SkipUnless(Submits, "dovecot-submissiond is not installed");
    }

    /// <summary>Skips the test where the server is not installed; test.sh installs it.</summary>
    public void Need() => Assert.SkipWhen(Program is null, "dovecot-imapd is not installed");

    public void Stop()
    {
        Run("/usr/bin/doveadm", "-c", Config, "stop");
        _process!.WaitForExit(10_000);
    }

    /// <summary>Gives the inbox's mails other numbers than anybody knows.</summary>
    public void Renumber(string user, uint validity) => Run("/usr/bin/doveadm", "-c", Config, "mailbox", "update", "-u", user, "--uid-validity", validity.ToString(CultureInfo.InvariantCulture), "INBOX");

    /// <summary>As the account's owner, in his own program.</summary>
    public async Task<ImapClient> ClientAsync(string user)
    {
        var client = new ImapClient();
        await client.ConnectAsync("127.0.0.1", Port, SecureSocketOptions.None);
        await client.AuthenticateAsync(user, Word);
        return client;
    }

    /// <summary>A mail as the delivering server puts it into the inbox, or into another folder.</summary>
    public async Task<UniqueId> AppendAsync(string user, string mail, string folder = "INBOX", DateTimeOffset? received = null)
    {
        using var client = await ClientAsync(user);
        using var message = await MimeKit.MimeMessage.LoadAsync(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(mail)));
        var uid = await (await client.GetFolderAsync(folder)).AppendAsync(new AppendRequest(message, MessageFlags.None, received ?? DateTimeOffset.UtcNow));
        return uid!.Value;
    }

    /// <summary>Number and flags of each mail of a folder.</summary>
    public async Task<IReadOnlyDictionary<uint, MessageFlags>> FlagsAsync(string user, string folder = "INBOX")
    {
        using var client = await ClientAsync(user);
        var opened = await client.GetFolderAsync(folder);
        await opened.OpenAsync(FolderAccess.ReadOnly);
        return (await opened.FetchAsync(0, -1, new FetchRequest(MessageSummaryItems.UniqueId | MessageSummaryItems.Flags))).ToDictionary(mail => mail.UniqueId.Id, mail => mail.Flags!.Value & ~MessageFlags.Recent);
    }

    public async Task<IReadOnlyList<MimeKit.MimeMessage>> MailsAsync(string user, string folder)
    {
        using var client = await ClientAsync(user);
        var opened = await client.GetFolderAsync(folder);
        await opened.OpenAsync(FolderAccess.ReadOnly);
        var mails = new List<MimeKit.MimeMessage>();
        for (var i = 0; i < opened.Count; i++)
            mails.Add(await opened.GetMessageAsync(i));
        return mails;
    }

    public ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            Stop();
        _process?.Dispose();
        Directory.Delete(_folder, true);
        return ValueTask.CompletedTask;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            var first = new byte[1];
            return await client.GetStream().ReadAsync(first) == 1 && first[0] == '*';
        }
        catch (SocketException)
        {
            return false;
        }
    }

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Of this machine, signed by itself.</summary>
    internal static void Certificate(string certificate, string privateKey, string name = "localhost", DateTimeOffset? until = null)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        if (name == "localhost")
            names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), until ?? DateTimeOffset.UtcNow.AddDays(2));
        File.WriteAllText(certificate, made.ExportCertificatePem());
        File.WriteAllText(privateKey, key.ExportPkcs8PrivateKeyPem());
    }

    private static string Id(string which) => Run("id", which).Trim();

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? said : throw new InvalidOperationException($"{program}: {process.StandardError.ReadToEnd()}");
    }
}
