using System.Text;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Cli;
using Xunit;

namespace ReplyMint.Tests.Privacy;

public sealed class LegalHoldTests
{
    [Fact]
    public async Task A_hold_is_set_listed_and_lifted_with_audit_entries_that_name_nobody()
    {
        await using var api = await ApiHost.StartAsync();
        var made = (await api.PostAsync("admin", "legal-holds", new { reason = "Anna's case 12/34", correspondent = "anna@customer.example" })).Expect(201);
        var id = (string)made["id"]!;
        Assert.Equal(("correspondent", "Anna's case 12/34", "uadmin"), ((string)made["scope"]!, (string)made["reason"]!, (string)made["by"]!));
        var entry = await api.LastActAsync();
        Assert.Equal(("hold.set", id, "uadmin"), (entry.Act, entry.Target, entry.Actor));
        Assert.DoesNotContain("anna", string.Join(' ', entry.Details!.Values), StringComparison.OrdinalIgnoreCase);

        Assert.Equal(id, (string)(await api.GetAsync("auditor", "legal-holds")).Expect(200)["items"]![0]!["id"]!);
        Assert.Equal(403, (await api.PostAsync("auditor", "legal-holds", new { reason = "x" })).Code);
        var reading = await api.Product.Get<LegalHolds>().ReadAsync(api.Tenant, default);
        var anna = (await api.Product.Get<KeyRing>().RequireAsync(api.Tenant, default)).Person("anna@customer.example");
        Assert.True(reading.Keeps(anna, "any"));
        Assert.False(reading.Keeps("ben", "any"));

        (await api.DeleteAsync("admin", "legal-holds/" + id)).Expect(204);
        Assert.Equal("hold.lift", (await api.LastActAsync()).Act);
        Assert.Equal(404, (await api.DeleteAsync("admin", "legal-holds/" + id)).Code);
    }

    [Fact]
    public async Task A_hold_of_one_mail_keeps_its_correspondent_and_nobody_else()
    {
        await using var api = await ApiHost.StartAsync();
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        Assert.Equal(400, (await api.PostAsync("admin", "legal-holds", new { reason = "x", mail = "nomail" })).Code);
        (await api.PostAsync("admin", "legal-holds", new { reason = "x", mail = message.Id })).Expect(201);
        var reading = await api.Product.Get<LegalHolds>().ReadAsync(api.Tenant, default);
        Assert.Single(reading.On(message.Record.Person));
        Assert.Empty(reading.On("ben"));
        Assert.True(reading.Keeps(message.Record.Person, message.Id));
        Assert.False(reading.Keeps(message.Record.Person, "other"));
        (await api.PostAsync("admin", "legal-holds", new { reason = "all" })).Expect(201);
        Assert.Single((await api.Product.Get<LegalHolds>().ReadAsync(api.Tenant, default)).On("ben"));
    }

    [Fact]
    public async Task What_is_held_is_not_decided_anew()
    {
        await using var api = await ApiHost.StartAsync();
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        var receipt = (await api.GetAsync("admin", $"messages/{message.Id}/receipt")).Expect(200).ToJsonString();
        (await api.PostAsync("admin", "legal-holds", new { reason = "x", mail = message.Id })).Expect(201);
        Assert.Contains("legal hold", (string)(await api.PostAsync("admin", $"messages/{message.Id}/retry")).Expect(409)["detail"]!, StringComparison.Ordinal);
        Assert.Equal(receipt, (await api.GetAsync("admin", $"messages/{message.Id}/receipt")).Expect(200).ToJsonString());
    }

    [Fact]
    public async Task Other_tenants_see_nothing_of_it()
    {
        await using var api = await ApiHost.StartAsync();
        await api.AddTenantAsync("other");
        var id = (string)(await api.PostAsync("admin", "legal-holds", new { reason = "marked-reason-text", correspondent = "marked@customer.example" })).Expect(201)["id"]!;
        Assert.Equal(404, (await api.GetAsync("other", "legal-holds/" + id)).Code);
        Assert.Empty((await api.GetAsync("other", "legal-holds")).Expect(200)["items"]!.AsArray());
    }

    [Fact]
    public async Task Two_at_once_lose_nothing_and_a_removal_conflicts_with_a_hold_that_comes_meanwhile()
    {
        await using var api = await ApiHost.StartAsync();
        var holds = api.Product.Get<LegalHolds>();
        var before = await holds.ReadAsync(api.Tenant, default);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => api.PostAsync("admin", "legal-holds", new { reason = "case " + n })));
        Assert.Equal(8, (await holds.ReadAsync(api.Tenant, default)).Holds.Count);
        var removal = new Commit().Put(ItemKey.Main(api.Tenant, "removed"), "{}"u8.ToArray(), Condition.Absent);
        before.AddTo(removal);
        Assert.Equal(CommitResult.Conflict, await api.Product.Get<IStore>().CommitAsync(removal, default));
    }
}
