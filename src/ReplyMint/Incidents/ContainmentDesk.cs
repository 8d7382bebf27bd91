using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>What is to be isolated.</summary>
/// <param name="Tenant">Of a mailbox: whose it is. Else found by the id.</param>
internal sealed record ContainmentTarget(ContainedKind Kind, string Id, string? Tenant = null)
{
    /// <summary>It ends by itself then; null is never.</summary>
    public TimeSpan? For { get; init; }
}

/// <summary>
/// Isolates, and lets go again (IR-1). It counts at once: each door asks the store, and what is kept of callers is read anew from the
/// commit on. Nothing is deleted, so that all of it can be taken back: sessions, keys and mails wait where they are.
/// </summary>
internal sealed class ContainmentDesk(
    IStore store, Containments containments, Switches switches, IncidentBook book, Tenants tenants, Users users, ApiKeys keys, Mailboxes mailboxes, Channels channels, Standings standings, NetworkBlocks blocks)
{
    // The two ways in that have no record.
    private static readonly string[] FixedChannels = ["smtp", Channel.Mailgun];

    public async Task<ActResult> ContainAsync(ContainmentTarget target, Actor actor, string? incident, CancellationToken ct)
    {
        if (await TenantOfAsync(target, ct) is not { } found)
            return ActResult.NotFound;
        var result = await store.RetryAsync(async (commit, token) =>
        {
            if (!await book.IsOpenAsync(commit, incident, token))
                return ActResult.NoIncident;
            if (!await containments.SetAsync(commit, target.Kind, target.Id, found.Tenant, actor.Id, incident, token, target.For))
                return ActResult.Already;
            await book.RecordAsync(commit, incident, found.Tenant, actor, $"contain.{Security.WireWord.Of(target.Kind)}", target.Id, null, token);
            return ActResult.Done;
        }, ct);
        standings.Changed(target.Id);
        if (target.Kind == ContainedKind.Network)
            await blocks.ReloadAsync(ct);
        return result;
    }

    public async Task<ActResult> ReleaseAsync(ContainedKind kind, string id, Actor actor, string? incident, CancellationToken ct)
    {
        var result = await store.RetryAsync(async (commit, token) =>
        {
            if (!await book.IsOpenAsync(commit, incident, token))
                return ActResult.NoIncident;
            if (await containments.LiftAsync(commit, kind, id, token) is not { } lifted)
                return ActResult.NotFound;
            await book.RecordAsync(commit, incident ?? await StillOpenAsync(commit, lifted.Incident, token), lifted.Tenant, actor, $"release.{Security.WireWord.Of(kind)}", id, null, token);
            return ActResult.Done;
        }, ct);
        standings.Changed(id);
        if (kind == ContainedKind.Network)
            await blocks.ReloadAsync(ct);
        return result;
    }

    /// <summary>The installation's own switch: nothing leaves at all.</summary>
    public Task<ActResult> SendingAsync(bool stop, Actor actor, string? incident, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        if (!await book.IsOpenAsync(commit, incident, token))
            return ActResult.NoIncident;
        if ((await switches.ReadAsync(KeyRing.Installation, null, token)).Stopped == stop)
            return ActResult.Already;
        await switches.SetAsync(commit, KeyRing.Installation, null, stop, "", token);
        await book.RecordAsync(commit, incident, null, actor, stop ? "switch.stop" : "switch.start", KeyRing.Installation, null, token);
        return ActResult.Done;
    }, ct);

    private async ValueTask<string?> StillOpenAsync(Commit commit, string? incident, CancellationToken ct) => await book.IsOpenAsync(commit, incident, ct) ? incident : null;

    /// <summary>Whose it is, or null when it is not there.</summary>
    private async ValueTask<Found?> TenantOfAsync(ContainmentTarget target, CancellationToken ct) => target.Kind switch
    {
        ContainedKind.Tenant => target.Id != KeyRing.Installation && await tenants.FindAsync(target.Id, ct) is { } tenant ? new(tenant.Id) : null,
        ContainedKind.User => await users.FindAsync(target.Id, ct) is not null ? new(null) : null,
        ContainedKind.Key => await keys.TenantOfAsync(target.Id, ct) is { } owner ? new(owner) : null,
        ContainedKind.Mailbox => target.Tenant is { } of && await mailboxes.GetAsync(of, target.Id, ct) is { } mailbox ? new(mailbox.TenantId) : null,
        // Nobody keeps a list of networks: a mark has the form of one.
        ContainedKind.Network => Security.SecurityEvents.IsMark(target.Id) ? new(null) : null,
        _ => FixedChannels.Contains(target.Id) ? new(null) : await channels.FindAsync(target.Id, ct) is { } channel ? new(channel.Owner == Channel.Operator ? null : channel.Owner) : null,
    };

    private sealed record Found(string? Tenant);
}
