using System.Net;
using System.Net.Security;
using MailKit;
using MailKit.Security;
using ReplyMint.Outbound;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>A certificate authority of the operator's own that counts for tenants' mail servers beside the system's; an empty path is none.</summary>
internal sealed record ServerTrust(string AuthorityFile);

/// <summary>
/// Opens connections to tenants' mail servers, for fetching and for sending: only to addresses that may be called (INPUT-6), with the certificate checked, and
/// with TLS before the password. Where it may be in the clear, in development and on this machine, the account says so.
/// </summary>
internal sealed class AccountDoor(AccountTokens tokens, OutsideAddress outside, ServerTrust trust, HttpSettings http, TimeProvider time)
{
    // A server that takes longer to greet and to let in is down for us.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Connects the client and signs it in.</summary>
    /// <returns>What it speaks over, which the caller disposes of behind the client; or null, and why not.</returns>
    public async Task<(MeteredStream? Connection, string Problem)> OpenAsync(MailService client, Channel channel, CancellationToken ct)
    {
        var account = channel.Account!;
        // Asked again at each time: a setting of the operator's may have changed since the channel was made.
        if (account.Problem(outside, http.Environment.NeedsHttps()) is { } wrong)
            return (null, $"{channel.Kind}.{wrong.Member} {wrong.What}");
        string? token = null;
        if (account.TokenUrl is not null && await tokens.AccessAsync(channel, ct) is var (access, refused))
        {
            if (access is null)
                return (null, refused);
            token = access;
        }
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        string? certificate = null;
        MeteredStream? connection = null;
        var opened = false;
        try
        {
            // Asking a certificate authority's server whether a certificate was revoked is a call nobody configured.
            client.CheckCertificateRevocation = false;
            client.ServerCertificateValidationCallback = (sender, shown, chain, errors) =>
            {
                if (errors == SslPolicyErrors.None || (trust.AuthorityFile.Length > 0 && AuthorityFile.Trusts(trust.AuthorityFile)(sender, shown, chain, errors)))
                    return true;
                certificate = ServerTrouble.Of(account, shown, chain, errors);
                return false;
            };
            connection = new MeteredStream(await OutsideHttp.ConnectAsync(new DnsEndPoint(account.Host, account.Port), outside, either.Token));
            await client.ConnectAsync(connection, account.Host, account.Port, account.Security switch
            {
                MailAccount.None => SecureSocketOptions.None,
                MailAccount.Tls => SecureSocketOptions.SslOnConnect,
                // Required: a server (or somebody in between) that offers none gets no password.
                _ => SecureSocketOptions.StartTls,
            }, either.Token);
            await SignInAsync(client, channel, token, either.Token);
            opened = true;
            return (connection, "");
        }
        catch (Exception e) when (ServerTrouble.IsExpected(e) && !ct.IsCancellationRequested)
        {
            if (e is AuthenticationException)
                tokens.Forget(channel);
            return (null, ServerTrouble.Say(e, account, certificate));
        }
        finally
        {
            if (!opened && connection is not null)
                await connection.DisposeAsync();
        }
    }

    private static async Task SignInAsync(MailService client, Channel channel, string? token, CancellationToken ct)
    {
        var user = channel.Account!.User;
        if (token is not null)
        {
            // The standard's way (RFC 7628) where the server has it, else the one that it grew from.
            await client.AuthenticateAsync(client.AuthenticationMechanisms.Contains("OAUTHBEARER") ? new SaslMechanismOAuthBearer(user, token) : new SaslMechanismOAuth2(user, token), ct);
            return;
        }
        await ServerSignIn.ByPasswordAsync(client, user, channel.Secret, ct);
    }
}
