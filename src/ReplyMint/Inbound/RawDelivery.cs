using ReplyMint.Mail;

namespace ReplyMint.Inbound;

/// <summary>One mail for one recipient as a channel got it, bounded in size but not yet believed.</summary>
/// <param name="Content">The whole mail (RFC 5322). The array belongs to this delivery; nobody writes to it again.</param>
/// <param name="ChannelId">"smtp", "mailgun" or a channel's id.</param>
/// <param name="Owner">Whose mailboxes it may name: <see cref="Accounts.Channel.Operator"/> (all) or a tenant's id.</param>
/// <param name="ChannelVerdict">What the provider says of the sender, or null when it says nothing.</param>
internal sealed record RawDelivery(
    ReadOnlyMemory<byte> Content, Envelope Envelope, string ChannelId, string Owner, SenderAuthentication? ChannelVerdict)
{
    /// <summary>False: whoever handed it over gave no date, so what stands in the mail is the moment of the call and tells no two mails apart.</summary>
    public bool Dated { get; init; } = true;

    /// <summary>By which kind of channel it came, for the metrics.</summary>
    public string Way { get; init; } = "smtp";
}
