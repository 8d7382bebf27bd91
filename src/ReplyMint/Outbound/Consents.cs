using System.Globalization;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>
/// Who agreed to what, when, to which text, and who has taken it back (GDPR-4). A withdrawal is two items in one commit: a line of the
/// ledger, sealed with the correspondent's key, and the suppression of his address, a keyed hash that survives his erasure.
/// </summary>
internal sealed class Consents(IStore store, KeyRing keys, Suppressions suppressions, AuditLog audit, TimeProvider time)
{
    // Older lines make room: what counts is the newest, and the audit log has them all.
    private const int MostEntries = 50;
    internal const string Prefix = "consent/";
    private const string TextPrefix = "consent-text/";

    private readonly OpenedItems<BasisRecord> _basis = new();
    private static readonly BasisRecord Usual = new();

    public static ItemKey KeyOf(string tenant, string person) => ItemKey.Main(tenant, Prefix + person);

    public static ItemKey BasisKey(string tenant) => ItemKey.Main(tenant, "legal-basis");

    public async ValueTask<BasisRecord> BasisAsync(string tenant, CancellationToken ct) => ReadBasis(await store.GetAsync(BasisKey(tenant), ct));

    /// <summary>The version that a change names; 1 before anybody said anything.</summary>
    public async ValueTask<Versioned<BasisRecord>> BasisVersionAsync(string tenant, CancellationToken ct)
    {
        var item = await store.GetAsync(BasisKey(tenant), ct);
        return new(ReadBasis(item), (item?.Version ?? 0) + 1);
    }

    public Task<(ChangeResult Result, Versioned<BasisRecord> Now)> SetBasisAsync(string tenant, BasisRecord wanted, long? version, Actor actor, CancellationToken ct) =>
        store.RetryAsync<(ChangeResult, Versioned<BasisRecord>)>(async (commit, token) =>
        {
            var item = await store.GetAsync(BasisKey(tenant), token);
            if (version is { } read && read != (item?.Version ?? 0) + 1)
                return (ChangeResult.Changed, default);
            commit.Put(BasisKey(tenant), StoredJson.Write(wanted, ConsentJson.Default.BasisRecord), Condition.Same(item));
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "consent.basis", tenant, new Dictionary<string, string>
            {
                ["basis"] = wanted.Basis.ToString(), ["leastText"] = Number(wanted.LeastText), ["link"] = wanted.Link ? "true" : "false",
            }), token);
            return (ChangeResult.Done, new(wanted, (item?.Version ?? 0) + 2));
        }, ct);

    /// <summary>What the people that an answer concerns want of machines: its author, and who it goes to.</summary>
    /// <param name="own">The tenant's keys.</param>
    /// <param name="person">The author's hash.</param>
    /// <param name="addresses">His address and the recipient's.</param>
    /// <param name="ct">Calls it off.</param>
    public async ValueTask<Wishes> WishesAsync(TenantKeys own, string person, IEnumerable<string> addresses, CancellationToken ct)
    {
        List<ItemKey> asked = [BasisKey(own.Tenant), KeyOf(own.Tenant, person)];
        foreach (var address in addresses)
            if (Suppressions.HashOf(own, address) is { } hash && Suppressions.KeyOf(own.Tenant, hash) is var key && !asked.Contains(key))
                asked.Add(key);
        var items = await store.GetAsync(asked, ct);
        var basis = ReadBasis(items[0]);
        var consent = items[1] is { } item ? Read(item) : null;
        var withdrawn = consent is { Given: false } || items.Skip(2).Any(one => one is not null && Suppressions.Read(one).Reason == SuppressionReason.HumanAsked);
        return new(asked, items, withdrawn, basis.Basis == LegalBasis.Consent && (consent is not { Given: true } || consent.Text < basis.LeastText));
    }

    /// <summary>Adds a version of the text; returns its number, from 1.</summary>
    public async Task<int> AddTextAsync(string tenant, string text, Actor actor, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        return await store.RetryAsync(async (commit, token) =>
        {
            var last = (await store.QueryAsync(Table.Main, tenant, new Storage.Range(TextPrefix, Descending: true, Limit: 1), null, token)).Items;
            var version = last.Count == 0 ? 1 : int.Parse(last[0].Key.Sort.AsSpan(TextPrefix.Length), CultureInfo.InvariantCulture) + 1;
            var key = TextKey(tenant, version);
            commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Absent, StoredJson.Seal(own, key, 1, new ConsentText(version, text, time.GetUtcNow(), actor.Id), ConsentJson.Default.ConsentText));
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "consent.text", Number(version)), token);
            return version;
        }, ct);
    }

    public async Task<IReadOnlyList<ConsentText>> TextsAsync(string tenant, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var texts = new List<ConsentText>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, TextPrefix, ct))
            texts.Add(JsonSerializer.Deserialize(own.Open(item), ConsentJson.Default.ConsentText)!);
        return texts;
    }

    /// <summary>Writes down that somebody agreed, which also ends what he had withdrawn. False when there is no such version of the text.</summary>
    public async Task<bool> GiveAsync(string tenant, string address, int text, ConsentWay way, string source, Actor actor, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        PersonKey? person = null;
        var given = await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(TextKey(tenant, text), token) is null)
                return false;
            (person, var before) = await AppendAsync(commit, own, address, new(true, text, time.GetUtcNow(), way, actor.Id, source), token);
            await suppressions.GiveAsync(commit, own, address, person.Person, hadWithdrawn: before is { Given: false }, token);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "consent.give", person.Person, Details(way, text)), token);
            return true;
        }, ct);
        if (given)
            keys.Remember(person!);
        return given;
    }

    /// <summary>Writes down that somebody wants no automatic answers (any more). What is queued for him does not leave from this commit on.</summary>
    public async Task WithdrawAsync(string tenant, string address, ConsentWay way, string source, Actor actor, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        PersonKey? person = null;
        await store.RetryAsync(async (commit, token) =>
        {
            person = await AddWithdrawalAsync(commit, own, address, way, source, actor, token);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "consent.withdraw", person.Person, Details(way, 0)), token);
            return true;
        }, ct);
        keys.Remember(person!);
    }

    /// <summary>The same without an entry of the audit log, for the commit that decides on the mail that says so: its receipt tells.</summary>
    public async Task<PersonKey> AddWithdrawalAsync(Commit commit, TenantKeys own, string address, ConsentWay way, string source, Actor actor, CancellationToken ct)
    {
        var (person, before) = await AppendAsync(commit, own, address, new(false, 0, time.GetUtcNow(), way, actor.Id, source), ct);
        await suppressions.WithdrawAsync(commit, own, address, person.Person, isNews: before is not { Given: false }, ct);
        return person;
    }

    /// <summary>Makes the last word on an address count again in a store that was restored. False when it does, or nothing is suppressed by it, or the tenant is gone.</summary>
    public async Task<bool> SuppressAgainAsync(WishLine line, CancellationToken ct)
    {
        if (line.Reason is not { } reason || await keys.TenantAsync(line.Tenant, ct) is null)
            return false;
        return await store.RetryAsync(async (commit, token) =>
        {
            if (!await suppressions.AddAgainAsync(commit, line, reason, token))
                return false;
            await audit.AppendAsync(commit, line.Tenant, new AuditEntry(Actor.System, "consent.suppress-again", line.Hash), token);
            return true;
        }, ct);
    }

    /// <summary>The same of a person's own last word: his address may be suppressed no more, and he has not agreed all the same.</summary>
    public async Task<bool> WithdrawAgainAsync(WishLine line, string person, CancellationToken ct)
    {
        if (line.Reason != SuppressionReason.HumanAsked || await keys.TenantAsync(line.Tenant, ct) is not { } own)
            return false;
        return await store.RetryAsync(async (commit, token) =>
        {
            var key = KeyOf(own.Tenant, person);
            var item = await store.GetAsync(key, token);
            if (item is not null && !Read(item).Given)
                return false;
            // What he had said before stays readable beside it. Where nothing was said, nobody here knows his address: the clear part alone counts.
            if (item is not null && await OpenAsync(own, item, token) is { } ledger && await keys.FindPersonAsync(own, person, token) is { } known)
                Write(commit, known, item, ledger, new(false, 0, line.At, ConsentWay.Machine, Actor.System.Id, "ledger " + line.Id));
            else
                commit.Put(key, StoredJson.Write(new ConsentRecord(1, person, false, 0), ConsentJson.Default.ConsentRecord), Condition.Same(item));
            await audit.AppendAsync(commit, own.Tenant, new AuditEntry(Actor.System, "consent.withdraw-again", person), token);
            return true;
        }, ct);
    }

    /// <summary>Puts in what was written down elsewhere, as it stands. What is here already stays.</summary>
    public async Task ImportAsync(string tenant, BasisRecord? basis, IAsyncEnumerable<ConsentText> texts, IAsyncEnumerable<ConsentLedger> ledgers, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        if (basis is not null)
            await store.CommitAsync(new Commit().Put(BasisKey(tenant), StoredJson.Write(basis, ConsentJson.Default.BasisRecord), Condition.Absent), ct);
        await foreach (var text in texts.WithCancellation(ct))
            await store.CommitAsync(new Commit().Put(TextKey(tenant, text.Version), "{\"v\":1}"u8.ToArray(), Condition.Absent, StoredJson.Seal(own, TextKey(tenant, text.Version), 1, text, ConsentJson.Default.ConsentText)), ct);
        await foreach (var ledger in ledgers.WithCancellation(ct))
        {
            var person = await keys.PersonAsync(own, own.Person(ledger.Address), ct);
            var key = KeyOf(tenant, person.Person);
            var last = ledger.Entries[^1];
            var commit = new Commit().Put(key, StoredJson.Write(new ConsentRecord(1, person.Person, last.Given, last.Text), ConsentJson.Default.ConsentRecord), Condition.Absent,
                StoredJson.Seal(person, key, 1, ledger, ConsentJson.Default.ConsentLedger));
            person.AddTo(commit);
            // The wish itself, also where the list of suppressions does not know whose it was.
            if (!last.Given)
                await suppressions.WithdrawAsync(commit, own, ledger.Address, person.Person, isNews: true, ct);
            if (await store.CommitAsync(commit, ct) == CommitResult.Committed)
                keys.Remember(person);
        }
    }

    /// <summary>What somebody said, or null when nothing is known of it.</summary>
    public async Task<ConsentLedger?> FindAsync(string tenant, string address, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        return AddressRules.Normalize(address) is { } normalized && await store.GetAsync(KeyOf(tenant, own.Person(normalized)), ct) is { } item ? await OpenAsync(own, item, ct) : null;
    }

    /// <summary>A page of all ledgers.</summary>
    public async Task<(IReadOnlyList<ConsentLedger> Ledgers, string? Next)> ListAsync(string tenant, int limit, string? after, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var page = await store.PickAsync(tenant, Prefix, descending: false, limit, after, null, ct);
        var ledgers = new List<ConsentLedger>(page.Items.Count);
        foreach (var item in page.Items)
            if (await OpenAsync(own, item, ct) is { } ledger)
                ledgers.Add(ledger);
        return (ledgers, page.Next);
    }

    /// <returns>The person's key, and how his consent stood before.</returns>
    private async Task<(PersonKey Person, ConsentRecord? Before)> AppendAsync(Commit commit, TenantKeys own, string address, ConsentEntry entry, CancellationToken ct)
    {
        var normalized = AddressRules.Normalize(address) ?? throw new ArgumentException("It is no mail address.", nameof(address));
        var person = await keys.PersonAsync(own, own.Person(normalized), ct);
        var key = KeyOf(own.Tenant, person.Person);
        var item = await store.GetAsync(key, ct);
        var before = item is null ? null : await OpenAsync(own, item, ct);
        Write(commit, person, item, before ?? new(normalized, []), entry);
        return (person, item is null ? null : Read(item));
    }

    private static void Write(Commit commit, PersonKey person, Item? item, ConsentLedger before, ConsentEntry entry)
    {
        var key = KeyOf(person.Tenant, person.Person);
        commit.Put(key, StoredJson.Write(new ConsentRecord(1, person.Person, entry.Given, entry.Text), ConsentJson.Default.ConsentRecord), Condition.Same(item),
            StoredJson.Seal(person.AddTo(commit), key, (item?.Version ?? 0) + 1, before with { Entries = [.. before.Entries.TakeLast(MostEntries - 1), entry] }, ConsentJson.Default.ConsentLedger));
    }

    /// <summary>What sealed a ledger.</summary>
    internal async ValueTask<SealingKey?> KeyOfAsync(Item item, CancellationToken ct) =>
        await keys.TenantAsync(item.Key.Partition, ct) is { } own ? await keys.FindPersonAsync(own, Read(item).Person, ct, item.Sealed) : null;

    private async ValueTask<ConsentLedger?> OpenAsync(TenantKeys own, Item item, CancellationToken ct) =>
        await keys.FindPersonAsync(own, Read(item).Person, ct, item.Sealed) is { } person && person.Knows(item.Sealed.Span)
            ? JsonSerializer.Deserialize(person.Open(item), ConsentJson.Default.ConsentLedger) : null;

    private BasisRecord ReadBasis(Item? item) =>
        item is null ? Usual : _basis.Get(item, static (item, _) => JsonSerializer.Deserialize(item.Value.Span, ConsentJson.Default.BasisRecord)!, 0);

    private static ConsentRecord Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, ConsentJson.Default.ConsentRecord)!;

    private static ItemKey TextKey(string tenant, int version) => ItemKey.Main(tenant, string.Create(CultureInfo.InvariantCulture, $"{TextPrefix}{version:D6}"));

    private static Dictionary<string, string> Details(ConsentWay way, int text) => new() { ["way"] = way.ToString(), ["text"] = Number(text) };

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
