using System.Net.Http.Json;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>A detector contains only what the operator allows, all of it can be taken back, and no operator is shut out.</summary>
public sealed class DetectorContainmentTests
{
    private static async Task<(string Id, string Text)> MovedKeyAsync(ProductHost host)
    {
        var (key, text) = await host.KeyAsync("me:read");
        await host.AskAsync("/api/v1/me", Detected.Here, text);
        await host.SeenAsync();
        host.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(200, await host.AskAsync("/api/v1/me", Detected.There, text));
        await host.OneAsync(DetectorNames.KeyNetwork);
        return (key.Id, text);
    }

    [Fact]
    public async Task By_default_nothing_is_contained()
    {
        await using var host = await Detected.StartAsync(d => d with { KeyLearnDays = 0 });
        var (_, text) = await MovedKeyAsync(host);
        Assert.Equal(200, await host.AskAsync("/api/v1/me", Detected.There, text));
        await host.ScanAsync("9.9.9.9");
        await host.SeenAsync();
        Assert.Equal(200, await host.AskAsync("/health", "9.9.9.9"));
    }

    [Fact]
    public async Task A_key_is_contained_where_that_is_allowed_stands_in_the_audit_log_and_is_let_go_again()
    {
        await using var host = await Detected.StartAsync(d => d with { Contain = [DetectorNames.KeyNetwork], KeyLearnDays = 0 });
        var (id, text) = await MovedKeyAsync(host);
        Assert.Equal(401, await host.AskAsync("/api/v1/me", Detected.Here, text));
        var act = Assert.Single(await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 1, default));
        Assert.Equal(("detector", "contain.key", id), (act.Actor, act.Act, act.Target));
        Assert.Equal("key " + id, (await host.OneAsync(DetectorNames.KeyNetwork)).Contained);

        using var person = await host.ClientAsync(Role.Operator);
        using var released = await person.PostAsJsonAsync(new Uri("/api/v1/containments/release", UriKind.Relative), new { kind = "key", id });
        Assert.Equal(204, (int)released.StatusCode);
        Assert.Equal(200, await host.AskAsync("/api/v1/me", Detected.Here, text));
    }

    [Fact]
    public async Task A_network_is_shut_out_for_a_while_and_no_other()
    {
        await using var host = await Detected.StartAsync(d => d with { Contain = [DetectorNames.Scanning] });
        await host.ScanAsync(Detected.Here);
        await host.SeenAsync();
        Assert.Equal(403, await host.AskAsync("/health", Detected.Here));
        Assert.Equal(200, await host.AskAsync("/health", "93.184.216.35"));
        host.Time.Advance(TimeSpan.FromMinutes(60));
        Assert.Equal(200, await host.AskAsync("/health", Detected.Here));
    }

    [Fact]
    public async Task A_network_is_let_go_by_a_person()
    {
        await using var host = await Detected.StartAsync(d => d with { Contain = [DetectorNames.Scanning] });
        await host.ScanAsync(Detected.Here);
        await host.SeenAsync();
        Assert.Equal(ActResult.Done, await host.Get<ContainmentDesk>().ReleaseAsync(ReplyMint.Limits.ContainedKind.Network, host.MarkOf(Detected.Here), Actor.Machine, null, default));
        Assert.Equal(200, await host.AskAsync("/health", Detected.Here));
    }

    [Fact]
    public async Task Where_a_good_caller_or_an_operator_came_from_nobody_is_shut_out()
    {
        await using var host = await Detected.StartAsync(d => d with { Contain = [DetectorNames.Scanning] });
        Assert.Equal(200, await host.AskAsync("/api/v1/me", Detected.Here, (await host.KeyAsync("me:read")).Text));
        await host.ScanAsync(Detected.Here);
        Assert.Null((await host.OneAsync(DetectorNames.Scanning)).Contained);
        Assert.Equal(200, await host.AskAsync("/health", Detected.Here));

        // Hours later it counts of operators still, and of all of their network.
        using (var client = await host.ClientAsync(Role.Operator))
        {
            client.DefaultRequestHeaders.Add("X-Forwarded-For", Detected.There);
            (await client.GetAsync(new Uri("/api/v1/incidents", UriKind.Relative))).EnsureSuccessStatusCode();
        }
        await host.SeenAsync();
        host.Time.Advance(TimeSpan.FromHours(2));
        await host.ScanAsync("8.8.8.9");
        Assert.All(await host.SeenAsync(), alert => Assert.Null(alert.Contained));
        Assert.Equal(200, await host.AskAsync("/health", "8.8.8.9"));
    }

    [Fact]
    public async Task Networks_of_one_s_own_are_never_shut_out()
    {
        await using var host = await Detected.StartAsync(d => d with { Contain = [DetectorNames.Scanning] });
        await host.ScanAsync("10.1.2.3");
        Assert.Null((await host.OneAsync(DetectorNames.Scanning)).Contained);
        Assert.Equal(200, await host.AskAsync("/health", "10.1.2.3"));
    }

    [Fact]
    public async Task A_person_is_contained_and_an_operator_is_not()
    {
        await using var host = await Detected.StartAsync(d => d with { Contain = [DetectorNames.Probing], ProbedRights = 2 });
        async Task<int> ProbeAsync(Role role)
        {
            using var client = await host.ClientAsync(role);
            async Task<int> GetAsync(string thing)
            {
                using var answer = await client.GetAsync(new Uri("/api/v1/" + thing, UriKind.Relative));
                return (int)answer.StatusCode;
            }
            Assert.Equal(403, await GetAsync("keys"));
            Assert.Equal(403, await GetAsync("webhooks"));
            await host.SeenAsync();
            return await GetAsync("me");
        }
        Assert.Equal(401, await ProbeAsync(Role.Member));
        Assert.Equal(200, await ProbeAsync(Role.Operator));
        Assert.Equal(2, (await host.SeenAsync()).Count);
    }
}
