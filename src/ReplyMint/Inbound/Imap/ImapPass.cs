using MailKit;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Mail;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>How a look into an account ended.</summary>
internal enum ImapPassed
{
    /// <summary>All that was there is taken.</summary>
    Done,
    /// <summary>There is more: look again at once.</summary>
    More,
    /// <summary>What is there can't be taken now, such as with a full disk.</summary>
    Later,
    /// <summary>Another process looks into the account.</summary>
    Elsewhere,
}

/// <summary>
/// One bounded look into an account: each new mail is fetched, accepted, marked as read, and only then passed over for good. Wherever a pass
/// breaks, the next one begins at the same mail, which then is a duplicate and is answered once all the same.
/// </summary>
internal sealed partial class ImapPass(ImapPositions positions, ImapMarks marks, ImapSent sent, Inbox inbox, Mailboxes mailboxes, Messages messages, InboundBudget budget, HttpSettings http, Alerts alerts, ILogger<ImapPass> log)
{
    /// <summary>Mails of one pass, so that no account keeps the others waiting.</summary>
    public const int Most = 50;

    /// <summary>A mail that breaks everything so often is put aside.</summary>
    public const int MostTries = 5;

    /// <exception cref="Exception">As networks and servers throw (<see cref="ServerTrouble.IsExpected"/>); what was done is kept.</exception>
    public async Task<ImapPassed> RunAsync(ImapSession session, CancellationToken ct)
    {
        var channel = session.Channel;
        if (await positions.TakeAsync(channel, ct) is not { } place)
            return ImapPassed.Elsewhere;
        if (await mailboxes.GetAsync(channel.Owner, session.Account.Mailbox, ct) is not { } mailbox)
            return ImapPassed.Later;
        var (validity, next) = await session.OpenAsync(ct);
        // Other numbers than before: all that came since the channel was made is looked at again, and known mails are duplicates.
        var begun = validity == place.Now.Validity ? place.Now : place.Now with { Validity = validity, Last = 0, Trying = 0, Tries = 0 };
        var uids = await session.NewAsync(session.Folder, begun.Last, session.Account.Since, ct);
        var work = new Work(session, place, mailbox, begun, new Commit());
        foreach (var found in uids.Count == 0 ? [] : await session.LookAsync(session.Folder, [.. uids.Take(Most)], ct))
            if (!await TakeAsync(work, found, ct))
            {
                await work.StoreAsync(ct);
                return ImapPassed.Later;
            }
        // What the search did not name is older than the channel, or gone.
        var last = uids.Count > Most ? Math.Max(work.At.Last, uids[Most - 1].Id) : Math.Max(work.At.Last, Math.Max(next, 1) - 1);
        work.At = work.At with { Last = last, Trying = 0, Tries = 0, Problem = null, FailingSince = null };
        if (!await work.StoreAsync(ct))
            return ImapPassed.Elsewhere;
        await marks.WorkOffAsync(session, validity, ct);
        if (!await sent.LookAsync(session, place, ct))
            return ImapPassed.Elsewhere;
        // Drafts come behind what people sent themselves.
        await marks.DraftAsync(session, ct);
        // What came while other folders were open is told by nobody.
        var (_, following) = await session.OpenAsync(ct);
        return uids.Count > Most || following > (long)last + 1 ? ImapPassed.More : ImapPassed.Done;
    }

    /// <summary>False: it can't be taken now, nor can what follows.</summary>
    private async Task<bool> TakeAsync(Work work, ImapSummary found, CancellationToken ct)
    {
        if (found.Received < work.Session.Account.Since)
            return true;
        if (found.Size > http.Limits.MaxMailBytes)
        {
            await PutAsideAsync(work, found, "is larger than is taken (http.limits.maxMailBytes)", ct);
            return true;
        }
        var tries = work.At.Trying == found.Uid.Id ? work.At.Tries : 0;
        if (tries >= MostTries)
        {
            await PutAsideAsync(work, found, $"could not be taken {MostTries} times", ct);
            return true;
        }
        if (!budget.TryTake(found.Size))
            return false;
        try
        {
            if (!await AcceptAsync(work, found, ct))
                return false;
            work.At = work.At with { Last = found.Uid.Id, Trying = 0, Tries = 0 };
            return true;
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            // What was taken before stays taken; this one is counted, since it may be what breaks the server or us.
            LogFailed(log, work.Session.Channel.Id, found.Uid.Id, Failure.Of(e));
            work.At = work.At with { Trying = found.Uid.Id, Tries = tries + 1 };
            await work.StoreAsync(CancellationToken.None);
            throw;
        }
        finally
        {
            budget.Return(found.Size);
        }
    }

    private async Task<bool> AcceptAsync(Work work, ImapSummary found, CancellationToken ct)
    {
        var (session, channel) = (work.Session, work.Session.Channel);
        // Gone again, or other than it was said to be.
        if (await session.FetchAsync(session.Folder, found.Uid, found.Size, ct) is not { } content)
            return true;
        if (AuthenticatedDelivery.From(content, ReturnPath.Of(content, session.Account.Server), work.Mailbox.Address, channel) is not { } delivery)
            return false;
        var (outcome, id) = await inbox.SubmitAsync(delivery, ct);
        if (outcome is not (AcceptOutcome.Accepted or AcceptOutcome.Duplicate))
            return false;
        // Before it is passed over: after a crash here it is a duplicate, and is marked then.
        await session.FlagAsync(found.Uid, MessageFlags.Seen, ct);
        if (await messages.FindAsync(channel.Owner, id!, ct) is { } message)
            await positions.MarkAsync(work.Commit, channel, message.Summary.MessageId, new ImapMark(1, id!, work.At.Validity, found.Uid.Id), ct);
        return true;
    }

    private async Task PutAsideAsync(Work work, ImapSummary found, string why, CancellationToken ct)
    {
        var channel = work.Session.Channel;
        Measures.MailRefused.Add(Channel.ByImap, "aside");
        await alerts.RaiseAsync("imap-aside", $"{channel.Id}-{work.At.Validity}-{found.Uid.Id}",
            $"Mail number {found.Uid.Id} of channel {channel.Id} {why}, and was put aside: it stays unread in its mailbox, and a person has to look at it there.", ct);
        work.At = work.At with { Last = found.Uid.Id, Trying = 0, Tries = 0 };
    }

    /// <summary>What a pass has done so far, and will store in one commit.</summary>
    private sealed class Work(ImapSession session, ImapPlace place, Mailbox mailbox, ImapPosition at, Commit commit)
    {
        public ImapSession Session => session;
        public Mailbox Mailbox => mailbox;
        public Commit Commit => commit;
        public ImapPosition At { get; set; } = at;

        /// <summary>False: another process reads the account now.</summary>
        public async Task<bool> StoreAsync(CancellationToken ct) => (commit.IsEmpty && At == place.Now) || await place.MoveAsync(At, commit, ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Mail {uid} of channel {channel} could not be taken: {failure}")]
    private static partial void LogFailed(ILogger log, string channel, uint uid, string failure);
}
