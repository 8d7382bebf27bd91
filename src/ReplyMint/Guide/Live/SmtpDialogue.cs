using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>One connection to the SMTP listener that was named. A reply is its lines, joined by bars; "" is a closed connection.</summary>
internal sealed class SmtpDialogue(LiveTarget target) : IAsyncDisposable
{
    private const int MostReply = 16 * 1024;

    private readonly TcpClient _client = new();
    private readonly StringBuilder _waiting = new();
    private Stream _stream = Stream.Null;

    /// <summary>More came than the reply that was read.</summary>
    public bool HasMore => _waiting.Length > 0;

    /// <summary>The greeting.</summary>
    public async Task<string> OpenAsync(CancellationToken ct)
    {
        try
        {
            using var patience = Patience(ct);
            await _client.ConnectAsync(target.Smtp!, patience.Token);
            _client.NoDelay = true;
            _stream = _client.GetStream();
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return "";
        }
        return await ReadAsync(ct);
    }

    public async Task<string> AskAsync(string line, CancellationToken ct)
    {
        try
        {
            using var patience = Patience(ct);
            await _stream.WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n"), patience.Token);
        }
        catch (IOException)
        {
            // Closed while we spoke; what it said before is still to be read.
        }
        return await ReadAsync(ct);
    }

    public async Task SecureAsync(CancellationToken ct)
    {
        // Mail servers speak TLS to whoever asks, with certificates of any name (RFC 7672 1.2): it is the order of things that is looked at here.
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = tls;
        using var patience = Patience(ct);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = target.Url.Host, CertificateChainPolicy = OutsideHttp.Chain(), RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null }, patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _client.Dispose();
    }

    private async Task<string> ReadAsync(CancellationToken ct)
    {
        using var patience = Patience(ct);
        var buffer = new byte[4096];
        while (true)
        {
            if (Take() is { } reply)
                return reply;
            int read;
            try
            {
                read = _waiting.Length > MostReply ? 0 : await _stream.ReadAsync(buffer, patience.Token);
            }
            catch (Exception e) when (e is IOException or AuthenticationException || (e is OperationCanceledException && !ct.IsCancellationRequested))
            {
                read = 0;
            }
            if (read == 0)
                return "";
            _waiting.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
    }

    /// <summary>A whole reply from what came, or null.</summary>
    private string? Take()
    {
        var text = _waiting.ToString();
        var lines = new List<string>();
        for (var at = 0; text.IndexOf("\r\n", at, StringComparison.Ordinal) is >= 0 and var end; at = end + 2)
        {
            var line = text[at..end];
            lines.Add(line);
            if (line.Length >= 4 && line[3] == '-')
                continue;
            _waiting.Remove(0, end + 2);
            return string.Join('|', lines);
        }
        return null;
    }

    private CancellationTokenSource Patience(CancellationToken ct)
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(target.Patience);
        return patience;
    }
}
