using System.Buffers;
using System.Text.Json;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>How far an export is.</summary>
/// <param name="Percent">0 to 100.</param>
internal readonly record struct ExportProgress(long Messages, int Percent);

/// <summary>
/// Writes mails into an export, page by page: their records, the mails as they came while they are kept, and the answers that left.
/// What was sealed as JSON goes out as it is, without being read and written again.
/// </summary>
internal sealed class ExportMails(IStore store, KeyRing keys, Messages messages, Outbox outbox)
{
    // Four items for each: below what one reading takes.
    private const int Page = 24;
    // Pages that are opened at once, ahead of the one that is written.
    private const int Ahead = 3;

    /// <summary>Writes the three files.</summary>
    /// <param name="package">Into which.</param>
    /// <param name="source">Pages of messages, the oldest first; asked for once a file.</param>
    /// <param name="seen">Told each summary, such as to note whose addresses there are.</param>
    /// <param name="progress">Told after each page.</param>
    /// <param name="ct">Calls it off.</param>
    public async Task WriteAsync(ExportPackage package, Func<CancellationToken, IAsyncEnumerable<IReadOnlyList<Item>>> source, Action<MailAddress> seen, Action<long, string> progress, CancellationToken ct)
    {
        await package.AddAsync("messages.jsonl", (to, token) => WriteRecordsAsync(to, source(token), seen, progress, token), ct);
        await package.AddAsync("mails.mbox", (to, token) => WriteBoxAsync(to, source(token), (message, inner) => messages.RawAsync(message, inner), token), ct);
        await package.AddAsync("answers.mbox", (to, token) => WriteBoxAsync(to, source(token), AnswerAsync, token), ct);
    }

    /// <summary>All messages of a tenant that came before an instant.</summary>
    public async IAsyncEnumerable<IReadOnlyList<Item>> AllAsync(string tenant, DateTimeOffset before, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var prefix = Messages.KeyOf("", "").Sort;
        string? cursor = null;
        do
        {
            var page = await store.QueryAsync(Table.Main, tenant, new Storage.Range(prefix, Before: prefix + Ids.At(before), Limit: Page), cursor, ct);
            yield return page.Items;
            cursor = page.Cursor;
        }
        while (cursor is not null);
    }

    /// <summary>Those of one correspondent.</summary>
    public async IAsyncEnumerable<IReadOnlyList<Item>> OfAsync(string tenant, string person, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var ids = new List<string>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, Inbox.SeenPrefix(person), ct))
            ids.Add(JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.SeenRecord)!.Message);
        ids.Sort(StringComparer.Ordinal);
        foreach (var chunk in ids.Chunk(Page))
            yield return [.. (await store.GetAsync([.. chunk.Select(id => Messages.KeyOf(tenant, id))], ct)).OfType<Item>()];
    }

    private async Task<long> WriteRecordsAsync(Stream to, IAsyncEnumerable<IReadOnlyList<Item>> pages, Action<MailAddress> seen, Action<long, string> progress, CancellationToken ct)
    {
        long count = 0;
        var waiting = new Queue<Task<Lines>>();
        await foreach (var page in pages.WithCancellation(ct))
        {
            if (page.Count == 0)
                continue;
            var items = page;
            waiting.Enqueue(Task.Run(() => OpenAsync(items, ct), ct));
            if (waiting.Count > Ahead)
                await WriteNextAsync();
        }
        while (waiting.Count > 0)
            await WriteNextAsync();
        return count;

        async Task WriteNextAsync()
        {
            var lines = await waiting.Dequeue();
            await to.WriteAsync(lines.Bytes, ct);
            foreach (var address in lines.Addresses)
                seen(address);
            count += lines.Count;
            progress(count, lines.Last);
        }
    }

    private sealed record Lines(ReadOnlyMemory<byte> Bytes, int Count, IReadOnlyList<MailAddress> Addresses, string Last);

    private async Task<Lines> OpenAsync(IReadOnlyList<Item> page, CancellationToken ct)
    {
        var tenant = page[0].Key.Partition;
        var own = await keys.RequireAsync(tenant, ct);
        var records = page.Select(item => JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.MessageRecord)!).ToList();
        var rest = await store.GetAsync([.. records.SelectMany(record => (ItemKey[])[MessageTexts.KeyOf(tenant, record.Id), Receipts.KeyOf(tenant, record.Id), Drafts.KeyOf(tenant, record.Id), Outbox.KeyOf(tenant, record.Id)])], ct);
        var to = new ArrayBufferWriter<byte>(64 * 1024);
        using var json = new Utf8JsonWriter(to, new JsonWriterOptions { SkipValidation = true });
        var (count, addresses) = (0, new List<MailAddress>(page.Count));
        for (var i = 0; i < page.Count; i++)
        {
            // Whose key was destroyed is gone, though his items may still be on their way out.
            if (await keys.FindPersonAsync(own, records[i].Person, ct, page[i].Sealed) is not { } person || !person.Knows(page[i].Sealed.Span))
                continue;
            var summary = person.Open(page[i], 1);
            json.WriteStartObject();
            Raw("message", page[i].Value.Span);
            Raw("summary", summary);
            Sealed("text", null, rest[i * 4]);
            Sealed("receipt", null, rest[i * 4 + 1]);
            Sealed("draftContent", "draft", rest[i * 4 + 2]);
            Sealed("answerMail", "answer", rest[i * 4 + 3], 1);
            json.WriteEndObject();
            await json.FlushAsync(ct);
            to.Write("\n"u8);
            json.Reset(to);
            addresses.Add(JsonSerializer.Deserialize(summary, InboundJson.Default.MessageSummary)!.From);
            count++;

            void Sealed(string name, string? clear, Item? item, long? at = null)
            {
                if (item is null || !person.Knows(item.Sealed.Span))
                    return;
                if (clear is not null)
                    Raw(clear, item.Value.Span);
                Raw(name, person.Open(item, at ?? item.Version));
            }
        }
        return new(to.WrittenMemory, count, addresses, records[^1].Id);

        void Raw(string name, ReadOnlySpan<byte> value)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value, skipInputValidation: true);
        }
    }

    private async Task<long> WriteBoxAsync(Stream to, IAsyncEnumerable<IReadOnlyList<Item>> pages, Func<Message, CancellationToken, ValueTask<ReadOnlyMemory<byte>?>> read, CancellationToken ct)
    {
        long count = 0;
        await foreach (var page in pages.WithCancellation(ct))
            foreach (var item in page)
                if (await messages.FindAsync(item.Key.Partition, item.Key.Sort[(item.Key.Sort.IndexOf('/', StringComparison.Ordinal) + 1)..], ct) is { } message && await read(message, ct) is { } mail)
                {
                    await Mbox.WriteAsync(to, message.Id, message.Record.ReceivedAt, mail, ct);
                    count++;
                }
        return count;
    }

    private async ValueTask<ReadOnlyMemory<byte>?> AnswerAsync(Message message, CancellationToken ct) =>
        message.Record.State == MessageState.Answered && await outbox.FindAsync(message.Tenant, message.Id, ct) is { } entry && MimeWriter.Problem(entry.Mail) is null ? MimeWriter.Write(entry.Mail) : null;
}
