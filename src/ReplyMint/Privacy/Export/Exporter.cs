using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Writes all that is stored of a tenant, a correspondent or a user (GDPR-3): JSON by a published schema, mails as they came, and a
/// manifest. Secrets are never in it.
/// </summary>
internal sealed class Exporter(
    IStore store, KeyRing keys, ExportMails mails, Tenants tenants, Mailboxes mailboxes, KnowledgeStore knowledge, Members members, Users users, Sessions sessions, SecondFactors factors,
    ApiKeys apiKeys, Channels channels, Webhooks webhooks, Suppressions suppressions, Consents consents, Retention retention, Drafts drafts, PlanDesk plans, TimeProvider time)
{
    private static readonly string[] NotOfTenants =
    [
        "the secrets of API keys, channels and webhooks: an import makes none, and new ones have to be made",
        "sessions, sign-in links, second factors and passkeys: they are people's, not the tenant's",
        "suppressed addresses that no mail in here names: only their hashes are known",
        "the bytes of attachments that were not kept, and what had expired",
        "counters of rates, usage and costs; jobs; hashes of mail that was seen",
    ];

    /// <returns>False when there is no such tenant.</returns>
    public async Task<bool> TenantAsync(Stream to, string tenant, Action<ExportProgress> progress, CancellationToken ct)
    {
        if (await tenants.FindAsync(tenant, ct) is not { } owner)
            return false;
        var now = time.GetUtcNow();
        using (var package = new ExportPackage(to))
        {
            await package.AddLinesAsync("tenant.json", One(new ExportedTenant(owner, (await retention.ReadAsync(tenant, ct)).Periods, await consents.BasisAsync(tenant, ct), await plans.ShowAsync(tenant, ct))), ExportJson.Default.ExportedTenant, ct);
            await package.AddLinesAsync("mailboxes.jsonl", Each(await mailboxes.ListAsync(tenant, ct)), ExportJson.Default.Mailbox, ct);
            await package.AddLinesAsync("members.jsonl", MembersAsync(tenant, ct), ExportJson.Default.ExportedMember, ct);
            await package.AddLinesAsync("keys.jsonl", Each((await apiKeys.ListAsync(tenant, ct)).Select(key => new ExportedKey(key.Id, key.Name, key.Owner, key.Scopes, key.CreatedAt))), ExportJson.Default.ExportedKey, ct);
            await package.AddLinesAsync("channels.jsonl", Each((await channels.ListAsync(tenant, ct)).Select(ChannelView.Of)), ExportJson.Default.ChannelView, ct);
            await package.AddLinesAsync("webhooks.jsonl", Each((await webhooks.ListAsync(tenant, ct)).Select(webhook => WebhookDetail.Of(webhook, null))), ExportJson.Default.WebhookDetail, ct);
            await package.AddLinesAsync("knowledge.jsonl", knowledge.PassagesAsync(tenant, ct), ExportJson.Default.Passage, ct);
            await package.AddLinesAsync("consent-texts.jsonl", Each(await consents.TextsAsync(tenant, ct)), ExportJson.Default.ConsentText, ct);
            await package.AddLinesAsync("consents.jsonl", ConsentsAsync(tenant, ct), ExportJson.Default.ConsentLedger, ct);
            await package.AddLinesAsync("audit.jsonl", AuditAsync(tenant, _ => true, ct), ExportJson.Default.AuditRecord, ct);
            var named = await WriteMailsAsync(package, tenant, token => mails.AllAsync(tenant, now.AddMilliseconds(1), token), now, progress, ct);
            await package.AddLinesAsync("suppressions.jsonl", Each(named), ExportJson.Default.ExportedSuppression, ct);
            await package.FinishAsync(ExportScope.Tenant, tenant, tenant, now, NotOfTenants, ct);
        }
        return true;
    }

    /// <param name="to">Where it is written.</param>
    /// <param name="tenant">Whose correspondent.</param>
    /// <param name="address">Normalised.</param>
    /// <param name="progress">Told as it goes.</param>
    /// <param name="ct">Calls it off.</param>
    public async Task CorrespondentAsync(Stream to, string tenant, string address, Action<ExportProgress> progress, CancellationToken ct)
    {
        var person = (await keys.RequireAsync(tenant, ct)).Person(address);
        var now = time.GetUtcNow();
        using var package = new ExportPackage(to);
        await WriteMailsAsync(package, tenant, token => mails.OfAsync(tenant, person, token), now, progress, ct);
        await package.AddLinesAsync("consents.jsonl", Each<ConsentLedger>(await consents.FindAsync(tenant, address, ct) is { } ledger ? [ledger] : []), ExportJson.Default.ConsentLedger, ct);
        var suppression = await suppressions.FindAsync(tenant, address, ct);
        await package.AddLinesAsync("suppressions.jsonl", Each<ExportedSuppression>(suppression is null ? [] : [new((await suppressions.KeyOfAsync(tenant, address, ct))!.Value.Sort, address, suppression.Reason, suppression.At)]), ExportJson.Default.ExportedSuppression, ct);
        await package.FinishAsync(ExportScope.Correspondent, tenant, address, now, ["mails of others that quote or name the address", "the bytes of attachments that were not kept, and what had expired", "keyed hashes: rates, mail that was seen"], ct);
    }

    /// <param name="to">Where it is written.</param>
    /// <param name="user">The user's id.</param>
    /// <param name="tenant">Only what concerns this tenant; null is all of the installation.</param>
    /// <param name="ct">Calls it off.</param>
    /// <returns>False when there is no such user, or not in that tenant.</returns>
    public async Task<bool> UserAsync(Stream to, string user, string? tenant, CancellationToken ct)
    {
        if (await users.FindAsync(user, ct) is not { } person)
            return false;
        var memberships = (await members.AllOfAsync(user, ct, held: true)).Where(one => tenant is null || one.Tenant == tenant).ToList();
        if (tenant is not null && memberships.Count == 0)
            return false;
        var seen = tenant is null ? await sessions.ListAsync(user, ct) : [];
        var second = await factors.FindAsync(user, ct);
        using var package = new ExportPackage(to);
        await package.AddLinesAsync("user.json", One(new ExportedUser(person.Id, person.Address, person.Name, person.CreatedAt,
            [.. memberships.Select(one => new ExportedMembership(one.Tenant, one.Membership.Role, one.Membership.Mailboxes, one.Membership.AddedAt, one.Membership.AddedBy))],
            [.. seen.Select(one => new ExportedSession(one.Session.Tenant, one.Session.SignedInAt, one.Session.LastSeenAt, one.Client.Agent, one.Client.Network))],
            tenant is not null ? [] : [.. second.Passkeys.Select(_ => "passkey"), .. second.Totp is null ? [] : (string[])["totp"]])), ExportJson.Default.ExportedUser, ct);
        var chains = memberships.Select(one => one.Tenant).ToList();
        if (tenant is null && !chains.Contains(KeyRing.Installation))
            chains.Add(KeyRing.Installation);
        // What he did, and what was done to him.
        await package.AddLinesAsync("audit.jsonl", AllAsync(chains, chain => AuditAsync(chain, entry => entry.Actor == user || entry.Target == user, ct)), ExportJson.Default.AuditRecord, ct);
        await package.AddLinesAsync("notes.jsonl", AllAsync(chains.Where(chain => chain != KeyRing.Installation), chain => NotesAsync(chain, user, ct)), ExportJson.Default.ExportedNote, ct);
        await package.FinishAsync(ExportScope.User, tenant ?? KeyRing.Installation, user, time.GetUtcNow(), ["secrets: second factors, passkeys, sessions' tokens", "what other tenants know of him", "entries of the audit log that a signed checkpoint replaced"], ct);
        return true;
    }

    private async Task<IReadOnlyList<ExportedSuppression>> WriteMailsAsync(
        ExportPackage package, string tenant, Func<CancellationToken, IAsyncEnumerable<IReadOnlyList<Item>>> source, DateTimeOffset now, Action<ExportProgress> progress, CancellationToken ct)
    {
        var suppressed = (await suppressions.ListAsync(tenant, ct)).ToDictionary(one => one.Hash, one => new ExportedSuppression(one.Hash, null, one.Record.Reason, one.Record.At), StringComparer.Ordinal);
        var own = await keys.RequireAsync(tenant, ct);
        string? first = null;
        await mails.WriteAsync(package, source, address =>
        {
            if (suppressed.Count > 0 && Suppressions.HashOf(own, address.Address) is { } hash && suppressed.TryGetValue(hash, out var one) && one.Address is null)
                suppressed[hash] = one with { Address = address.Address };
        }, (count, last) =>
        {
            first ??= last;
            progress(new(count, Percent(first, last, now)));
        }, ct);
        return [.. suppressed.Values];
    }

    /// <summary>Ids begin with their time, so that how far it is needs no counting beforehand.</summary>
    private static int Percent(string first, string last, DateTimeOffset until)
    {
        var (from, at, end) = (Ids.TimeOf(first), Ids.TimeOf(last), until.ToUnixTimeMilliseconds());
        return end <= from ? 99 : (int)Math.Clamp((at - from) * 100 / (end - from), 0, 99);
    }

    private async IAsyncEnumerable<ExportedMember> MembersAsync(string tenant, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var member in await members.ListAsync(tenant, ct))
            if (await users.FindAsync(member.User, ct) is { } user)
                yield return new(user.Id, user.Address, user.Name, member.Role, member.Mailboxes, member.AddedAt);
    }

    private async IAsyncEnumerable<ConsentLedger> ConsentsAsync(string tenant, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        string? after = null;
        do
        {
            (var page, after) = await consents.ListAsync(tenant, 200, after, ct);
            foreach (var ledger in page)
                yield return ledger;
        }
        while (after is not null);
    }

    private async IAsyncEnumerable<AuditRecord> AuditAsync(string chain, Func<AuditRecord, bool> wanted, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var item in store.AllAsync(Table.Audit, chain, "entry/", ct))
            if (System.Text.Json.JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.AuditRecord) is { } entry && wanted(entry))
                yield return entry;
    }

    private async IAsyncEnumerable<ExportedNote> NotesAsync(string tenant, string user, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var prefix = Drafts.KeyOf("", "").Sort;
        await foreach (var item in store.AllAsync(Table.Main, tenant, prefix, ct))
            if (await drafts.FindAsync(tenant, item.Key.Sort[prefix.Length..], ct) is { } draft)
                foreach (var note in draft.Content.Notes.Where(note => note.By == user))
                    yield return new(draft.Id, note.At, note.Text);
    }

    private static async IAsyncEnumerable<T> AllAsync<T>(IEnumerable<string> chains, Func<string, IAsyncEnumerable<T>> each)
    {
        foreach (var chain in chains)
            await foreach (var one in each(chain))
                yield return one;
    }

    private static IAsyncEnumerable<T> One<T>(T value) => Each([value]);

    private static async IAsyncEnumerable<T> Each<T>(IEnumerable<T> values)
    {
        await Task.CompletedTask;
        foreach (var value in values)
            yield return value;
    }
}
