using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>
/// A one-time token that was used for some content. When its item is there already, an equal <paramref name="Fingerprint"/>
/// means that the provider came again with the same thing, and another one means a replayed signature.
/// </summary>
/// <param name="Key">Random-looking, without personal data; unique over all channels.</param>
/// <param name="Fingerprint">SHA-256 in hex over all that came under the token.</param>
/// <param name="Lifetime">How long it must be remembered: longer than the signature's time window.</param>
internal sealed record SpentToken(string Key, string Fingerprint, TimeSpan Lifetime)
{
    public static SpentToken For(string channel, string token, string fingerprint, TimeSpan lifetime) => new(
        $"{channel}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)).AsSpan(0, 16))}",
        fingerprint, lifetime);

    public static string FingerprintOf(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));
}

/// <summary>Remembers spent tokens (INPUT-4).</summary>
internal sealed class SpentTokens(IStore store, TimeProvider time)
{
    /// <summary>Spends the token in a commit that does the work; false when it was spent on something else.</summary>
    public async Task<bool> SpendAsync(Commit commit, SpentToken spent, CancellationToken ct)
    {
        var key = KeyOf(spent);
        if (await store.GetAsync(key, ct) is { } item)
            // The provider repeats what it thinks failed: the same content under the same token is no replay.
            return JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.SpentRecord)!.Fingerprint == spent.Fingerprint;
        commit.Put(key, JsonSerializer.SerializeToUtf8Bytes(new SpentRecord(1, spent.Fingerprint), InboundJson.Default.SpentRecord),
            Condition.Absent, expires: time.GetUtcNow() + spent.Lifetime);
        return true;
    }

    /// <summary>Whether it was spent already, on whatever.</summary>
    public async ValueTask<bool> IsSpentAsync(SpentToken spent, CancellationToken ct) => await store.GetAsync(KeyOf(spent), ct) is not null;

    /// <summary>Spends the token by itself, before work that is safe to repeat.</summary>
    public Task<bool> SpendAsync(SpentToken spent, CancellationToken ct) =>
        store.RetryAsync((commit, token) => SpendAsync(commit, spent, token), ct);

    private static ItemKey KeyOf(SpentToken spent) => ItemKey.Main(KeyRing.Installation, "spent/" + spent.Key);
}
