using ReplyMint.Incidents;

namespace ReplyMint.Guide;

/// <summary>MON-3: is suspicious activity recognised, and does somebody hear of it.</summary>
internal static class DetectionConfig
{
    // Beyond that a detector is as good as off.
    private const int Loose = 20;

    public static Outcome Detectors(StoreLook look)
    {
        var detection = look.Settings.Detection;
        if (!detection.Enabled)
            return Outcome.Fail("detection.enabled is false: nothing is noticed");
        if (detection.Off.Count > 0)
            return Outcome.Fail($"detection.off switches off {string.Join(", ", detection.Off)}");
        var loose = Thresholds(detection).Zip(Thresholds(new()), (now, usual) => (now.Name, Now: now.Value, Usual: usual.Value)).Where(one => one.Now > (long)one.Usual * Loose).ToList();
        if (loose.Count > 0)
            return Outcome.Warn($"so much that hardly anybody is found: {string.Join(", ", loose.Select(one => $"detection.{one.Name} {one.Now} (usually {one.Usual})"))}");
        var told = CareConfig.SomebodyIsTold(look);
        return told.Verdict == Verdict.Fail ? Outcome.Fail(told.Evidence)
            : Outcome.Pass($"{DetectorNames.All.Count} detectors; {(detection.Contain.Count == 0 ? "none contains by itself" : "contained by themselves: " + string.Join(", ", detection.Contain))}; {told.Evidence}");
    }

    private static (string Name, int Value)[] Thresholds(DetectionSettings of) =>
    [
        ("stuffedAccounts", of.StuffedAccounts), ("stuffingNetworks", of.StuffingNetworks), ("askedAddresses", of.AskedAddresses), ("forgedWebhooks", of.ForgedWebhooks), ("scannedTargets", of.ScannedTargets),
        ("probedRights", of.ProbedRights), ("probedIds", of.ProbedIds), ("exports", of.Exports), ("readMails", of.ReadMails), ("injectionsOfOne", of.InjectionsOfOne), ("injectionsOfTenant", of.InjectionsOfTenant),
        ("spikeLeast", of.SpikeLeast), ("spikeTimes", of.SpikeTimes), ("keyLearnDays", of.KeyLearnDays),
    ];
}
