using System.Text;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>
/// Each change of the installation's settings leaves a record with before and after (SOC-2). They are changed in files and variables, where nobody
/// can be asked who did it, so each start compares what holds with what held at the last one.
/// </summary>
internal sealed class SettingsChanges(IStore store, KeyRing keys, SettingsToKeep settings, Records records)
{
    private static readonly ItemKey s_at = ItemKey.Main(KeyRing.Installation, "settings");

    /// <param name="by">Who is said to have changed them last; null when nobody says.</param>
    /// <returns>The record of a change, or null when there is none.</returns>
    public async Task<KeptRecord?> LookAsync(string? by, CancellationToken ct)
    {
        var now = settings.Text();
        return await store.RetryAsync(async (commit, token) =>
        {
            var (own, item) = (await keys.RequireAsync(KeyRing.Installation, token), await store.GetAsync(s_at, token));
            var before = item is null ? null : Encoding.UTF8.GetString(own.Open(item));
            var differences = before is null ? [] : ChangeText.Of(before, now);
            if (before is not null && differences.Count == 0)
                return null;
            commit.Put(s_at, "{\"v\":1}"u8.ToArray(), Condition.Same(item), own.Seal(s_at, (item?.Version ?? 0) + 1, Encoding.UTF8.GetBytes(now)));
            // The first settings are no change.
            return before is null ? null : await records.AddAsync(commit, RecordKinds.Change, Actor.System.Id, Note("settings", by, differences), token);
        }, ct);
    }

    /// <summary>Whether what holds is what the last start wrote down; null when none did.</summary>
    public async Task<bool?> AgreesAsync(CancellationToken ct) => await store.GetAsync(s_at, ct) is { } item
        ? Encoding.UTF8.GetString((await keys.RequireAsync(KeyRing.Installation, ct)).Open(item)) == settings.Text() : null;

    /// <summary>What a record of a change says.</summary>
    /// <param name="what">Was changed.</param>
    /// <param name="by">Whom the change is of; null when nobody says.</param>
    public static string Note(string what, string? by, IReadOnlyList<string> differences)
    {
        var head = $"{what}, by {by ?? "somebody who is not named"}\n";
        return head + ChangeText.Fit(differences, Records.MaxNote - head.Length);
    }
}
