using System.Buffers;
using System.Text;
using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Looks for an erased address in what is others': mails that quote it or name it in Cc, drafts, notes, answers, receipts,
/// knowledge, settings. All of it is opened for that, since no key and no index holds an address. What is found is listed; a person decides.
/// </summary>
internal sealed class AddressSearch(IStore store, KeyRing keys, Messages messages, MailRemoval mails, Mailboxes mailboxes, KnowledgeStore knowledge, Tenants tenants)
{
    public const string Mail = "mail";

    // Six items of each mail are read; a store reads a hundred at once.
    private const int PerRound = 16;
    private const int Rounds = 16;
    // What was found is for a decision; the mails themselves are kept a year at most.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(365);

    /// <summary>Goes on for a few hundred mails; without a cursor it is at its end.</summary>
    public async Task<Erasure> SearchAsync(Erasure erasure, ErasureSecret secret, CancellationToken ct)
    {
        var address = new SearchedAddress(secret.Address);
        if (erasure.Cursor is null)
            erasure = erasure with { Found = erasure.Found + await SearchSettingsAsync(erasure, address, ct) };
        var own = await keys.RequireAsync(erasure.Tenant, ct);
        for (var round = 0; round < Rounds; round++)
        {
            var page = await store.QueryAsync(Table.Main, erasure.Tenant, new Storage.Range("message/", Limit: PerRound), erasure.Cursor, ct);
            var (found, strays) = await SearchAsync(own, erasure, address, page.Items, ct);
            // Mails of his that no hash led to.
            if (strays.Count > 0)
                await mails.RemoveAsync(erasure, strays, ct);
            await KeepAsync(erasure, found, ct);
            erasure = erasure with { Cursor = page.Cursor, Looked = erasure.Looked + page.Items.Count, Found = erasure.Found + found.Count };
            if (page.Cursor is null)
                break;
        }
        return erasure;
    }

    private async Task<(List<FoundElsewhere> Found, List<SeenMail> Strays)> SearchAsync(TenantKeys own, Erasure erasure, SearchedAddress address, IReadOnlyList<Item> items, CancellationToken ct)
    {
        var found = new List<FoundElsewhere>();
        var strays = new List<SeenMail>();
        var records = items.Select(item => JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.MessageRecord)!).ToList();
        var parts = items.Count == 0 ? [] : await store.GetAsync([.. records.SelectMany(record => PartsOf(own.Tenant, record.Id))], ct);
        // Another process may have destroyed it, or somebody may have written again.
        keys.Forget(own.Tenant, erasure.Subject);
        for (var i = 0; i < items.Count; i++)
        {
            if (await keys.FindPersonAsync(own, records[i].Person, ct, items[i].Sealed) is not { } person || !person.Knows(items[i].Sealed.Span))
            {
                if (records[i].Person == erasure.Subject)
                    strays.Add(new SeenMail(records[i].Id, null));
                continue;
            }
            var where = new List<string>();
            if (address.IsIn(person.Open(items[i], 1)))
                where.Add("sender");
            for (var part = 0; part < Parts.Length; part++)
                if (parts[i * Parts.Length + part] is { } item && Opened(person, item) is { } plain && address.IsIn(plain))
                    where.Add(Parts[part].Name);
            if (await HoldsRawAsync(new Message(records[i], JsonSerializer.Deserialize(person.Open(items[i], 1), InboundJson.Default.MessageSummary)!, items[i]), address, ct))
                where.Add("raw");
            // A later life of the same address is no find.
            if (where.Count > 0 && records[i].Person != erasure.Subject)
                found.Add(new FoundElsewhere(1, Mail, records[i].Id, where));
        }
        return (found, strays);
    }

    private static readonly (string Name, Func<string, string, ItemKey> KeyOf)[] Parts =
        [("text", MessageTexts.KeyOf), ("draft", Drafts.KeyOf), ("receipt", Receipts.KeyOf), ("answer", Outbox.KeyOf)];

    private static IEnumerable<ItemKey> PartsOf(string tenant, string id) => Parts.Select(part => part.KeyOf(tenant, id));

    // An answer was sealed with its first version, all else with the present one.
    private static byte[]? Opened(PersonKey person, Item item) =>
        person.Knows(item.Sealed.Span) ? person.Open(item, item.Key.Sort.StartsWith("out/", StringComparison.Ordinal) ? 1 : item.Version) : null;

    /// <summary>The mail as it came, with header fields and encoded parts read.</summary>
    private async Task<bool> HoldsRawAsync(Message message, SearchedAddress address, CancellationToken ct)
    {
        if (await messages.RawAsync(message, ct) is not { } raw)
            return false;
        if (address.IsIn(raw.Span))
            return true;
        var mail = MailParser.Parse(raw, message.Summary.Envelope);
        return address.IsIn(mail.Text) || address.IsIn(mail.Quoted) || mail.To.Concat(mail.Cc).Concat(mail.ReplyTo).Concat(mail.From).Any(one => address.IsIn(one.Address) || address.IsIn(one.Name));
    }

    private async Task<int> SearchSettingsAsync(Erasure erasure, SearchedAddress address, CancellationToken ct)
    {
        var found = new List<FoundElsewhere>();
        foreach (var mailbox in await mailboxes.ListAsync(erasure.Tenant, ct))
            if (address.IsIn(StoredJson.Write(mailbox, AccountsJson.Default.Mailbox)))
                found.Add(new(1, "mailbox", mailbox.Id, ["settings"]));
        if (await tenants.FindAsync(erasure.Tenant, ct) is { } tenant && tenant.Notices.Emails.Any(address.IsIn))
            found.Add(new(1, "tenant", tenant.Id, ["notices"]));
        var sources = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var passage in knowledge.PassagesAsync(erasure.Tenant, ct))
            if (address.IsIn(passage.Question) || address.IsIn(passage.Answer))
                sources.Add(passage.Source);
        foreach (var source in await knowledge.ListAsync(erasure.Tenant, ct))
            if (sources.Contains(source.Name) || address.IsIn(source.Name))
                found.Add(new(1, "knowledge", source.Id, ["text"]));
        await KeepAsync(erasure, found, ct);
        return found.Count;
    }

    private async Task KeepAsync(Erasure erasure, List<FoundElsewhere> found, CancellationToken ct)
    {
        if (found.Count == 0)
            return;
        foreach (var some in found.Chunk(50))
        {
            var commit = new Commit();
            foreach (var one in some)
                commit.Put(ItemKey.Main(erasure.Home, $"{Erasures.FoundPrefix(erasure.Id)}{one.What}-{one.Id}"), StoredJson.Write(one, PrivacyJson.Default.FoundElsewhere), Condition.Any, expires: erasure.At + Kept);
            await store.CommitAsync(commit, ct);
        }
    }
}

/// <summary>An address in the forms in which texts hold it. Letters of ASCII count whatever their case; what stands beside it must not belong to a longer address.</summary>
internal sealed class SearchedAddress(string address)
{
    private readonly byte[] _lower = Encoding.UTF8.GetBytes(address.ToLowerInvariant());

    public bool IsIn(string text) => text.Length > 0 && IsIn(Encoding.UTF8.GetBytes(text));

    public bool IsIn(ReadOnlySpan<byte> text)
    {
        if (text.Length < _lower.Length)
            return false;
        var lower = ArrayPool<byte>.Shared.Rent(text.Length);
        try
        {
            Lower(text, lower);
            var rest = lower.AsSpan(0, text.Length);
            for (var from = 0; rest[from..].IndexOf(_lower) is >= 0 and var at; from += at + 1)
                if (IsWhole(rest, from + at))
                    return true;
            return false;
        }
        finally
        {
            // It held somebody's words.
            ArrayPool<byte>.Shared.Return(lower, clearArray: true);
        }
    }

    private bool IsWhole(ReadOnlySpan<byte> text, int at)
    {
        var end = at + _lower.Length;
        return (at == 0 || !IsPart(text[at - 1])) && (end == text.Length || !(char.IsAsciiLetterOrDigit((char)text[end]) || text[end] == '-'
            || (text[end] == '.' && end + 1 < text.Length && char.IsAsciiLetterOrDigit((char)text[end + 1]))));
    }

    private static bool IsPart(byte c) => char.IsAsciiLetterOrDigit((char)c) || c is (byte)'.' or (byte)'_' or (byte)'-' or (byte)'+' or (byte)'%';

    private static void Lower(ReadOnlySpan<byte> text, Span<byte> into)
    {
        for (var i = 0; i < text.Length; i++)
            into[i] = (byte)(text[i] is >= (byte)'A' and <= (byte)'Z' ? text[i] | 0x20 : text[i]);
    }
}
