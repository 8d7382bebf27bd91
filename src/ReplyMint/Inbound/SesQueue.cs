using System.Text;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>What is to be done with a message of the queue.</summary>
internal enum QueuedMail
{
    /// <summary>It may go.</summary>
    Done,
    /// <summary>It is to come again.</summary>
    Again,
    /// <summary>It will never be of use: it belongs among the dead letters, where a person looks.</summary>
    Refused,
}

/// <summary>
/// Amazon SES by SNS and SQS, where nothing has to reach us from outside: mails that SES put into a bucket, and events about mails out. No route leads
/// here; whoever reads our queue hands its messages over. Who may send to the queue is AWS's to say (its policy names the topic alone, and
/// the topic's SES alone), so a message needs no signature and may be days old; the mail itself must lie in the bucket that only SES writes to.
/// </summary>
internal sealed partial class SesQueue(
    Channels channels, SesEvents events, SpentTokens spent, SesAcceptance acceptance, Containments contained, InboundBudget budget, HttpSettings http, ILogger<SesQueue> logger, StoredMails? mails = null)
{
    private const int MostBytes = 1024 * 1024;

    /// <param name="body">Of one message of SQS, as SNS wrote it.</param>
    /// <returns>What is to be done with it; after any exception it is to come again.</returns>
    public async Task<QueuedMail> ReceiveAsync(string body, CancellationToken ct)
    {
        if (body.Length > MostBytes || SnsMessage.TryParse(Encoding.UTF8.GetBytes(body)) is not { Type: SnsType.Notification } message)
            return Refuse("form");
        // Only the operator's: a tenant's topic may be of an account of his own, whose policies nobody here knows.
        var channel = (await channels.ListAsync(Channel.Operator, ct)).FirstOrDefault(one => SnsProof.Believes(one, message));
        if (SnsProof.OfQueue(channel, message) is not { } proof)
            return Refuse("topic");
        if (await contained.IsAsync(ContainedKind.Channel, proof.Channel.Id, ct))
            return QueuedMail.Again;
        // When a topic is connected SES says so, in a sentence.
        if (!message.Text.AsSpan().TrimStart().StartsWith('{'))
            return QueuedMail.Done;
        if (SesNotification.TryParse(message.Text) is not { } said)
            return Refuse("form");
        if (said.Kind == "Received")
            return await ReceivedAsync(proof, said, ct);
        if (!await spent.SpendAsync(proof.Spend(), ct))
            return Refuse("replay");
        await events.RecordAsync(proof, said, ct);
        return QueuedMail.Done;
    }

    private async Task<QueuedMail> ReceivedAsync(SnsProof proof, SesNotification said, CancellationToken ct)
    {
        if (said.Recipients() is not { } recipients)
            return Refuse("form");
        if (said.Content is not null)
            return said.Decode() is { } inline ? After(await acceptance.AcceptAsync(proof, said, recipients, inline, ct)) : Refuse("form");
        if (mails is null || said.Receipt?.Action is not { Type: "S3", BucketName: { } bucket, ObjectKey: { } key } || bucket != mails.Bucket || !IsKey(key))
            return Refuse("bucket");
        // How large it is, is known only when it is read.
        var most = http.Limits.MaxMailBytes;
        if (!budget.TryTake(most))
            return QueuedMail.Again;
        try
        {
            var mail = await mails.ReadAsync(key, most, ct);
            if (mail.TooLarge)
                return Refuse("too-large");
            // SES tells of what lies there already, so it was taken before: SQS may deliver twice.
            if (mail.Content is null)
            {
                LogGone(logger, proof.Message.Id);
                return QueuedMail.Done;
            }
            var outcome = After(await acceptance.AcceptAsync(proof, said, recipients, mail.Content, ct));
            // Only now: until it is stored here, that is the only copy. Should the removal fail, the message comes again and finds a duplicate.
            if (outcome == QueuedMail.Done)
                await mails.DeleteAsync(key, ct);
            return outcome;
        }
        finally
        {
            budget.Return(most);
        }
    }

    private static QueuedMail After(SesAccepted accepted) => accepted switch
    {
        SesAccepted.Later => QueuedMail.Again,
        SesAccepted.Replayed => Refuse("replay"),
        // SES has told the sender already that it was taken, so there is nobody to refuse it to.
        _ => QueuedMail.Done,
    };

    private static QueuedMail Refuse(string reason)
    {
        Measures.MailRefused.Add(Channel.Ses, reason);
        return QueuedMail.Refused;
    }

    /// <summary>SES names objects by random letters, behind a prefix of the rule's. What needs escaping is none of its.</summary>
    private static bool IsKey(string key) =>
        key.Length is > 0 and <= 200 && key[0] != '/' && !key.Contains("..", StringComparison.Ordinal) && !key.Contains("//", StringComparison.Ordinal)
        && key.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_');

    [LoggerMessage(Level = LogLevel.Information, Message = "The mail of message {id} was taken already; nothing lies in the bucket")]
    private static partial void LogGone(ILogger logger, string id);
}
