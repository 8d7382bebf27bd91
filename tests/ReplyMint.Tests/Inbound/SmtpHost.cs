using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Inbound;

/// <summary>A real listener on a free port, with an inbox that keeps what it gets.</summary>
internal sealed class SmtpHost : IAsyncDisposable
{
    private SmtpHost(SmtpListener listener) => Listener = listener;

    public SmtpListener Listener { get; }

    public ConcurrentQueue<AuthenticatedDelivery> Accepted { get; private init; } = [];

    public IEnumerable<string> Contents => Accepted.Select(d => Encoding.Latin1.GetString(d.Raw.Content.Span));

    public static async Task<SmtpHost> StartAsync(
        SmtpListenerSettings? settings = null, Func<AuthenticatedDelivery, Task<AcceptOutcome>>? accept = null,
        Func<string, bool>? knows = null, SmtpExposure? exposure = null, TimeProvider? time = null, CertificateFiles? certificate = null,
        long budget = 256 * 1024 * 1024, SenderCheck? senders = null)
    {
        settings ??= new();
        settings = settings with { Port = 0, HostName = "mx.example.com" };
        var accepted = new ConcurrentQueue<AuthenticatedDelivery>();
        var room = new SmtpRoom(settings, TrustedNetworks.TryParse(settings.Networks, out _)!, new InboundBudget(budget), certificate,
            time ?? TimeProvider.System, NullLogger.Instance,
            (address, _) => ValueTask.FromResult(knows?.Invoke(address) ?? address.EndsWith("@example.com", StringComparison.Ordinal)),
            async (delivery, _) =>
            {
                var outcome = accept is null ? AcceptOutcome.Accepted : await accept(delivery);
                if (outcome == AcceptOutcome.Accepted)
                    accepted.Enqueue(delivery);
                return outcome;
            }, senders);
        var listener = new SmtpListener(room, exposure ?? new SmtpExposure(true, () => true));
        await listener.StartAsync(TestContext.Current.CancellationToken);
        return new(listener) { Accepted = accepted };
    }

    public Task<SmtpTalk> ConnectAsync() => SmtpTalk.ConnectAsync(Listener.Port);

    public async ValueTask DisposeAsync()
    {
        using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await Listener.StopAsync(grace.Token);
        Listener.Dispose();
    }
}

/// <summary>A client that says exactly the given bytes.</summary>
internal sealed class SmtpTalk : IAsyncDisposable
{
    private readonly TcpClient _client;
    private Stream _stream;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start, _end;

    private SmtpTalk(TcpClient client)
    {
        _client = client;
        _stream = client.GetStream();
    }

    public static async Task<SmtpTalk> ConnectAsync(int port)
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, port);
        return new(client);
    }

    /// <summary>The whole next reply, lines joined by a bar; empty when the server has closed.</summary>
    public async Task<string> ReadAsync()
    {
        using var limit = new CancellationTokenSource(ProductHost.Patience);
        var lines = new List<string>();
        while (true)
        {
            var line = await LineAsync(limit.Token);
            if (line is null)
                return string.Join('|', lines);
            lines.Add(line);
            if (line.Length < 4 || line[3] != '-')
                return string.Join('|', lines);
        }
    }

    public async Task SendAsync(string text) => await SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(byte[] bytes)
    {
        await _stream.WriteAsync(bytes);
        await _stream.FlushAsync();
    }

    /// <summary>One line with its CRLF, and the reply to it.</summary>
    public async Task<string> AskAsync(string line)
    {
        await SendAsync(line + "\r\n");
        return await ReadAsync();
    }

    /// <summary>Greeting and EHLO; gives EHLO's reply.</summary>
    public async Task<string> GreetAsync()
    {
        Assert.StartsWith("220 ", await ReadAsync());
        return await AskAsync("EHLO client.example");
    }

    /// <summary>Up to the 354 of DATA.</summary>
    public async Task BeginDataAsync(string from = "a@sender.example", params string[] to)
    {
        Assert.StartsWith("250 ", await AskAsync($"MAIL FROM:<{from}>"));
        foreach (var recipient in to.Length == 0 ? ["help@example.com"] : to)
            Assert.StartsWith("250 ", await AskAsync($"RCPT TO:<{recipient}>"));
        Assert.StartsWith("354 ", await AskAsync("DATA"));
    }

    public async Task SecureAsync(Action<X509Certificate2>? see = null)
    {
        var tls = new SslStream(_stream);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "mx.example.com",
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                see?.Invoke(new X509Certificate2(certificate!));
                return true;
            },
        });
        _stream = tls;
    }

    public async Task<bool> IsClosedAsync() => await ReadAsync() is "";

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return _stream.DisposeAsync();
    }

    private async Task<string?> LineAsync(CancellationToken ct)
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (length >= 0)
            {
                var line = Encoding.UTF8.GetString(_buffer, _start, length);
                _start += length + 2;
                return line;
            }
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                _end -= _start;
                _start = 0;
            }
            int read;
            try
            {
                read = await _stream.ReadAsync(_buffer.AsMemory(_end), ct);
            }
            catch (IOException)
            {
                return null;
            }
            if (read == 0)
                return null;
            _end += read;
        }
    }
}

internal static class TestCertificates
{
    /// <summary>A self-signed certificate as PEM, certificate and key in one file.</summary>
    public static void Write(string path, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(path, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
