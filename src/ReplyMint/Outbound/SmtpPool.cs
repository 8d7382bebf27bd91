using System.Net;
using MailKit.Net.Smtp;
using MailKit.Security;
using ReplyMint.Security;

namespace ReplyMint.Outbound;

/// <summary>An open, authenticated connection. <paramref name="Used"/>: it has carried a mail before and may have been closed since.</summary>
internal sealed record SmtpConnection(SmtpClient Client, bool Used);

/// <summary>Keeps connections for the next mail, since a TLS session for each would cost more than the mail itself.</summary>
internal sealed class SmtpPool : IDisposable
{
    private readonly SmtpSettings _settings;
    private readonly SecretSource _secrets;
    private readonly OutsideAddress _allowed;
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;
    private readonly Stack<(SmtpClient Client, long Since)> _idle = [];
    private bool _disposed;

    public SmtpPool(SmtpSettings settings, SecretSource secrets, TimeProvider time)
    {
        (_settings, _secrets, _time) = (settings, secrets, time);
        _allowed = OutsideAddress.Named(settings.Host, settings.Port);
        _sweep = time.CreateTimer(_ => Sweep(), null, Idle, Idle);
    }

    private TimeSpan Idle => TimeSpan.FromSeconds(_settings.IdleSeconds);

    /// <param name="fresh">Never one that was used before.</param>
    public async Task<SmtpConnection> TakeAsync(bool fresh, CancellationToken ct)
    {
        if (!fresh)
            lock (_idle)
                if (_idle.TryPop(out var kept) && _time.GetElapsedTime(kept.Since) < Idle)
                    return new(kept.Client, true);
                else
                    kept.Client?.Dispose();
        var client = new OutsideSmtp();
        try
        {
            await ConnectAsync(client, ct);
            return new(client, false);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public void Return(SmtpClient client)
    {
        lock (_idle)
            if (client.IsConnected && !_disposed)
            {
                _idle.Push((client, _time.GetTimestamp()));
                return;
            }
        client.Dispose();
    }

    public void Dispose()
    {
        _sweep.Dispose();
        lock (_idle)
        {
            _disposed = true;
            foreach (var (client, _) in _idle)
                client.Dispose();
            _idle.Clear();
        }
    }

    private async Task ConnectAsync(SmtpClient client, CancellationToken ct)
    {
        // Asking a certificate authority's server whether a certificate was revoked is a call nobody configured.
        client.CheckCertificateRevocation = false;
        client.Timeout = _settings.TimeoutSeconds * 1000;
        if (_settings.HostName.Length > 0)
            client.LocalDomain = _settings.HostName;
        if (_settings.AuthorityFile.Length > 0)
            client.ServerCertificateValidationCallback = AuthorityFile.Trusts(_settings.AuthorityFile);
        // The client has the socket from the beginning, and closes it.
        var socket = await OutsideHttp.OpenAsync(new DnsEndPoint(_settings.Host, _settings.Port), _allowed, ct);
        await client.ConnectAsync(socket, _settings.Host, _settings.Port, _settings.Security switch
        {
            SmtpSettings.None => SecureSocketOptions.None,
            SmtpSettings.Tls => SecureSocketOptions.SslOnConnect,
            // Required: a server (or somebody in between) that offers none gets no mail and no password.
            _ => SecureSocketOptions.StartTls,
        }, ct);
        if (_settings.User.Length == 0)
            return;
        var password = _secrets.Read("outbound.smtp.password", _settings.Password);
        if (password.Value is null)
            throw new SecretUnavailableException(password.Problem!);
        await ServerSignIn.ByPasswordAsync(client, _settings.User, password.Value, ct);
    }

    private void Sweep()
    {
        lock (_idle)
        {
            var kept = _idle.Where(entry => _time.GetElapsedTime(entry.Since) < Idle).Reverse().ToArray();
            foreach (var (client, since) in _idle)
                if (_time.GetElapsedTime(since) >= Idle)
                    client.Dispose();
            _idle.Clear();
            foreach (var entry in kept)
                _idle.Push(entry);
        }
    }
}

/// <summary>A secret could not be read; the message names the setting and the remedy, never a value.</summary>
internal sealed class SecretUnavailableException(string problem) : Exception(problem);
