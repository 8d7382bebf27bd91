using System.Globalization;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>
/// A tenant that sends far more within an hour than it usually does. Both counts are the store's, so all processes together are seen. The breaker
/// (rates.tenantHour) holds what is above a fixed rate; this sees what is unusual below it.
/// </summary>
internal sealed class SpikeDetector(IStore store, DetectionSettings settings)
{
    private const int Days = 14;
    // Mail comes in the hours in which people work: a day's answers are spread over so many.
    private const int BusyHours = 8;
    // A tenant that is younger has nothing usual yet.
    private const int LeastDays = 3;
    private const int MostLooked = 10_000;
    private static readonly TimeSpan Again = TimeSpan.FromMinutes(1);

    // The days before are asked for once a minute, not at each answer.
    private readonly Dictionary<string, DateTimeOffset> _looked = new(StringComparer.Ordinal);

    /// <summary>Pure: what an hour may have, by the days before. Null where nothing can be said yet.</summary>
    public static double? Usual(IReadOnlyList<long> days, int active) => active < LeastDays ? null : days.Max() / (double)BusyHours;

    public async Task<Suspicion?> SeeAsync(SecurityEvent seen, CancellationToken ct)
    {
        if (seen.Tenant is not { } tenant || seen.Number < settings.SpikeLeast || (_looked.TryGetValue(tenant, out var last) && seen.At - last < Again))
            return null;
        if (_looked.Count >= MostLooked)
            _looked.Clear();
        _looked[tenant] = seen.At;
        var keys = Enumerable.Range(1, Days).Select(day => UsageKeys.Replies(tenant, seen.At.AddDays(-day))).ToList();
        var days = (await store.GetAsync(keys, ct)).Select(item => item?.Count ?? 0).ToList();
        if (Usual(days, days.Count(count => count > 0)) is not { } usual || seen.Number <= Math.Max(usual * settings.SpikeTimes, settings.SpikeLeast - 1))
            return null;
        var text = string.Create(CultureInfo.InvariantCulture, $"Tenant {tenant} sent {seen.Number} answers within an hour; on the busiest day of the last two weeks it sent {usual:0.#} an hour. A loop, a campaign, or somebody who sends through it.");
        return new(DetectorNames.Spike, tenant, text, tenant, new(CulpritKind.Tenant, tenant));
    }
}
