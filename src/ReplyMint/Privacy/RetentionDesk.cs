using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>Where it is said how long a tenant keeps what (GDPR-1). A change counts for what is stored already, too: a job moves its expiries.</summary>
internal sealed class RetentionDesk(IStore store, AuditLog audit, JobQueue jobs, Retention retention, RetentionMove move, AttachmentSettings scanning)
{
    /// <summary>The periods in force, with the version that a change has to name; 1 before anybody said anything.</summary>
    public async ValueTask<Versioned<RetentionRecord>> ReadAsync(string tenant, CancellationToken ct)
    {
        // The version first: a change between the two makes the caller's own fail, and never the other way round.
        var item = await store.GetAsync(Retention.KeyOf(tenant), ct);
        return new((await retention.ReadAsync(tenant, ct)).Periods, VersionOf(item));
    }

    /// <summary>Whether attachments are kept: a tenant may have asked before the operator had to say what scans them.</summary>
    public bool KeepsAttachments(RetentionRecord periods) => periods.Attachments && scanning.MayKeep;

    /// <summary>What is out of bounds, or null.</summary>
    public (string Member, string What)? Wrong(RetentionRecord wanted)
    {
        foreach (var (member, days, most) in ((string, int, int)[])[("rawDays", wanted.RawDays, RetentionRecord.MostRaw), ("textDays", wanted.TextDays, RetentionRecord.MostText), ("recordDays", wanted.RecordDays, RetentionRecord.MostRecord)])
            if (days < 1 || days > most)
                return (member, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from 1 to {most}"));
        // Without its record nobody finds the rest.
        if (wanted.RecordDays < Math.Max(wanted.RawDays, wanted.TextDays))
            return ("recordDays", "must not be fewer than rawDays and textDays");
        return wanted.Attachments && !scanning.MayKeep ? ("attachments", "can't be kept yet: the operator has to name a scanner of malware, or to say that there is none (inbound.attachments.scanner)") : null;
    }

    /// <summary>Changes the periods, and sets about moving what is stored.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="change">From what is there to what is wanted; within bounds.</param>
    /// <param name="version">What the caller read; null changes whatever is there.</param>
    /// <param name="actor">Who.</param>
    /// <param name="ct">Calls it off.</param>
    public async Task<(ChangeResult Result, Versioned<RetentionRecord> Now)> SetAsync(string tenant, Func<RetentionRecord, RetentionRecord> change, long? version, Actor actor, CancellationToken ct)
    {
        Job? moving = null;
        var outcome = await store.RetryAsync<(ChangeResult, Versioned<RetentionRecord>)>(async (commit, token) =>
        {
            moving = null;
            var key = Retention.KeyOf(tenant);
            var item = await store.GetAsync(key, token);
            if (version is { } read && read != VersionOf(item))
                return (ChangeResult.Changed, default);
            var before = (await retention.ReadAsync(tenant, token)).Periods;
            var after = change(before);
            if (after == before)
                return (ChangeResult.Done, new(before, VersionOf(item)));
            commit.Put(key, StoredJson.Write(after, AccountsJson.Default.RetentionRecord), Condition.Same(item));
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "retention.set", tenant, Details(before, after)), token);
            moving = await move.AddAsync(commit, tenant, keeps: false, token);
            return (ChangeResult.Done, new(after, VersionOf(item) + 1));
        }, ct);
        if (moving is not null)
            jobs.Wake(moving);
        return outcome;
    }

    // What nobody set has no item; no version of it is 0, which stands for a tag that is none of ours.
    private static long VersionOf(Item? item) => (item?.Version ?? 0) + 1;

    private static Dictionary<string, string> Details(RetentionRecord before, RetentionRecord after)
    {
        var details = new Dictionary<string, string>();
        void Add(string name, object was, object now)
        {
            if (!was.Equals(now))
                details[name] = string.Create(CultureInfo.InvariantCulture, $"{was} -> {now}");
        }
        Add("rawDays", before.RawDays, after.RawDays);
        Add("textDays", before.TextDays, after.TextDays);
        Add("recordDays", before.RecordDays, after.RecordDays);
        Add("attachments", before.Attachments, after.Attachments);
        return details;
    }
}
