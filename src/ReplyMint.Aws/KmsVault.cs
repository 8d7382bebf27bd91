using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>
/// Keeps the master key of a shared store wrapped by a key of KMS, in the keys table beside what it wraps itself: whatever instant that
/// table is restored to, the two fit. Nothing lies on a machine; a process asks KMS once, when it opens the store. Each wrapping is bound to
/// the store by its encryption context, which KMS logs with each use.
/// </summary>
/// <param name="keyId">ARN of the key of KMS. Nothing that another one wrapped is opened, whatever the table says.</param>
internal sealed class KmsVault(AwsJsonCalls kms, string keyId, IStore store, string storeId) : IKeyVault
{
    private const string Context = "replymint:store";
    private const int MostTries = 5;
    private static readonly ItemKey s_at = new(Table.Keys, KeyRing.Installation, "master-key");

    public string Where => keyId;

    public async Task<MasterKey> FirstAsync(Commit commit, CancellationToken ct)
    {
        var key = MasterKey.Random();
        commit.Put(s_at, Write([await WrapAsync(key, ct)]), Condition.Absent);
        return key;
    }

    public async Task<(MasterKeys Masters, string? Notice)> ReadAsync(StoreIdentity identity, long version, CancellationToken ct)
    {
        var (keys, at) = await AgreedAsync(identity, version, ct);
        var used = await OpenAsync(keys[0], ct);
        return (keys.Count > 1 ? new(await OpenAsync(keys[1], ct), used, at) : new(used, null, at), null);
    }

    public Task<(MasterKey? Key, string? Refused)> NextAsync(StoreIdentity identity, string? file, CancellationToken ct) => Task.FromResult<(MasterKey?, string?)>(
        file is null ? (MasterKey.Random(), null) : (null, "this store's master key lies in no file: KMS wraps it. Run it without --new-key"));

    public async Task AddAsync(Commit commit, MasterKey next, CancellationToken ct)
    {
        var item = await store.GetAsync(s_at, ct);
        // At most the one in use and its next.
        commit.Put(s_at, Write([.. item is null ? [] : Read(item).Take(1), await WrapAsync(next, ct)]), Condition.Same(item));
    }

    public async Task EndAsync(Commit commit, StoreIdentity identity, MasterKey? old, DateTimeOffset now, CancellationToken ct)
    {
        if (await store.GetAsync(s_at, ct) is { } item)
            commit.Put(s_at, Write([.. Read(item).Where(key => key.Check == identity.NextKeyCheck)]), Condition.Same(item));
    }

    public IReadOnlyList<(string File, DateTimeOffset Since)> Old() => [];

    /// <summary>Wraps a key that was kept elsewhere, such as in a recovery kit, for a store whose own wrapping can't be opened any more.</summary>
    /// <returns>What speaks against it, or null when it is done.</returns>
    public async Task<string?> PutBackAsync(MasterKey key, CancellationToken ct)
    {
        if (await StoreIdentity.ReadAsync(store, ct) is not { Value: { } identity, Version: var version })
            return "there is no store in these tables";
        if (identity.Id != storeId || identity.NextKeyCheck is not null || identity.KeyCheck != key.Check)
            return $"it holds another master key than the one that store {identity.Id} needs";
        var item = await store.GetAsync(s_at, ct);
        var commit = new Commit().Put(s_at, Write([await WrapAsync(key, ct)]), Condition.Same(item)).Check(StoreIdentity.At, Condition.At(version));
        return await store.CommitAsync(commit, ct) == CommitResult.Committed ? null : "the store changed at the same moment; run it again";
    }

    /// <summary>
    /// The wrapped keys as the store's identity names them, and the version of that. The two change in the same commits, so where they
    /// differ the main table was restored to another moment than the keys table, whose keys are what opens the rest: the identity is set right.
    /// </summary>
    private async Task<(IReadOnlyList<Wrapped> Keys, long Version)> AgreedAsync(StoreIdentity identity, long version, CancellationToken ct)
    {
        for (var tries = 0; tries < MostTries; tries++)
        {
            var item = await store.GetAsync(s_at, ct) ?? throw new StoreRefusedException("The keys table holds no wrapped master key. This store can't be read without it: restore that table, or run: replymint secrets restore-key KIT");
            var keys = Read(item);
            var named = identity with { KeyCheck = keys[0].Check, NextKeyCheck = keys.Count > 1 ? keys[1].Check : null };
            if (named == identity)
                return (keys, version);
            if (await store.CommitAsync(new Commit().Put(StoreIdentity.At, named.Bytes(), Condition.At(version)).Check(s_at, Condition.Same(item)), ct) == CommitResult.Committed)
                return (keys, version + 1);
            (identity, version) = await StoreIdentity.ReadAsync(store, ct) ?? throw new StoreRefusedException("The store has no identity any more.");
        }
        throw new StoreUnavailableException("The master key is being changed; start again.");
    }

    private async Task<MasterKey> OpenAsync(Wrapped wrapped, CancellationToken ct)
    {
        var key = MasterKey.Of(Value(await CallAsync("Decrypt", json => json.WriteBase64String("CiphertextBlob", wrapped.Bytes), ct), "Plaintext"));
        return key is not null && key.Check == wrapped.Check ? key : throw new StoreRefusedException($"KMS opened something that is not the master key of this store ({storeId}).");
    }

    private async Task<Wrapped> WrapAsync(MasterKey key, CancellationToken ct) =>
        new(key.Check, await key.WrapSelfAsync(async plain => Value(await CallAsync("Encrypt", json => json.WriteBase64String("Plaintext", plain.Span), ct), "CiphertextBlob")));

    private async Task<AwsAnswer> CallAsync(string operation, Action<Utf8JsonWriter> write, CancellationToken ct)
    {
        var answer = await kms.CallAsync(operation, json =>
        {
            json.WriteString("KeyId", keyId);
            json.WriteStartObject("EncryptionContext");
            json.WriteString(Context, storeId);
            json.WriteEndObject();
            write(json);
        }, ct);
        return answer.Error switch
        {
            null => answer,
            "AccessDeniedException" => throw new StoreRefusedException($"The role of this process may not use the KMS key {keyId} ({operation})."),
            "NotFoundException" => throw new StoreRefusedException($"There is no KMS key {keyId}; compare aws.key and aws.region."),
            "DisabledException" or "KMSInvalidStateException" => throw new StoreRefusedException($"The KMS key {keyId} is disabled or about to be deleted. Enable it, or cancel its deletion, before it is gone: without it this store can't be read."),
            "InvalidCiphertextException" or "IncorrectKeyException" => throw new StoreRefusedException($"The wrapped master key is not of the KMS key {keyId} and this store ({storeId}). Put back the aws.key of before, or run: replymint secrets restore-key KIT"),
            _ => throw new StoreUnavailableException($"KMS did not carry out {operation}: {answer.Error}."),
        };
    }

    private static byte[] Value(AwsAnswer answer, string name)
    {
        using var document = JsonDocument.Parse(answer.Body);
        return document.RootElement.GetProperty(name).GetBytesFromBase64();
    }

    private static ReadOnlyMemory<byte> Write(IEnumerable<Wrapped> keys) => AwsJsonCalls.Body(json =>
    {
        json.WriteNumber("v", 1);
        json.WriteStartArray("keys");
        foreach (var (check, bytes) in keys)
        {
            json.WriteStartObject();
            json.WriteString("check", check);
            json.WriteBase64String("wrapped", bytes);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    private static IReadOnlyList<Wrapped> Read(Item item)
    {
        using var document = JsonDocument.Parse(item.Value);
        return [.. document.RootElement.GetProperty("keys").EnumerateArray().Select(key => new Wrapped(key.GetProperty("check").GetString()!, key.GetProperty("wrapped").GetBytesFromBase64()))];
    }

    private sealed record Wrapped(string Check, byte[] Bytes);
}
