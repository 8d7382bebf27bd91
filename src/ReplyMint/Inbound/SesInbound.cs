using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>
/// Amazon SES by SNS: mail in, events about mail out, and the confirmations of the subscription, all at one address. SNS repeats
/// for 429 and 5xx, and gives up for every other 4xx, so each answer says which of the two is wanted.
/// </summary>
internal sealed partial class SesInbound(
    Channels channels, SnsCertificates certificates, SesSubscriptions subscriptions, SesEvents events, SpentTokens spent, SesAcceptance acceptance, UnprovedBodies bodies, Containments contained, Alerts alerts, ILogger<SesInbound> logger, TimeProvider time)
{
    private const string Name = Channel.Ses;
    private const string ToVersion2 = "Set the topic to SHA-256: aws sns set-topic-attributes --topic-arn ARN --attribute-name SignatureVersion --attribute-value 2";
    // SNS carries 256 KB, which its JSON in JSON may double and more.
    private const int MaxBytes = 1024 * 1024;

    public async Task<IResult> ReceiveAsync(HttpContext context, string id, CancellationToken ct)
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) || !(IsOf(type, "text/plain") || IsOf(type, "application/json")))
            return new Problem(415, "Post a message of Amazon SNS, as text/plain or application/json.");
        using var body = await bodies.ReadAsync(context, MaxBytes, Name, ct);
        if (body.Refusal is { } refusal)
            return refusal;
        if (SnsMessage.TryParse(body.Content.Span) is not { } message)
            return Refuse(400, "form", "This is no message of Amazon SNS. Raw message delivery must be off.");
        var (proof, verdict) = await SnsProof.FromAsync(await channels.FindAsync(id, ct), message, certificates, time.GetUtcNow(), ct);
        if (verdict == SnsVerdict.Old)
            return await RefuseOldAsync(id, ct);
        if (proof is null)
            return verdict switch
            {
                SnsVerdict.Later => UnprovedBodies.Later(context),
                SnsVerdict.Stale => Refuse(401, "stale", "The message is too old, or from the future."),
                SnsVerdict.Topic => Refuse(401, "topic", "The message carries no signature that counts here."),
                _ => Refuse(401, "signature", "The message carries no signature that counts here."),
            };
        if (!body.TryProve() || await contained.IsAsync(ContainedKind.Channel, proof.Channel.Id, ct))
            return UnprovedBodies.Later(context);
        return message.Type switch
        {
            SnsType.SubscriptionConfirmation => await subscriptions.ConfirmAsync(context, proof, ct),
            SnsType.UnsubscribeConfirmation => await subscriptions.EndAsync(proof, ct),
            _ => await NotifiedAsync(context, proof, ct),
        };
    }

    /// <summary>Said aloud, since it may well be Amazon: its mail is not taken, and SNS gives it up or keeps it among the dead letters.</summary>
    private async Task<Problem> RefuseOldAsync(string channel, CancellationToken ct)
    {
        LogOld(logger, channel);
        await alerts.RaiseAsync("sns-version", channel, $"A message for a topic of this channel was signed by SHA-1 and was refused: no mail comes by it. {ToVersion2}", ct);
        return Refuse(401, "version", $"Signatures by SHA-1 (SignatureVersion 1) are not taken. {ToVersion2}");
    }

    private static bool IsOf(MediaTypeHeaderValue type, string name) => type.MediaType.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static Problem Refuse(int status, string reason, string detail)
    {
        Measures.MailRefused.Add(Name, reason);
        return new(status, detail);
    }

    private async Task<IResult> NotifiedAsync(HttpContext context, SnsProof proof, CancellationToken ct)
    {
        // When a topic is connected SES says so, in a sentence.
        if (!proof.Message.Text.AsSpan().TrimStart().StartsWith('{'))
            return TypedResults.Ok();
        if (SesNotification.TryParse(proof.Message.Text) is not { } said)
            return Refuse(400, "form", "The message of Amazon SES can't be read.");
        if (said.Kind == "Received")
            return await ReceivedAsync(context, proof, said, ct);
        if (!await spent.SpendAsync(proof.Spend(), ct))
            return Refuse(401, "replay", "The message's id was spent on something else.");
        await events.RecordAsync(proof, said, ct);
        return TypedResults.Ok();
    }

    private async Task<IResult> ReceivedAsync(HttpContext context, SnsProof proof, SesNotification said, CancellationToken ct)
    {
        if (said.Content is null)
            return Refuse(422, "not-inline", "The mail itself is not in the message. In the receipt rule use the action \"Publish to Amazon SNS topic\" with the encoding Base64 (mails up to 150 KB); mail that lies in S3 is fetched where SQS tells of it (aws.mailBucket).");
        if (said.Recipients() is not { } recipients)
            return Refuse(400, "form", "The message must name 1 to 100 recipients in \"receipt\".");
        if (said.Decode() is not { } content)
            return Refuse(400, "form", "The mail in \"content\" can't be decoded.");
        return await acceptance.AcceptAsync(proof, said, recipients, content, ct) switch
        {
            SesAccepted.Later => UnprovedBodies.Later(context),
            SesAccepted.Replayed => Refuse(401, "replay", "The message's id was spent on something else."),
            SesAccepted.Unknown => new Problem(406, "There is no such mailbox here."),
            _ => TypedResults.Ok(),
        };
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Channel {Channel}: a message of Amazon SNS was signed by SHA-1 (SignatureVersion 1) and refused; set the topic's SignatureVersion to 2")]
    private static partial void LogOld(ILogger logger, string channel);
}
