using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>
/// Contains what a detector found, where the operator allows it (detection.contain). All of it can be taken back (`replymint incident release`), and
/// nothing of it shuts an operator out: neither his person nor a network that he or another good caller came from.
/// </summary>
internal sealed class DetectorContainment(IStore store, ContainmentDesk desk, Members members, DetectionSettings settings)
{
    private const int MostNetworks = 256;
    private static readonly ItemKey OperatorsKey = ItemKey.Main(KeyRing.Installation, "operator-networks");
    private static readonly TimeSpan Kept = TimeSpan.FromDays(90);
    private static readonly TimeSpan Again = TimeSpan.FromDays(1);

    /// <returns>What was contained, such as "key k123"; null when nothing was.</returns>
    /// <param name="finding">What was found.</param>
    /// <param name="welcome">A good caller came from there lately.</param>
    /// <param name="ct">Calls it off.</param>
    public async Task<string?> TryAsync(Suspicion finding, Func<NetworkMark, bool> welcome, CancellationToken ct)
    {
        if (!settings.MayContain(finding.Detector) || finding.Culprit is not { } culprit || !await MayAsync(culprit, welcome, ct))
            return null;
        ContainmentTarget target = culprit.Kind switch
        {
            CulpritKind.Key => new(ContainedKind.Key, culprit.Id),
            CulpritKind.User => new(ContainedKind.User, culprit.Id),
            CulpritKind.Tenant => new(ContainedKind.Tenant, culprit.Id),
            _ => new(ContainedKind.Network, culprit.Id) { For = TimeSpan.FromMinutes(settings.BlockMinutes) },
        };
        return await desk.ContainAsync(target, Actor.Detector, null, ct) == ActResult.Done ? $"{WireWord.Of(target.Kind)} {target.Id}" : null;
    }

    /// <summary>An operator was at work there.</summary>
    public Task SeenAsync(SecurityEvent seen, CancellationToken ct) => seen.Network is not { } from ? Task.CompletedTask : store.RetryAsync(async (commit, token) =>
    {
        var item = await store.GetAsync(OperatorsKey, token);
        var known = Read(item);
        if (known.Any(one => one.Wide == from.Wide && seen.At - one.At < Again))
            return false;
        var now = new KnownNetworks(1, seen.At, [.. known.Where(one => one.Wide != from.Wide && seen.At - one.At < Kept).TakeLast(MostNetworks - 1), new(from.Wide, from.V6, seen.At)]);
        commit.Put(OperatorsKey, JsonSerializer.SerializeToUtf8Bytes(now, IncidentsJson.Default.KnownNetworks), Condition.Same(item));
        return true;
    }, ct);

    private async ValueTask<bool> MayAsync(Culprit culprit, Func<NetworkMark, bool> welcome, CancellationToken ct) => culprit switch
    {
        { Kind: CulpritKind.User } => await members.FindAsync(KeyRing.Installation, culprit.Id, ct) is null,
        { Kind: CulpritKind.Network, Network: { } network } => !network.Own && !welcome(network) && !Read(await store.GetAsync(OperatorsKey, ct)).Any(one => one.Wide == network.Wide),
        _ => true,
    };

    private static IReadOnlyList<KnownNetwork> Read(Item? item) => item is null ? [] : JsonSerializer.Deserialize(item.Value.Span, IncidentsJson.Default.KnownNetworks)!.Networks;
}
