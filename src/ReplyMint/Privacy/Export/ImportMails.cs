using System.Text;
using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Puts exported mails into a tenant: closed, whatever they waited for, and without a job. What was sealed as JSON is sealed again as it
/// stands. A message that is there already, of a try before, is passed over.
/// </summary>
internal sealed class ImportMails(IStore store, KeyRing keys, Messages messages, AttachmentGate gate, DiskSpace disk, TimeProvider time)
{
    /// <summary>The reason of mails that waited for something when they were exported.</summary>
    public const string Reason = "imported";

    // Eight items for each message, and its person's key.
    private const int MessagesACommit = 11;

    // The items of a message weigh what its line does, and a little more for each. Nobody's line alone is so much that a commit has no
    // room for it: it is of five items at most.
    private const int BytesACommit = Commit.MaxBytes / 2;

    /// <summary>False when the disk has too little room; what is there by then stays, and is passed over by the next try.</summary>
    public async Task<bool> ImportAsync(ImportFile file, TenantKeys own, Keeping keep, Action<ExportProgress> progress, CancellationToken ct)
    {
        long done = 0;
        var all = Math.Max(1, file.Count("messages.jsonl"));
        var (lines, bytes) = (new List<string>(MessagesACommit), 0);
        await foreach (var line in file.TextLinesAsync("messages.jsonl", ct))
        {
            var more = Encoding.UTF8.GetByteCount(line);
            if (lines.Count == MessagesACommit || (lines.Count > 0 && bytes + more > BytesACommit))
            {
                if (disk.IsLow())
                    return false;
                await NextAsync();
            }
            lines.Add(line);
            bytes += more;
        }
        await NextAsync();
        await using var box = await file.OpenAsync("mails.mbox", ct);
        await foreach (var (id, mail) in Mbox.ReadAsync(box, ct))
        {
            if (disk.IsLow())
                return false;
            await WriteRawAsync(own, keep, id, mail, ct);
        }
        return true;

        async Task NextAsync()
        {
            await WriteAsync(own, keep, lines, ct);
            done += lines.Count;
            lines.Clear();
            bytes = 0;
            progress(new(done, (int)(done * 100 / all)));
        }
    }

    private async Task WriteAsync(TenantKeys own, Keeping keep, IReadOnlyList<string> lines, CancellationToken ct)
    {
        var people = new Dictionary<string, PersonKey>(StringComparer.Ordinal);
        await store.RetryAsync(async (commit, token) =>
        {
            people.Clear();
            var threads = new Dictionary<string, (Item? Item, ThreadRecord Record, DateTimeOffset? Until)>(StringComparer.Ordinal);
            foreach (var line in lines)
            {
                using var json = JsonDocument.Parse(line);
                await AddAsync(commit, own, keep, json.RootElement, people, threads, token);
            }
            foreach (var (thread, (item, record, until)) in threads)
                commit.Put(Threads.KeyOf(own.Tenant, thread), StoredJson.Write(record, InboundJson.Default.ThreadRecord), Condition.Same(item), expires: until);
            return true;
        }, ct);
        foreach (var person in people.Values)
            keys.Remember(person);
    }

    private async Task AddAsync(Commit commit, TenantKeys own, Keeping keep, JsonElement line, Dictionary<string, PersonKey> people, Dictionary<string, (Item? Item, ThreadRecord Record, DateTimeOffset? Until)> threads, CancellationToken ct)
    {
        var record = line.GetProperty("message").Deserialize(InboundJson.Default.MessageRecord)!;
        if (await store.GetAsync(Messages.KeyOf(own.Tenant, record.Id), ct) is not null)
            return;
        var summary = line.GetProperty("summary");
        var from = summary.Deserialize(InboundJson.Default.MessageSummary)!.From.Address;
        var hash = own.Person(AddressRules.Normalize(from) ?? from);
        if (!people.TryGetValue(hash, out var person))
            people[hash] = person = await keys.PersonAsync(own, hash, ct);
        person.AddTo(commit);
        // The old names of person and thread are hashes under a key that is not here; mails of one thread stay together under a new one.
        var thread = own.Hash("thread", "imported\n" + record.Thread);
        var closed = record.State is MessageState.Answered or MessageState.Ignored;
        record = record with
        {
            Person = hash, Thread = thread, State = closed ? record.State : MessageState.Ignored,
            Reasons = closed ? record.Reasons : [Reason, .. record.Reasons], DecidedAt = record.DecidedAt ?? time.GetUtcNow(),
        };
        var (kept, text) = (keep.Record(hash, record.Id, record.ReceivedAt), keep.Text(hash, record.Id, record.ReceivedAt));
        Put(Messages.KeyOf(own.Tenant, record.Id), StoredJson.Write(record, InboundJson.Default.MessageRecord), summary, kept);
        commit.Put(ItemKey.Main(own.Tenant, Inbox.SeenPrefix(hash) + own.Hash("seen", "imported\n" + record.Id)), StoredJson.Write(new SeenRecord(1, record.Id), InboundJson.Default.SeenRecord), Condition.Any, expires: record.ReceivedAt.AddDays(RetentionRecord.MostRecord));
        if (line.TryGetProperty("text", out var said))
            Put(MessageTexts.KeyOf(own.Tenant, record.Id), "{\"v\":1}"u8.ToArray(), said, text);
        if (line.TryGetProperty("receipt", out var receipt))
            Put(Receipts.KeyOf(own.Tenant, record.Id), "{\"v\":1}"u8.ToArray(), receipt, kept);
        if (line.TryGetProperty("draft", out var draft) && draft.Deserialize(RepliesJson.Default.DraftRecord) is { } waiting)
        {
            Put(Drafts.KeyOf(own.Tenant, record.Id), StoredJson.Write(waiting with { Person = hash, State = waiting.State == DraftState.Waiting ? DraftState.Cancelled : waiting.State }, RepliesJson.Default.DraftRecord), line.GetProperty("draftContent"), text);
            if (waiting.Knowledge == PastAnswers.Admitted)
                PastAnswers.Lead(commit, own.Tenant, hash, record.Id);
        }
        if (line.TryGetProperty("answer", out var answer) && answer.Deserialize(OutboxJson.Default.OutboxRecord) is { } sent)
        {
            var left = sent.State is OutboxState.Sent or OutboxState.Failed or OutboxState.Dead or OutboxState.Cancelled;
            Put(Outbox.KeyOf(own.Tenant, record.Id), StoredJson.Write(sent with { Person = hash, Quota = null, State = left ? sent.State : OutboxState.Cancelled, Detail = left ? sent.Detail : Reason }, OutboxJson.Default.OutboxRecord), line.GetProperty("answerMail"), kept);
        }
        var known = threads.TryGetValue(thread, out var read) ? read : await ReadAsync();
        threads[thread] = (known.Item, known.Record with { Messages = [.. known.Record.Messages.TakeLast(49), record.Id] }, kept);

        void Put(ItemKey key, byte[] clear, JsonElement plain, DateTimeOffset? expires) =>
            commit.Put(key, clear, Condition.Absent, person.Seal(key, 1, Encoding.UTF8.GetBytes(plain.GetRawText())), expires);

        async Task<(Item? Item, ThreadRecord Record, DateTimeOffset? Until)> ReadAsync()
        {
            var reading = Threads.Read(Threads.KeyOf(own.Tenant, thread), await store.GetAsync(Threads.KeyOf(own.Tenant, thread), ct));
            return (reading.Item, reading.Record, kept);
        }
    }

    private async Task WriteRawAsync(TenantKeys own, Keeping keep, string id, byte[] mail, CancellationToken ct)
    {
        if (await messages.FindAsync(own.Tenant, id, ct) is not { } message || await store.GetAsync(Messages.RawKey(own.Tenant, id), ct) is not null
            || await keys.FindPersonAsync(own, message.Record.Person, ct) is not { } person)
            return;
        // An export is a file as any other: what lies in it was scanned by nobody whom we know.
        var passed = await gate.PassAsync(mail, MailParser.Parse(mail, message.Summary.Envelope), keep.Periods.Attachments, message.Summary.Authentication.Virus == true, ct);
        await store.RetryAsync(async (commit, token) =>
        {
            await messages.WriteRawAsync(commit, person, id, passed.Content, keep.Raw(person.Person, id, message.Record.ReceivedAt), token);
            return true;
        }, ct);
    }
}
