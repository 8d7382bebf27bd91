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

/// <summary>Rates as read for one mail; <see cref="Record"/> adds its answer to them, and fails the commit if others moved them.</summary>
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
    public required int ThreadTenMinutes { get; init; }
    public required int ThreadDay { get; init; }
    public required int PersonDay { get; init; }
    public required long TenantHour { get; init; }
    public required long InstallationHour { get; init; }
    /// <summary>Seconds since our last answer in this thread, or null.</summary>
    public required double? SecondsSinceLast { get; init; }

    /// <summary>Counts one answer, in the commit that queues it.</summary>
    public void Record(Commit commit)
    {
        var expires = Now.AddDays(1);
        commit.Put(ThreadKey, Write(Thread), Condition.Same(ThreadItem), expires: expires);
        commit.Put(PersonKey, Write(Person), Condition.Same(PersonItem), expires: expires);
        commit.Add(RateWindows.Hour(Tenant, Now), 1, expires: Now.AddHours(3));
        commit.Add(RateWindows.Hour(KeyRing.Installation, Now), 1, expires: Now.AddHours(3));
        commit.Add(UsageKeys.Replies(Tenant, Now), 1, expires: Now + UsageKeys.Kept);
    }

    private byte[] Write(IReadOnlyList<long> before) =>
        JsonSerializer.SerializeToUtf8Bytes(new RateRecord(1, [.. before, Now.ToUnixTimeMilliseconds()]), LimitsJson.Default.RateRecord);
}

/// <summary>Reads the rates of rule 15.</summary>
internal sealed class RateWindows(IStore store, TimeProvider time)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan TenMinutes = TimeSpan.FromMinutes(10);

    /// <param name="own">The tenant's keys.</param>
    /// <param name="thread">Keyed hash of the thread.</param>
    /// <param name="author">The person's address; plus-tags make no other person of him.</param>
    public async Task<RateReading> ReadAsync(TenantKeys own, string thread, string author, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var tenant = own.Tenant;
        var person = own.Hash("rate", AddressRules.Normalize(author) is { } address ? AddressRules.WithoutTag(address) : "");
        var (threadKey, personKey) = (ItemKey.Main(tenant, "rate/thread/" + thread), ItemKey.Main(tenant, "rate/person/" + person));
        // The hours before are over and stay in memory, so they are asked for apart from what each mail moves.
        var read = await store.GetAsync([threadKey, personKey, Hour(tenant, now), Hour(KeyRing.Installation, now)], ct);
        var (threadItem, personItem) = (read[0], read[1]);
        var (threadTimes, personTimes) = (Recent(threadItem, now), Recent(personItem, now));
        return new RateReading
        {
            Tenant = tenant,
            Now = now,
            ThreadKey = threadKey,
            PersonKey = personKey,
            ThreadItem = threadItem,
            PersonItem = personItem,
            Thread = threadTimes,
            Person = personTimes,
            ThreadTenMinutes = threadTimes.Count(at => at > (now - TenMinutes).ToUnixTimeMilliseconds()),
            ThreadDay = threadTimes.Count,
            PersonDay = personTimes.Count,
            SecondsSinceLast = threadTimes.Count == 0 ? null : (now.ToUnixTimeMilliseconds() - threadTimes[^1]) / 1000.0,
            TenantHour = await HourAsync(read[2], tenant, now, ct),
            InstallationHour = await HourAsync(read[3], KeyRing.Installation, now, ct),
        };
    }

    internal static ItemKey Hour(string partition, DateTimeOffset at) =>
        ItemKey.Main(partition, string.Create(CultureInfo.InvariantCulture, $"rate/hour/{at:yyyyMMddHH}"));

    // Rolling by estimate: this clock hour's count and the share of the last one that is still within 60 minutes. Exact
    // to a few per cent for steady mail, and two reads instead of one for each answer.
    private async Task<long> HourAsync(Item? hour, string partition, DateTimeOffset now, CancellationToken ct)
    {
        var current = hour?.Count ?? 0;
        var last = (await store.GetAsync(Hour(partition, now.AddHours(-1)), ct))?.Count ?? 0;
        return current + (long)(last * (1 - (now.Minute * 60 + now.Second) / 3600.0));
    }

    private static List<long> Recent(Item? item, DateTimeOffset now)
    {
        if (item is null)
            return [];
        var since = (now - Day).ToUnixTimeMilliseconds();
        return [.. JsonSerializer.Deserialize(item.Value.Span, LimitsJson.Default.RateRecord)!.At.Where(at => at > since)];
    }
}
