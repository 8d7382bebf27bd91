using Microsoft.Extensions.Logging;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>
/// Reads the stream of security events each second and lets the detectors look (MON-3). What they find is grouped: the same detector and subject is
/// one alert with a count, told once a minute at most; of many subjects so many an hour, the rest as one, so that nobody hides behind a flood.
/// Counts are each process's own; networks of keys, and answers of tenants, are the store's.
/// </summary>
internal sealed partial class Detection : MemoryFlush
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tell = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Welcome = TimeSpan.FromHours(1);
    private const int MostKept = 10_000;
    /// <summary>In place of a subject: all that found no room of its own this hour.</summary>
    internal const string Rest = "others";

    private readonly SecurityEvents _events;
    private readonly DetectionSettings _settings;
    private readonly Alerts _alerts;
    private readonly DetectorContainment _containment;
    private readonly NetworkBlocks _blocks;
    private readonly IStore _store;
    private readonly ILogger<Detection> _log;
    private readonly Detector[] _detectors;
    private readonly KeyNetworkDetector? _keys;
    private readonly SpikeDetector? _spikes;
    private readonly Dictionary<(string Detector, string Subject), (DateTimeOffset At, long Since)> _told = [];
    private readonly Dictionary<string, (DateTimeOffset From, int Count)> _hours = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _welcome = new(StringComparer.Ordinal);

    public Detection(
        SecurityEvents events, DetectionSettings settings, IStore store, Alerts alerts, DetectorContainment containment, NetworkBlocks blocks, TimeProvider time, ILogger<Detection> log)
        : base(Every, time)
    {
        (_events, _settings, _store, _alerts, _containment, _blocks, _log) = (events, settings, store, alerts, containment, blocks, log);
        Detector[] all = [new StuffingDetector(settings), new ForgeryDetector(settings), new ScanningDetector(settings), new TakingDetector(settings), new InjectionDetector(settings), new ProbingDetector(settings)];
        _detectors = [.. all.Where(detector => settings.Watches(detector.Name))];
        _keys = settings.Watches(DetectorNames.KeyNetwork) ? new(store, settings) : null;
        _spikes = settings.Watches(DetectorNames.Spike) ? new(store, settings) : null;
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await _blocks.ReloadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task StoreAsync(CancellationToken ct)
    {
        try
        {
            if (_store.IsShared)
                await _blocks.ReloadIfDueAsync(ct);
        }
        catch (StoreUnavailableException failure)
        {
            // What was read last goes on to count.
            LogFailed(_log, Failure.Of(failure));
        }
        // No more than could wait at once: who makes events faster than they are looked at must not keep this from ending.
        for (var looked = 0; looked < SecurityEvents.MaxWaiting && _events.TryRead(out var seen); looked++)
        {
            try
            {
                await LookAsync(seen, ct);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                // One event less is no reason to look at none.
                LogFailed(_log, Failure.Of(failure));
            }
        }
    }

    private async Task LookAsync(SecurityEvent seen, CancellationToken ct)
    {
        if (seen.Kind is SecurityEventKind.KeyUsed or SecurityEventKind.OperatorSeen && seen.Network is { } from)
            Remember(from, seen.At);
        if (seen.Kind == SecurityEventKind.OperatorSeen)
            await _containment.SeenAsync(seen, ct);
        foreach (var detector in _detectors)
            if (detector.See(seen) is { } finding)
                await FoundAsync(finding, seen.At, ct);
        if (seen.Kind == SecurityEventKind.KeyUsed && _keys is not null && await _keys.SeeAsync(seen, ct) is { } moved)
            await FoundAsync(moved, seen.At, ct);
        if (seen.Kind == SecurityEventKind.SendingCounted && _spikes is not null && await _spikes.SeeAsync(seen, ct) is { } spike)
            await FoundAsync(spike, seen.At, ct);
    }

    private async Task FoundAsync(Suspicion finding, DateTimeOffset at, CancellationToken ct)
    {
        var contained = await _containment.TryAsync(finding, network => _welcome.TryGetValue(network.Near, out var last) && at - last < Welcome, ct);
        if (contained is not null)
            LogContained(_log, finding.Detector, contained);
        var same = (finding.Detector, finding.Subject);
        if (_told.TryGetValue(same, out var told) && at - told.At < Tell && contained is null)
        {
            _told[same] = (told.At, told.Since + 1);
            return;
        }
        var isNew = !_told.ContainsKey(same);
        if (_told.Count >= MostKept)
            _told.Clear();
        _told[same] = (at, 0);
        var text = contained is null ? finding.Text : $"{finding.Text} Contained: {contained}; take it back with `replymint incident release {contained}`.";
        var sighting = isNew && contained is null && !HasRoom(finding.Detector, at)
            ? new Sighting(finding.Detector, Rest, $"More than {_settings.MostAlerts} others were found within an hour; each is counted here.")
            : new Sighting(finding.Detector, finding.Subject, text, finding.Tenant, contained, told.Since + 1);
        if (await _alerts.SeeAsync(sighting, TimeSpan.FromMinutes(_settings.QuietMinutes), ct))
            LogFound(_log, sighting.Kind, sighting.Subject);
    }

    private bool HasRoom(string detector, DateTimeOffset at)
    {
        var hour = _hours.TryGetValue(detector, out var known) && at - known.From < TimeSpan.FromHours(1) ? known : (From: at, Count: 0);
        _hours[detector] = (hour.From, hour.Count + 1);
        return hour.Count < _settings.MostAlerts;
    }

    private void Remember(NetworkMark from, DateTimeOffset at)
    {
        if (_welcome.Count >= MostKept)
            foreach (var (old, _) in _welcome.Where(one => at - one.Value >= Welcome).ToList())
                _welcome.Remove(old);
        if (_welcome.Count >= MostKept)
            _welcome.Clear();
        _welcome[from.Near] = at;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Detector {Detector} found something about {Subject}")]
    private static partial void LogFound(ILogger log, string detector, string subject);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Detector {Detector} contained {What}")]
    private static partial void LogContained(ILogger log, string detector, string what);

    [LoggerMessage(Level = LogLevel.Error, Message = "A security event could not be looked at: {Failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}
