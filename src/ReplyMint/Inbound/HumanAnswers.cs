using System.Text.Json;
using ReplyMint.Jobs;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>
/// The door by which a person's own answer is told, wherever it was seen: a copy of his mail, the folder of what he sent, a call, an edited
/// draft. The human always wins: what a machine would still say to mails of before is taken back, by the job that this adds.
/// </summary>
internal sealed class HumanAnswers(IStore store, KeyRing keys, Messages messages, Threads threads, ReplyTokens tokens, JobQueue jobs, TimeProvider time)
{
    /// <summary>The kind of the job that takes back what was overtaken; its target is the thread.</summary>
    public const string JobKind = "overtaken";

    // A person writes to few; a circular answers nobody.
    private const int MaxRecipients = 20;
    private const int SeenPage = 100;
    private const int MaxSeenPages = 20;

    /// <summary>The threads of a mailbox that a person's own mail answers, with when their newest named mail came.</summary>
    /// <param name="tenant">Whose mailbox.</param>
    /// <param name="mailbox">Its id.</param>
    /// <param name="recipients">Whom he wrote to: only their threads are meant, so that passing a mail on answers nobody.</param>
    /// <param name="references">The Message-IDs of In-Reply-To and References, without angle brackets.</param>
    /// <param name="ct">Ends the looking.</param>
    public async Task<IReadOnlyDictionary<string, DateTimeOffset>> FindAsync(string tenant, string mailbox, IEnumerable<string> recipients, IReadOnlyCollection<string> references, CancellationToken ct)
    {
        var found = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var message in await NamedAsync(tenant, mailbox, recipients, references, ct))
            if (!found.TryGetValue(message.Record.Thread, out var at) || at < message.Record.ReceivedAt)
                found[message.Record.Thread] = message.Record.ReceivedAt;
        return found;
    }

    /// <summary>The mails of the mailbox that it names, of those whom he wrote to.</summary>
    public async Task<IReadOnlyList<Message>> NamedAsync(string tenant, string mailbox, IEnumerable<string> recipients, IReadOnlyCollection<string> references, CancellationToken ct)
    {
        var found = new List<Message>();
        if (references.Count == 0 || await keys.TenantAsync(tenant, ct) is not { } own)
            return found;
        var people = recipients.Select(AddressRules.Normalize).OfType<string>().Distinct(StringComparer.Ordinal).Take(MaxRecipients).Select(own.Person).ToHashSet(StringComparer.Ordinal);
        var named = references.ToHashSet(StringComparer.Ordinal);
        foreach (var reference in references)
            if (tokens.ReadMessageId(reference) is { } subject && subject.TenantId == tenant && await messages.FindAsync(tenant, subject.OutboxId, ct) is { } answered)
                Note(answered);
        foreach (var person in people)
        {
            string? cursor = null;
            var pages = 0;
            do
            {
                var page = await store.QueryAsync(Table.Main, tenant, new Storage.Range(Inbox.SeenPrefix(person), Limit: SeenPage), cursor, ct);
                foreach (var item in page.Items)
                    if (JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.SeenRecord)!.Message is { Length: > 0 } id
                        && await messages.FindAsync(tenant, id, ct) is { } message && named.Contains(message.Summary.MessageId))
                        Note(message);
                cursor = page.Cursor;
            }
            while (cursor is not null && ++pages < MaxSeenPages);
        }
        return found;

        void Note(Message message)
        {
            if (message.Record.Mailbox == mailbox && people.Contains(message.Record.Person))
                found.Add(message);
        }
    }

    /// <summary>Finds the threads and tells that a person answered there. Telling it again changes nothing.</summary>
    /// <param name="tenant">Whose mailbox.</param>
    /// <param name="mailbox">Its id.</param>
    /// <param name="recipients">Whom he wrote to.</param>
    /// <param name="references">The Message-IDs of In-Reply-To and References.</param>
    /// <param name="at">When he wrote; what comes later is decided as ever.</param>
    /// <param name="ct">Ends the looking.</param>
    /// <returns>How many threads he answered in.</returns>
    public async Task<int> TellAsync(string tenant, string mailbox, IEnumerable<string> recipients, IReadOnlyCollection<string> references, DateTimeOffset at, CancellationToken ct)
    {
        var found = await FindAsync(tenant, mailbox, recipients, references, ct);
        await TellAsync(tenant, found, at, ct);
        return found.Count;
    }

    /// <summary>The same of threads that were found.</summary>
    public async Task TellAsync(string tenant, IReadOnlyDictionary<string, DateTimeOffset> found, DateTimeOffset at, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        // His clock may be wrong: what he answers was there before, and nothing is answered in the future.
        foreach (var (thread, came) in found)
            await ChangeAsync(tenant, thread, record => Answered(record, at > now ? now : at < came ? came : at), null, ct);
    }

    /// <summary>Changes a thread, and takes back what the change overtakes.</summary>
    /// <param name="tenant">Whose thread.</param>
    /// <param name="thread">Its name.</param>
    /// <param name="change">The same record: nothing to do.</param>
    /// <param name="also">Adds the audit entry of the person who did it.</param>
    /// <param name="ct">Ends the work.</param>
    public async Task ChangeAsync(string tenant, string thread, Func<ThreadRecord, ThreadRecord> change, Func<Commit, CancellationToken, Task>? also, CancellationToken ct)
    {
        var job = await store.RetryAsync(async (commit, token) =>
        {
            var added = await AddAsync(commit, tenant, thread, change, token);
            if (added is not null && also is not null)
                await also(commit, token);
            return added;
        }, ct);
        if (job is not null)
            jobs.Wake(job);
    }

    /// <summary>The same in a commit that the caller builds. Wake the job once that is committed.</summary>
    public async Task<Job?> AddAsync(Commit commit, string tenant, string thread, Func<ThreadRecord, ThreadRecord> change, CancellationToken ct)
    {
        var reading = await threads.ReadAsync(tenant, thread, ct);
        var changed = change(reading.Record);
        if (ReferenceEquals(changed, reading.Record))
            return null;
        reading.Change(commit, changed, time.GetUtcNow());
        return jobs.Add(commit, tenant, JobKind, thread);
    }

    /// <summary>A thread in which a person answered at that moment.</summary>
    public static ThreadRecord Answered(ThreadRecord thread, DateTimeOffset at) => thread.AnsweredAt >= at ? thread : thread with { AnsweredAt = at };
}
