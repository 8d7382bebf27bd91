using System.Net.Security;
using MailKit.Net.Imap;
using MailKit.Net.Smtp;

namespace ReplyMint.Security;

/// <summary>A client of IMAP whose TLS calls nobody else (<see cref="OutsideHttp.Chain"/>). It is given its connection.</summary>
internal sealed class OutsideImap : ImapClient
{
    protected override SslClientAuthenticationOptions GetSslClientAuthenticationOptions(string host, RemoteCertificateValidationCallback remoteCertificateValidationCallback) =>
        WithChain(base.GetSslClientAuthenticationOptions(host, remoteCertificateValidationCallback));

    public static SslClientAuthenticationOptions WithChain(SslClientAuthenticationOptions options)
    {
        options.CertificateChainPolicy = OutsideHttp.Chain();
        return options;
    }
}

/// <summary>The same of SMTP.</summary>
internal sealed class OutsideSmtp : SmtpClient
{
    protected override SslClientAuthenticationOptions GetSslClientAuthenticationOptions(string host, RemoteCertificateValidationCallback remoteCertificateValidationCallback) =>
        OutsideImap.WithChain(base.GetSslClientAuthenticationOptions(host, remoteCertificateValidationCallback));
}
