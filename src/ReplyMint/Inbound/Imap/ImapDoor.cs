using System.Net;
using System.Net.Security;
using System.Text;
using MailKit.Net.Imap;
using MailKit.Security;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>An open, signed-in connection, or why there is none.</summary>
internal sealed record ImapOpened(ImapSession? Session, string Problem);

/// <summary>
/// Opens connections to tenants' mail servers: only to addresses that may be called (INPUT-6), with the certificate checked, and with
/// TLS before the password. Where it may be in the clear, in development and on this machine, the channel says so.
/// </summary>
internal sealed class ImapDoor(ImapTokens tokens, OutsideAddress outside, ImapSettings settings, HttpSettings http, TimeProvider time)
{
    // A server that takes longer to greet and to let in is down for us.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    // Of no use with a password, or never without a set-up of their own.
    private static readonly string[] NotTried = ["XOAUTH2", "OAUTHBEARER", "NTLM", "GSSAPI", "NEGOTIATE", "DIGEST-MD5"];

    public async Task<ImapOpened> OpenAsync(Channel channel, CancellationToken ct)
    {
        var account = channel.Imap!;
        // Asked again at each time: a setting of the operator's may have changed since the channel was made.
        if (account.Problem(outside, http.Environment.NeedsHttps()) is { } wrong)
            return new(null, $"imap.{wrong.Member} {wrong.What}");
        string? token = null;
        if (account.TokenUrl is not null && await tokens.AccessAsync(channel, ct) is var (access, refused))
        {
            if (access is null)
                return new(null, refused);
            token = access;
        }
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var client = new ImapClient();
        string? certificate = null;
        Stream? connection = null;
        try
        {
            // Asking a certificate authority's server whether a certificate was revoked is a call nobody configured.
            client.CheckCertificateRevocation = false;
            client.ServerCertificateValidationCallback = (sender, shown, chain, errors) =>
            {
                if (errors == SslPolicyErrors.None || (settings.AuthorityFile.Length > 0 && AuthorityFile.Trusts(settings.AuthorityFile)(sender, shown, chain, errors)))
                    return true;
                certificate = ImapTrouble.Of(account, shown, chain, errors);
                return false;
            };
            connection = await OutsideHttp.ConnectAsync(new DnsEndPoint(account.Host, account.Port), outside, Dns.GetHostAddressesAsync, either.Token);
            var metered = new MeteredStream(connection);
            connection = metered;
            await client.ConnectAsync(metered, account.Host, account.Port, account.Security switch
            {
                ImapAccount.None => SecureSocketOptions.None,
                ImapAccount.Tls => SecureSocketOptions.SslOnConnect,
                // Required: a server (or somebody in between) that offers none gets no password.
                _ => SecureSocketOptions.StartTls,
            }, either.Token);
            await SignInAsync(client, channel, token, either.Token);
            return new(new ImapSession(client, metered, channel, time), "");
        }
        catch (Exception e) when (ImapTrouble.IsExpected(e) && !ct.IsCancellationRequested)
        {
            if (e is AuthenticationException)
                tokens.Forget(channel);
            client.Dispose();
            if (connection is not null)
                await connection.DisposeAsync();
            return new(null, ImapTrouble.Say(e, account, certificate));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private static async Task SignInAsync(ImapClient client, Channel channel, string? token, CancellationToken ct)
    {
        var user = channel.Imap!.User;
        if (token is not null)
        {
            // The standard's way (RFC 7628) where the server has it, else the one that it grew from.
            await client.AuthenticateAsync(client.AuthenticationMechanisms.Contains("OAUTHBEARER") ? new SaslMechanismOAuthBearer(user, token) : new SaslMechanismOAuth2(user, token), ct);
            return;
        }
        foreach (var mechanism in NotTried)
            client.AuthenticationMechanisms.Remove(mechanism);
        await client.AuthenticateAsync(Encoding.UTF8, new NetworkCredential(user, channel.Secret), ct);
    }
}
