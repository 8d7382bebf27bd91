using System.Globalization;
using System.Text.Json;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Limits;

/// <summary>The breakers of rule 15. The rates of a thread and a person are the policy's own and can't be set higher.</summary>
internal sealed record RateSettings
{
    /// <summary>Answers of one tenant within an hour; above it all is held and the operator alerted.</summary>
    public int TenantHour { get; init; } = 600;
    /// <summary>Answers of the installation within an hour; above it all is held and the operator alerted.</summary>
    public int InstallationHour { get; init; } = 6_000;

    public IEnumerable<string> Problems()
    {
        if (TenantHour < 1)
            yield return $"rates.tenantHour is {TenantHour}; allowed are whole numbers from 1.";
        if (InstallationHour < 1)
            yield return $"rates.installationHour is {InstallationHour}; allowed are whole numbers from 1.";
    }
}

/// <summary>When the last answers in one thread or to one person went out, in milliseconds since 1970.</summary>
internal sealed record RateRecord(int V, IReadOnlyList<long> At);

/// <summary>Rates as read for one mail; <see cref="RecordAsync"/> adds its answer to them, and fails the commit if others moved them.</summary>
internal sealed class RateReading
{
    internal required Item? ThreadItem { get; init; }
    internal required Item? PersonItem { get; init; }
    internal required ItemKey ThreadKey { get; init; }
    internal required ItemKey PersonKey { get; init; }
    internal required IReadOnlyList<long> Thread { get; init; }
    internal required IReadOnlyList<long> Person { get; init; }
    internal required string Tenant { get; init; }
    internal required DateTimeOffset Now { get; init; }
    internal required InstallationRate Installation { get; init; }
    public required int ThreadTenMinutes { get; init; }
    public required int ThreadDay { get; init; }
    public required int PersonDay { get; init; }
    public required long TenantHour { get; init; }
    public required long InstallationHour { get; init; }
    /// <summary>Seconds since our last answer in this thread, or null.</summary>
    public required double? SecondsSinceLast { get; init; }

    /// <summary>Counts one answer, in the commit that queues it.</summary>
    /// <param name="mailbox">Which one answers.</param>
    /// <param name="byPerson">Who decided it: what people write counts, but the installation's breaker does not stop it.</param>
    /// <returns>False when the installation's hour has no room (any more): it has to be decided anew.</returns>
    public async ValueTask<bool> RecordAsync(Commit commit, string mailbox, bool byPerson, CancellationToken ct)
    {
        if (!await Installation.TakeAsync(commit, Now, byPerson, ct))
            return false;
        var expires = Now.AddDays(1);
        commit.Put(ThreadKey, Write(Thread), Condition.Same(ThreadItem), expires: expires);
        commit.Put(PersonKey, Write(Person), Condition.Same(PersonItem), expires: expires);
        // The same for all of an hour or a day, so that counting moves no more than the count.
        commit.Add(RateWindows.Hour(Tenant, Now), 1, expires: RateWindows.EndOf(Now));
        var kept = Now.UtcDateTime.Date + UsageKeys.Kept;
        commit.Add(UsageKeys.Replies(Tenant, Now), 1, expires: kept);
        commit.Add(UsageKeys.RepliesOf(Tenant, mailbox, Now), 1, expires: kept);
        return true;
    }

    /// <summary>The commit of an answer by rule met a conflict.</summary>
    public void GiveBack() => Installation.GiveBack(Now);

    private byte[] Write(IReadOnlyList<long> before) =>
        StoredJson.Write(new RateRecord(1, [.. before, Now.ToUnixTimeMilliseconds()]), LimitsJson.Default.RateRecord);
}

/// <summary>Where the rates of one mail lie at this moment.</summary>
internal sealed record RateKeys(string Tenant, DateTimeOffset Now, IReadOnlyList<ItemKey> Keys);

/// <summary>Reads the rates of rule 15.</summary>
internal sealed class RateWindows(IStore store, InstallationRate installation, TimeProvider time)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan TenMinutes = TimeSpan.FromMinutes(10);

    /// <param name="own">The tenant's keys.</param>
    /// <param name="thread">Keyed hash of the thread.</param>
    /// <param name="author">The person's address; plus-tags make no other person of him.</param>
    public async Task<RateReading> ReadAsync(TenantKeys own, string thread, string author, CancellationToken ct)
    {
        var asked = Ask(own, thread, author);
        return await ReadAsync(asked, await store.GetAsync(asked.Keys, ct), ct);
    }

    /// <summary>Names what <see cref="ReadAsync(RateKeys, IReadOnlyList{Item?}, CancellationToken)"/> needs, for those who read it together with more.</summary>
    public RateKeys Ask(TenantKeys own, string thread, string author)
    {
        var now = time.GetUtcNow();
        var person = own.Hash("rate", AddressRules.Normalize(author) is { } address ? AddressRules.WithoutTag(address) : "");
        return new(own.Tenant, now, [ItemKey.Main(own.Tenant, "rate/thread/" + thread), ItemKey.Main(own.Tenant, "rate/person/" + person), Hour(own.Tenant, now), Hour(KeyRing.Installation, now)]);
    }

    /// <param name="asked">What was asked for.</param>
    /// <param name="read">The items of its keys, in their order; more may follow.</param>
    /// <param name="ct">Ends the reading.</param>
    public async Task<RateReading> ReadAsync(RateKeys asked, IReadOnlyList<Item?> read, CancellationToken ct)
    {
        var (tenant, now) = (asked.Tenant, asked.Now);
        var (threadItem, personItem) = (read[0], read[1]);
        var (threadTimes, personTimes) = (Recent(threadItem, now), Recent(personItem, now));
        return new RateReading
        {
            Tenant = tenant,
            Now = now,
            Installation = installation,
            ThreadKey = asked.Keys[0],
            PersonKey = asked.Keys[1],
            ThreadItem = threadItem,
            PersonItem = personItem,
            Thread = threadTimes,
            Person = personTimes,
            ThreadTenMinutes = threadTimes.Count(at => at > (now - TenMinutes).ToUnixTimeMilliseconds()),
            ThreadDay = threadTimes.Count,
            PersonDay = personTimes.Count,
            SecondsSinceLast = threadTimes.Count == 0 ? null : (now.ToUnixTimeMilliseconds() - threadTimes[^1]) / 1000.0,
            TenantHour = await HourAsync(read[2], tenant, now, ct),
            InstallationHour = installation.Seen(await HourAsync(read[3], KeyRing.Installation, now, ct), now),
        };
    }

    internal static ItemKey Hour(string partition, DateTimeOffset at) =>
        ItemKey.Main(partition, string.Create(CultureInfo.InvariantCulture, $"rate/hour/{at:yyyyMMddHH}"));

    internal static DateTimeOffset EndOf(DateTimeOffset now) => new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, 0, 0, now.Offset).AddHours(4);

    // Rolling by estimate: this clock hour's count and the share of the last one that is still within 60 minutes. Exact
    // to a few per cent for steady mail. The hour before is over and stays in memory, so it is asked for apart.
    private async Task<long> HourAsync(Item? hour, string partition, DateTimeOffset now, CancellationToken ct) =>
        (hour?.Count ?? 0) + await BeforeAsync(store, partition, now, ct);

    /// <summary>What counts of the clock hour before.</summary>
    internal static async Task<long> BeforeAsync(IStore store, string partition, DateTimeOffset now, CancellationToken ct)
    {
        var last = (await store.GetAsync(Hour(partition, now.AddHours(-1)), ct))?.Count ?? 0;
        return (long)(last * (1 - (now.Minute * 60 + now.Second) / 3600.0));
    }

    private static List<long> Recent(Item? item, DateTimeOffset now)
    {
        if (item is null)
            return [];
        var since = (now - Day).ToUnixTimeMilliseconds();
        return [.. JsonSerializer.Deserialize(item.Value.Span, LimitsJson.Default.RateRecord)!.At.Where(at => at > since)];
    }
}
