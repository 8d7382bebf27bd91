using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>
/// HTTP/1.1 byte by byte over sockets of our own, since no client library sends what a stranger may send. Goes to the one target, follows
/// no redirect, counts what it does, and ends at a bound.
/// </summary>
/// <param name="most">Requests of one run; the next one is refused.</param>
internal sealed class RawHttp(LiveTarget target, TimeProvider time, int most = RawHttp.MostRequests) : IDisposable
{
    public const int MostRequests = 300;

    private const int MostBytes = 1024 * 1024;
    private const int AtOnce = 8;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _places = new(AtOnce);
    private int _requests;

    public LiveTarget Target => target;

    /// <summary>How many requests went out.</summary>
    public int Requests => _requests;

    public void Dispose() => _places.Dispose();

    /// <summary>A well-formed request with the given header lines, each without its line end.</summary>
    public string Head(string method, string path, params ReadOnlySpan<string> headers)
    {
        var head = new StringBuilder().Append(method).Append(' ').Append(path).Append(" HTTP/1.1\r\n");
        if (!Names(headers, "Host"))
            head.Append("Host: ").Append(target.Host).Append("\r\n");
        if (target.StandsForProxy && !Names(headers, "X-Forwarded-Proto"))
            head.Append("X-Forwarded-Proto: https\r\n");
        foreach (var header in headers)
            // Nothing behind the colon: the field is left out.
            if (!header.EndsWith(':'))
                head.Append(header).Append("\r\n");
        return head.Append("User-Agent: replymint-guide\r\nConnection: close\r\n\r\n").ToString();
    }

    /// <summary>Sends exactly this and reads the answer. One that asks to come again soon is asked once more.</summary>
    /// <param name="plain">Without TLS, whatever the target's scheme.</param>
    public async Task<Reply> SendAsync(string raw, CancellationToken ct, bool plain = false)
    {
        await _places.WaitAsync(ct);
        try
        {
            var reply = await OnceAsync(raw, plain, ct);
            if (reply.Status != 429 || !int.TryParse(reply["Retry-After"], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > LongestPause.TotalSeconds)
                return reply;
            await Task.Delay(TimeSpan.FromSeconds(seconds), time, ct);
            return await OnceAsync(raw, plain, ct);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Sends half of something and waits for what the server does about it; takes none of the places.</summary>
    public Task<Reply> SendHalfAsync(string raw, CancellationToken ct) => OnceAsync(raw, plain: false, ct);

    /// <summary>Counts what goes out another way, too.</summary>
    /// <exception cref="InvalidOperationException">It would be more than the run may send.</exception>
    public void Count()
    {
        if (Interlocked.Increment(ref _requests) > most)
            throw new InvalidOperationException($"The guide wanted to send more than {most} requests.");
    }

    private async Task<Reply> OnceAsync(string raw, bool plain, CancellationToken ct)
    {
        Count();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        var read = new byte[16 * 1024];
        var length = 0;
        try
        {
            var connecting = socket.ConnectAsync([.. target.Addresses], target.Url.Port, patience.Token);
            patience.CancelAfter(target.Patience);
            await connecting;
            socket.NoDelay = true;
            await using var connection = await StreamAsync(socket, plain, patience.Token);
            try
            {
                await connection.WriteAsync(Encoding.Latin1.GetBytes(raw), patience.Token);
            }
            catch (IOException)
            {
                // Refused in the middle of what we say: what was answered is still to be read.
            }
            while (length < MostBytes)
            {
                if (length == read.Length)
                    Array.Resize(ref read, read.Length * 2);
                var more = await connection.ReadAsync(read.AsMemory(length), patience.Token);
                length += more;
                if (more == 0 || Reply.IsWhole(read.AsSpan(0, length), raw.StartsWith("HEAD ", StringComparison.Ordinal)))
                    break;
            }
            return Reply.Parse(read.AsSpan(0, length), Ending.Done);
        }
        catch (AuthenticationException)
        {
            return Reply.None(Ending.NoTls);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Reply.Parse(read.AsSpan(0, length), Ending.StillOpen);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // A reset after the answer: what came before it counts.
            return Reply.Parse(read.AsSpan(0, length), socket.Connected || length > 0 || e is IOException ? Ending.Done : Ending.NoConnection);
        }
    }

    private async Task<Stream> StreamAsync(Socket socket, bool plain, CancellationToken ct)
    {
        var stream = new NetworkStream(socket);
        if (plain || !target.IsHttps)
            return stream;
        var tls = new SslStream(stream);
        await tls.AuthenticateAsClientAsync(Trust(target.Name, target.Authority), ct);
        return tls;
    }

    public static SslClientAuthenticationOptions Trust(string name, X509Certificate2? authority)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = name, CertificateChainPolicy = OutsideHttp.Chain() };
        if (authority is null)
            return options;
        options.CertificateChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        options.CertificateChainPolicy.CustomTrustStore.Add(authority);
        return options;
    }

    private static bool Names(ReadOnlySpan<string> headers, string name)
    {
        foreach (var header in headers)
            if (header.StartsWith(name, StringComparison.OrdinalIgnoreCase) && header.Length > name.Length && header[name.Length] == ':')
                return true;
        return false;
    }
}
