using System.Buffers;
using ReplyMint.Outbound;

namespace ReplyMint.Inbound;

/// <summary>What Amazon SES tells of mails that we sent.</summary>
internal sealed class SesEvents(ReplyTokens tokens, BounceAddresses bounces, DeliveryEvents events)
{
    private static readonly SearchValues<char> CodeCharacters = SearchValues.Create("0123456789.");

    public async Task RecordAsync(SnsProof proof, SesNotification said, CancellationToken ct)
    {
        if (Kind(said) is not { } kind || await SubjectAsync(said.Mail, ct) is not { } subject)
            return;
        var at = said.Bounce?.Timestamp ?? said.Complaint?.Timestamp ?? proof.Message.At;
        SuppressionReason? reason = kind switch { "failed" => SuppressionReason.PermanentFailure, "complained" => SuppressionReason.Complaint, _ => null };
        await events.RecordAsync(proof.Channel.Owner, subject, new DeliveryEvent("ses/" + proof.Message.Id, kind, at, Detail(said)), reason, ct);
    }

    /// <summary>Null for what says nothing about delivery, such as opens and clicks, which are nobody's business.</summary>
    private static string? Kind(SesNotification said) => said.Kind switch
    {
        // A transient bounce ends this mail, but says nothing against the next one.
        "Bounce" => said.Bounce?.BounceType == "Permanent" ? "failed" : "bounced",
        "Complaint" => "complained",
        "Delivery" => "delivered",
        "DeliveryDelay" => "delayed",
        "Reject" => "rejected",
        "Send" => "accepted",
        _ => null,
    };

    /// <summary>
    /// SES gives mails a Message-ID of its own and shows the original only where "include original headers" is on; the envelope's
    /// sender is always there, and ours is signed too.
    /// </summary>
    private async ValueTask<TokenSubject?> SubjectAsync(SesMail? mail, CancellationToken ct)
    {
        foreach (var header in mail?.Headers ?? [])
            if (header is { Name: { } name, Value: { } value } && name.Equals("Message-ID", StringComparison.OrdinalIgnoreCase) && tokens.ReadMessageId(value.Trim()) is { } own)
                return own;
        return mail?.CommonHeaders?.MessageId is { } id && tokens.ReadMessageId(id.Trim()) is { } original ? original
            : mail?.Source is { } source ? await bounces.ReadAsync(source.Trim().Trim('<', '>'), ct) : null;
    }

    /// <summary>Numbers only: the server's words may name the address.</summary>
    private static string Detail(SesNotification said) =>
        said.Bounce?.BouncedRecipients is { Count: > 0 } bounced && bounced[0]?.Status is { Length: <= 12 } status && !status.AsSpan().ContainsAnyExcept(CodeCharacters) ? status : "";
}
