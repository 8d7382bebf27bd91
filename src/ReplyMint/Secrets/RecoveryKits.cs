using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Secrets;

/// <summary>That a kit was made, and of which master key.</summary>
internal sealed record KitRecord(int V, DateTimeOffset MadeAt, string KeyCheck);

/// <summary>Makes recovery kits; the store remembers when, the audit log who.</summary>
internal sealed class RecoveryKits(IStore store, MasterKeys masters, AuditLog audit, TimeProvider time)
{
    private static readonly ItemKey At = ItemKey.Main(KeyRing.Installation, "recovery-kit");

    /// <param name="passphrase">Must have passed <see cref="Passphrase.Problem"/>.</param>
    /// <returns>Null while the master key is being changed: a kit of the old one would be of no use in a moment.</returns>
    public async Task<RecoveryKit?> MakeAsync(string passphrase, Actor actor, CancellationToken ct)
    {
        var (identity, now) = ((await StoreIdentity.ReadAsync(store, ct))!.Value.Value, time.GetUtcNow());
        if (identity.NextKeyCheck is not null)
            return null;
        var kit = RecoveryKit.Make(masters.Wrapping, identity.Id, DateOnly.FromDateTime(now.UtcDateTime), passphrase, masters.Form);
        await store.RetryAsync(async (commit, token) =>
        {
            commit.Put(At, StoredJson.Write(new KitRecord(1, now, kit.KeyCheck), SecretsJson.Default.KitRecord), Condition.Any);
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "recovery-kit.make", kit.KeyCheck), token);
            return true;
        }, ct);
        return kit;
    }

    /// <summary>The newest one, or null when none was made.</summary>
    public async ValueTask<KitRecord?> LastAsync(CancellationToken ct) =>
        await store.GetAsync(At, ct) is { } item ? JsonSerializer.Deserialize(item.Value.Span, SecretsJson.Default.KitRecord) : null;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(KitRecord))]
internal sealed partial class SecretsJson : JsonSerializerContext;
