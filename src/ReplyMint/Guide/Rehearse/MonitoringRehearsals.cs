using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>MON-3: somebody of a throw-away tenant does what a detector has to notice.</summary>
internal static class MonitoringRehearsals
{
    /// <summary>What a member has no right to read.</summary>
    private static readonly string[] Doors = ["audit", "audit/verify", "alerts", "guide", "keys", "webhooks", "tenants", "incidents", "records", "records/due", "legal-holds", "erasures"];

    public static async Task NoticedAsync(RehearsalAct act, CancellationToken ct)
    {
        var (rights, alerts) = (act.Settings.Detection.ProbedRights, act.Get<Alerts>());
        if (rights > Doors.Length)
            throw RehearsalAct.NotChecked(string.Create(CultureInfo.InvariantCulture, $"detection.probedRights is {rights}, and a rehearsal tries {Doors.Length}"));
        var member = await act.SessionAsync(act.Own, Role.Member, factor: true, ct);
        await alerts.ExpectAsync(DetectorNames.Probing, member.User, ct);
        foreach (var door in Doors.Take(rights))
            await act.AskAsync("a member tries", "GET", door, member.Line, [403], ct);
        Alert? raised = null;
        if (!await act.EventuallyAsync(async () => (raised = (await alerts.NewestAsync(100, ct)).FirstOrDefault(alert => alert.Kind == DetectorNames.Probing && alert.Subject == member.User)) is not null, ct))
            // Each process counts for itself, and nobody says which of them we met.
            throw act.Get<IStore>().IsShared ? RehearsalAct.NotChecked("no alert was seen; of several processes each may have met too few of the tries") : RehearsalAct.Fail($"{rights} tries of a member to read what he may not raised no alert");
        act.Saw($"alert {raised!.Kind}");
        await alerts.AcknowledgeAsync(raised.Id, Actor.Machine, null, ct);
    }
}
