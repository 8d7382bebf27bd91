using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>What is remembered of a thread: ids, times, and a keyed hash of the last mail's text (rule 17).</summary>
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
    /// <summary>Mails that were taken with a wait behind them, the oldest first; null where mailboxes don't wait.</summary>
    public IReadOnlyList<WaitingMail>? Waiting { get; set; }
    /// <summary>A person answered then: what came before is his business (rule 16).</summary>
    public DateTimeOffset? AnsweredAt { get; set; }
    /// <summary>Since then nothing in it is answered automatically (rule 16).</summary>
    public DateTimeOffset? ClosedAt { get; set; }
}

/// <summary>A mail that waits for others of its thread.</summary>
/// <param name="Until">Unix milliseconds: one that comes later is no part of the burst.</param>
internal sealed record WaitingMail(string Id, long Until);

/// <summary>A thread as it was read, for the commit that adds a message to it.</summary>
internal sealed record ThreadReading(ItemKey Key, Item? Item, ThreadRecord Record)
{
    // Older ones stay in the store; only the thread does not name them any more.
    private const int MaxMessages = 50;
    // Of these one is answered; what one looks at is bounded with it.
    private const int MaxWaiting = 20;
    private static readonly TimeSpan TextRemembered = TimeSpan.FromDays(30);
    // Longer than any outage that is no disaster: a burst is one still when its mails are decided late.
    private static readonly TimeSpan WaitRemembered = TimeSpan.FromDays(7);
    // What is known of a thread before any mail of it is decided; the first decision makes it as old as its mails.
    private static readonly TimeSpan MarkKept = TimeSpan.FromDays(30);

    /// <summary>Adds a decided message to the thread, unless the thread has moved since it was read.</summary>
    public void Add(Commit commit, MessageRecord message, string textHash, DateTimeOffset? expires) =>
        commit.Put(Key, Write(Record with
        {
            Messages = [.. Record.Messages.Where(id => id != message.Id).TakeLast(MaxMessages - 1), message.Id],
            LastText = textHash,
            LastTextBy = Record.LastText == textHash && message.ReceivedAt < Record.LastTextUntil && Record.LastTextBy.Length > 0 ? Record.LastTextBy : message.Id,
            LastTextUntil = message.ReceivedAt + TextRemembered,
            Waiting = Fresh(message.ReceivedAt),
        }), Condition.Same(Item), expires: expires);

    /// <summary>Adds a mail that waits for the rest of its burst, in the commit that accepts it: who decides on an earlier one meanwhile has to look again.</summary>
    public void Wait(Commit commit, MessageRecord message, TimeSpan quiet) =>
        Change(commit, Record with { Waiting = [.. (Fresh(message.ReceivedAt) ?? []).TakeLast(MaxWaiting - 1), new(message.Id, (message.ReceivedAt + quiet).ToUnixTimeMilliseconds())] }, message.ReceivedAt);

    /// <summary>Changes what is known of the thread; how long it is kept stays.</summary>
    public void Change(Commit commit, ThreadRecord record, DateTimeOffset now)
    {
        if (Item is null)
            commit.Put(Key, Write(record), Condition.Absent, expires: now + MarkKept);
        else
            commit.Change(Item, Write(record), default);
    }

    /// <summary>The mails of one burst with a message, itself among them, the oldest first: each came while the one before it still waited. Empty when it did not wait.</summary>
    public IReadOnlyList<string> BurstOf(string message)
    {
        if (Record.Waiting is not { } waiting || waiting.All(mail => mail.Id != message))
            return [];
        var burst = new List<string>();
        long until = 0;
        // In the order of their commits, which two of one millisecond have, too.
        foreach (var mail in waiting)
        {
            if (Ids.TimeOf(mail.Id) > until)
            {
                if (burst.Contains(message))
                    break;
                burst.Clear();
            }
            burst.Add(mail.Id);
            until = Math.Max(until, mail.Until);
        }
        return burst;
    }

    /// <summary>Takes messages out that were erased, and what was remembered of their texts; a thread without any goes.</summary>
    public void Remove(Commit commit, Func<string, bool> erased)
    {
        if (Item is null)
            return;
        var left = Record.Messages.Where(id => !erased(id)).ToList();
        var waiting = Record.Waiting?.Where(mail => !erased(mail.Id)).ToList();
        if (left.Count == 0 && waiting is not { Count: > 0 })
            commit.Delete(Key, Condition.Same(Item));
        else if (left.Count < Record.Messages.Count || waiting?.Count < Record.Waiting?.Count)
            commit.Change(Item, Write((erased(Record.LastTextBy) ? Record with { LastText = "", LastTextBy = "" } : Record) with { Messages = left, Waiting = waiting }), default);
    }

    private List<WaitingMail>? Fresh(DateTimeOffset now) =>
        Record.Waiting?.Where(mail => mail.Until > (now - WaitRemembered).ToUnixTimeMilliseconds()).ToList() is { Count: > 0 } fresh ? fresh : null;

    private static byte[] Write(ThreadRecord record) => StoredJson.Write(record, InboundJson.Default.ThreadRecord);
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
        new(key, item, item is null ? new() : JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.ThreadRecord)!);

    /// <summary>Whether another message of the thread said this text last.</summary>
    public bool SaidLast(ThreadReading thread, string message, string textHash) => thread.Record.LastText == textHash && thread.Record.LastTextBy != message && time.GetUtcNow() < thread.Record.LastTextUntil;
}
