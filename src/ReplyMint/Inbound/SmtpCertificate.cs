using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace ReplyMint.Inbound;

/// <summary>
/// The certificate for STARTTLS, from PEM files that a renewal replaces while we run. A file that can't be read
/// (half written, wrong key) leaves the last good one in use.
/// </summary>
internal sealed partial class SmtpCertificate(string certificateFile, string keyFile, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private SslStreamCertificateContext? _current;
    private (DateTime, DateTime) _stamp;
    private DateTimeOffset _looked = DateTimeOffset.MinValue;

    /// <summary>Null when no certificate could be read yet; STARTTLS is not offered then.</summary>
    public SslStreamCertificateContext? Current
    {
        get
        {
            lock (_lock)
            {
                var now = time.GetUtcNow();
                if (now - _looked < LookEvery)
                    return _current;
                _looked = now;
                Reload();
                return _current;
            }
        }
    }

    private string KeyFile => keyFile.Length > 0 ? keyFile : certificateFile;

    private void Reload()
    {
        try
        {
            var stamp = (File.GetLastWriteTimeUtc(certificateFile), File.GetLastWriteTimeUtc(KeyFile));
            if (_current is not null && stamp == _stamp)
                return;
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(certificateFile);
            var own = X509Certificate2.CreateFromPemFile(certificateFile, KeyFile);
            chain.RemoveAt(0);
            // Offline: fetching a missing intermediate from an address in a certificate would be a call nobody asked for.
            _current = SslStreamCertificateContext.Create(own, chain, offline: true);
            _stamp = stamp;
            LogLoaded(logger, own.NotAfter);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            LogUnreadable(logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "SMTP certificate loaded, valid until {notAfter}")]
    private static partial void LogLoaded(ILogger logger, DateTime notAfter);

    [LoggerMessage(Level = LogLevel.Error, Message = "SMTP certificate can't be read; the last good one stays in use")]
    private static partial void LogUnreadable(ILogger logger, Exception exception);
}
