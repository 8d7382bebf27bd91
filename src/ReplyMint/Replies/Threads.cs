using System.Text.Json;
using ReplyMint.Inbound;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>What is remembered of a thread: ids, and a keyed hash of the last mail's text (rule 17).</summary>
internal sealed record ThreadRecord
{
    public int V { get; set; } = 1;
    /// <summary>The decided messages, the oldest first.</summary>
    public IReadOnlyList<string> Messages { get; set; } = [];
    public string LastText { get; set; } = "";
    /// <summary>The message that said it first: deciding on that one anew is no second time.</summary>
    public string LastTextBy { get; set; } = "";
    /// <summary>From then on the same text says nothing any more.</summary>
    public DateTimeOffset LastTextUntil { get; set; }
}

/// <summary>A thread as it was read, for the commit that adds a message to it.</summary>
internal sealed record ThreadReading(ItemKey Key, Item? Item, ThreadRecord Record)
{
    // Older ones stay in the store; only the thread does not name them any more.
    private const int MaxMessages = 50;
    private static readonly TimeSpan TextRemembered = TimeSpan.FromDays(30);

    /// <summary>Adds a decided message to the thread, unless the thread has moved since it was read.</summary>
    public void Add(Commit commit, MessageRecord message, string textHash, DateTimeOffset? expires) =>
        Write(commit, Record with
        {
            Messages = [.. Record.Messages.Where(id => id != message.Id).TakeLast(MaxMessages - 1), message.Id],
            LastText = textHash,
            LastTextBy = Record.LastText == textHash && message.ReceivedAt < Record.LastTextUntil && Record.LastTextBy.Length > 0 ? Record.LastTextBy : message.Id,
            LastTextUntil = message.ReceivedAt + TextRemembered,
        }, expires);

    /// <summary>Takes messages out that were erased, and what was remembered of their texts; a thread without any goes.</summary>
    public void Remove(Commit commit, Func<string, bool> erased)
    {
        if (Item is null)
            return;
        var left = Record.Messages.Where(id => !erased(id)).ToList();
        if (left.Count == 0)
            commit.Delete(Key, Condition.Same(Item));
        else if (left.Count < Record.Messages.Count)
            commit.Change(Item, StoredJson.Write(erased(Record.LastTextBy) ? Record with { Messages = left, LastText = "", LastTextBy = "" } : Record with { Messages = left }, RepliesJson.Default.ThreadRecord), default);
    }

    private void Write(Commit commit, ThreadRecord record, DateTimeOffset? expires) =>
        commit.Put(Key, StoredJson.Write(record, RepliesJson.Default.ThreadRecord), Condition.Same(Item), expires: expires);
}

internal sealed class Threads(IStore store, TimeProvider time)
{
    /// <param name="thread">The keyed hash that a message carries; an unknown one reads as an empty thread.</param>
    public async ValueTask<ThreadReading> ReadAsync(string tenant, string thread, CancellationToken ct)
    {
        var key = KeyOf(tenant, thread);
        return Read(key, await store.GetAsync(key, ct));
    }

    public static ItemKey KeyOf(string tenant, string thread) => ItemKey.Main(tenant, "thread/" + thread);

    public static ThreadReading Read(ItemKey key, Item? item) =>
        new(key, item, item is null ? new() : JsonSerializer.Deserialize(item.Value.Span, RepliesJson.Default.ThreadRecord)!);

    /// <summary>Whether another message of the thread said this text last.</summary>
    public bool SaidLast(ThreadReading thread, string message, string textHash) => thread.Record.LastText == textHash && thread.Record.LastTextBy != message && time.GetUtcNow() < thread.Record.LastTextUntil;
}
