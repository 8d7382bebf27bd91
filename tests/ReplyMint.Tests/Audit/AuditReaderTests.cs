using System.Text.Json.Nodes;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Audit;

/// <summary>What a tenant's auditor learns over HTTP of whether the log is whole: as much as he may know, at a cost that does not grow.</summary>
public sealed class AuditReaderTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A look of now: one is kept for a minute.</summary>
    private static async Task<(JsonNode Verdict, string Text)> LookAsync(ProductHost host)
    {
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await host.Get<RootWatch>().RunAsync(Ct);
        using var auditor = await host.ClientAsync(Role.Auditor);
        var text = await auditor.GetStringAsync(new Uri("/api/v1/audit/verify", UriKind.Relative), Ct);
        return (JsonNode.Parse(text)!, text);
    }

    private static bool Has(JsonNode verdict, AuditFault fault, long entry) =>
        verdict["findings"]!.AsArray().Any(finding => (string?)finding!["fault"] == fault.ToString() && (long)finding["entry"]! == entry);

    [Fact]
    public async Task He_learns_up_to_which_root_it_is_whole_and_not_where_the_copies_lie()
    {
        await using var house = await AuditHouse.BuildAsync();
        var (verdict, text) = await LookAsync(house.Host);
        Assert.True((bool)verdict["whole"]! && (bool)verdict["elsewhere"]!, text);
        Assert.Equal(2, (long)verdict["root"]!);
        Assert.Equal(house.Chain, (string?)verdict["chains"]!.AsArray().Single()!["chain"]);

        File.Move(Path.Combine(house.RootsElsewhere, "000000000002.json"), Path.Combine(house.RootsElsewhere, "away"));
        await house.RestartAsync();
        (verdict, text) = await LookAsync(house.Host);
        Assert.True((bool)verdict["whole"]!, text);
        Assert.Equal(1, (long)verdict["root"]!);

        Directory.Delete(house.Elsewhere, recursive: true);
        await house.Host.Get<AuditRoots>().WriteAsync(Ct);
        (verdict, text) = await LookAsync(house.Host);
        Assert.Contains("place 1 could not be read", (string?)verdict["says"], StringComparison.Ordinal);
        Assert.DoesNotContain(house.Elsewhere, text, StringComparison.Ordinal);
        Directory.CreateDirectory(house.Elsewhere);
    }

    [Fact]
    public async Task Neither_a_second_look_nor_a_second_reader_costs_the_places_anything()
    {
        await using var server = await PutOnceServer.StartAsync();
        await using var host = await ProductHost.StartAsync(settings: settings => settings with { Audit = new() { Anchors = [new() { Url = server.Url }] } });
        await ProductHost.EventuallyAsync(async () => await host.Get<AuditRoots>().IsDueAsync(Ct) ? null : "not due");
        for (var i = 0; i < 20; i++)
            await host.Get<AuditRoots>().WriteAsync(Ct);
        Assert.True((bool)(await LookAsync(host)).Verdict["elsewhere"]!);
        await host.Get<RootWatch>().RunAsync(Ct);
        var asked = server.Authorizations.Count;
        using var auditor = await host.ClientAsync(Role.Auditor);
        for (var minute = 0; minute < 5; minute++)
        {
            host.Time.Advance(TimeSpan.FromMinutes(1));
            Assert.True((bool)JsonNode.Parse(await auditor.GetStringAsync(new Uri("/api/v1/audit/verify", UriKind.Relative), Ct))!["whole"]!);
        }
        await host.Get<RootWatch>().RunAsync(Ct);
        Assert.Equal(asked, server.Authorizations.Count);
        // A new root costs a few questions, however many there are.
        await host.Get<AuditRoots>().WriteAsync(Ct);
        asked = server.Authorizations.Count;
        await host.Get<RootWatch>().RunAsync(Ct);
        Assert.InRange(server.Authorizations.Count - asked, 1, 3);
    }

    [Fact]
    public async Task A_chain_is_looked_at_once_a_minute()
    {
        await using var house = await AuditHouse.BuildAsync();
        await LookAsync(house.Host);
        house.Replace(house.Chain, AuditHouse.Entry(5), "tenant.change", "tenant.charge");
        using var auditor = await house.Host.ClientAsync(Role.Auditor);
        Assert.True((bool)JsonNode.Parse(await auditor.GetStringAsync(new Uri("/api/v1/audit/verify", UriKind.Relative), Ct))!["whole"]!);
        Assert.True(Has((await LookAsync(house.Host)).Verdict, AuditFault.Changed, 5));
    }

    [Fact]
    public async Task Entries_that_were_written_anew_with_all_hashes_are_told_by_the_newest_root()
    {
        await using var house = await AuditHouse.BuildAsync();
        house.Forge(3, 12);
        Assert.True(Has((await LookAsync(house.Host)).Verdict, AuditFault.Changed, 10));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_new_root_over_a_forged_chain_does_not_make_it_whole(bool running)
    {
        await using var house = await AuditHouse.BuildAsync();
        await house.Host.Get<RootWatch>().RunAsync(Ct);
        if (running)
        {
            house.Forge(3, 12);
            await house.Host.Get<AuditRoots>().WriteAsync(Ct);
        }
        else
        {
            await house.RestartAsync(house.Host.Time.GetUtcNow().AddHours(2), () => house.Forge(3, 12));
        }
        Assert.True((await house.Host.Get<AuditRoots>().NewestAsync(Ct))!.Value.Statement.Number > 2);
        Assert.True(Has((await LookAsync(house.Host)).Verdict, AuditFault.Changed, 10));
        await ProductHost.EventuallyAsync(async () => (await house.Host.Get<Alerts>().NewestAsync(10, Ct)).FirstOrDefault(alert => alert.Kind == "audit-altered"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_root_that_was_taken_away_is_missed(bool restart)
    {
        await using var house = await AuditHouse.BuildAsync();
        await house.Host.Get<RootWatch>().RunAsync(Ct);
        void Take() => house.Remove("roots", "root/000000000002");
        if (restart)
            await house.RestartAsync(meanwhile: Take);
        else
            Take();
        Assert.True(Has((await LookAsync(house.Host)).Verdict, AuditFault.RootMissing, 2));
    }

    [Fact]
    public async Task An_older_root_that_is_another_one_elsewhere_is_found_at_the_start()
    {
        await using var house = await AuditHouse.BuildAsync();
        for (var number = 3; number <= 9; number++)
            await house.Host.Get<AuditRoots>().WriteAsync(Ct);
        await house.RestartAsync(meanwhile: () => File.AppendAllText(Path.Combine(house.RootsElsewhere, "000000000005.json"), " "));
        Assert.True(Has((await LookAsync(house.Host)).Verdict, AuditFault.RootAltered, 5));
    }

    [Fact]
    public async Task Nobody_hears_of_other_tenants_entries()
    {
        await using var house = await AuditHouse.BuildAsync();
        await house.Host.Get<RootWatch>().RunAsync(Ct);
        var other = await house.Host.Get<ReplyMint.Accounts.Tenants>().AddAsync("other", Actor.Machine, Ct);
        house.Forge(3, 12);
        await house.Host.Get<AuditRoots>().WriteAsync(Ct);
        await house.Host.Get<RootWatch>().RunAsync(Ct);
        var seen = await house.Host.Get<AuditVerifier>().LookAsync(other.Id, Ct);
        Assert.DoesNotContain(seen.Findings, finding => finding.Chain == house.Chain);
    }
}
