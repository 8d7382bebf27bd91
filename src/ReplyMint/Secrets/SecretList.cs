using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Secrets;

/// <summary>What is known of a key or secret, and never its value.</summary>
/// <param name="Name">As commands take it.</param>
/// <param name="Where">Where it lies.</param>
/// <param name="Since">When it came into use, or null when nobody noted.</param>
/// <param name="Next">When it changes by itself, or a person should change it; null when there is no such day.</param>
/// <param name="Problem">What a person should do something about, or null.</param>
internal sealed record SecretFact(string Name, string Kind, string Where, DateTimeOffset? Since, DateTimeOffset? Next, string? Problem)
{
    /// <summary>It should have been changed by now, and the operator is told.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Overdue { get; init; }
}

/// <summary>All keys and secrets of the installation and its tenants.</summary>
internal sealed class SecretList(
    IStore store, KeyRing keys, IKeyVault vault, StoredSecrets stored, SecretSource source, IReadOnlyList<NamedSecret> named, Tenants tenants, Channels channels,
    Webhooks webhooks, SigningKeys signing, AttestationKeys attestations, Pepper pepper, RecoveryKits kits, FormChange forms, SecretsSettings settings, TimeProvider time)
{
    /// <summary>The name of the recovery kit's fact.</summary>
    public const string Kit = "recovery-kit";

    public async IAsyncEnumerable<SecretFact> AllAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var identity = (await StoreIdentity.ReadAsync(store, ct))!.Value.Value;
        yield return Reminded("master-key", "master", identity.KeyBeside ?? vault.Where, identity.KeySince) is var master && identity.NextKeyCheck is null ? master
            : master with { Problem = "is being changed; the next start goes on, or: replymint secrets rotate master-key" };
        foreach (var (file, since) in vault.Old())
            yield return OldMaster(file, since);
        yield return await KitAsync(identity, ct);
        yield return await TenantAsync(KeyRing.Installation, ct);
        if ((await signing.RingAsync(ct)).Keys is { Count: > 0 } ring)
            yield return new("signing-key", "signing", "the store, sealed", ring[^1].CreatedAt, ring[^1].ActiveAt + SigningKeys.Every, null);
        if ((await attestations.PublicAsync(ct)).Keys is { Count: > 0 } statements)
            yield return Attesting(DateTimeOffset.FromUnixTimeSeconds(statements[^1].Iat));
        var newest = (await pepper.KeysAsync(ct)).Versions[^1];
        yield return Changing("pepper", "hashing", newest.MadeAt, settings.PepperDays);
        foreach (var (name, setAt) in await stored.ListAsync(ct))
            yield return Reminded(SecretSource.StorePrefix + name, "stored", "the store, sealed", setAt);
        foreach (var secret in named)
            yield return Named(secret);
        foreach (var channel in await channels.ListAsync(Channel.Operator, ct))
            if (OfChannel(channel) is { } fact)
                yield return fact;
        await foreach (var tenant in tenants.IdsAsync(ct))
        {
            if (await keys.TenantAsync(tenant, ct) is null)
                continue;
            yield return await TenantAsync(tenant, ct);
            foreach (var channel in await channels.ListAsync(tenant, ct))
                if (OfChannel(channel) is { } fact)
                    yield return fact;
            foreach (var webhook in await webhooks.ListAsync(tenant, ct))
                yield return new($"webhook/{tenant}/{webhook.Id}", "webhook", "the store, sealed", webhook.PreviousUntil - Webhooks.Overlap ?? webhook.CreatedAt, null, null);
        }
    }

    private async Task<SecretFact> TenantAsync(string tenant, CancellationToken ct)
    {
        var record = (await keys.RecordAsync(tenant, ct))!.Value.Value;
        var fact = Changing("tenant-key/" + tenant, "tenant", "the store, under the master key", record.Keys.Single(key => key.Number == record.Current).MadeAt, settings.TenantKeyDays);
        var older = record.Keys.Count == 1 ? "" : $"; {record.Keys.Count - 1} older until nothing uses it";
        return fact with { Where = fact.Where + older + await forms.ShowAsync(tenant, ct) };
    }

    private async Task<SecretFact> KitAsync(StoreIdentity identity, CancellationToken ct)
    {
        var last = await kits.LastAsync(ct);
        var outdated = last is not null && last.KeyCheck != identity.KeyCheck;
        var problem = last is null ? "there is none: whoever loses the master key loses all. Make one: replymint secrets recovery-kit FILE"
            : outdated ? "was made of the master key before. Make a new one: replymint secrets recovery-kit FILE" : null;
        return new(Kit, "kit", "where you put it", last?.MadeAt, null, problem) { Overdue = outdated };
    }

    private SecretFact OldMaster(string file, DateTimeOffset since)
    {
        var until = since + MasterKeyRotation.OldKept;
        return new("master-key (before)", "master", file, null, until, until > time.GetUtcNow() ? null : "no backup needs it any more that is kept for 30 days; destroy it: shred -u") { Overdue = until <= time.GetUtcNow() };
    }

    private SecretFact Named(NamedSecret secret)
    {
        var file = secret.Reference.StartsWith("file:", StringComparison.Ordinal) ? secret.Reference["file:".Length..] : null;
        DateTimeOffset? since = file is not null && File.Exists(file) ? new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero) : null;
        var read = source.Read(secret.Setting, secret.Reference);
        var fact = Reminded(secret.Setting, "setting", secret.Reference, since ?? read.Since);
        return read.Problem is { } problem ? fact with { Problem = problem } : fact;
    }

    private static SecretFact Attesting(DateTimeOffset since) => new("attestation-key", "signing", "the store, sealed", since, since + AttestationKeys.Every, null);

    private SecretFact? OfChannel(Channel channel) => channel.Secret.Length == 0 ? null : Reminded(SecretDesk.ChannelPrefix + channel.Id, "channel", "the store, sealed", channel.SecretSince);

    /// <summary>One that changes by itself; it is late when that did not happen for a week.</summary>
    private SecretFact Changing(string name, string kind, DateTimeOffset? since, int days)
    {
        DateTimeOffset? next = since is { } at && at > DateTimeOffset.MinValue ? at.AddDays(days) : null;
        var late = next?.AddDays(7) <= time.GetUtcNow();
        return new(name, kind, "the store, sealed", next is null ? null : since, next, late ? "should have been changed by itself; look into the log, or: replymint secrets rotate" : null) { Overdue = late };
    }

    private SecretFact Changing(string name, string kind, string where, DateTimeOffset? since, int days) => Changing(name, kind, since, days) with { Where = where };

    private SecretFact Reminded(string name, string kind, string where, DateTimeOffset? since)
    {
        var next = since?.AddDays(settings.RemindDays);
        var late = next <= time.GetUtcNow();
        return new(name, kind, where, since, next, late ? $"is older than {settings.RemindDays} days; change it" : null) { Overdue = late };
    }
}
