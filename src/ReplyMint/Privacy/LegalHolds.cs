using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Legal holds: set, listed, lifted. Whoever removes something for good asks here first, and writes on condition that the
/// answer still holds (<see cref="HoldsReading.AddTo"/>).
/// </summary>
internal sealed class LegalHolds(IStore store, KeyRing keys, AuditLog audit, JobQueue jobs, RetentionMove move, TimeProvider time)
{
    /// <summary>Each removal reads all of them.</summary>
    public const int Most = 500;

    private const string Prefix = "hold/";
    // Erasures that a lifted hold lets go on in its own commit.
    private const int MostHeld = 80;

    /// <summary>Null when the tenant has as many as one may have.</summary>
    /// <param name="partition">The tenant; the installation for a user.</param>
    /// <param name="scope">What it keeps.</param>
    /// <param name="person">The keyed hash of a correspondent (for a mail: of its correspondent), or a user's id.</param>
    /// <param name="mail">The mail's id, with that scope.</param>
    /// <param name="reason">1 to 500 characters.</param>
    public async Task<LegalHold?> SetAsync(string partition, HoldScope scope, string? person, string? mail, string reason, Actor actor, CancellationToken ct)
    {
        var own = await keys.RequireAsync(partition, ct);
        Job? moving = null;
        var set = await store.RetryAsync(async (commit, token) =>
        {
            moving = null;
            if ((await ReadAsync(partition, token)) is not { Holds.Count: < Most } reading)
                return null;
            var hold = new LegalHold { Id = Ids.Random('h'), Scope = scope, Person = person, Mail = mail, By = actor.Id, At = time.GetUtcNow() };
            var key = KeyOf(partition, hold.Id);
            commit.Put(key, StoredJson.Write(hold, PrivacyJson.Default.LegalHold), Condition.Absent, StoredJson.Seal(own, key, 1, new HoldReason(reason), PrivacyJson.Default.HoldReason));
            MoveGuard(commit, reading, [.. reading.Holds, hold]);
            // What is stored must not go by itself any more, from this commit on.
            if (scope != HoldScope.User)
                moving = await move.AddAsync(commit, partition, keeps: true, token);
            await audit.AppendAsync(commit, partition, new AuditEntry(actor, "hold.set", hold.Id, Details(hold)), token);
            return hold;
        }, ct);
        if (moving is not null)
            jobs.Wake(moving);
        return set;
    }

    /// <summary>False when there is none. What waited for it goes on by itself.</summary>
    public async Task<bool> LiftAsync(string partition, string id, Actor actor, CancellationToken ct)
    {
        List<Job> woken = [];
        var lifted = await store.RetryAsync(async (commit, token) =>
        {
            woken = [];
            var reading = await ReadAsync(partition, token);
            if (await store.GetAsync(KeyOf(partition, id), token) is not { } item)
                return false;
            commit.Delete(item.Key, Condition.Same(item));
            MoveGuard(commit, reading, [.. reading.Holds.Where(hold => hold.Id != id)]);
            if (partition != KeyRing.Installation && await move.AddAsync(commit, partition, keeps: false, token) is { } moving)
                woken.Add(moving);
            // Each looks itself whether another hold keeps it still.
            foreach (var held in (await store.QueryAsync(Table.Main, partition, new Storage.Range(ErasureBeginning.HeldPrefix, Limit: MostHeld), null, token)).Items)
                woken.Add(jobs.Add(commit, JsonSerializer.Deserialize(held.Value.Span, PrivacyJson.Default.HeldErasure)!.Home, ErasureWork.JobKind, held.Key.Sort[ErasureBeginning.HeldPrefix.Length..]));
            await audit.AppendAsync(commit, partition, new AuditEntry(actor, "hold.lift", id, Details(Read(item))), token);
            return true;
        }, ct);
        woken.ForEach(jobs.Wake);
        return lifted;
    }

    public async Task<IReadOnlyList<HoldSeen>> ListAsync(string partition, CancellationToken ct)
    {
        var own = await keys.RequireAsync(partition, ct);
        var all = new List<HoldSeen>();
        await foreach (var item in store.AllAsync(Table.Main, partition, Prefix, ct))
            all.Add(new(Read(item), JsonSerializer.Deserialize(own.Open(item), PrivacyJson.Default.HoldReason)!.Text));
        return all;
    }

    public async Task<HoldSeen?> FindAsync(string partition, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(partition, id), ct) is { } item
            ? new(Read(item), JsonSerializer.Deserialize((await keys.RequireAsync(partition, ct)).Open(item), PrivacyJson.Default.HoldReason)!.Text) : null;

    /// <summary>All that stand in a tenant, without their reasons.</summary>
    public async Task<HoldsReading> ReadAsync(string partition, CancellationToken ct)
    {
        var guard = Retention.HeldKey(partition);
        // Before the holds are: one that comes meanwhile fails the commit, and is seen by the next try.
        var item = await store.GetAsync(guard, ct);
        var holds = new List<LegalHold>();
        if (item is not null)
            await foreach (var hold in store.AllAsync(Table.Main, partition, Prefix, ct))
                holds.Add(Read(hold));
        return new(holds, guard, item);
    }

    // The guard says whom they keep, for those who store something new.
    private static void MoveGuard(Commit commit, HoldsReading reading, IReadOnlyList<LegalHold> now) =>
        commit.Put(reading.Guard, StoredJson.Write(new HeldRecord
        {
            All = now.Any(hold => hold.Scope == HoldScope.Tenant),
            People = [.. now.Where(hold => hold is { Scope: HoldScope.Correspondent, Person: not null }).Select(hold => hold.Person!).Distinct()],
            Mails = [.. now.Where(hold => hold is { Scope: HoldScope.Mail, Mail: not null }).Select(hold => hold.Mail!).Distinct()],
        }, AccountsJson.Default.HeldRecord), Condition.Same(reading.GuardItem));

    private static Dictionary<string, string> Details(LegalHold hold)
    {
        var details = new Dictionary<string, string> { ["scope"] = hold.Scope.ToString().ToLowerInvariant() };
        if (hold.Mail is { } mail)
            details["mail"] = mail;
        return details;
    }

    private static LegalHold Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, PrivacyJson.Default.LegalHold)!;

    private static ItemKey KeyOf(string partition, string id) => ItemKey.Main(partition, Prefix + id);
}
