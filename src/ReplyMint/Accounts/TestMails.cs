using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Tries a mailbox's way out by a mail to the person who asks for it, and to nobody else.</summary>
internal sealed class TestMails(IStore store, KeyRing keys, Users users, HouseMail house, Outbox outbox, JobQueue jobs, AuditLog audit, TimeProvider time)
{
    /// <summary>What is said to who tried too often.</summary>
    public static readonly Problem Enough = new(429, "There were enough test mails today. Try again tomorrow.");

    private const int MostInDay = 20;
    private static readonly TimeSpan Worth = TimeSpan.FromMinutes(30);

    /// <returns>The id of its place in the outbox; null when the tenant has tried often enough today.</returns>
    public async Task<string?> SendAsync(Caller caller, Mailbox box, string subject, string text, CancellationToken ct)
    {
        var person = await users.FindAsync(caller.Id, ct) ?? throw new InvalidOperationException("Who asks is nobody.");
        var own = await keys.RequireAsync(box.TenantId, ct);
        var job = await store.RetryAsync<Job?>(async (commit, token) =>
        {
            var now = time.GetUtcNow();
            var day = ItemKey.Main(box.TenantId, string.Create(CultureInfo.InvariantCulture, $"rate/test-mail/{now:yyyyMMdd}"));
            if ((await store.GetAsync(day, token))?.Count >= MostInDay)
                return null;
            commit.Add(day, 1, MostInDay, now.AddDays(2));
            var made = house.Enqueue(commit, box.TenantId, own, box.Id, box.Address, person.Address, subject, text, now + Worth, OutboxPurpose.Test);
            await audit.AppendAsync(commit, box.TenantId, new AuditEntry(Actor.Of(caller), "mailbox.test-mail", box.Id), token);
            return made;
        }, ct);
        if (job is null)
            return null;
        jobs.Wake(job);
        return job.Target;
    }

    /// <summary>What became of one; null when the tenant has no such test mail, or the caller does not see its mailbox.</summary>
    public async Task<OutboxRecord?> FindAsync(Caller caller, string id, CancellationToken ct) =>
        Ids.IsTimed(id) && await outbox.StateAsync(caller.Tenant, id, ct) is { Purpose: OutboxPurpose.Test, Mailbox: { } box } sent && caller.Sees(box) ? sent : null;
}
