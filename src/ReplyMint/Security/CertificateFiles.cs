using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace ReplyMint.Security;

/// <summary>
/// The certificate that a listener shows, for HTTPS or for STARTTLS, read again when its files change, so that a renewal needs no restart. Watched by looking
/// at the files when somebody connects: ACME clients exchange symbolic links, which file notifications don't follow.
/// </summary>
internal sealed partial class CertificateFiles
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private readonly string _certificateFile, _keyFile;
    private readonly List<SslApplicationProtocol>? _protocols;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _reloading = new();
    private volatile Loaded _current;
    private long _looked;

    private sealed record Loaded(SslServerAuthenticationOptions Options, Stamp Stamp);

    private readonly record struct Stamp(DateTime Certificate, DateTime Key);

    /// <param name="setting">Whose files they are, such as "http.certificate": begins the message when they can't be used.</param>
    /// <param name="certificateFile">PEM: the certificate, and behind it the intermediate ones.</param>
    /// <param name="keyFile">PEM; may be the same file.</param>
    /// <param name="protocols">What the handshake offers (ALPN), or null.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears of renewals.</param>
    /// <exception cref="SettingsException">The files can't be used; its message names the file and the reason.</exception>
    public CertificateFiles(string setting, string certificateFile, string keyFile, IEnumerable<SslApplicationProtocol>? protocols, TimeProvider time, ILogger<CertificateFiles> logger)
    {
        (_certificateFile, _keyFile, _time, _logger) = (certificateFile, keyFile, time, logger);
        _protocols = protocols is null ? null : [.. protocols];
        _looked = time.GetTimestamp();
        try
        {
            _current = Load();
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw new SettingsException($"{setting}: {Reason(e)}");
        }
    }

    /// <summary>For the handshake. A new pair that can't be used leaves the old one in place: half a renewal must not end the service.</summary>
    public SslServerAuthenticationOptions Current()
    {
        if (_time.GetElapsedTime(Interlocked.Read(ref _looked)) < LookEvery)
            return _current.Options;
        lock (_reloading)
        {
            if (_time.GetElapsedTime(_looked) < LookEvery)
                return _current.Options;
            Interlocked.Exchange(ref _looked, _time.GetTimestamp());
            try
            {
                if (Now() != _current.Stamp)
                {
                    _current = Load();
                    LogReloaded(_logger, _certificateFile);
                }
            }
            catch (Exception e) when (IsBroken(e))
            {
                LogKept(_logger, _certificateFile, Reason(e));
            }
        }
        return _current.Options;
    }

    private Stamp Now() => new(ChangedAt(_certificateFile), ChangedAt(_keyFile));

    // The link itself says when it was made, not when the file behind it was.
    private static DateTime ChangedAt(string path) =>
        (File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path)).LastWriteTimeUtc;

    // What TLS is taken with, over HTTPS and SMTP alike: keys that nobody can work out later from the certificate's, and text that can't be changed on the way.
    // Whatever the machine's OpenSSL would allow beside it is left out.
    private static readonly CipherSuitesPolicy s_suites = new(
    [
        TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]);

    private Loaded Load()
    {
        // Taken before reading: a change in between is then seen the next time.
        var stamp = Now();
        using (var key = File.OpenHandle(_keyFile))
            if (FileGuard.Problem(key, _keyFile, FileGuard.GroupMayRead) is { } problem)
                throw new SettingsException(problem);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(_certificateFile);
        if (chain.Count > 0)
            chain.RemoveAt(0);
        var certificate = X509Certificate2.CreateFromPemFile(_certificateFile, _keyFile);
        var options = new SslServerAuthenticationOptions
        {
            ApplicationProtocols = _protocols,
            // Said here, since what the machine takes by itself is its own affair: an older version is refused as such, before any suite is looked at.
#pragma warning disable CA5398 // The rule wants the machine to choose.
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
#pragma warning restore CA5398
            CipherSuitesPolicy = s_suites,
            // Offline: a handshake of ours must not call out to the certificate's issuer.
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true),
        };
        return new(options, stamp);
    }

    private static bool IsBroken(Exception e) => e is IOException or UnauthorizedAccessException or CryptographicException or SettingsException or ArgumentException;

    private string Reason(Exception e) => e switch
    {
        SettingsException own => own.Message,
        FileNotFoundException or DirectoryNotFoundException => $"there is no file {_certificateFile}, or no {_keyFile}.",
        UnauthorizedAccessException => $"{_certificateFile} or {_keyFile} can't be read by the user that ReplyMint runs as.",
        _ => $"{_certificateFile} and {_keyFile} are no certificate and its key in PEM form.",
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "The certificate {File} changed and was taken up")]
    private static partial void LogReloaded(ILogger logger, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate {File} changed but can't be used, so the old one stays: {Reason}")]
    private static partial void LogKept(ILogger logger, string file, string reason);
}
