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
        OutboundSettings.ToMailgun => new MailgunChannel(settings.Mailgun, Http(new Uri(settings.Mailgun.Endpoint), settings.Concurrency), secrets, time),
        OutboundSettings.ToSes => new SesChannel(settings.Ses, ses),
        _ => new FileChannel(folder),
    };

    private static HttpMessageInvoker Http(Uri endpoint, int concurrency)
    {
        var handler = OutsideHttp.Handler(OutsideAddress.Named(endpoint));
        handler.ConnectTimeout = TimeSpan.FromSeconds(10);
        // A connection that the server has closed meanwhile would make a mail uncertain.
        handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20);
        handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
        handler.MaxConnectionsPerServer = concurrency;
        handler.MaxResponseHeadersLength = 32;
        return new(handler);
    }
}
