using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Accounts;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>How far an account was read. Numbers of the server's and words of ours.</summary>
/// <param name="Validity">The version of the folder's numbers; another one means that all of them are new.</param>
/// <param name="Last">The last number whose mail was taken, or needs nothing more.</param>
internal sealed record ImapPosition(int V, uint Validity, uint Last)
{
    /// <summary>The number of a mail that could not be taken, and how often that was tried.</summary>
    public uint Trying { get; set; }

    public int Tries { get; set; }

    /// <summary>The same of the folder of sent mail.</summary>
    public uint SentValidity { get; set; }

    public uint SentLast { get; set; }

    /// <summary>Why the account could not be looked into at the last time; null when it could.</summary>
    public string? Problem { get; set; }

    /// <summary>Since when that is so.</summary>
    public DateTimeOffset? FailingSince { get; set; }

    /// <summary>On a store that several processes share: who looks, and until when.</summary>
    public string? By { get; set; }

    public DateTimeOffset? Until { get; set; }
}

/// <summary>A mail of an account whose message is not over yet: its flag, its draft, a person's own answer may still come.</summary>
internal sealed record ImapMark(int V, string Message, uint Validity, uint Uid)
{
    /// <summary>Its draft was put into the account's own folder.</summary>
    public bool Drafted { get; set; }
}

/// <summary>A position as it was read. Each change of it is on condition that nobody else has changed it: one process reads one account.</summary>
internal sealed class ImapPlace(IStore store, Channel channel, ImapPosition position, Item? item)
{
    private Item? _item = item;

    public ImapPosition Now { get; private set; } = position;

    /// <summary>False: another process has moved it, so that whatever this one wanted to do is the other's work.</summary>
    public async Task<bool> MoveAsync(ImapPosition to, Commit commit, CancellationToken ct)
    {
        var key = Channels.PositionKey(channel.Owner, channel.Id);
        var value = StoredJson.Write(to, InboundJson.Default.ImapPosition);
        commit.Put(key, value, Condition.Same(_item));
        // Gone with the channel, and not written anew behind its removal.
        if (_item is null)
            commit.Check(ItemKey.Main(channel.Owner, "channel/" + channel.Id), Condition.Same(await store.GetAsync(ItemKey.Main(channel.Owner, "channel/" + channel.Id), ct)));
        if (await store.CommitAsync(commit, ct) == CommitResult.Conflict)
            return false;
        (_item, Now) = (new Item(key, value, default, (_item?.Version ?? 0) + 1, 0, null), to);
        return true;
    }
}

/// <summary>Where reading of accounts goes on, and which of their mails are not over yet.</summary>
internal sealed class ImapPositions(IStore store, KeyRing keys, TimeProvider time)
{
    // As long as a person may still answer by himself: drafts wait no longer.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(90);
    // One pass is much shorter, and renews it.
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(15);

    private readonly string _process = Ids.Random('p');

    /// <summary>Null: another process looks into the account, or the channel has gone.</summary>
    public async Task<ImapPlace?> TakeAsync(Channel channel, CancellationToken ct)
    {
        var item = await store.GetAsync(Channels.PositionKey(channel.Owner, channel.Id), ct);
        var place = new ImapPlace(store, channel, item is null ? new(1, 0, 0) : Read(item), item);
        if (!store.IsShared)
            return place;
        var now = time.GetUtcNow();
        if (place.Now.By is { } by && by != _process && place.Now.Until + SharedStore.Skew > now)
            return null;
        return await place.MoveAsync(place.Now with { By = _process, Until = now + Lease }, new Commit(), ct) ? place : null;
    }

    /// <summary>Ends this process's lease of an account, on a store that several processes share.</summary>
    public async Task GiveBackAsync(Channel channel, CancellationToken ct)
    {
        if (!store.IsShared || await store.GetAsync(Channels.PositionKey(channel.Owner, channel.Id), ct) is not { } item || Read(item) is not { By: { } by } ours || by != _process)
            return;
        // Whoever has moved it meanwhile has it.
        await new ImapPlace(store, channel, ours, item).MoveAsync(ours with { By = null, Until = null }, new Commit(), ct);
    }

    public async ValueTask<ImapPosition?> FindAsync(Channel channel, CancellationToken ct) =>
        await store.GetAsync(Channels.PositionKey(channel.Owner, channel.Id), ct) is { } item ? Read(item) : null;

    /// <summary>Adds what is to be known of a mail that was taken.</summary>
    public async Task MarkAsync(Commit commit, Channel channel, string messageId, ImapMark mark, CancellationToken ct) =>
        commit.Put(MarkKey(channel, await HashAsync(channel, messageId.Length > 0 ? messageId : mark.Message, ct)), StoredJson.Write(mark, InboundJson.Default.ImapMark), Condition.Any, expires: time.GetUtcNow() + Kept);

    /// <summary>A page of marks behind a cursor.</summary>
    public ValueTask<Page> MarksAsync(Channel channel, int limit, string? cursor, CancellationToken ct) =>
        store.QueryAsync(Table.Main, channel.Owner, new Storage.Range(MarkPrefix(channel), Limit: limit), cursor, ct);

    /// <summary>The mark of a mail that another one answers.</summary>
    public async ValueTask<(ImapMark Mark, Item Item)?> OfAsync(Channel channel, string messageId, CancellationToken ct) =>
        await store.GetAsync(MarkKey(channel, await HashAsync(channel, messageId, ct)), ct) is { } item ? (ReadMark(item), item) : null;

    public static ImapMark ReadMark(Item item) => JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.ImapMark)!;

    private static ImapPosition Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.ImapPosition)!;

    private static string MarkPrefix(Channel channel) => $"imap-mail/{channel.Id}/";

    private static ItemKey MarkKey(Channel channel, string hash) => ItemKey.Main(channel.Owner, MarkPrefix(channel) + hash);

    // No personal data in any key: a Message-ID names its sender's domain.
    private async ValueTask<string> HashAsync(Channel channel, string messageId, CancellationToken ct) => (await keys.RequireAsync(channel.Owner, ct)).Hash("imap", $"{channel.Id}\n{messageId}");
}
