using ReplyMint.Incidents;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>A key that is used from where it never came from is told of; one that moves about as keys do is not (MON-3).</summary>
public sealed class KeyNetworkTests
{
    /// <summary>Only the first network is known without a word.</summary>
    private static DetectionSettings NothingLearnt(DetectionSettings settings) => settings with { KeyLearnDays = 0 };

    private static async Task<string> UsedKeyAsync(ProductHost host)
    {
        var text = (await host.KeyAsync("me:read")).Text;
        Assert.Equal(200, await host.AskAsync("/api/v1/me", "93.184.216.34", text));
        await host.SeenAsync();
        host.Time.Advance(TimeSpan.FromHours(2));
        return text;
    }

    private static async Task UseAsync(ProductHost host, string text, string network)
    {
        host.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(200, await host.AskAsync("/api/v1/me", network, text));
    }

    [Fact]
    public async Task A_new_network_is_told_of_once()
    {
        await using var host = await Detected.StartAsync(NothingLearnt);
        var text = await UsedKeyAsync(host);
        await UseAsync(host, text, "8.8.8.8");
        var alert = await host.OneAsync(DetectorNames.KeyNetwork);
        Assert.Equal(host.Tenant.Id, alert.Tenant);
        await UseAsync(host, text, "93.184.216.34");
        await UseAsync(host, text, "8.8.8.8");
        Assert.Equal(1, (await host.OneAsync(DetectorNames.KeyNetwork)).Count);
    }

    [Fact]
    public async Task Within_the_first_days_networks_are_learnt()
    {
        await using var host = await Detected.StartAsync();
        var text = (await host.KeyAsync("me:read")).Text;
        foreach (var network in (string[])["93.184.216.34", "8.8.8.8", "9.9.9.9"])
            await UseAsync(host, text, network);
        Assert.Empty(await host.SeenAsync());
    }

    [Fact]
    public async Task A_move_within_a_network_and_to_the_other_family_at_the_same_time_is_quiet()
    {
        await using var host = await Detected.StartAsync(NothingLearnt);
        var text = await UsedKeyAsync(host);
        await UseAsync(host, text, "93.184.216.200");
        await host.SeenAsync();
        await UseAsync(host, text, "2606:2800:220:1::7");
        Assert.Empty(await host.SeenAsync());
        // A second network of that family is no longer the other family.
        await UseAsync(host, text, "2001:4860:4860::8888");
        await host.OneAsync(DetectorNames.KeyNetwork);
    }

    [Fact]
    public async Task The_other_family_hours_later_is_told_of()
    {
        await using var host = await Detected.StartAsync(NothingLearnt);
        var text = await UsedKeyAsync(host);
        await UseAsync(host, text, "2606:2800:220:1::7");
        await host.OneAsync(DetectorNames.KeyNetwork);
    }

    [Fact]
    public async Task What_is_known_outlives_a_restart()
    {
        using var folder = new TemporaryFolder();
        var first = await Detected.StartAsync(NothingLearnt, folder: folder);
        var (time, tenant) = (first.Time, first.Tenant);
        var text = await UsedKeyAsync(first);
        await first.StopAsync();
        var host = await ProductHost.StartAsync(settings: s => s with { Http = s.Http with { Proxies = ["127.0.0.1"] }, Detection = NothingLearnt(s.Detection) }, folder: folder, time: time, of: tenant);
        await UseAsync(host, text, "93.184.216.34");
        Assert.Empty(await host.SeenAsync());
        await UseAsync(host, text, "8.8.8.8");
        await host.OneAsync(DetectorNames.KeyNetwork);
        await host.StopAsync();
    }

    [Fact]
    public async Task A_key_that_moves_about_is_told_of_until_it_is_known_for_it()
    {
        await using var host = await Detected.StartAsync(d => NothingLearnt(d) with { KeyNetworks = 3, QuietMinutes = 1 });
        var text = await UsedKeyAsync(host);
        for (var i = 0; i < 9; i++)
        {
            await UseAsync(host, text, $"9.9.{i}.9");
            await host.SeenAsync();
        }
        Assert.Equal(2, (await host.OneAsync(DetectorNames.KeyNetwork)).Count);
    }
}
