using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Mail;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>What became of a mail that SES took for one or more recipients.</summary>
internal enum SesAccepted
{
    Taken,
    /// <summary>No recipient has a mailbox here.</summary>
    Unknown,
    /// <summary>Not all of it could be taken now; to come again does no harm.</summary>
    Later,
    /// <summary>The message's id was spent on something else.</summary>
    Replayed,
}

/// <summary>Takes a mail of SES for each of its recipients, whichever way it came here.</summary>
internal sealed partial class SesAcceptance(Inbox inbox, ILogger<SesAcceptance> logger)
{
    public async Task<SesAccepted> AcceptAsync(SnsProof proof, SesNotification said, IReadOnlyList<string> recipients, byte[] content, CancellationToken ct)
    {
        var unknown = 0;
        foreach (var recipient in recipients)
        {
            var raw = new RawDelivery(content, new Envelope(said.ReversePath(), recipient), proof.Channel.Id, proof.Channel.Owner, said.Verdict()) { Way = "ses" };
            switch (await AcceptAsync(AuthenticatedDelivery.From(raw, proof), ct))
            {
                case AcceptOutcome.UnknownRecipient:
                    Measures.MailRefused.Add(Channel.Ses, "unknown-recipient");
                    unknown++;
                    break;
                case AcceptOutcome.TooBusy or AcceptOutcome.NoRoom or AcceptOutcome.TenantFull or AcceptOutcome.DomainLost:
                    return SesAccepted.Later;
                case AcceptOutcome.Replayed:
                    return SesAccepted.Replayed;
                default:
                    break;
            }
        }
        return unknown == recipients.Count ? SesAccepted.Unknown : SesAccepted.Taken;
    }

    private async Task<AcceptOutcome> AcceptAsync(AuthenticatedDelivery delivery, CancellationToken ct)
    {
        try
        {
            return await inbox.AcceptAsync(delivery, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            LogFailed(logger, Failure.Of(e));
            return AcceptOutcome.TooBusy;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A mail from Amazon SES could not be stored; it comes again: {failure}")]
    private static partial void LogFailed(ILogger logger, string failure);
}
