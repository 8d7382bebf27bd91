using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Guide;

/// <summary>
/// The guide that goes on: looks again and again at what settings and store show, keeps what it found, and tells somebody when a control fails that
/// did not, or holds again. What failed from the first look on is shown and counted, and raises nothing: nothing has happened.
/// </summary>
internal sealed partial class GuideClock(
    IServiceProvider services, IStore store, GuideBook book, Alerts alerts, GuideSettings settings, GuideClockSettings clock, SettingsToKeep text, TimeProvider time, ILogger<GuideClock> log) : PeriodicService(Every, time, atOnce: false)
{
    /// <summary>How soon changed settings are seen. At the start there is other work.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    private static readonly Verdict[] Verdicts = [Verdict.Pass, Verdict.Warn, Verdict.Fail, Verdict.NotApplicable, Verdict.NotChecked];

    private readonly Lazy<string> _of = new(() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{HealthEndpoints.Version}\n{text.Text()}"))));

    protected override async Task TickAsync(CancellationToken ct)
    {
        try
        {
            var now = Time.GetUtcNow();
            var (before, of) = (await book.LastAsync(ct), _of.Value);
            if (!await book.BeginAsync((begun, last) => IsDue(now - begun, last != of), now, of, ct))
            {
                Measure(before);
                return;
            }
            var result = GuideResult.Of(now, HealthEndpoints.Version, await GuideRun.AtStoreAsync(Catalogue.All, new StoreLook(services, settings), ct), before);
            // Before it is kept: one that ends in between finds the same alerts open, and tells nobody twice.
            foreach (var control in result.TurnedSince(before))
                await TellAsync(control, ct);
            await book.EndAsync(result, of, ct);
            Measure(result);
        }
        catch (Exception failure) when (!ct.IsCancellationRequested)
        {
            LogFailed(log, Failure.Of(failure));
        }
    }

    // Processes that share a store may have settings of their own each: what the next one sees there is no change.
    private bool IsDue(TimeSpan since, bool changed) => since >= TimeSpan.FromHours(clock.EveryHours) - Every || (changed && !store.IsShared);

    private async Task TellAsync(KeptControl kept, CancellationToken ct)
    {
        var control = Catalogue.Find(kept.Id)!;
        // No evidence: an alert leaves the machine.
        if (kept.Fails)
        {
            await alerts.CloseAsync("guide-holds-again", kept.Id, ct);
            await alerts.RaiseAsync("guide-failed", kept.Id, $"Control {kept.Id} of the security guide held and does not any more: {control.Title}. See `replymint guide --only {kept.Id}`.", ct);
        }
        else
        {
            await alerts.CloseAsync("guide-failed", kept.Id, ct);
            await alerts.RaiseAsync("guide-holds-again", kept.Id, $"Control {kept.Id} of the security guide holds again: {control.Title}.", ct);
        }
    }

    private static void Measure(GuideResult? result)
    {
        if (result is not null)
            foreach (var verdict in Verdicts)
                Measures.GuideControls.Set(result.Controls.Count(control => control.Verdict == verdict), verdict.Name().Replace(' ', '-'));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The server's own look at the security guide failed: {Failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}
