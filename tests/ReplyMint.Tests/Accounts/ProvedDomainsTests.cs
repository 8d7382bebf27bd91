using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Accounts;

public sealed class ProvedDomainsTests : IAsyncLifetime
{
    private readonly FakeDns _dns = new();
    private ProductHost _host = null!;

    private ProvedDomains Domains => _host.Get<ProvedDomains>();

    public async ValueTask InitializeAsync() =>
        _host = await ProductHost.StartAsync(settings: s => s with { Dns = new() { Server = _dns.Address } });

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _dns.DisposeAsync();
    }

    [Fact]
    public async Task A_domain_is_proved_by_the_record_of_this_tenant_and_by_no_other()
    {
        var other = await _host.Get<Tenants>().AddAsync("other", Actor.Machine, default);
        foreach (var tenant in (string[])[_host.Tenant.Id, other.Id])
            Assert.Equal(DomainClaimResult.Added, (await Domains.AddAsync(tenant, "Shop.Example", Actor.Machine, default)).Result);
        Assert.Equal(DomainProofResult.NotThere, await ProveAsync(_host.Tenant.Id));
        var (name, value) = await Domains.RecordAsync(other.Id, "shop.example", default);
        Assert.Equal("_replymint.shop.example", name);
        _dns.Texts[name] = ["v=spf1 -all", value];
        Assert.Equal(DomainProofResult.NotThere, await ProveAsync(_host.Tenant.Id));
        Assert.Equal(DomainProofResult.Proved, await ProveAsync(other.Id));
        Assert.False(await Domains.IsProvedAsync(_host.Tenant.Id, "shop.example", default));
        Assert.True(await Domains.IsProvedAsync(other.Id, "SHOP.example.", default));
        // Names below may have been given to somebody else, and names above are.
        Assert.False(await Domains.IsProvedAsync(other.Id, "mail.shop.example", default));
        Assert.False(await Domains.IsProvedAsync(other.Id, "example", default));
        Assert.True(await Domains.RemoveAsync(other.Id, "shop.example", Actor.Machine, default));
        Assert.False(await Domains.IsProvedAsync(other.Id, "shop.example", default));
    }

    [Theory]
    [InlineData("com", DomainClaimResult.Shared)]
    [InlineData("co.uk", DomainClaimResult.Shared)]
    [InlineData("github.io", DomainClaimResult.Shared)]
    [InlineData("web.de", DomainClaimResult.Added)]
    [InlineData("bücher.example", DomainClaimResult.Added)]
    [InlineData("a..b", DomainClaimResult.NotADomain)]
    [InlineData("", DomainClaimResult.NotADomain)]
    [InlineData("127.0.0.1", DomainClaimResult.NotADomain)]
    [InlineData("a b.example", DomainClaimResult.NotADomain)]
    public async Task What_belongs_to_many_or_is_no_name_can_not_be_claimed(string domain, object expected) =>
        Assert.Equal(expected, (await Domains.AddAsync(_host.Tenant.Id, domain, Actor.Machine, default)).Result);

    private async Task<DomainProofResult> ProveAsync(string tenant) => (await Domains.ProveAsync(tenant, "shop.example", Actor.Machine, default)).Result;
}
