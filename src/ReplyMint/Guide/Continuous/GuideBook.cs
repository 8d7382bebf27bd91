using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>Keeps the server's own last look at the controls, and says when the next one is due: one process looks, whoever else shares the store.</summary>
internal sealed class GuideBook(IStore store, KeyRing keys)
{
    private static readonly ItemKey At = ItemKey.Main(KeyRing.Installation, "guide");

    /// <summary>Null before the first look has ended.</summary>
    public async Task<GuideResult?> LastAsync(CancellationToken ct) => await store.GetAsync(At, ct) is { } item ? await OpenAsync(item, ct) : null;

    /// <summary>Says that a look begins, so that nobody else begins one and one that breaks is not begun again at once.</summary>
    /// <param name="due">Asked with when the last one began and what it looked at.</param>
    /// <param name="of">What this one looks at.</param>
    /// <returns>False when it is not due.</returns>
    public Task<bool> BeginAsync(Func<DateTimeOffset, string, bool> due, DateTimeOffset now, string of, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        var item = await store.GetAsync(At, token);
        if (item is not null && JsonNode.Parse(item.Value.Span) is { } known && !due((DateTimeOffset)known["begun"]!, (string)known["of"]!))
            return false;
        await PutAsync(commit, item, now, of, item is null ? null : await OpenAsync(item, token), token);
        return true;
    }, ct);

    public Task EndAsync(GuideResult result, string of, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        await PutAsync(commit, await store.GetAsync(At, token), result.At, of, result, token);
        return true;
    }, ct);

    // Evidence names the machine's folders and tenants' ids: nothing for who only gets hold of the store.
    private async Task PutAsync(Commit commit, Item? before, DateTimeOffset begun, string of, GuideResult? result, CancellationToken ct)
    {
        var head = Encoding.UTF8.GetBytes($$"""{"v":1,"begun":"{{begun.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}}","of":"{{of}}"}""");
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        commit.Put(At, head, Condition.Same(before), own.Seal(At, (before?.Version ?? 0) + 1, result?.Write() ?? []));
    }

    private async Task<GuideResult?> OpenAsync(Item item, CancellationToken ct) =>
        (await keys.RequireAsync(KeyRing.Installation, ct)).Open(item) is { Length: > 0 } bytes ? GuideResult.Read(bytes) : null;
}
