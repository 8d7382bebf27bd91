using System.Globalization;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>What readers of a chain are compared with.</summary>
/// <param name="Ours">The newest root of this store that was followed; null while there is none.</param>
/// <param name="Theirs">The newest one that a place off the machine has, too.</param>
/// <param name="Leaf">What the newest root says of the chain.</param>
/// <param name="Says">That root, in words.</param>
/// <param name="Silent">What is to be said of places that could not be read; null: each could.</param>
/// <param name="Strange">Places that hold none of this store's roots: new ones, or not those that were meant.</param>
/// <param name="Holding">Places that hold one. A place that could not be asked, and has shown none, is in neither list.</param>
internal sealed record WatchedRoots(
    RootStatement? Ours, RootStatement? Theirs, RootLeaf? Leaf, string Says, string? Silent, IReadOnlyList<int> Strange, IReadOnlyList<int> Holding, IReadOnlyList<AuditFinding> Findings);

/// <summary>
/// Follows the signed roots as they come, so that nobody who reads over HTTP has to read them all: from the newest root that lists all
/// chains on, each new one once. Where a root names a later head of a chain, the head before it must still be what it was. Each place off
/// the machine is asked for the newest root, and at first for older ones at growing distances: each is bound to all before it. Places have
/// numbers here, since tenants read what is found. "replymint audit verify" looks at everything.
/// </summary>
internal sealed class RootWatch(IStore store, AuditRoots roots, AttestationKeys keys, Anchors anchors, Alerts alerts) : IDisposable
{
    private readonly SemaphoreSlim _following = new(1, 1);
    private readonly SemaphoreSlim _looking = new(1, 1);
    private readonly List<AuditFinding> _findings = [];
    private RootTrail? _trail;
    private volatile IReadOnlyDictionary<int, PlaceLook> _places = new Dictionary<int, PlaceLook>();

    /// <param name="Has">The newest of our roots that it has, too.</param>
    /// <param name="Problem">Why it could not be read.</param>
    private sealed record PlaceLook(RootStatement? Has, string? Problem);

    public void Dispose()
    {
        _following.Dispose();
        _looking.Dispose();
    }

    /// <summary>Looks, and tells the operator when something is wrong.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            await LookAsync(ct);
        }
        finally
        {
            // Also when it came no further than to this.
            await TellAsync(ct);
        }
    }

    private async Task TellAsync(CancellationToken ct)
    {
        bool found;
        lock (_findings)
            found = _findings.Count > 0;
        if (found)
            await alerts.RaiseAsync("audit-altered", KeyRing.Installation, "The audit log is not what was signed, or its roots are not those that lie off the machine. See: replymint audit verify", ct);
    }

    /// <summary>Follows what came since the last time, and looks at the places that may have got something.</summary>
    public async Task LookAsync(CancellationToken ct)
    {
        await _looking.WaitAsync(ct);
        try
        {
            if (await FollowAsync(ct) is { } newest)
            {
                var places = new Dictionary<int, PlaceLook>();
                foreach (var place in anchors.ReadablePlaces)
                    places[place] = _places.GetValueOrDefault(place) is { Problem: null, Has.Number: var has } known && has == newest.Number ? known : await LookAsync(place, newest.Number, ct);
                _places = places;
            }
        }
        finally
        {
            _looking.Release();
        }
    }

    /// <summary>What a chain is compared with now. Asks no place.</summary>
    public async Task<WatchedRoots> SeenAsync(string chain, CancellationToken ct)
    {
        var newest = await FollowAsync(ct);
        await _following.WaitAsync(ct);
        try
        {
            var places = _places;
            var silent = anchors.ReadablePlaces.Select(place => places.GetValueOrDefault(place) is not { } look ? $"{NameOf(place)} was not looked at yet" : look.Problem is null ? null : $"{NameOf(place)} {look.Problem}").OfType<string>().ToList();
            lock (_findings)
                return new(newest, places.Values.Select(look => look.Has).OfType<RootStatement>().MaxBy(root => root.Number), _trail!.Leaf(chain), newest is null ? "" : AuditComparison.SaysOf(_trail),
                    silent.Count > 0 ? string.Join("; ", silent) : null, [.. anchors.ReadablePlaces.Where(place => places.GetValueOrDefault(place) is null or { Has: null, Problem: null })],
                    [.. anchors.ReadablePlaces.Where(place => places.GetValueOrDefault(place) is { Has: not null })], [.. _findings.Where(finding => finding.Chain is null || finding.Chain == chain)]);
        }
        finally
        {
            _following.Release();
        }
    }

    /// <summary>Our newest root, once each up to it was followed.</summary>
    public async Task<RootStatement?> FollowAsync(CancellationToken ct)
    {
        await _following.WaitAsync(ct);
        try
        {
            var set = await keys.PublicAsync(ct);
            var run = new AuditComparison(store, roots.Store, set, null);
            var trail = _trail ??= new(roots.Store, AuditRoots.Here, fromFirst: false, Report);
            var known = trail.Last;
            // One that is not believed has no hash: it was told of, and may go.
            if (known is not null && trail.Hashes.TryGetValue(known.Number, out var hash))
                await HoldAsync(run, known.Number, hash, ct);
            await foreach (var document in roots.StoredAsync(known?.Number ?? await roots.NewestFullAsync(ct) - 1, ct))
            {
                var before = trail.Last is null ? "" : AuditComparison.SaysOf(trail);
                trail.Next(document, set);
                // What was signed before this process began was compared then.
                if (known is not null)
                    await run.CheckAsync(trail.Replaced, before, ct);
            }
            foreach (var finding in run.Findings)
                Report(finding);
            return trail.Last;
        }
        finally
        {
            _following.Release();
        }
    }

    /// <summary>The root that was followed last is still there.</summary>
    private async Task HoldAsync(AuditComparison run, long number, string hash, CancellationToken ct)
    {
        if (await run.ReadAsync(RootNames.RootKey(number), ct) is not { } item)
            Report(new(AuditFault.RootMissing, null, number, "it was there, and is not any more"));
        else if (AuditRoots.StatementOf(item)?.Jws is not { } jws || RootStatement.HashOf(jws) != hash)
            Report(new(AuditFault.RootAltered, null, number, "it is another one than before"));
    }

    /// <summary>Compares the roots that a place has with ours, from the newest one back.</summary>
    private async Task<PlaceLook> LookAsync(int place, long newest, CancellationToken ct)
    {
        var run = new AuditComparison(store, roots.Store, await keys.PublicAsync(ct), null);
        var first = _places.GetValueOrDefault(place) is not { Problem: null };
        RootStatement? has = null;
        try
        {
            for (var back = 0L; back < newest && (first || has is null); back = back == 0 ? 1 : back * 2)
            {
                var same = await CompareAsync(run, place, newest - back, ct);
                has ??= same;
            }
            // Had it one more than we, ours was taken away.
            await CompareAsync(run, place, newest + 1, ct);
            return new(has, null);
        }
        catch (IOException)
        {
            return new(has, "could not be read");
        }
    }

    /// <summary>Our root, where the place has the same; null where it has none, or another one.</summary>
    private async Task<RootStatement?> CompareAsync(AuditComparison run, int place, long number, CancellationToken ct)
    {
        if (await anchors.ReadOneAsync(place, string.Create(CultureInfo.InvariantCulture, $"{RootNames.Folder}{RootNames.Root(number)}.json"), ct) is not { } theirs)
            return null;
        if (await run.ReadAsync(RootNames.RootKey(number), ct) is not { } ours)
            Report(new(AuditFault.RootMissing, null, number, $"it lies in {NameOf(place)}, and this store has none of this number"));
        else if (!ours.Value.Span.SequenceEqual(theirs))
            Report(new(AuditFault.RootAltered, null, number, $"this store's root is another one than that in {NameOf(place)}"));
        else
            return AuditRoots.StatementOf(ours)?.Statement;
        return null;
    }

    private void Report(AuditFinding finding)
    {
        lock (_findings)
            if (_findings.Count < AuditVerifier.MostFindings && !_findings.Contains(finding))
                _findings.Add(finding);
    }

    private static string NameOf(int place) => string.Create(CultureInfo.InvariantCulture, $"place {place}");
}
