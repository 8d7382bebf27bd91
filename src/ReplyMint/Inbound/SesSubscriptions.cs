using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>
/// The subscription of our address to a topic: confirmed by itself, since the message was signed for a topic that somebody put on
/// the channel's list; and when it ends, somebody should know.
/// </summary>
internal sealed partial class SesSubscriptions(Channels channels, SpentTokens spent, Alerts alerts, IStore store, SnsTrust trust, ILogger<SesSubscriptions> logger)
{
    public async Task<IResult> ConfirmAsync(HttpContext context, SnsProof proof, CancellationToken ct)
    {
        if (SnsAddresses.OfConfirmation(proof.Message) is not { } address)
        {
            Measures.MailRefused.Add(Channel.Ses, "subscribe-url");
            return new Problem(400, "The message's SubscribeURL is none of its topic's.");
        }
        if (await spent.IsSpentAsync(proof.Spend(), ct))
            return TypedResults.Ok();
        if (!await CallAsync(address, ct))
            return UnprovedBodies.Later(context);
        await RecordAsync(proof, "channel.subscribed", ct);
        return TypedResults.Ok();
    }

    public async Task<IResult> EndAsync(SnsProof proof, CancellationToken ct)
    {
        if (await spent.IsSpentAsync(proof.Spend(), ct))
            return TypedResults.Ok();
        // Before it is spent: should we fail in between, SNS comes again. The same alert is open once.
        await alerts.RaiseAsync("unsubscribed", proof.Channel.Id, "The subscription of a channel to its SNS topic ended: no mail comes by it any more. If nobody meant that, subscribe it again and look who may change the topic.", ct);
        await RecordAsync(proof, "channel.unsubscribed", ct);
        return TypedResults.Ok();
    }

    private Task RecordAsync(SnsProof proof, string act, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        // The same message twice at once is one act.
        if (await spent.IsSpentAsync(proof.Spend(), token))
            return false;
        await spent.SpendAsync(commit, proof.Spend(), token);
        await channels.RecordAsync(commit, proof.Channel, act, new Dictionary<string, string> { ["topic"] = proof.Message.Topic.Arn }, token);
        return true;
    }, ct);

    private async Task<bool> CallAsync(Uri address, CancellationToken ct)
    {
        try
        {
            using var answer = await trust.Http.GetAsync(address, ct);
            if (answer.StatusCode == HttpStatusCode.OK)
                return true;
            LogNotConfirmed(logger, (int)answer.StatusCode);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            LogNotConfirmed(logger, 0);
        }
        return false;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A subscription to an SNS topic could not be confirmed (status {status}); SNS was told to come again")]
    private static partial void LogNotConfirmed(ILogger logger, int status);
}
