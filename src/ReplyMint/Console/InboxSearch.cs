using ReplyMint.Inbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Console;

/// <summary>What a look into the inbox found.</summary>
/// <param name="Next">Behind which mail to go on; null when there is nothing more.</param>
/// <param name="LookedBackTo">Of a search that stopped for now: up to when it looked.</param>
internal sealed record InboxFound(IReadOnlyList<Message> Messages, string? Next, DateTimeOffset? LookedBackTo = null);

/// <summary>
/// Finds mails. Their text is sealed, so that a search opens one after the other, the newest first, for less than a second: it says
/// how far it got, and goes on from there when it is asked to.
/// </summary>
internal sealed class InboxSearch(Messages messages, MessageTexts texts, Drafts drafts, KeyRing keys, TimeProvider time)
{
    public const int PageSize = 50;

    private const int Portion = 100;
    private const int MostOpened = 5_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(700);

    public async Task<InboxFound> FindAsync(Caller caller, InboxFilter filter, CancellationToken ct)
    {
        if (filter is { View: "waiting", IsNarrow: false })
            return await WaitingAsync(caller, filter, ct);
        string? person = null;
        if (filter.Correspondent is { } address)
            person = address.Length == 0 ? "" : (await keys.RequireAsync(caller.Tenant, ct)).Person(address);
        var wanted = filter.Test(caller, person);
        if (filter.Words.Length > 0)
            return await SearchAsync(caller.Tenant, wanted, filter, ct);
        var (found, next) = await messages.ListAsync(caller.Tenant, wanted, PageSize, filter.After, ct);
        return new(found, next, next is null || found.Count == PageSize ? null : TimeOf(next));
    }

    /// <summary>What waits for a person, the longest waiting first.</summary>
    private async Task<InboxFound> WaitingAsync(Caller caller, InboxFilter filter, CancellationToken ct)
    {
        var (waiting, next) = await drafts.ListAsync(caller.Tenant, DraftState.Waiting,
            (mailbox, _) => caller.Sees(mailbox) && (filter.Mailbox.Length == 0 || mailbox == filter.Mailbox), PageSize, filter.After, ct);
        var found = new List<Message>(waiting.Count);
        foreach (var draft in waiting)
            // What was decided a moment ago waits for nobody.
            if (draft.Content.Pending is null && await messages.FindAsync(caller.Tenant, draft.Id, ct) is { } message)
                found.Add(message);
        return new(found, next);
    }

    private async Task<InboxFound> SearchAsync(string tenant, Func<MessageRecord, bool> wanted, InboxFilter filter, CancellationToken ct)
    {
        var (begun, opened, found) = (time.GetTimestamp(), 0, new List<Message>());
        for (var after = filter.After; ;)
        {
            var (portion, next) = await messages.ListAsync(tenant, wanted, Portion, after, ct);
            foreach (var message in portion)
            {
                if (await SaysAsync(message, filter.Words, ct))
                    found.Add(message);
                if (found.Count < PageSize && ++opened < MostOpened && time.GetElapsedTime(begun) < Patience)
                    continue;
                return new(found, message.Id, TimeOf(message.Id));
            }
            if (next is null)
                return new(found, null);
            if (time.GetElapsedTime(begun) >= Patience)
                return new(found, next, TimeOf(next));
            after = next;
        }
    }

    private async ValueTask<bool> SaysAsync(Message message, string words, CancellationToken ct) =>
        Says(message.Summary.Subject, words) || Says(message.Summary.From.Name, words) || Says(message.Summary.From.Address, words)
            || (await texts.FindAsync(message, ct) is { } text && Says(text.Text, words));

    private static bool Says(string text, string words) => text.Contains(words, StringComparison.OrdinalIgnoreCase);

    private static DateTimeOffset TimeOf(string id) => DateTimeOffset.FromUnixTimeMilliseconds(Ids.TimeOf(id));
}
