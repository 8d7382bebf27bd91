using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Audit;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Audit;

/// <summary>Whoever puts something among the roots that nobody believes, or has the watch over them fail, ends neither the telling nor the signing.</summary>
public sealed class AuditBlindingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Task<Alert> AlertAsync(ProductHost host) => ProductHost.EventuallyAsync(async () =>
        (await host.Get<Alerts>().NewestAsync(10, Ct)).FirstOrDefault(alert => alert.Kind == "audit-altered"));

    /// <summary>Lets the clock go on until a root lies elsewhere.</summary>
    private static Task CopiedAsync(ProductHost host, string elsewhere, int number) => ProductHost.EventuallyAsync(() =>
    {
        host.Time.Advance(TimeSpan.FromMinutes(1));
        return Task.FromResult(File.Exists(Path.Combine(elsewhere, string.Create(CultureInfo.InvariantCulture, $"{number:D12}.json"))) ? "" : null);
    });

    [Theory]
    [InlineData("no root at all")]
    [InlineData("a root of another place")]
    [InlineData("a root that was altered")]
    public async Task A_root_that_is_not_believed_is_told_of_and_roots_go_on_and_leave(string what)
    {
        await using var house = await AuditHouse.BuildAsync();
        house.Add("roots", "root/000000000003", what switch
        {
            "no root at all" => "{}"u8.ToArray(),
            "a root of another place" => house.Read("roots", "root/000000000001"),
            _ => [.. house.Read("roots", "root/000000000002"), (byte)' '],
        });
        house.Host.Time.Advance(TimeSpan.FromMinutes(1));
        await AlertAsync(house.Host);
        await CopiedAsync(house.Host, house.RootsElsewhere, 4);
        await CopiedAsync(house.Host, house.RootsElsewhere, 5);
        Assert.Contains((await house.VerifyAsync()).Findings, finding => finding is { Fault: AuditFault.RootAltered, Entry: 3 });
        // The watch sees what comes after it.
        await house.Host.Get<RootWatch>().RunAsync(Ct);
        house.Forge(3, 12);
        Assert.Contains((await house.Host.Get<AuditVerifier>().LookAsync(house.Chain, Ct)).Findings, finding => finding is { Fault: AuditFault.Changed, Entry: 12 });
    }

    [Fact]
    public async Task A_name_among_the_roots_that_is_no_number_stops_none()
    {
        await using var house = await AuditHouse.BuildAsync();
        house.Add("roots", "root/zzz", house.Read("roots", "root/000000000001"));
        await CopiedAsync(house.Host, house.RootsElsewhere, 3);
        await CopiedAsync(house.Host, house.RootsElsewhere, 4);
    }

    /// <summary>Its roots then are of before the time of their key, which nobody believes; they go on all the same.</summary>
    [Fact]
    public async Task A_clock_that_was_set_back_stops_no_roots()
    {
        await using var house = await AuditHouse.BuildAsync();
        await house.RestartAsync(house.Host.Time.GetUtcNow().AddHours(-3));
        await AlertAsync(house.Host);
        await CopiedAsync(house.Host, house.RootsElsewhere, 3);
        await CopiedAsync(house.Host, house.RootsElsewhere, 4);
    }

    [Fact]
    public async Task A_watch_that_fails_stops_neither_signing_nor_copies()
    {
        using var elsewhere = new TemporaryFolder();
        WatchedStore? watched = null;
        await using var host = await StartAsync(elsewhere, services => watched = WatchedStore.Put(services));
        await CopiedAsync(host, elsewhere.Sub("roots"), 1);
        await host.Get<RootWatch>().RunAsync(Ct);
        // It alone asks for one root by its name.
        watched!.AfterQuery = range => range.Prefix.StartsWith("root/0", StringComparison.Ordinal) ? Task.FromException(new StoreUnavailableException("a bad block")) : Task.CompletedTask;
        await CopiedAsync(host, elsewhere.Sub("roots"), 2);
        await CopiedAsync(host, elsewhere.Sub("roots"), 3);
    }

    [Fact]
    public async Task A_look_that_comes_to_no_end_tells_what_it_found_until_then()
    {
        using var elsewhere = new TemporaryFolder();
        WatchedStore? watched = null;
        await using var host = await StartAsync(elsewhere, services => watched = WatchedStore.Put(services));
        await CopiedAsync(host, elsewhere.Sub("roots"), 1);
        await host.Get<IStore>().CommitAsync(new Commit().Put(RootNames.RootKey(2), "{}"u8.ToArray(), Condition.Absent), Ct);
        var followed = false;
        watched!.AfterQuery = range =>
        {
            followed |= range is { Prefix: RootNames.RootPrefix, Descending: false };
            return followed && range.Prefix.StartsWith("root/0", StringComparison.Ordinal) ? Task.FromException(new StoreUnavailableException("a bad block")) : Task.CompletedTask;
        };
        // The clock stands still: nobody else looks meanwhile.
        Assert.DoesNotContain(await host.Get<Alerts>().NewestAsync(10, Ct), alert => alert.Kind == "audit-altered");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => host.Get<RootWatch>().RunAsync(Ct));
        Assert.Contains(await host.Get<Alerts>().NewestAsync(10, Ct), alert => alert.Kind == "audit-altered");
    }

    private static Task<ProductHost> StartAsync(TemporaryFolder elsewhere, Action<IServiceCollection> services) =>
        ProductHost.StartAsync(services: services, settings: settings => settings with { Audit = new() { Anchors = [new() { Folder = elsewhere.Path }] } });
}
