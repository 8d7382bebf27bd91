using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Erasures (GDPR-2): started, read, listed. The first commit destroys the key, so that all it sealed is noise at once, also in
/// copies; what follows is a job (<see cref="ErasureWork"/>).
/// </summary>
internal sealed class Erasures(IStore store, KeyRing keys, LegalHolds holds, ErasureBeginning beginning, Messages messages, Users users, Tenants tenants, JobQueue jobs, TimeProvider time)
{
    /// <summary>Under way of a tenant at once: each searches all that the tenant has.</summary>
    public const int MostAtOnce = 20;

    private const string Prefix = "erasure/";
    // Of the newest so many it is asked how many are under way.
    private const int Looked = 200;

    /// <summary>Erases a correspondent, also one that nothing is known of: the address may stand in others' mails.</summary>
    public async Task<ErasureStart> CorrespondentAsync(string tenant, string address, Actor actor, CancellationToken ct)
    {
        if (AddressRules.Normalize(address) is not { } normalized)
            return new ErasureStart.Refused("that is no mail address");
        var own = await keys.RequireAsync(tenant, ct);
        return await StartAsync(New(ErasureKind.Correspondent, tenant, own.Person(normalized), actor), normalized, actor, ct);
    }

    /// <summary>Erases one mail, such as one that quotes somebody who was erased.</summary>
    public async Task<ErasureStart> MailAsync(string tenant, string id, Actor actor, CancellationToken ct) =>
        await messages.FindAsync(tenant, id, ct) is null ? new ErasureStart.NotFound() : await StartAsync(New(ErasureKind.Mail, tenant, id, actor), null, actor, ct);

    /// <summary>Erases a person who signs in.</summary>
    public async Task<ErasureStart> UserAsync(string address, Actor actor, CancellationToken ct) =>
        await users.FindByAddressAsync(address, ct) is not { } user ? new ErasureStart.NotFound()
        : await StartAsync(New(ErasureKind.User, KeyRing.Installation, user.Id, actor), user.Address, actor, ct);

    public async Task<ErasureStart> TenantAsync(string tenant, Actor actor, CancellationToken ct) =>
        await tenants.FindAsync(tenant, ct) is null ? new ErasureStart.NotFound() : await StartAsync(New(ErasureKind.Tenant, tenant, tenant, actor), null, actor, ct);

    public async Task<ErasureItem?> FindAsync(string home, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(home, id), ct) is { } item ? new(Read(item), item) : null;

    /// <summary>A page, the newest first.</summary>
    public async Task<(IReadOnlyList<Erasure> Erasures, string? Next)> ListAsync(string home, int limit, string? after, CancellationToken ct)
    {
        var page = await store.PickAsync(home, Prefix, descending: true, limit, after, null, ct);
        return ([.. page.Items.Select(Read)], page.Next);
    }

    /// <summary>A page of what holds the address and is somebody else's; what is gone by now is left out.</summary>
    public async Task<(IReadOnlyList<FoundElsewhere> Found, string? Next)> FoundAsync(Erasure erasure, int limit, string? after, CancellationToken ct)
    {
        var page = await store.PickAsync(erasure.Home, FoundPrefix(erasure.Id), descending: false, limit, after, null, ct);
        var found = new List<FoundElsewhere>();
        foreach (var item in page.Items)
        {
            var one = JsonSerializer.Deserialize(item.Value.Span, PrivacyJson.Default.FoundElsewhere)!;
            if (one.What != AddressSearch.Mail || await store.GetAsync(Messages.KeyOf(erasure.Tenant, one.Id), ct) is not null)
                found.Add(one);
        }
        return (found, page.Next);
    }

    internal static ItemKey KeyOf(string home, string id) => ItemKey.Main(home, Prefix + id);

    internal static string FoundPrefix(string id) => $"erasure-found/{id}/";

    internal static Erasure Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, PrivacyJson.Default.Erasure)!;

    /// <summary>Adds an erasure to a commit, new or changed, with what its search needs; null leaves none of it.</summary>
    internal static void Write(Commit commit, SealingKey own, Erasure erasure, ErasureSecret? secret, Item? before)
    {
        var key = KeyOf(erasure.Home, erasure.Id);
        commit.Put(key, StoredJson.Write(erasure, PrivacyJson.Default.Erasure), Condition.Same(before),
            secret is null ? default : StoredJson.Seal(own, key, (before?.Version ?? 0) + 1, secret, PrivacyJson.Default.ErasureSecret));
    }

    private Erasure New(ErasureKind kind, string tenant, string subject, Actor actor) =>
        new() { Id = Ids.Timed(time), Kind = kind, Tenant = tenant, Subject = subject, By = actor.Id, At = time.GetUtcNow() };

    private async Task<ErasureStart> StartAsync(Erasure erasure, string? address, Actor actor, CancellationToken ct)
    {
        var secret = address is null ? null : new ErasureSecret(address);
        if ((await ListAsync(erasure.Home, Looked, null, ct)).Erasures.Count(other => other.State == ErasureState.Running) >= MostAtOnce)
            return new ErasureStart.Busy();
        // What a hold keeps is not touched: who waits for it keeps his rights.
        if (!await beginning.IsHeldAsync(await holds.ReadAsync(erasure.Tenant, ct), erasure, ct) && await beginning.PrepareAsync(erasure, actor, ct) is { } refused)
            return new ErasureStart.Refused(refused);
        Job? job = null;
        var outcome = await store.RetryAsync<ErasureStart>(async (commit, token) =>
        {
            job = null;
            var own = await keys.RequireAsync(erasure.Home, token);
            var reading = await holds.ReadAsync(erasure.Tenant, token);
            reading.AddTo(commit);
            if (await beginning.IsHeldAsync(reading, erasure, token))
            {
                var held = erasure with { State = ErasureState.Held };
                Write(commit, own, held, secret, null);
                await beginning.HoldAsync(commit, held, actor, token);
                return new ErasureStart.Started(held);
            }
            var (refusal, begun) = await beginning.AddAsync(commit, erasure, actor, token);
            if (refusal is not null)
            {
                commit.Clear();
                return new ErasureStart.Refused(refusal);
            }
            Write(commit, own, begun, secret, null);
            job = jobs.Add(commit, erasure.Home, ErasureWork.JobKind, erasure.Id);
            return new ErasureStart.Started(begun);
        }, ct);
        if (job is not null)
        {
            await beginning.BegunAsync(((ErasureStart.Started)outcome).Erasure, ct);
            jobs.Wake(job);
        }
        return outcome;
    }
}
