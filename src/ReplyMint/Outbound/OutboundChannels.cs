using ReplyMint.Security;

namespace ReplyMint.Outbound;

/// <summary>Makes the one configured channel out.</summary>
internal static class OutboundChannels
{
    /// <param name="folder">Where channel "file" writes.</param>
    /// <param name="ses">How channel "ses" calls; null where it may not.</param>
    public static IOutboundChannel Create(OutboundSettings settings, string folder, SecretSource secrets, TimeProvider time, SesCall? ses = null) => settings.Channel switch
    {
        OutboundSettings.ToSmtp => new SmtpChannel(settings.Smtp, secrets, time),
        OutboundSettings.ToMailgun => new MailgunChannel(settings.Mailgun, Http(settings.Concurrency), secrets, time),
        OutboundSettings.ToSes => new SesChannel(settings.Ses, ses),
        _ => new FileChannel(folder),
    };

    private static HttpMessageInvoker Http(int concurrency) => new(new SocketsHttpHandler
    {
        // An answer never goes where a redirect points, and no proxy of the environment sees it.
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        // A connection that the server has closed meanwhile would make a mail uncertain.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxConnectionsPerServer = concurrency,
        MaxResponseHeadersLength = 32,
    });
}
