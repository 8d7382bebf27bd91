using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MailKit;
using ReplyMint.Outbound;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>Why an account's server does not do what we want, as one sentence for whoever set it up. Names no more than he wrote himself.</summary>
internal static class ServerTrouble
{
    /// <summary>What a network and a server may do at any time; anything else is a mistake of ours.</summary>
    public static bool IsExpected(Exception e) => e is IOException or SocketException or OperationCanceledException or OldSignInException or ProtocolException or CommandException or HttpRequestException
        or MailKit.Security.AuthenticationException or System.Security.Authentication.AuthenticationException or MailKit.Security.SslHandshakeException or MailKit.Security.SaslException
        or ServiceNotConnectedException or ServiceNotAuthenticatedException or FolderNotFoundException or TimeoutException or NotSupportedException or ObjectDisposedException or FolderNotOpenException
        or MessageNotFoundException or ArgumentException { Source: "MailKit" };

    /// <param name="e">What came.</param>
    /// <param name="account">Whose.</param>
    /// <param name="certificate">What was wrong with the server's certificate, or null.</param>
    public static string Say(Exception e, MailAccount account, string? certificate) => e switch
    {
        MailKit.Security.SslHandshakeException or System.Security.Authentication.AuthenticationException =>
            certificate ?? $"{account.Host}:{account.Port} does not speak TLS as it should; try another port or --security",
        MailKit.Security.AuthenticationException or MailKit.Security.SaslException => $"{account.Host} refuses the user or the password",
        OldSignInException => e.Message,
        FolderNotFoundException => $"there is no folder {(account as ImapAccount)?.Folder}",
        NotSupportedException => $"{account.Host}:{account.Port} offers no STARTTLS",
        HttpRequestException unlisted when OutsideHttp.IsUnlisted(unlisted) => unlisted.Message,
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => $"{account.Host} leads to a private or reserved address, which the operator has not opened (outside.networks)",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } => $"there is no server of the name {account.Host}",
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"nothing listens at {account.Host}:{account.Port}",
        OperationCanceledException or TimeoutException => $"{account.Host}:{account.Port} did not answer in time",
        CommandException => $"{account.Host} refuses what it is asked for",
        ProtocolException => $"{account.Host}:{account.Port} does not speak {(account is ImapAccount ? "IMAP" : "SMTP")}, or no more than half of it",
        _ => $"the connection to {account.Host}:{account.Port} broke",
    };

    /// <summary>What is wrong with a certificate.</summary>
    public static string Of(MailAccount account, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
            return $"{account.Host} shows no certificate";
        using var shown = new X509Certificate2(certificate);
        if (chain is not null && Array.Exists(chain.ChainStatus, status => status.Status.HasFlag(X509ChainStatusFlags.NotTimeValid)))
            return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the certificate of {account.Host} is valid from {shown.NotBefore.ToUniversalTime():yyyy-MM-dd} to {shown.NotAfter.ToUniversalTime():yyyy-MM-dd} only");
        return errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? $"the certificate of {account.Host} is for another name"
            : $"the certificate of {account.Host} is signed by no authority that this machine trusts (inbound.imap.authorityFile names one more)";
    }
}
