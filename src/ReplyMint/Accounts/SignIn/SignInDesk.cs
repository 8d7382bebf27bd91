using System.Globalization;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Somebody asks to be let in; sealed with the installation's key until a job looks who it is.</summary>
/// <param name="NewTenant">The name of the tenant that is to be made; null for a plain sign-in.</param>
/// <param name="Language">"en", "de", "fr" or "es"; null is "en".</param>
/// <param name="Network">Where it was asked for; null for who just proved the address.</param>
/// <param name="Page">What the link begins with, when our own page asked; null is the front end's.</param>
internal sealed record SignInRequest(int V, string Address, string Challenge, string? Tenant, string? NewTenant, string? Language, string? Network = null, string? Page = null);

/// <summary>
/// Takes requests to be let in and mails links. The one who asks is told the same thing after the same work, whoever he
/// names: who it is, whether he may and how often he did, a job finds out afterwards (AUTH-3).
/// </summary>
internal sealed class SignInDesk(
    IStore store, KeyRing keys, Users users, Members members, SignInLinks links, PersonMailRate rate, HouseMail house, JobQueue jobs, AuditLog audit, AccountsSettings settings, Revocations revocations, Containments contained, TimeProvider time)
{
    public const string JobKind = "sign-in";
    public const string Prefix = "sign-in-request/";

    /// <summary>Stores a request with its job.</summary>
    public async Task AskAsync(SignInRequest request, CancellationToken ct)
    {
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        jobs.Wake(await store.RetryAsync((commit, token) => AskAsync(commit, own, request, token), ct));
    }

    /// <summary>Adds a request and its job to a commit. Wake the job once that is committed.</summary>
    public async Task<Job> AskAsync(Commit commit, TenantKeys installation, SignInRequest request, CancellationToken ct)
    {
        await revocations.HoldAsync(commit, ct);
        var id = Ids.Random('r');
        var key = KeyOf(id);
        commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Absent,
            installation.Seal(key, 1, JsonSerializer.SerializeToUtf8Bytes(request, AccountsJson.Default.SignInRequest)), time.GetUtcNow() + SignInLinks.Life);
        return jobs.Add(commit, KeyRing.Installation, JobKind, id);
    }

    public async Task<JobOutcome> HandleAsync(Job job, CancellationToken ct)
    {
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        Job? mail = null;
        await store.RetryAsync(async (commit, token) =>
        {
            mail = null;
            if (!await job.StandsAsync(store, token))
                return false;
            job.Complete(commit);
            if (await store.GetAsync(KeyOf(job.Target), token) is { } item)
            {
                commit.Delete(item.Key, Condition.Same(item));
                var (request, asked) = Read(own, item);
                // Before the look, or one that comes between the two counts for neither.
                await revocations.HoldAsync(commit, token);
                // A link would be younger than a revocation that its request is older than.
                if (!await revocations.CoverLinkAsync((await users.FindByAddressAsync(request.Address, token))?.Id, request.Tenant, asked, token))
                    mail = await AnswerAsync(commit, own, request, token);
            }
            return true;
        }, ct);
        if (mail is not null)
            jobs.Wake(mail);
        return JobOutcome.Finished;
    }

    /// <summary>A link for somebody whom the machine's operator names: he carries it over himself, so the verifier stands in it.</summary>
    /// <returns>Token and verifier; null when the user belongs to no tenant, or not to the named one.</returns>
    public async Task<(string Token, string Verifier)?> MakeAsync(User user, string? tenant, Actor actor, CancellationToken ct)
    {
        if (!await BelongsAsync(user.Id, tenant, ct) || await contained.IsAsync(ContainedKind.User, user.Id, ct))
            return null;
        var verifier = SignInLinks.NewToken();
        var made = await store.RetryAsync(async (commit, token) =>
        {
            var link = await links.AddAsync(commit, user.Id, tenant, SignInLinks.ChallengeOf(verifier), null, token);
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "user.sign-in-link", user.Id), token);
            return link;
        }, ct);
        return (made, verifier);
    }

    /// <summary>Whether a revocation ends the request of an item, which would become a link.</summary>
    internal async ValueTask<bool> IsOfAsync(Revocation revocation, Item item, CancellationToken ct)
    {
        var (request, asked) = Read(await keys.RequireAsync(KeyRing.Installation, ct), item);
        return await revocations.IsOfAsync(revocation, (await users.FindByAddressAsync(request.Address, ct))?.Id, request.Tenant, asked, ct);
    }

    private static (SignInRequest Request, DateTimeOffset At) Read(TenantKeys installation, Item item) =>
        (JsonSerializer.Deserialize(installation.Open(item), AccountsJson.Default.SignInRequest)!, item.Expires!.Value - SignInLinks.Life);

    private async Task<Job?> AnswerAsync(Commit commit, TenantKeys own, SignInRequest request, CancellationToken ct)
    {
        if (!settings.CanMail)
            return null;
        var user = await users.FindByAddressAsync(request.Address, ct);
        if (user is not null && await contained.IsAsync(ContainedKind.User, user.Id, ct))
            return null;
        // Somebody whose last membership ended is where a stranger is: he may make a tenant of his own, where that is open.
        var isStranger = user is null || (await members.TenantsOfAsync(user.Id, ct)).Count == 0;
        if (isStranger ? request.NewTenant is null || settings.SignUp != SignUp.Open : !await BelongsAsync(user!.Id, request.Tenant, ct))
            return null;
        if (await rate.TakeAsync(commit, own, request.Address, request.Network, ct) is not null)
            return null;
        var person = isStranger ? new NewTenantPerson(1, request.Address, request.NewTenant!) : null;
        var token = await links.AddAsync(commit, isStranger ? null : user!.Id, request.Tenant, request.Challenge, person, ct);
        var link = (request.Page ?? ConsoleAddress.Begin(settings, ConsoleAddress.Link, "token")) + token;
        var (subject, text) = isStranger ? SignInLetters.NewTenant(request.Language, link, request.NewTenant!) : SignInLetters.SignIn(request.Language, link);
        // Somebody who has no account yet has no key either.
        SealingKey sealer = user is not null && await keys.FindPersonAsync(own, own.Person(user.Address), ct) is { } key ? key : own;
        return house.Enqueue(commit, KeyRing.Installation, sealer, null, settings.From!, request.Address, subject, text, time.GetUtcNow() + SignInLinks.Life);
    }

    private async Task<bool> BelongsAsync(string user, string? tenant, CancellationToken ct) =>
        (await members.AllOfAsync(user, ct)) is { Count: > 0 } all && (tenant is null || all.Any(one => one.Tenant == tenant));

    private static ItemKey KeyOf(string id) => ItemKey.Main(KeyRing.Installation, Prefix + id);
}
