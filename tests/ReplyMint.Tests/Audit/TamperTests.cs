using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Audit;

/// <summary>Whoever changes the log in the database file is found, and where (SOC-3).</summary>
public sealed class TamperTests
{
    private static readonly Dictionary<string, (Action<AuditHouse> Tamper, AuditFault Fault, long Entry)> Cases = new()
    {
        ["the act of an entry"] = (house => house.Replace(house.Chain, AuditHouse.Entry(5), "tenant.change", "tenant.charge"), AuditFault.Changed, 5),
        ["the hash of an entry"] = (house => house.Replace(house.Chain, AuditHouse.Entry(5), house.Record(5).Hash!, house.Record(4).Hash!), AuditFault.Changed, 5),
        ["an entry with a hash that fits"] = (house =>
        {
            var last = house.Record(12);
            house.Forge(5, 5);
            house.Write(house.Chain, "head", System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new AuditHead(1, 12, last.Hash!), AuditJson.Default.AuditHead));
        }, AuditFault.Changed, 6),
        ["a member that nobody reads"] = (house => house.Replace(house.Chain, AuditHouse.Entry(5), "{\"v\":1,", "{\"v\":1,\"note\":\"was not I\","), AuditFault.Changed, 5),
        ["no JSON at all"] = (house => house.Write(house.Chain, AuditHouse.Entry(5), [1, 2, 3]), AuditFault.Changed, 5),
        ["the order of two"] = (house =>
        {
            var (five, six) = (house.Read(house.Chain, AuditHouse.Entry(5)), house.Read(house.Chain, AuditHouse.Entry(6)));
            house.Write(house.Chain, AuditHouse.Entry(5), six);
            house.Write(house.Chain, AuditHouse.Entry(6), five);
        }, AuditFault.Reordered, 5),
        ["one in the middle is gone"] = (house => house.Remove(house.Chain, AuditHouse.Entry(5)), AuditFault.Missing, 5),
        ["the first is gone"] = (house => house.Remove(house.Chain, AuditHouse.Entry(1)), AuditFault.Missing, 1),
        ["the last is gone"] = (house => house.Remove(house.Chain, AuditHouse.Entry(12)), AuditFault.CutOff, 12),
        ["the end is gone and the head says so"] = (house => house.Cut(8), AuditFault.CutOff, 9),
        ["the chain is gone"] = (house =>
        {
            house.RemoveAll(house.Chain, "%");
            house.Remove(AuditLog.ListPartition, AuditLog.ListPrefix + house.Chain);
        }, AuditFault.CutOff, 1),
        ["the whole chain was written anew"] = (house => house.Forge(3, 12), AuditFault.Changed, 10),
        ["the head's hash"] = (house => house.Replace(house.Chain, "head", house.Record(12).Hash!, house.Record(11).Hash!), AuditFault.HeadAltered, 12),
        ["the head is gone"] = (house => house.Remove(house.Chain, "head"), AuditFault.HeadAltered, 12),
        ["a root's list"] = (house => house.Replace("roots", "root/000000000002", $"{house.Chain} 10 ", $"{house.Chain} 11 "), AuditFault.RootAltered, 2),
        ["a root's signature"] = (house => house.Replace("roots", "root/000000000002", "\"jws\":\"eyJ", "\"jws\":\"eyK"), AuditFault.RootAltered, 2),
        ["the first root is gone"] = (house => house.Remove("roots", "root/000000000001"), AuditFault.RootMissing, 1),
        ["the newest root is gone"] = (house => house.Remove("roots", "root/000000000002"), AuditFault.RootMissing, 2),
        ["two roots' places"] = (house =>
        {
            var (one, two) = (house.Read("roots", "root/000000000001"), house.Read("roots", "root/000000000002"));
            house.Write("roots", "root/000000000001", two);
            house.Write("roots", "root/000000000002", one);
        }, AuditFault.RootAltered, 1),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task What_is_changed_is_found_and_located(string what)
    {
        await using var house = await AuditHouse.BuildAsync();
        var before = await house.VerifyAsync();
        Assert.True(before.Whole, before.Says);
        var (tamper, fault, entry) = Cases[what];
        tamper(house);
        var after = await house.VerifyAsync();
        Assert.False(after.Whole);
        Assert.Null(after.CompleteUpTo);
        var root = fault is AuditFault.RootAltered or AuditFault.RootMissing;
        Assert.True(after.Findings.Any(finding => finding.Fault == fault && finding.Entry == entry && finding.Chain == (root ? null : house.Chain)), string.Join('\n', after.Findings));
        // Others' chains are not under suspicion, and nothing before the place is.
        Assert.All(after.Findings, finding => Assert.True(root || (finding.Chain == house.Chain && finding.Entry >= entry), finding.ToString()));
    }

    [Fact]
    public async Task A_log_that_holds_says_up_to_when_it_is_complete()
    {
        await using var house = await AuditHouse.BuildAsync();
        var verdict = await house.VerifyAsync();
        Assert.True(verdict.Whole);
        Assert.True(verdict.Elsewhere);
        Assert.Equal(((long?)2, (DateTimeOffset?)house.Host.Time.GetUtcNow()), (verdict.Root, verdict.CompleteUpTo));
        Assert.Contains("complete up to the root of 2026-11-24 12:00:00Z", verdict.Says, StringComparison.Ordinal);
        Assert.Contains(verdict.Chains, chain => chain == new ChainVerdict(house.Chain, 1, 12));
        Assert.Equal(2, verdict.Chains.Count);
    }

    [Theory]
    [InlineData("gone", nameof(AuditFault.RootMissing), 2)]
    [InlineData("swapped", nameof(AuditFault.RootAltered), 1)]
    public async Task Without_a_place_elsewhere_the_roots_themselves_tell_that_one_is_gone_or_in_anothers_place(string what, string fault, long root)
    {
        await using var house = await AuditHouse.BuildAsync(anchored: false);
        for (var more = 0; more < 2; more++)
            await house.Host.Get<AuditRoots>().WriteAsync(default);
        Assert.True((await house.VerifyAsync()).Whole);
        var (one, two) = (house.Read("roots", "root/000000000001"), house.Read("roots", "root/000000000002"));
        if (what == "gone")
            house.Remove("roots", "root/000000000002");
        else
        {
            house.Write("roots", "root/000000000001", two);
            house.Write("roots", "root/000000000002", one);
        }
        Assert.Contains((await house.VerifyAsync()).Findings, finding => finding.Fault.ToString() == fault && finding.Entry == root);
    }

    [Fact]
    public async Task Without_a_place_elsewhere_a_forger_with_the_whole_disk_is_not_found_and_verify_says_that_it_cannot_know()
    {
        await using var house = await AuditHouse.BuildAsync(anchored: false);
        house.Forge(3, 12);
        // This store's own roots tell, as long as they are there.
        Assert.Contains((await house.VerifyAsync()).Findings, finding => finding.Fault == AuditFault.Changed && finding.Entry == 10);
        house.RemoveAll("roots", "%");
        var verdict = await house.VerifyAsync();
        Assert.True(verdict.Whole);
        Assert.False(verdict.Elsewhere);
        Assert.Null(verdict.CompleteUpTo);
        Assert.Contains("can't be seen", verdict.Says, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_has_the_keys_too_and_signs_new_roots_over_a_forged_log_is_told_on_by_the_older_root_elsewhere()
    {
        await using var house = await AuditHouse.BuildAsync();
        house.Forge(3, 12);
        await house.RestartAsync(house.Host.Time.GetUtcNow() + TimeSpan.FromHours(2));
        Assert.Equal(3, (await house.Host.Get<AuditRoots>().NewestAsync(default))!.Value.Statement.Number);
        var verdict = await house.VerifyAsync();
        Assert.Contains(verdict.Findings, finding => finding is { Fault: AuditFault.Changed, Entry: 10 } && finding.Chain == house.Chain && finding.Says.Contains("number 2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Roots_that_somebody_brings_count_without_any_setting()
    {
        await using var house = await AuditHouse.BuildAsync();
        house.Forge(3, 12);
        foreach (var number in (int[])[1, 2])
            house.Remove("roots", string.Create(CultureInfo.InvariantCulture, $"root/{number:D12}"));
        var brought = Directory.GetFiles(house.RootsElsewhere).Order(StringComparer.Ordinal).Select(file => new AnchoredDocument("a stick", Path.GetFileName(file), File.ReadAllBytes(file))).ToAsyncEnumerable();
        var verdict = await house.Host.Get<AuditVerifier>().VerifyAsync(house.Chain, brought, null, default);
        Assert.Contains(verdict.Findings, finding => finding is { Fault: AuditFault.Changed, Entry: 10 });
        Assert.Contains(verdict.Findings, finding => finding is { Fault: AuditFault.RootMissing, Entry: 1 });
    }

    [Fact]
    public async Task Each_hour_has_a_root_also_when_nothing_happened_and_each_lies_elsewhere()
    {
        await using var house = await AuditHouse.BuildAsync();
        for (var hour = 3; hour <= 5; hour++)
        {
            house.Host.Time.Advance(AuditRoots.Every);
            await Product.ProductHost.EventuallyAsync(() => Task.FromResult(Directory.GetFiles(house.RootsElsewhere).Length == hour ? "there" : null));
        }
        var newest = (await house.Host.Get<AuditRoots>().NewestAsync(default))!.Value.Statement;
        Assert.Equal((5L, 0L, 2L), (newest.Number, newest.Changed, newest.Chains));
        Assert.True((await house.VerifyAsync()).Whole);
    }

    [Fact]
    public async Task Old_entries_go_only_up_to_a_checkpoint_that_lies_elsewhere()
    {
        await using var house = await AuditHouse.BuildAsync(keepDays: 365);
        await house.RestartAsync(house.Host.Time.GetUtcNow().AddDays(390));
        Assert.Equal(1, (await house.VerifyAsync(house.Chain)).Chains[0].First);
        var checkpoints = Path.Combine(house.Elsewhere, "checkpoints");
        File.WriteAllText(checkpoints, "in the way");
        await house.RestartAsync(house.Host.Time.GetUtcNow().AddDays(20));
        await house.Host.Get<AuditPruning>().RunAsync(default);
        // The server may have been at it itself, and still be; to a look of a day later the checkpoint is there.
        house.Host.Time.Advance(TimeSpan.FromDays(1));
        await house.Host.Get<AuditPruning>().RunAsync(default);
        Assert.Equal(1, (await house.VerifyAsync(house.Chain)).Chains[0].First);
        File.Delete(checkpoints);
        await house.ActUntilAsync(15);
        await house.RestartAsync(house.Host.Time.GetUtcNow().AddDays(2));
        var pruned = await Product.ProductHost.EventuallyAsync(async () => (await house.VerifyAsync(house.Chain)) is { Chains: [{ First: 13 }] } seen ? seen : null);
        Assert.True(pruned.Whole, string.Join('\n', pruned.Findings));
        // Keys that change by themselves after so long leave entries, too.
        Assert.InRange(pruned.Chains[0].Last, 15, 20);

        var checkpoint = house.Read(house.Chain, "checkpoint");
        house.Replace(house.Chain, "checkpoint", "\"jws\":\"eyJ", "\"jws\":\"eyK");
        Assert.Contains((await house.VerifyAsync()).Findings, finding => finding.Fault == AuditFault.CheckpointAltered && finding.Chain == house.Chain);
        house.Write(house.Chain, "checkpoint", checkpoint);
        Assert.True((await house.VerifyAsync()).Whole);
        house.Remove(house.Chain, AuditHouse.Entry(13));
        Assert.Contains((await house.VerifyAsync()).Findings, finding => finding is { Fault: AuditFault.Missing, Entry: 13 });
    }

    [Fact]
    public async Task A_checkpoint_of_another_chain_has_nothing_removed()
    {
        await using var house = await AuditHouse.BuildAsync(keepDays: 365);
        // Genuine, and copied from where it belongs to where everything is young.
        var statement = new CheckpointStatement(1, house.Host.Get<AuditRoots>().Store, KeyRing.Installation, 10, house.Record(10).Hash!, house.Host.Time.GetUtcNow(), house.Host.Time.GetUtcNow());
        var jws = await house.Host.Get<Attestations>().SignAsync(CheckpointStatement.Kind, statement, AuditJson.Default.CheckpointStatement, default);
        house.Add(house.Chain, "checkpoint", StoredJson.Write(new CheckpointRecord(1, jws), AuditJson.Default.CheckpointRecord));
        await house.RestartAsync(house.Host.Time.GetUtcNow().AddDays(2));
        await house.Host.Get<AuditPruning>().RunAsync(default);
        Assert.NotNull(house.Read(house.Chain, AuditHouse.Entry(1)));
    }

    [Fact]
    public async Task A_checkpoint_that_no_place_elsewhere_has_allows_nothing()
    {
        await using var house = await AuditHouse.BuildAsync(keepDays: 365);
        await house.RestartAsync(house.Host.Time.GetUtcNow().AddDays(400));
        await Product.ProductHost.EventuallyAsync(async () => (await house.VerifyAsync(house.Chain)) is { Chains: [{ First: not 1 }] } ? "gone" : null);
        Assert.True((await house.VerifyAsync()).Whole);
        Directory.Delete(Path.Combine(house.Elsewhere, "checkpoints"), recursive: true);
        Assert.Contains((await house.VerifyAsync()).Findings, finding => finding is { Fault: AuditFault.CheckpointAltered, Entry: 12 });
    }
}
