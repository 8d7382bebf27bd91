using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>IR-1 to IR-4 on a throw-away tenant. What concerns all of the installation the drill rehearses beside it.</summary>
internal static class IncidentRehearsals
{
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(2);

    /// <summary>IR-1.</summary>
    public static async Task ContainAsync(RehearsalAct act, CancellationToken ct)
    {
        var member = await act.SessionAsync(act.Own, Role.Member, factor: true, ct);
        var (key, line) = await act.KeyAsync(act.Own, [Permission.Me, Permission.MessagesRead, Permission.MessagesWrite], ct);
        var mailgun = await act.MailgunAsync(ct);
        async Task<int> PostAsync(string guest) => (await act.PostMailgunAsync(mailgun, RehearsalAct.Raw(guest, act.Own.Mailbox.Address, "When are you open?"), act.Own.Mailbox.Address, guest, ct)).Status;

        await using (await ContainedAsync(act, new(ContainedKind.Tenant, act.Own.Id), ct))
        {
            await act.AskAsync("a tenant is isolated, and reads", "GET", "messages", line, [200], ct);
            var write = await act.AskAsync("and changes nothing", "POST", "messages", line, [403], ct, new() { ["from"] = act.NewGuest(), ["to"] = act.Own.Mailbox.Address, ["subject"] = "x", ["text"] = "x" });
            act.Holds(RehearsalAct.Text(write, "type") == Problem.Contained.Type, "for this reason", "a write of an isolated tenant is refused for another reason");
            var (before, status) = (await act.CountAsync(ct), await PostAsync(act.NewGuest()));
            act.Holds(status == 200 && await act.CountAsync(ct) == before + 1, "its mail is taken", $"mail to an isolated tenant: {status}");
        }
        foreach (var (target, said, who) in new[] { (new ContainmentTarget(ContainedKind.User, member.User), "a person", member.Line), (new(ContainedKind.Key, key), "a key", line) })
        {
            await using (await ContainedAsync(act, target, ct))
                await act.BecomesAsync(async () => (await act.SendAsync("GET", "me", [who], "", "", ct)).Status == 401, $"{said} is isolated: GET /api/v1/me -> 401", $"{said} that is isolated is let in", ct);
            await act.BecomesAsync(async () => (await act.SendAsync("GET", "me", [who], "", "", ct)).Status == 200, "let go: 200", $"{said} stays out that was let go", ct);
        }
        string waiting;
        await using (await ContainedAsync(act, new(ContainedKind.Mailbox, act.Own.Mailbox.Id, act.Own.Id), ct))
        {
            waiting = await act.MailAsync(line, act.NewGuest(), ct);
            act.Holds(!await RehearsalAct.EventuallyAsync(() => act.HasLeftAsync(waiting, ct), TimeSpan.FromMilliseconds(500), ct), "mail to an isolated mailbox waits", "an isolated mailbox answers");
        }
        await act.BecomesAsync(() => act.HasLeftAsync(waiting, ct), "let go: answered", "what waited is not answered after a mailbox was let go", ct);
        await using (await ContainedAsync(act, new(ContainedKind.Channel, mailgun.Id), ct))
        {
            var (before, status) = (await act.CountAsync(ct), await PostAsync(act.NewGuest()));
            act.Holds(status >= 400 && await act.CountAsync(ct) == before, $"an isolated channel takes nothing: {status}", $"an isolated channel takes mail: {status}");
        }
        act.Holds(await PostAsync(act.NewGuest()) == 200, "let go: 200", "a channel that was let go takes nothing");
        act.Saw(await DrillAsync(act, ct));
    }

    /// <summary>IR-2.</summary>
    public static async Task RevokeAsync(RehearsalAct act, CancellationToken ct)
    {
        var (member, auditor) = (await act.SessionAsync(act.Own, Role.Member, factor: true, ct), await act.SessionAsync(act.Own, Role.Auditor, factor: true, ct));
        var (_, line) = await act.KeyAsync(act.Own, [Permission.Me], ct);
        var (_, others) = await act.KeyAsync(act.Other, [Permission.Me], ct);
        var link = await act.Get<SignInDesk>().MakeAsync(await act.PersonAsync(act.Own, Role.Member, ct), act.Own.Id, Actor.Machine, ct);
        await EndsAsync(act, new(RevokedThing.Sessions, User: member.User), "a person's sessions", member.Line, ct);
        await act.AskAsync("another person's goes on", "GET", "me", auditor.Line, [200], ct);
        await EndsAsync(act, new(RevokedThing.Keys, Tenant: act.Own.Id), "a tenant's keys", line, ct);
        await act.AskAsync("another tenant's goes on", "GET", "me", others, [200], ct);
        await EndsAsync(act, new(RevokedThing.Sessions, Tenant: act.Own.Id), "a tenant's sessions", auditor.Line, ct);
        await act.Get<RevocationDesk>().StartAsync(new(RevokedThing.Links, User: member.User), Actor.Machine, null, now: true, ct);
        act.Holds(link is { } made && await act.SignInAsync(made, member.User, ct) is null, "a person's links end: nobody is let in", "a link lets somebody in that was revoked");
        act.Saw(await DrillAsync(act, ct));
    }

    /// <summary>IR-3.</summary>
    public static async Task WatchAsync(RehearsalAct act, CancellationToken ct)
    {
        var (key, line) = await act.KeyAsync(act.Own, [Permission.Me], ct);
        var (result, watch) = await act.Get<WatchDesk>().StartAsync(WatchedKind.Key, key, null, Watched, Actor.Machine, null, ct);
        if (watch is null)
            throw RehearsalAct.Fail($"a key can't be watched: {result}");
        await act.AskAsync("a key is watched, and asks", "GET", "me", line, [200], ct);
        async Task<bool> NotedAsync()
        {
            await foreach (var seen in act.Get<Watches>().EventsAsync(watch.Id, ct))
                if (seen.Caller == key && seen is { Route: RouteGroups.ApiRoot + "/me", Status: 200 })
                    return true;
            return false;
        }
        await act.BecomesAsync(NotedAsync, "its request is noted", "a watched key's request is not noted", ct);
        await act.BecomesAsync(async () => (await act.Get<Watches>().ActiveAsync(ct)).All(one => one.Id != watch.Id), "the watch ends by itself", "a watch goes on beyond its end", ct);
    }

    /// <summary>IR-4.</summary>
    public static async Task EvidenceAsync(RehearsalAct act, CancellationToken ct)
    {
        var (key, line) = await act.KeyAsync(act.Own, [Permission.Me, Permission.MessagesWrite], ct);
        var member = await act.SessionAsync(act.Own, Role.Member, factor: true, ct);
        var guest = act.NewGuest();
        await act.AnswerAsync(await act.MailAsync(line, guest, ct), ct);
        var scope = new EvidenceScope("rehearsal", act.Own.Id, act.Get<TimeProvider>().GetUtcNow().AddHours(-1));
        var (hashes, all) = (new EvidenceHashes(), new StringBuilder());
        await foreach (var one in act.Get<EvidenceDesk>().GatherAsync(scope, ct))
        {
            hashes.Add(one.File, one.Json);
            all.Append(Encoding.UTF8.GetString(one.Json)).Append('\n');
        }
        var (text, files) = (all.ToString(), hashes.Files().Select(file => file.Name).ToList());
        foreach (var (id, what) in new[] { (key, "a key"), (member.Id, "a session"), (act.Own.Id, "the tenant") })
            act.Holds(text.Contains(id, StringComparison.Ordinal), $"{what} is in it", $"{what} is not in the evidence");
        foreach (var file in (string[])["audit.jsonl", "keys.jsonl", "sessions.jsonl", "outbox.jsonl"])
            act.Holds(files.Contains(file), file, $"the evidence has no {file}");
        act.Holds(!text.Contains(guest, StringComparison.OrdinalIgnoreCase), "nobody's address is", "evidence holds the address of somebody who wrote");
        var signed = await act.Get<EvidenceDesk>().SignAsync(scope, Actor.Machine, hashes, ct);
        act.Holds(signed.Count(letter => letter == '.') == 2, $"{files.Count} files, hashed and signed", "the evidence is not signed");
    }

    /// <summary>What concerns all of the installation is never rehearsed in it: what the last drill said.</summary>
    private static async Task<string> DrillAsync(RehearsalAct act, CancellationToken ct) =>
        (await act.Get<Records>().PageAsync(200, null, ct)).Records.FirstOrDefault(record => record.Item.Kind == RecordKinds.Drill) is { } last
            ? $"all of the installation: drilled beside it on {last.Item.At.UtcDateTime.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)} ({last.Note})"
            : "all of the installation: not checked, since nobody has drilled it yet (replymint incident drill)";

    private static async Task EndsAsync(RehearsalAct act, RevocationWish wish, string what, string who, CancellationToken ct)
    {
        await act.AskAsync($"{what} work", "GET", "me", who, [200], ct);
        if (await act.Get<RevocationDesk>().StartAsync(wish, Actor.Machine, null, now: true, ct) is null)
            throw RehearsalAct.Fail($"{what} can't be ended: too many revocations are at work");
        await act.BecomesAsync(async () => (await act.SendAsync("GET", "me", [who], "", "", ct)).Status == 401, $"{what} end: GET /api/v1/me -> 401", $"{what} work after they were ended", ct);
    }

    private static async Task<Release> ContainedAsync(RehearsalAct act, ContainmentTarget target, CancellationToken ct) =>
        await act.Get<ContainmentDesk>().ContainAsync(target, Actor.Machine, null, ct) is ActResult.Done ? new(act.Get<ContainmentDesk>(), target) : throw RehearsalAct.Fail($"a {target.Kind.ToString().ToLowerInvariant()} can't be isolated");

    /// <summary>Lets go, whatever was seen meanwhile.</summary>
    private sealed class Release(ContainmentDesk desk, ContainmentTarget target) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await desk.ReleaseAsync(target.Kind, target.Id, Actor.Machine, null, CancellationToken.None);
    }
}
