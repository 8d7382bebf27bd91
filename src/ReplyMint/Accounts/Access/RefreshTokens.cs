using System.Buffers.Text;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>
/// Refresh tokens: 260 random bits, stored as a keyed hash, good for one use. All of a session are one family: a spent one stays
/// in the store until the session's life is over, so that its second use is recognised.
/// </summary>
internal sealed class RefreshTokens(IStore store, Pepper pepper)
{
    private const string Prefix = "rm_refresh_";
    private const int SecretLength = 52;

    /// <summary>Adds a new one to the commit.</summary>
    /// <param name="ends">When it can't be used any more even if nobody did.</param>
    public async ValueTask<string> AddAsync(Commit commit, Session session, DateTimeOffset ends, CancellationToken ct)
    {
        var text = Prefix + Ids.Secret(SecretLength);
        commit.Put(KeyOf((await pepper.KeysAsync(ct)).OfRefreshToken(text).First()), Bytes(new(1, session.User, session.Id)), Condition.Absent, expires: ends);
        return text;
    }

    public static bool IsForm(string text) =>
        text.Length == Prefix.Length + SecretLength && text.StartsWith(Prefix, StringComparison.Ordinal) && !text.AsSpan(Prefix.Length).ContainsAnyExcept(Ids.Letters);

    /// <summary>Finds a token by its keyed hash, so that no comparison is needed and none can be timed. One of an older version is spent like any other, and its successor is of the newest.</summary>
    public async ValueTask<Item?> FindAsync(string text, CancellationToken ct)
    {
        foreach (var hash in (await pepper.KeysAsync(ct)).OfRefreshToken(text))
            if (await store.GetAsync(KeyOf(hash), ct) is { } item)
                return item;
        return null;
    }

    public static RefreshRecord Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.RefreshRecord)!;

    /// <summary>It was used now; of two uses at once one commit fails.</summary>
    /// <param name="kept">The end of the session's life.</param>
    public static void Spend(Commit commit, Item item, DateTimeOffset now, DateTimeOffset kept) =>
        commit.Put(item.Key, Bytes(Read(item) with { SpentAt = now }), Condition.Same(item), expires: kept);

    private static ItemKey KeyOf(byte[] hash) => ItemKey.Main(KeyRing.Installation, "refresh/" + Base64Url.EncodeToString(hash));

    private static byte[] Bytes(RefreshRecord record) => JsonSerializer.SerializeToUtf8Bytes(record, AccountsJson.Default.RefreshRecord);
}
