using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using ReplyMint.Mail;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>Mailgun's inbound route: the form is read, bounded, its signature verified, and each recipient's delivery accepted.</summary>
/// <param name="maxBytes">Octets of a posted form.</param>
internal sealed partial class MailgunInbound(
    MailgunSources sources, UnprovedBodies bodies, int maxBytes, TimeProvider time, ILogger logger,
    Func<AuthenticatedDelivery, CancellationToken, Task<AcceptOutcome>> accept)
{
    /// <param name="channel">Null for the operator's own route.</param>
    public async Task<IResult> ReceiveAsync(HttpContext context, string? channel, CancellationToken ct)
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            || !(IsMultipart(type) || type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)))
            return new Problem(415, "Post application/x-www-form-urlencoded or multipart/form-data.");
        using var body = await bodies.ReadAsync(context, maxBytes, "mailgun", ct);
        if (body.Refusal is { } refusal)
            return refusal;
        var form = IsMultipart(type)
            ? FormFields.TryParseMultipart(body.Content, HeaderUtilities.RemoveQuotes(type.Boundary).ToString())
            : FormFields.TryParseUrlEncoded(body.Writable);
        if (form is null)
            return new Problem(400, "The form can't be read.");
        // A header field of the mail may have the same name; Mailgun's own stand last.
        var proof = MailgunProof.From(await sources.FindAsync(channel, ct), form.Last("timestamp"), form.Last("token"), form.Last("signature"), time.GetUtcNow(), out var verdict);
        if (proof is null)
            return MailgunRefusal.For(verdict);
        if (!body.TryProve())
            return UnprovedBodies.Later(context);
        if (MailgunMail.TryRead(form, out var problem) is not { } mail)
            return new Problem(400, problem);
        return await AcceptAsync(context, mail, proof, ct);
    }

    private static bool IsMultipart(MediaTypeHeaderValue type) => type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase);

    private async Task<IResult> AcceptAsync(HttpContext context, MailgunMail mail, MailgunProof proof, CancellationToken ct)
    {
        var fingerprint = mail.Fingerprint();
        var unknown = 0;
        foreach (var recipient in mail.Recipients)
        {
            var raw = new RawDelivery(mail.Content, new Envelope(mail.ReversePath, recipient), proof.Source.Id, proof.Source.Owner, mail.Believed(proof.Source.Verdicts)) { Way = "mailgun" };
            switch (await AcceptAsync(AuthenticatedDelivery.From(raw, proof, fingerprint), ct))
            {
                case AcceptOutcome.UnknownRecipient:
                    Measures.MailRefused.Add("mailgun", "unknown-recipient");
                    unknown++;
                    break;
                case AcceptOutcome.TooBusy or AcceptOutcome.NoRoom or AcceptOutcome.TenantFull or AcceptOutcome.DomainLost:
                    return UnprovedBodies.Later(context);
                case AcceptOutcome.Replayed:
                    return MailgunRefusal.Replayed();
                default:
                    break;
            }
        }
        // 406 tells Mailgun not to come again.
        return unknown == mail.Recipients.Count ? new Problem(406, "There is no such mailbox here.") : TypedResults.Ok();
    }

    private async Task<AcceptOutcome> AcceptAsync(AuthenticatedDelivery delivery, CancellationToken ct)
    {
        try
        {
            return await accept(delivery, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            LogFailed(logger, Failure.Of(e));
            return AcceptOutcome.TooBusy;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A mail from Mailgun could not be stored; Mailgun was told to come again: {failure}")]
    private static partial void LogFailed(ILogger logger, string failure);
}

/// <summary>The answers to a webhook that proves nothing.</summary>
internal static class MailgunRefusal
{
    public static Problem For(SignatureVerdict verdict)
    {
        Measures.MailRefused.Add("mailgun", verdict switch { SignatureVerdict.Stale => "stale", SignatureVerdict.NoKey => "no-key", _ => "signature" });
        return new(401, verdict == SignatureVerdict.Stale
            ? "The signature is older or newer than 5 minutes."
            : "The webhook carries no valid signature.");
    }

    public static Problem Replayed()
    {
        Measures.MailRefused.Add("mailgun", "replay");
        return new(401, "The signature was spent on something else.");
    }
}
