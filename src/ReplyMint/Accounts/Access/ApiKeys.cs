using System.Globalization;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>What became of a wish for a key.</summary>
/// <param name="Key">Null when there is none.</param>
/// <param name="Text">The secret: shown now and never again.</param>
/// <param name="Wrong">The member that can't be so, and why.</param>
internal sealed record ApiKeyMade(ApiKey? Key, string? Text, (string Member, string Wrong)? Wrong = null)
{
    public static ApiKeyMade NotFound { get; } = new(null, null);
}

/// <summary>A text that is the key's, at this moment.</summary>
/// <param name="Owner">Who got this text in his hands.</param>
internal sealed record ApiKeyProof(ApiKey Key, DateTimeOffset EndsAt, string Owner);

/// <summary>
/// API keys (AUTH-1): made, rotated, revoked and proved. Found by their public id, which leads from the installation to the
/// tenant; what is stored is a keyed hash. Each change stands in the tenant's audit log, in the same commit.
/// </summary>
internal sealed class ApiKeys(
    IStore store, KeyRing keys, Mailboxes mailboxes, Members members, AuditLog audit, AccessSettings settings, HttpSettings http, Pepper pepper, Revocations revocations, Containments contained, Standings standings, TimeProvider time)
{
    public const int MaxPerTenant = 200;
    public static readonly TimeSpan UsualOverlap = TimeSpan.FromHours(24);
    public static readonly TimeSpan MaxOverlap = TimeSpan.FromDays(30);

    internal const string Prefix = "key/";

    private readonly bool _live = http.Environment == DeploymentEnvironment.Production;

    public TimeSpan MaximalAge => TimeSpan.FromDays(settings.KeyMaxDays);

    /// <param name="tenant">Whose data the key is for.</param>
    /// <param name="wish">Checked here.</param>
    /// <param name="owner">A user's id, or the machine's.</param>
    /// <param name="actor">Who does it, for the audit log.</param>
    public async Task<ApiKeyMade> CreateAsync(string tenant, ApiKeyWish wish, string owner, Actor actor, CancellationToken ct)
    {
        if (wish.Problem(time.GetUtcNow()) is { } wrong)
            return new(null, null, wrong);
        foreach (var mailbox in wish.Mailboxes ?? [])
            if (await mailboxes.GetAsync(tenant, mailbox, ct) is null)
                return new(null, null, ("mailboxes", "names one that is not there"));
        var own = await keys.RequireAsync(tenant, ct);
        var text = ApiKeyText.New(_live, Ids.Random('k'));
        return await store.RetryAsync(async (commit, token) =>
        {
            await revocations.HoldAsync(commit, token);
            var now = time.GetUtcNow();
            var key = new ApiKey
            {
                Id = text.Id, TenantId = tenant, Name = wish.Name.Trim(), Live = _live, Scopes = [.. wish.Scopes.Order(StringComparer.Ordinal)],
                Networks = wish.Networks, Mailboxes = wish.Mailboxes, CreatedAt = now, ExpiresAt = wish.ExpiresAt,
                Secrets = [await SecretAsync(tenant, text, owner, now, token)],
            };
            // Before anything is counted: two at once conflict, and one counts again.
            await audit.AppendAloneAsync(commit, tenant, new AuditEntry(actor, "key.create", key.Id, Details(key)), token);
            if ((await store.QueryAsync(Table.Main, tenant, new Storage.Range(Prefix, Limit: MaxPerTenant), null, token)).Items.Count == MaxPerTenant)
            {
                commit.Clear();
                return new ApiKeyMade(null, null, ("name", $"the tenant has {MaxPerTenant} keys already; revoke one first"));
            }
            Write(commit, own, key, null);
            commit.Put(IndexKey(key.Id), JsonSerializer.SerializeToUtf8Bytes(new OwnerRecord(1, tenant, key.Id), AccountsJson.Default.OwnerRecord), Condition.Absent);
            return new ApiKeyMade(key, text.Text);
        }, ct);
    }

    public async Task<IReadOnlyList<ApiKey>> ListAsync(string tenant, CancellationToken ct)
    {
        var all = new List<ApiKey>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, Prefix, ct))
            all.Add(await OpenAsync(item, ct));
        return all;
    }

    public async ValueTask<ApiKey?> FindAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? await OpenAsync(item, ct) : null;

    /// <summary>The tenant of a key, whosever it is; for the operator's commands.</summary>
    public async ValueTask<string?> TenantOfAsync(string id, CancellationToken ct) =>
        await store.GetAsync(IndexKey(id), ct) is { } index ? JsonSerializer.Deserialize(index.Value.Span, AccountsJson.Default.OwnerRecord)!.Tenant : null;

    /// <summary>A new secret at once; the old one works on for the overlap, unless it had ended. Of two older ones the elder ends now.</summary>
    /// <param name="overlap">0 to <see cref="MaxOverlap"/>.</param>
    /// <param name="owner">Who answers for the key from now on, since he holds the secret; null leaves it.</param>
    public async Task<ApiKeyMade> RotateAsync(string tenant, string id, TimeSpan overlap, string? owner, Actor actor, CancellationToken ct)
    {
        if (overlap < TimeSpan.Zero || overlap > MaxOverlap)
            return new(null, null, ("overlapHours", $"must be 0 to {MaxOverlap.TotalHours}"));
        var own = await keys.RequireAsync(tenant, ct);
        var made = await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(tenant, id), token) is not { } item)
                return ApiKeyMade.NotFound;
            await revocations.HoldAsync(commit, token);
            var before = await OpenAsync(item, token);
            var now = time.GetUtcNow();
            var text = ApiKeyText.New(before.Live, id);
            var old = before.Secrets[0];
            var stays = overlap > TimeSpan.Zero && await IsTakenAsync(before, old, token);
            var after = before with
            {
                Secrets = [await SecretAsync(tenant, text, owner ?? old.Owner, now, token), .. stays ? (ApiKeySecret[])[old with { ValidUntil = now + overlap }] : []],
            };
            Write(commit, own, after, item);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "key.rotate", id, new Dictionary<string, string>
            {
                ["overlapHours"] = (stays ? overlap : TimeSpan.Zero).TotalHours.ToString("0.##", CultureInfo.InvariantCulture), ["owner"] = after.Owner,
            }), token);
            return new ApiKeyMade(after, text.Text);
        }, ct);
        standings.Changed(id);
        return made;
    }

    /// <summary>Ends the key at once. False when there is none.</summary>
    public async Task<bool> RevokeAsync(string tenant, string id, Actor actor, CancellationToken ct)
    {
        var revoked = await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(tenant, id), token) is not { } item)
                return false;
            // Of two at once one revokes it, and one entry tells.
            Remove(commit, tenant, id, Condition.Same(item));
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "key.revoke", id), token);
            return true;
        }, ct);
        standings.Changed(id);
        return revoked;
    }

    /// <summary>Adds to a commit that a key is gone; the caller adds the audit entry and calls <see cref="Standings.Changed"/> behind it.</summary>
    internal static void Remove(Commit commit, string tenant, string id, Condition condition = default) => commit.Delete(KeyOf(tenant, id), condition).Delete(IndexKey(id)).Delete(ApiKeyUses.KeyOf(tenant, id));

    /// <summary>Adds to a commit that no secret of a key works any more; a rotation gives it a new one. False when none did, or the key can't be read.</summary>
    internal static bool End(Commit commit, TenantKeys own, Item item, DateTimeOffset now)
    {
        if (own.Open(item.Key, item.Version, item.Sealed.Span) is not { } plain)
            return false;
        var key = JsonSerializer.Deserialize(plain, AccountsJson.Default.ApiKey)!;
        if (key.Secrets.All(secret => secret.ValidUntil <= now))
            return false;
        Write(commit, own, key with { Secrets = [.. key.Secrets.Select(secret => secret.ValidUntil <= now ? secret : secret with { ValidUntil = now })] }, item);
        return true;
    }

    /// <summary>Whether the text is a key's that may be used now; null tells nothing of why not.</summary>
    public async ValueTask<ApiKeyProof?> ProveAsync(string written, CancellationToken ct)
    {
        if (ApiKeyText.Parse(written) is not { } text || text.Live != _live)
            return null;
        if (await TenantOfAsync(text.Id, ct) is not { } tenant || await FindAsync(tenant, text.Id, ct) is not { } key || key.Live != text.Live || await revocations.CoverAsync(key, ct))
            return null;
        var hashes = await pepper.KeysAsync(ct);
        foreach (var secret in key.Secrets)
            if (hashes.IsKey(text.Text, secret))
            {
                if (!await IsTakenAsync(key, secret, ct))
                    return null;
                if (secret.Pepper != hashes.Current)
                    await RehashAsync(key, text, secret, hashes, ct);
                return new(key, key.EndsAt(secret, MaximalAge), secret.Owner);
            }
        return null;
    }

    /// <summary>Only here the text is at hand. Nothing of the key changes, so the audit log says nothing; whatever keeps it from being stored, the next use tries again.</summary>
    private async ValueTask RehashAsync(ApiKey key, ApiKeyText text, ApiKeySecret secret, PepperKeys hashes, CancellationToken ct)
    {
        if (await store.GetAsync(KeyOf(key.TenantId, key.Id), ct) is not { } item || await OpenAsync(item, ct) is not { } now)
            return;
        var after = now with { Secrets = [.. now.Secrets.Select(one => one.Hash.AsSpan().SequenceEqual(secret.Hash) ? one with { Pepper = hashes.Current, Hash = hashes.OfKey(text.Text) } : one)] };
        var commit = new Commit();
        Write(commit, await keys.RequireAsync(key.TenantId, ct), after, item);
        try
        {
            await store.CommitAsync(commit, ct);
        }
        catch (StoreUnavailableException)
        {
            // A full disk must not refuse a good key.
        }
    }

    /// <summary>Whether a secret works: it has not ended, and whoever got it may have keys in the tenant, without a break since then. The machine always may.</summary>
    public async ValueTask<bool> IsTakenAsync(ApiKey key, ApiKeySecret secret, CancellationToken ct) =>
        time.GetUtcNow() < key.EndsAt(secret, MaximalAge)
        && (secret.Owner == Actor.Machine.Id || (!await contained.IsAsync(ContainedKind.User, secret.Owner, ct) && secret.OwnerSince is { } since && await OwnsSinceAsync(key.TenantId, secret.Owner, ct) == since));

    private async ValueTask<DateTimeOffset?> OwnsSinceAsync(string tenant, string user, CancellationToken ct) =>
        await members.FindAsync(tenant, user, ct) is { } member && Permissions.Of(member.Role).Has(Permission.KeysWrite) ? member.ManagesSince : null;

    private async ValueTask<ApiKeySecret> SecretAsync(string tenant, ApiKeyText text, string owner, DateTimeOffset now, CancellationToken ct)
    {
        var hashes = await pepper.KeysAsync(ct);
        return new(hashes.Current, hashes.OfKey(text.Text), now, owner, await OwnsSinceAsync(tenant, owner, ct));
    }

    private static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, Prefix + id);

    private static ItemKey IndexKey(string id) => ItemKey.Main(KeyRing.Installation, "key-owner/" + id);

    private static void Write(Commit commit, TenantKeys own, ApiKey key, Item? before)
    {
        var at = KeyOf(own.Tenant, key.Id);
        commit.Put(at, JsonSerializer.SerializeToUtf8Bytes(new ClearRecord(1, key.Id), AccountsJson.Default.ClearRecord), Condition.Same(before),
            own.Seal(at, (before?.Version ?? 0) + 1, JsonSerializer.SerializeToUtf8Bytes(key, AccountsJson.Default.ApiKey)));
    }

    private async ValueTask<ApiKey> OpenAsync(Item item, CancellationToken ct) =>
        JsonSerializer.Deserialize((await keys.RequireAsync(item.Key.Partition, ct)).Open(item), AccountsJson.Default.ApiKey)!;

    private static Dictionary<string, string> Details(ApiKey key)
    {
        var details = new Dictionary<string, string> { ["scopes"] = string.Join(' ', key.Scopes), ["owner"] = key.Owner };
        if (key.ExpiresAt is { } end)
            details["expiresAt"] = end.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        if (key.Networks is { } networks)
            details["networks"] = networks.Count.ToString(CultureInfo.InvariantCulture);
        if (key.Mailboxes is { } bound)
            details["mailboxes"] = string.Join(',', bound);
        return details;
    }
}
