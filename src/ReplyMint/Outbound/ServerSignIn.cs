using System.Net;
using System.Text;
using MailKit;

namespace ReplyMint.Outbound;

/// <summary>
/// Signs in at a mail server with a password, for the installation and for tenants alike. What rests on MD5 or SHA-1 is never used: inside of TLS the
/// password itself is safer than a proof of that age (ASVS V11.4.1), of which a server that was taken over keeps what it needs to guess the password.
/// </summary>
internal static class ServerSignIn
{
    private static readonly string[] Taken = ["SCRAM-SHA-512-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"];

    /// <param name="client">Connected.</param>
    /// <param name="user">As the server knows him.</param>
    /// <param name="password">His.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <exception cref="OldSignInException">The server takes nothing else.</exception>
    public static async Task ByPasswordAsync(MailService client, string user, string password, CancellationToken ct)
    {
        var offers = client.AuthenticationMechanisms.Count > 0;
        client.AuthenticationMechanisms.IntersectWith(Taken);
        // An IMAP server has a command of its own for the password, beside these.
        if (offers && client.AuthenticationMechanisms.Count == 0 && client is MailKit.Net.Smtp.SmtpClient)
            throw new OldSignInException();
        await client.AuthenticateAsync(Encoding.UTF8, new NetworkCredential(user, password), ct);
    }
}

/// <summary>The server takes passwords only in ways that nobody should use any more.</summary>
internal sealed class OldSignInException() : Exception("the server takes passwords only by MD5, SHA-1 or NTLM; let it offer PLAIN inside of TLS, or SCRAM-SHA-256");
