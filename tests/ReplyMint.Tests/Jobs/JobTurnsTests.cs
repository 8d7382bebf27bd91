using ReplyMint.Jobs;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Jobs;

/// <summary>Whose turn it is, and what is kept of those who wait.</summary>
public sealed class JobTurnsTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tenants_take_turns_however_many_jobs_one_has()
    {
        var turns = Turns(1);
        foreach (var job in (Job[])[Mail("a", 1), Mail("a", 2), Mail("a", 3), Mail("b", 1), Mail("b", 2)])
            turns.Offer(job);
        var order = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            var job = await turns.NextAsync(Ct);
            order.Add(job.Tenant + job.Target);
            turns.End(job);
        }
        Assert.Equal(["a1", "a2", "b1", "a3", "b2"], order);
    }

    [Fact]
    public async Task A_tenant_alone_takes_two_thirds_of_the_places_and_others_find_some()
    {
        var turns = Turns(48);
        Offer(turns, "a", 100);
        Assert.Equal(32, (await StartedAsync(turns)).Count);
        Offer(turns, "b", 100);
        Assert.Equal(8, (await StartedAsync(turns)).Count(job => job.Tenant == "b"));
        Offer(turns, "c", 100);
        Assert.Equal(2, (await StartedAsync(turns)).Count(job => job.Tenant == "c"));
    }

    [Fact]
    public async Task Short_work_and_the_door_have_places_of_their_own()
    {
        var turns = Turns(48);
        for (var tenant = 0; tenant < 60; tenant++)
            Offer(turns, "t" + tenant, 1);
        Assert.Equal(42, (await StartedAsync(turns)).Count);
        for (var tenant = 0; tenant < 4; tenant++)
            Offer(turns, "s" + tenant, 10, "short");
        Assert.Equal(3, (await StartedAsync(turns)).Count);
        Offer(turns, KeyRing.Installation, 10, "door");
        Assert.Equal(3, (await StartedAsync(turns)).Count(job => job.Record.Kind == "door"));
    }

    [Fact]
    public async Task A_tenants_hanging_short_work_leaves_places_for_other_tenants()
    {
        var turns = Turns(48);
        Offer(turns, "a", 50, "short");
        Assert.Equal(3, (await StartedAsync(turns)).Count);
        Offer(turns, "b", 50, "short");
        Assert.Equal(3, (await StartedAsync(turns)).Count(job => job.Tenant == "b"));
    }

    [Fact]
    public async Task One_kind_is_the_doors_for_the_installation_only()
    {
        var turns = Turns(48);
        for (var tenant = 0; tenant < 60; tenant++)
            Offer(turns, "t" + tenant, 1, "send");
        Assert.Equal(42, (await StartedAsync(turns)).Count);
        Offer(turns, KeyRing.Installation, 1, "send");
        Assert.Equal(KeyRing.Installation, Assert.Single(await StartedAsync(turns)).Tenant);
    }

    [Fact]
    public void What_waits_is_bounded_and_nobody_finds_no_room()
    {
        var turns = Turns(1);
        for (var i = 0; i < 2 * JobTurns.MaxWaiting; i++)
            turns.Offer(Mail("a", i));
        Assert.False(turns.Wants(Mail("a", -1).Key, "a", "mail"));
        for (var tenant = 0; tenant < 10; tenant++)
        {
            Assert.True(turns.Wants(Mail("t" + tenant, 0).Key, "t" + tenant, "mail"));
            for (var i = 0; i < JobTurns.MaxWaiting; i++)
                turns.Offer(Mail("t" + tenant, i));
        }
        Assert.True(turns.Wants(Mail("last", 1).Key, "last", "mail"));
        Assert.True(turns.Wants(Mail("a", -1, "door").Key, "a", "door"));
    }

    [Fact]
    public async Task What_waits_or_runs_is_wanted_once()
    {
        var turns = Turns(1);
        var (runs, waits) = (Mail("a", 1), Mail("a", 2));
        foreach (var job in (Job[])[runs, waits, runs, waits])
            turns.Offer(job);
        Assert.False(turns.Wants(runs.Key, "a", "mail"));
        Assert.False(turns.Wants(waits.Key, "a", "mail"));
        turns.End(await turns.NextAsync(Ct));
        turns.End(await turns.NextAsync(Ct));
        Assert.True(turns.Wants(runs.Key, "a", "mail"));
        turns.Offer(Mail("b", 1));
        Assert.Equal("b", (await turns.NextAsync(Ct)).Tenant);
    }

    private static JobTurns Turns(int workers) => new(new JobsSettings { Workers = workers },
        [new("short", JobLane.Short), new("door", JobLane.Door), new("send", JobLane.Door, KeyRing.Installation)]);

    private static Job Mail(string tenant, int number, string kind = "mail")
    {
        var target = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new(new JobRecord(1, tenant, kind, target, 0), ItemKey.Main("due/0", $"00000000000000/{tenant}/{kind}/{target}"), 1);
    }

    private static void Offer(JobTurns turns, string tenant, int count, string kind = "mail")
    {
        for (var i = 0; i < count; i++)
            turns.Offer(Mail(tenant, i, kind));
    }

    /// <summary>What has started and was not taken yet; nothing of it ends.</summary>
    private static async Task<List<Job>> StartedAsync(JobTurns turns)
    {
        var started = new List<Job>();
        using var enough = new CancellationTokenSource();
        var next = turns.NextAsync(enough.Token).AsTask();
        for (; next.IsCompleted; next = turns.NextAsync(enough.Token).AsTask())
            started.Add(await next);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        return started;
    }
}
