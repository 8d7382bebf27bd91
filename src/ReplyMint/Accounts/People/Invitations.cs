using System.Globalization;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Somebody is asked to join a tenant; sealed with the tenant's key. One for each address: a new one replaces the old.</summary>
internal sealed record Invitation
{
    public int V { get; init; } = 1;
    /// <summary>The tenant's keyed hash of the address.</summary>
    public required string Id { get; init; }
    public required string Address { get; init; }
    public required Role Role { get; init; }
    public IReadOnlyList<string>? Mailboxes { get; init; }
    /// <summary>Who gives the role: a user's id, or the machine.</summary>
    public required string By { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public string? Language { get; init; }
    /// <summary>Keyed hash of the token that was mailed last; null until a mail was written.</summary>
    public string? Token { get; init; }
    /// <summary>What its link begins with, when one of our own pages invited; null is the front end's.</summary>
    public string? Page { get; init; }
}

internal enum InvitationResult { Invited, AlreadyMember, NoSuchMailbox, TooMany, TenantFull }

internal enum AcceptedInvitation { Accepted, NotValid, TenantFull }

/// <summary>
/// Invitations by mail. Accepting one makes a member of the address and no more: a session comes only of a link that this
/// address gets then, bound to the browser that accepted. So an invitation that was forwarded lets nobody else in.
/// </summary>
internal sealed class Invitations(
    IStore store, KeyRing keys, Tenants tenants, Mailboxes mailboxes, Users users, Members members, SignInDesk desk, PersonMailRate rate, HouseMail house, JobQueue jobs, AuditLog audit, AccountsSettings settings, Revocations revocations, Containments contained, TimeProvider time)
{
    public const string JobKind = "invitation";
    private const string Prefix = "invitation/";
    public static readonly TimeSpan Life = TimeSpan.FromDays(7);

    /// <param name="address">Normalised.</param>
    /// <param name="page">What the link begins with; null is the front end's.</param>
    public async Task<(InvitationResult Result, Invitation? Invitation)> InviteAsync(string tenant, string address, Role role, IReadOnlyList<string>? boxes, string? language, Actor actor, CancellationToken ct, string? page = null)
    {
        foreach (var box in boxes ?? [])
            if (await mailboxes.GetAsync(tenant, box, ct) is null)
                return (InvitationResult.NoSuchMailbox, null);
        var own = await keys.RequireAsync(tenant, ct);
        Job? job = null;
        var result = await store.RetryAsync<(InvitationResult, Invitation?)>(async (commit, token) =>
        {
            job = null;
            if (await users.FindByAddressAsync(address, token) is { } user && await members.FindAsync(tenant, user.Id, token) is not null)
                return (InvitationResult.AlreadyMember, null);
            if (await members.IsFullAsync(tenant, token))
                return (InvitationResult.TenantFull, null);
            // Each one is a mail to somebody who may never have heard of us.
            var most = await tenants.FindAsync(tenant, token) is { SelfMade: true } ? settings.InvitationsPerDaySelfMade : settings.InvitationsPerDay;
            var day = ItemKey.Main(tenant, string.Create(CultureInfo.InvariantCulture, $"rate/invitation/{time.GetUtcNow():yyyyMMdd}"));
            if ((await store.GetAsync(day, token))?.Count >= most)
                return (InvitationResult.TooMany, null);
            commit.Add(day, 1, most, time.GetUtcNow().AddDays(2));
            (var invitation, job) = await AddAsync(commit, own, address, role, boxes, language, page, actor, token);
            return (InvitationResult.Invited, invitation);
        }, ct);
        if (job is not null)
            jobs.Wake(job);
        return result;
    }

    /// <summary>A new tenant together with the invitation of its administrator: nobody could get into it without one.</summary>
    /// <param name="admin">Normalised.</param>
    public async Task<Tenant> AddTenantAsync(string name, string admin, string? language, Actor actor, CancellationToken ct, string? page = null)
    {
        var (made, job) = await store.RetryAsync(async (commit, token) =>
        {
            var (tenant, own) = await tenants.AddAsync(commit, name, actor, token);
            return (tenant, (await AddAsync(commit, own, admin, Role.Admin, null, language, page, actor, token)).Job);
        }, ct);
        jobs.Wake(job);
        return made;
    }

    private async Task<(Invitation Invitation, Job Job)> AddAsync(Commit commit, TenantKeys own, string address, Role role, IReadOnlyList<string>? boxes, string? language, string? page, Actor actor, CancellationToken ct)
    {
        await revocations.HoldAsync(commit, ct);
        var id = own.Hash("invitation", address);
        var before = await store.GetAsync(KeyOf(own.Tenant, id), ct);
        if (before is not null && Open(own, before).Token is { } old)
            commit.Delete(TokenKey(old));
        var invitation = new Invitation { Id = id, Address = address, Role = role, Mailboxes = boxes, By = actor.Id, CreatedAt = time.GetUtcNow(), Language = language, Page = page };
        Write(commit, own, invitation, before);
        await audit.AppendAsync(commit, own.Tenant, new AuditEntry(actor, "invitation.add", id, new Dictionary<string, string> { ["role"] = role.ToString(), ["mailboxes"] = boxes is null ? "all" : string.Join(",", boxes) }), ct);
        return (invitation, jobs.Add(commit, own.Tenant, JobKind, id));
    }

    public async ValueTask<Invitation?> FindAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? Open(await keys.RequireAsync(tenant, ct), item) : null;

    /// <param name="after">The last page's next.</param>
    public async Task<(IReadOnlyList<Invitation> Invitations, string? Next)> PageAsync(string tenant, int limit, string? after, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var page = await store.PickAsync(tenant, Prefix, descending: false, limit, after, null, ct);
        return ([.. page.Items.Select(item => Open(own, item))], page.Next);
    }

    /// <summary>False when there is none.</summary>
    public Task<bool> RemoveAsync(string tenant, string id, Actor actor, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            if (!await WithdrawIdAsync(commit, tenant, id, token))
                return false;
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "invitation.remove", id), token);
            return true;
        }, ct);

    /// <summary>Adds to a commit that an address is not invited any more.</summary>
    public async Task WithdrawAsync(Commit commit, string tenant, string address, CancellationToken ct) =>
        await WithdrawIdAsync(commit, tenant, (await keys.RequireAsync(tenant, ct)).Hash("invitation", address), ct);

    /// <summary>Mails the link. Its token is made here and stands nowhere but in the mail.</summary>
    public async Task<JobOutcome> MailAsync(Job job, CancellationToken ct)
    {
        Job? mail = null;
        var wait = await store.RetryAsync<TimeSpan?>(async (commit, token) =>
        {
            mail = null;
            if (!await job.StandsAsync(store, token))
                return null;
            if (!settings.CanMail || await store.GetAsync(KeyOf(job.Tenant, job.Target), token) is not { } item || await tenants.FindAsync(job.Tenant, token) is not { } tenant)
            {
                job.Complete(commit);
                return null;
            }
            var (own, installation) = (await keys.RequireAsync(job.Tenant, token), await keys.RequireAsync(KeyRing.Installation, token));
            var invitation = Open(own, item);
            if (await rate.TakeAsync(commit, installation, invitation.Address, null, token) is { } later)
                return later;
            job.Complete(commit);
            var secret = SignInLinks.NewToken();
            var hash = installation.Hash("invitation-token", secret);
            if (invitation.Token is { } old)
                commit.Delete(TokenKey(old));
            Write(commit, own, invitation with { Token = hash }, item);
            commit.Put(TokenKey(hash), JsonSerializer.SerializeToUtf8Bytes(new OwnerRecord(1, job.Tenant, invitation.Id), AccountsJson.Default.OwnerRecord), Condition.Absent, expires: item.Expires);
            var (subject, text) = SignInLetters.Invitation(invitation.Language, (invitation.Page ?? ConsoleAddress.Begin(settings, ConsoleAddress.Invitation, "invitation")) + secret, tenant.Name);
            mail = house.Enqueue(commit, job.Tenant, own, null, settings.From!, invitation.Address, subject, text, item.Expires);
            return null;
        }, ct);
        if (mail is not null)
            jobs.Wake(mail);
        return wait is { } time ? new JobOutcome.Wait(time) : JobOutcome.Finished;
    }

    /// <summary>Makes a member of the invited address and asks for its sign-in link. Every token that leads nowhere (any more) is not valid.</summary>
    /// <param name="page">What that link begins with; null is the front end's.</param>
    public async Task<AcceptedInvitation> AcceptAsync(string token, string challenge, string? language, CancellationToken ct, string? page = null)
    {
        var installation = await keys.RequireAsync(KeyRing.Installation, ct);
        var hash = installation.Hash("invitation-token", token);
        Job? job = null;
        var accepted = await store.RetryAsync(async (commit, inner) =>
        {
            job = null;
            if (await store.GetAsync(TokenKey(hash), inner) is not { } lead)
                return AcceptedInvitation.NotValid;
            var owner = JsonSerializer.Deserialize(lead.Value.Span, AccountsJson.Default.OwnerRecord)!;
            if (await store.GetAsync(KeyOf(owner.Tenant, owner.Id), inner) is not { } item)
                return AcceptedInvitation.NotValid;
            var invitation = Open(await keys.RequireAsync(owner.Tenant, inner), item);
            // Before the look: else a revocation that comes between the two would refuse the invitation and let the membership be.
            await revocations.HoldAsync(commit, inner);
            if (await revocations.CoverLinkAsync((await users.FindByAddressAsync(invitation.Address, inner))?.Id, owner.Tenant, invitation.CreatedAt, inner) || await contained.IsAsync(ContainedKind.Tenant, owner.Tenant, inner))
                return AcceptedInvitation.NotValid;
            // Who gave the role must still be one who may.
            if (invitation.Token != hash || !await MayInviteAsync(commit, owner.Tenant, invitation.By, inner))
                return AcceptedInvitation.NotValid;
            commit.Delete(lead.Key, Condition.Same(lead)).Delete(item.Key, Condition.Same(item));
            var user = await users.EnsureAsync(commit, invitation.Address, "", inner);
            // Somebody who is a member by now keeps what he was given since.
            if (await members.FindAsync(owner.Tenant, user.Id, inner) is null
                && await members.SetAsync(commit, owner.Tenant, user.Id, invitation.Role, invitation.Mailboxes, new Actor(invitation.By), inner) == MemberChange.TooMany)
            {
                // The invitation stays: there may be room tomorrow.
                commit.Clear();
                return AcceptedInvitation.TenantFull;
            }
            job = await desk.AskAsync(commit, installation, new SignInRequest(1, invitation.Address, challenge, owner.Tenant, null, language ?? invitation.Language, Page: page), inner);
            return AcceptedInvitation.Accepted;
        }, ct);
        if (job is not null)
            jobs.Wake(job);
        return accepted;
    }

    private async Task<bool> MayInviteAsync(Commit commit, string tenant, string by, CancellationToken ct) =>
        by == Actor.Machine.Id || await members.HoldAsync(commit, tenant, by, ct) is { Role: Role.Admin } || await members.HoldAsync(commit, KeyRing.Installation, by, ct) is { Role: Role.Operator };

    internal async Task<bool> WithdrawIdAsync(Commit commit, string tenant, string id, CancellationToken ct)
    {
        if (await store.GetAsync(KeyOf(tenant, id), ct) is not { } item)
            return false;
        if (Open(await keys.RequireAsync(tenant, ct), item).Token is { } hash)
            commit.Delete(TokenKey(hash));
        commit.Delete(item.Key, Condition.Same(item));
        return true;
    }

    private static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, Prefix + id);

    private static ItemKey TokenKey(string hash) => ItemKey.Main(KeyRing.Installation, "invitation-token/" + hash);

    private static Invitation Open(TenantKeys own, Item item) => JsonSerializer.Deserialize(own.Open(item), AccountsJson.Default.Invitation)!;

    private static void Write(Commit commit, TenantKeys own, Invitation invitation, Item? before)
    {
        var key = KeyOf(own.Tenant, invitation.Id);
        commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Same(before),
            own.Seal(key, (before?.Version ?? 0) + 1, JsonSerializer.SerializeToUtf8Bytes(invitation, AccountsJson.Default.Invitation)), invitation.CreatedAt + Life);
    }
}
