namespace ReplyMint.Incidents;

/// <summary>What counts as suspicious, and what may be done about it without a person.</summary>
internal sealed record DetectionSettings
{
    /// <summary>False notices nothing at all.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Detectors that are switched off, by name.</summary>
    public IReadOnlyList<string> Off { get; init; } = [];

    /// <summary>Detectors that may contain what they found (a key, a user, a tenant, a network), by name. All of it can be taken back.</summary>
    public IReadOnlyList<string> Contain { get; init; } = [];

    /// <summary>Within so many minutes the counts below are reached, where nothing else is said.</summary>
    public int WindowMinutes { get; init; } = 10;

    /// <summary>So many accounts tried in vain from one network.</summary>
    public int StuffedAccounts { get; init; } = 10;

    /// <summary>One account tried in vain from so many networks, within an hour.</summary>
    public int StuffingNetworks { get; init; } = 10;

    /// <summary>Links asked for from one network for so many addresses, of which nobody came in.</summary>
    public int AskedAddresses { get; init; } = 50;

    /// <summary>So many webhooks of one channel that proved nothing.</summary>
    public int ForgedWebhooks { get; init; } = 5;

    /// <summary>So many different addresses that were refused to one network that proved nothing.</summary>
    public int ScannedTargets { get; init; } = 30;

    /// <summary>So many different calls that one caller has no right to.</summary>
    public int ProbedRights { get; init; } = 5;

    /// <summary>So many different things that one caller asked for and that are not there, or are somebody else's.</summary>
    public int ProbedIds { get; init; } = 50;

    /// <summary>So many exports by one caller within a day.</summary>
    public int Exports { get; init; } = 5;

    /// <summary>So many mails that one caller read within an hour.</summary>
    public int ReadMails { get; init; } = 1_000;

    /// <summary>So many mails of one correspondent within a day that speak to the machine.</summary>
    public int InjectionsOfOne { get; init; } = 3;

    /// <summary>The same of all correspondents of a tenant.</summary>
    public int InjectionsOfTenant { get; init; } = 20;

    /// <summary>Answers within an hour below which nothing is a spike.</summary>
    public int SpikeLeast { get; init; } = 60;

    /// <summary>So many times what the tenant sends in an hour of its busiest day of the last two weeks.</summary>
    public int SpikeTimes { get; init; } = 5;

    /// <summary>So many days the networks of a key are learnt without a word; 0 learns the first one only.</summary>
    public int KeyLearnDays { get; init; } = 3;

    /// <summary>A key that is used from more networks than this moves about, and no further one is told of.</summary>
    public int KeyNetworks { get; init; } = 16;

    /// <summary>What was acknowledged is told again when it comes back after so many minutes.</summary>
    public int QuietMinutes { get; init; } = 60;

    /// <summary>New alerts of one detector within an hour; the rest become one.</summary>
    public int MostAlerts { get; init; } = 10;

    /// <summary>How long a network is shut out, in minutes.</summary>
    public int BlockMinutes { get; init; } = 60;

    public bool Watches(string detector) => Enabled && !Off.Contains(detector, StringComparer.Ordinal);

    public bool MayContain(string detector) => Contain.Contains(detector, StringComparer.Ordinal);

    public IEnumerable<string> Problems()
    {
        foreach (var name in Off.Where(name => !DetectorNames.All.Contains(name, StringComparer.Ordinal)))
            yield return $"detection.off: \"{name}\" is no detector. There are {string.Join(", ", DetectorNames.All)}.";
        foreach (var name in Contain.Where(name => !DetectorNames.Containing.Contains(name, StringComparer.Ordinal)))
            yield return $"detection.contain: \"{name}\" is no detector that can contain something. There are {string.Join(", ", DetectorNames.Containing)}.";
        (string Member, int Value, int Least, int Most)[] numbers =
        [
            ("windowMinutes", WindowMinutes, 1, 1_440), ("stuffedAccounts", StuffedAccounts, 2, 100_000), ("stuffingNetworks", StuffingNetworks, 2, 100_000), ("askedAddresses", AskedAddresses, 2, 100_000),
            ("forgedWebhooks", ForgedWebhooks, 1, 100_000), ("scannedTargets", ScannedTargets, 2, 100_000), ("probedRights", ProbedRights, 1, 1_000), ("probedIds", ProbedIds, 2, 100_000),
            ("exports", Exports, 1, 10_000), ("readMails", ReadMails, 1, 10_000_000), ("injectionsOfOne", InjectionsOfOne, 1, 10_000), ("injectionsOfTenant", InjectionsOfTenant, 1, 100_000),
            ("spikeLeast", SpikeLeast, 1, 10_000_000), ("spikeTimes", SpikeTimes, 2, 1_000), ("keyLearnDays", KeyLearnDays, 0, 90), ("keyNetworks", KeyNetworks, 1, 64),
            ("quietMinutes", QuietMinutes, 1, 10_080), ("mostAlerts", MostAlerts, 1, 1_000), ("blockMinutes", BlockMinutes, 1, 10_080),
        ];
        foreach (var (member, value, least, most) in numbers)
            if (value < least || value > most)
                yield return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"detection.{member} is {value}; allowed are whole numbers from {least} to {most}.");
    }
}

/// <summary>The detectors by name; the name is also the kind of their alerts.</summary>
internal static class DetectorNames
{
    public const string Stuffing = "credential-stuffing";
    public const string KeyNetwork = "key-new-network";
    public const string Forgery = "webhook-forgery";
    public const string Scanning = "scanning";
    public const string Taking = "mass-export";
    public const string Injection = "injection-attempts";
    public const string Probing = "privilege-probing";
    public const string Spike = "sending-spike";

    public static IReadOnlyList<string> All { get; } = [Stuffing, KeyNetwork, Forgery, Scanning, Taking, Injection, Probing, Spike];

    /// <summary>Not those whose subject is a stranger's word: a channel that is forged, or a correspondent.</summary>
    public static IReadOnlyList<string> Containing { get; } = [Stuffing, KeyNetwork, Scanning, Taking, Probing, Spike];
}
