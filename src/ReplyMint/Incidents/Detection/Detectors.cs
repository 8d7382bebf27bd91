using ReplyMint.Security;

namespace ReplyMint.Incidents;

/// <summary>
/// Many accounts tried in vain from one network, or one account from many. An office behind one address is quiet: who comes in in the end was no
/// guess, and a person who mistypes is one account.
/// </summary>
internal sealed class StuffingDetector(DetectionSettings settings) : Detector
{
    private readonly RecentSets _accounts = new(TimeSpan.FromMinutes(settings.WindowMinutes), settings.StuffedAccounts);
    private readonly RecentSets _networks = new(TimeSpan.FromHours(1), settings.StuffingNetworks);
    private readonly RecentSets _asked = new(TimeSpan.FromMinutes(settings.WindowMinutes), settings.AskedAddresses);

    public override string Name => DetectorNames.Stuffing;

    public override Suspicion? See(in SecurityEvent seen)
    {
        if (seen.Network is not { } from)
            return null;
        switch (seen.Kind)
        {
            case SecurityEventKind.TryFailed when seen.Subject is { } account:
                // Each account is a mark of its own in memory; .NET hashes under a key of this process.
                var everywhere = _networks.Add(account, from.Wide.GetHashCode(StringComparison.Ordinal), seen.At);
                if (_accounts.Add(from.Near, account.GetHashCode(StringComparison.Ordinal), seen.At))
                    return OfNetwork(from, $"From network {from.Near} {settings.StuffedAccounts} accounts were tried in vain within {settings.WindowMinutes} minutes.");
                return everywhere
                    ? new(Name, account, $"Account {account} was tried in vain from {settings.StuffingNetworks} networks within an hour. Each network is slowed; the account stays open to its owner.") : null;
            case SecurityEventKind.SignInAsked when _asked.Add(from.Near, seen.Subject!.GetHashCode(StringComparison.Ordinal), seen.At):
                return OfNetwork(from, $"From network {from.Near} links to come in were asked for, for {settings.AskedAddresses} addresses within {settings.WindowMinutes} minutes, and nobody came in.");
            case SecurityEventKind.TrySucceeded when seen.Subject is { } known:
                _accounts.Remove(from.Near, known.GetHashCode(StringComparison.Ordinal));
                _networks.Remove(known, from.Wide.GetHashCode(StringComparison.Ordinal));
                return null;
            case SecurityEventKind.TrySucceeded:
                _asked.RemoveOne(from.Near);
                return null;
            default:
                return null;
        }
    }

    private Suspicion OfNetwork(NetworkMark from, string text) => new(Name, from.Near, text, Culprit: Culprit.Of(from));
}

/// <summary>Webhooks of one channel that prove nothing. Nothing is contained: whoever forges them could shut the channel to its owner.</summary>
internal sealed class ForgeryDetector(DetectionSettings settings) : Detector
{
    private readonly RecentSets _forged = new(TimeSpan.FromMinutes(settings.WindowMinutes), settings.ForgedWebhooks);
    private long _number;

    public override string Name => DetectorNames.Forgery;

    public override Suspicion? See(in SecurityEvent seen) =>
        seen is { Kind: SecurityEventKind.WebhookForged, Subject: { } channel } && _forged.Add(channel, _number++, seen.At)
            ? new(Name, channel, $"Channel {channel} got {settings.ForgedWebhooks} webhooks within {settings.WindowMinutes} minutes that prove nothing, the last from network {seen.Network?.Near}. They were refused. Either somebody forges them, or the provider signs by another secret.") : null;
}

/// <summary>
/// Many different addresses that were refused to a network that proved nothing. A robot that asks for the same thing again and again, and
/// a program whose key ended, are one target each.
/// </summary>
internal sealed class ScanningDetector(DetectionSettings settings) : Detector
{
    private readonly RecentSets _targets = new(TimeSpan.FromMinutes(settings.WindowMinutes), settings.ScannedTargets);

    public override string Name => DetectorNames.Scanning;

    public override Suspicion? See(in SecurityEvent seen) =>
        seen is { Kind: SecurityEventKind.RequestRefused, Caller: null, Network: { } from } && _targets.Add(from.Near, seen.Number, seen.At)
            ? new(Name, from.Near, $"From network {from.Near} {settings.ScannedTargets} different addresses were asked for within {settings.WindowMinutes} minutes and refused.", Culprit: Culprit.Of(from)) : null;
}

/// <summary>One caller who takes much: exports within a day, or mails within an hour.</summary>
internal sealed class TakingDetector(DetectionSettings settings) : Detector
{
    private readonly RecentSets _exports = new(TimeSpan.FromDays(1), settings.Exports);
    private readonly RecentCounts _mails = new(TimeSpan.FromHours(1), settings.ReadMails);
    private long _number;

    public override string Name => DetectorNames.Taking;

    public override Suspicion? See(in SecurityEvent seen)
    {
        if (seen is { Kind: SecurityEventKind.ExportMade, Subject: { } by } && _exports.Add(by, _number++, seen.At))
            return new(Name, by, $"{by} of tenant {seen.Tenant} asked for {settings.Exports} exports within a day.", seen.Tenant, By(by));
        return seen is { Kind: SecurityEventKind.MailRead, Caller: { } reader } && _mails.Add(reader, seen.Number, seen.At)
            ? new(Name, reader, $"{reader} of tenant {seen.Tenant} read {settings.ReadMails} mails within an hour.", seen.Tenant, Culprit.Of(seen)) : null;
    }

    /// <summary>A command on the machine is nobody who could be contained.</summary>
    private static Culprit? By(string actor) => actor.Contains('@', StringComparison.Ordinal) ? null : new(actor[0] == 'k' ? CulpritKind.Key : CulpritKind.User, actor);
}

/// <summary>Mails that speak to the machine, by correspondent and by tenant. Correspondents are strangers, so nothing is contained.</summary>
internal sealed class InjectionDetector(DetectionSettings settings) : Detector
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private readonly RecentSets _ofOne = new(Day, settings.InjectionsOfOne);
    private readonly RecentSets _ofTenant = new(Day, settings.InjectionsOfTenant);
    private long _number;

    public override string Name => DetectorNames.Injection;

    public override Suspicion? See(in SecurityEvent seen)
    {
        if (seen is not { Kind: SecurityEventKind.InjectionFound, Tenant: { } tenant, Subject: { } person })
            return null;
        var number = _number++;
        var ofTenant = _ofTenant.Add(tenant, number, seen.At);
        if (_ofOne.Add($"{tenant}/{person}", number, seen.At))
            return new(Name, person, $"Correspondent {person} of tenant {tenant} wrote {settings.InjectionsOfOne} mails within a day that give orders to the machine. What they may bring about is bounded; look at the drafts.", tenant);
        return ofTenant ? new(Name, tenant, $"Tenant {tenant} got {settings.InjectionsOfTenant} mails within a day that give orders to the machine.", tenant) : null;
    }
}

/// <summary>
/// A caller who tries what he has no right to, in many ways, or asks for many things that are not there: another tenant's id answers the same.
/// A program that lacks one right, and asks again and again, is one way.
/// </summary>
internal sealed class ProbingDetector(DetectionSettings settings) : Detector
{
    private readonly RecentSets _rights = new(TimeSpan.FromMinutes(settings.WindowMinutes), settings.ProbedRights);
    private readonly RecentSets _ids = new(TimeSpan.FromMinutes(settings.WindowMinutes), settings.ProbedIds);

    public override string Name => DetectorNames.Probing;

    public override Suspicion? See(in SecurityEvent seen)
    {
        if (seen.Caller is not { } caller)
            return null;
        if (seen.Kind == SecurityEventKind.PrivilegeRefused && _rights.Add(caller, seen.Number, seen.At))
            return new(Name, caller, $"{caller} of tenant {seen.Tenant} tried {settings.ProbedRights} different calls within {settings.WindowMinutes} minutes that he has no right to.", seen.Tenant, Culprit.Of(seen));
        return seen.Kind == SecurityEventKind.RequestRefused && _ids.Add(caller, seen.Number, seen.At)
            ? new(Name, caller, $"{caller} of tenant {seen.Tenant} asked for {settings.ProbedIds} different things within {settings.WindowMinutes} minutes that are not there, or not his.", seen.Tenant, Culprit.Of(seen)) : null;
    }
}
