using System.Security.Cryptography;
using System.Text;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Storage;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Inbound;

/// <summary>Whose answer comes back to an address: those of now have the whole signature; those of before count for mails that left under them.</summary>
public sealed class BounceAddressTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    /// <summary>An address as it was written before: lengths, both ids, and seven characters of the signature.</summary>
    private static string Short(ProductHost host, string id)
    {
        const string alphabet = "0123456789abcdefghjkmnpqrstvwxyz", lengths = "0123456789abcdefghijklmnopqrstuvwxy";
        var tenant = host.Tenant.Id;
        var hash = HMACSHA256.HashData(host.Get<OpenStore>().Installation.Derive("reply tokens"), Encoding.UTF8.GetBytes($"b1|{tenant}|{id}"));
        var mac = string.Concat(Enumerable.Range(0, 7).Select(at => alphabet[(((hash[at * 5 / 8] << 8) | hash[at * 5 / 8 + 1]) >> (11 - at * 5 % 8)) & 31]));
        return $"bounces+{lengths[tenant.Length]}{lengths[id.Length]}{tenant}{id}{mac}@example.com";
    }

    private static async Task AddAsync(ProductHost host, string id, string reversePath)
    {
        var commit = new Commit();
        host.Get<Outbox>().Enqueue(commit, host.Tenant.Id, await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, Ct),
            new OutboxRecord { Id = id, Purpose = OutboxPurpose.Reply, State = OutboxState.Sent, CreatedAt = host.Time.GetUtcNow() }, Mails.Answer() with { ReversePath = reversePath });
        Assert.Equal(CommitResult.Committed, await host.Get<IStore>().CommitAsync(commit, Ct));
    }

    [Fact]
    public async Task An_address_of_now_leads_to_its_answer_and_one_of_before_where_a_mail_left_under_it()
    {
        await using var host = await ProductHost.StartAsync();
        var (bounces, tenant) = (host.Get<BounceAddresses>(), host.Tenant.Id);
        var (now, before) = (Ids.Timed(host.Time), Ids.Timed(host.Time));
        var whole = host.Get<ReplyTokens>().BounceAddress(new(tenant, now), "example.com");
        await AddAsync(host, now, whole);
        await AddAsync(host, before, Short(host, before));

        Assert.Equal(new TokenSubject(tenant, now), await bounces.ReadAsync(whole, Ct));
        Assert.Equal(new TokenSubject(tenant, before), await bounces.ReadAsync(Short(host, before), Ct));
        // Its few characters are right, as somebody may guess: the answer of now did not leave under it.
        Assert.Null(await bounces.ReadAsync(Short(host, now), Ct));
        Assert.Null(await bounces.ReadAsync(Short(host, Ids.Timed(host.Time)), Ct));
        Assert.Null(await bounces.ReadAsync(whole.Replace(whole[12], whole[12] == '0' ? '1' : '0'), Ct));
        Assert.Null(await bounces.ReadAsync("bounces+zzzz@example.com", Ct));
    }
}
