using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Cli;

namespace ReplyMint.Tests.Billing;

/// <summary>The operator's first look, and what of plans goes with a tenant.</summary>
public sealed class OverviewTests
{
    [Fact]
    public async Task The_operator_sees_how_many_have_what_and_what_waits()
    {
        await using var api = await ApiHost.StartAsync();
        api.Add("operator", Role.Operator);
        await api.AddTenantAsync("other");
        var third = await api.AddTenantAsync("third");
        var desk = api.Product.Get<PlanDesk>();
        await desk.SetAsync(api.Tenant, "growth", Actor.Machine, default);
        await desk.SetAsync(third.Id, "trial", Actor.Machine, default);
        await api.Product.Get<Alerts>().RaiseAsync("breaker", api.Tenant, "test", default);

        var seen = (await api.GetAsync("operator", "overview")).Expect(200);
        Assert.Equal((3, 1, "growth", "trial"), ((int)seen["tenants"]!, (int)seen["withoutPlan"]!, (string?)seen["plans"]![0]!["plan"], (string?)seen["plans"]![1]!["plan"]));
        Assert.Equal(("breaker", 1, 0), ((string?)seen["openAlerts"]![0]!["kind"], (int)seen["openAlerts"]![0]!["open"]!, seen["failing"]!.AsArray().Count));
        foreach (var (who, status) in new[] { ("admin", 403), ("auditor", 403), ("", 401) })
            (await api.GetAsync(who, "overview")).Expect(status);
    }

    [Fact]
    public async Task A_tenant_that_is_erased_is_counted_no_more_and_an_export_tells_of_its_plan()
    {
        using var run = CliRun.OnStore();
        await run.OkAsync("tenant", "add", "Acme");
        await run.OkAsync("tenant", "add", "Blue");
        await run.OkAsync("plan", "set", "growth", "--tenant", "Acme");
        await run.OkAsync("plan", "set", "starter", "--tenant", "Blue");
        Assert.Contains("on growth, active", await run.OkAsync("overview"), StringComparison.Ordinal);
        var acme = await run.InStoreAsync(async services => (await services.GetRequiredService<ReplyMint.Accounts.Tenants>().NamedAsync("Acme", default)).Single().Id);
        var exported = await run.InStoreAsync(async services =>
        {
            using var zip = new MemoryStream();
            Assert.True(await services.GetRequiredService<Exporter>().TenantAsync(zip, acme, _ => { }, default));
            using var archive = new System.IO.Compression.ZipArchive(new MemoryStream(zip.ToArray()));
            using var reader = new StreamReader(archive.GetEntry("tenant.json")!.Open());
            return await reader.ReadToEndAsync();
        });
        Assert.Contains("\"plan\":\"growth\"", exported, StringComparison.Ordinal);

        await run.OkAsync("erase", "tenant", acme, "--yes", acme);
        await run.InStoreAsync(async services =>
        {
            // As the job of the erasure does, twice, as after a crash.
            await services.GetRequiredService<Subscriptions>().RemoveAsync(acme, default);
            await services.GetRequiredService<Subscriptions>().RemoveAsync(acme, default);
            var overview = await services.GetRequiredService<Overview>().ReadAsync(default);
            Assert.Equal((1, 0, "starter"), (overview.Tenants, overview.WithoutPlan, overview.Plans.Single().Plan));
            return overview;
        });
    }
}
