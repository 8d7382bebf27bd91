using System.Net;
using ReplyMint.Accounts;
using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>
/// A delivery whose channel proved that it may deliver. Only such a one can be parsed and accepted, and only
/// <c>From</c> makes one, so no path leads around the check.
/// </summary>
internal sealed class AuthenticatedDelivery
{
    private AuthenticatedDelivery(RawDelivery raw, string? trustedServer, SpentToken? token)
    {
        Raw = raw;
        TrustedServer = trustedServer;
        Token = token;
    }

    public RawDelivery Raw { get; }

    /// <summary>The authserv-id whose Authentication-Results fields count, or null when the channel has none (RFC 8601).</summary>
    public string? TrustedServer { get; }

    /// <summary>A one-time token that the accepting commit has to spend, or null.</summary>
    public SpentToken? Token { get; }

    /// <summary>SMTP, mode "relay": the client connected from a network that is named to hand us mail. Null when it did not.</summary>
    public static AuthenticatedDelivery? From(RawDelivery raw, IPAddress client, TrustedNetworks networks, string authservId) =>
        networks.Contains(client) ? new(raw, authservId.Length > 0 ? authservId : null, null) : null;

    /// <summary>SMTP, mode "mx": anybody may deliver, and what we found out of the sender ourselves is all that counts.</summary>
    public static AuthenticatedDelivery From(RawDelivery raw, SenderAuthentication found) => new(raw with { ChannelVerdict = found }, null, null);

    /// <summary>Mailgun: the signature was genuine; the accepting commit spends its token.</summary>
    /// <param name="fingerprint">Of all that was sent under the signature.</param>
    public static AuthenticatedDelivery From(RawDelivery raw, MailgunProof proof, string fingerprint) =>
        new(raw with { ChannelId = proof.Source.Id, Owner = proof.Source.Owner }, null, proof.Spend(fingerprint));

    /// <summary>The API: a proved caller with the right to hand over mail vouches for it. That he did is kept with the message (rule 11). Null without that right.</summary>
    public static AuthenticatedDelivery? From(ReadOnlyMemory<byte> content, Envelope envelope, Caller caller, bool dated = true) => !caller.May.Has(Permission.MessagesWrite) ? null
        : new(new RawDelivery(content, envelope, "api", caller.Tenant, new SenderAuthentication($"api:{caller.Id}", AuthResult.None, AuthResult.None, AuthResult.None) { Vouched = true }) { Dated = dated, Way = "api" }, null, null);

    /// <summary>IMAP: we fetched it ourselves from the account that the channel names, for the mailbox that it belongs to. Null for other channels.</summary>
    public static AuthenticatedDelivery? From(ReadOnlyMemory<byte> content, string? reversePath, string mailbox, Channel channel) => channel.Imap is not { } account ? null
        : new(new RawDelivery(content, new Envelope(reversePath, mailbox), channel.Id, channel.Owner, null) { Way = Channel.ByImap }, account.Server.Length > 0 ? account.Server : null, null);

    /// <summary>Amazon SES: the message was signed by SNS for a topic that the channel believes; the accepting commit spends its id.</summary>
    public static AuthenticatedDelivery From(RawDelivery raw, SnsProof proof) =>
        new(raw with { ChannelId = proof.Channel.Id, Owner = proof.Channel.Owner }, null, proof.Spend());
}
