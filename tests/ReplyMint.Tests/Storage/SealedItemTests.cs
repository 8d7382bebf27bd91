using System.Security.Cryptography;
using System.Text;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Storage;

/// <summary>What is sealed opens in its own item and version, and nowhere else: nobody who can write to the file moves a value or brings an old one back.</summary>
public sealed class SealedItemTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_value_opens_in_its_own_item_and_version_only()
    {
        await using var host = await ProductHost.StartAsync();
        var own = await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, Ct);
        var person = await host.Get<KeyRing>().PersonAsync(own, own.Person("anna@customer.example"), Ct);
        var at = ItemKey.Main(host.Tenant.Id, "thing/1");
        foreach (var sealer in (SealingKey[])[own, person])
        {
            var value = sealer.Seal(at, 3, "a secret"u8);
            Assert.Equal("a secret", Encoding.UTF8.GetString(sealer.Open(at, 3, value)!));
            Assert.Null(sealer.Open(at, 4, value));
            Assert.Null(sealer.Open(at, 2, value));
            foreach (var elsewhere in (ItemKey[])[ItemKey.Main(host.Tenant.Id, "thing/2"), ItemKey.Main(KeyRing.Installation, "thing/1"), new(Table.Audit, host.Tenant.Id, "thing/1")])
                Assert.Null(sealer.Open(elsewhere, 3, value));
        }
    }

    [Fact]
    public async Task A_correspondents_key_is_no_other_ones()
    {
        await using var host = await ProductHost.StartAsync();
        var (ring, store) = (host.Get<KeyRing>(), host.Get<IStore>());
        var own = await ring.RequireAsync(host.Tenant.Id, Ct);
        var (anna, ben) = (own.Person("anna@customer.example"), own.Person("ben@customer.example"));
        var made = new Commit();
        (await ring.PersonAsync(own, anna, Ct)).AddTo(made);
        Assert.Equal(CommitResult.Committed, await store.CommitAsync(made, Ct));
        var wrapped = (await store.GetAsync(PersonKey.KeyOf(host.Tenant.Id, anna), Ct))!;
        await store.CommitAsync(new Commit().Put(PersonKey.KeyOf(host.Tenant.Id, ben), wrapped.Value, Condition.Absent), Ct);
        Assert.NotNull(await ring.FindPersonAsync(own, anna, Ct));
        await Assert.ThrowsAsync<CryptographicException>(() => ring.FindPersonAsync(own, ben, Ct).AsTask());
    }

    [Fact]
    public async Task A_look_up_hash_serves_one_purpose()
    {
        await using var host = await ProductHost.StartAsync();
        var own = await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, Ct);
        Assert.Equal(own.Hash("person", "anna"), own.Hash("person", "anna"));
        Assert.NotEqual(own.Hash("person", "anna"), own.Hash("thread", "anna"));
        Assert.NotEqual(own.Hash("person", "anna"), (await host.Get<KeyRing>().RequireAsync(KeyRing.Installation, Ct)).Hash("person", "anna"));
    }
}
