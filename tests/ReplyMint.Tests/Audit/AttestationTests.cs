using System.Text.Json;
using System.Text.Json.Nodes;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Audit;

/// <summary>Statements that this installation signs, and who can check them.</summary>
public sealed class AttestationTests
{
    private static readonly AuditHead Said = new(1, 7, "abc");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<AttestationKeySet> PublishedAsync(ProductHost host)
    {
        using var client = host.Client();
        return JsonSerializer.Deserialize(await client.GetStringAsync(new Uri("/.well-known/attestation-keys.json", UriKind.Relative), Ct), AuditJson.Default.AttestationKeySet)!;
    }

    [Fact]
    public async Task Anybody_with_the_published_keys_can_check_a_statement()
    {
        await using var host = await ProductHost.StartAsync();
        var jws = await host.Get<Attestations>().SignAsync("test", Said, AuditJson.Default.AuditHead, Ct);
        var keys = await PublishedAsync(host);
        Assert.Equal(Said, Attestations.Verify("test", jws, AuditJson.Default.AuditHead, keys));
        Assert.Equal(Said, await host.Get<Attestations>().VerifyAsync("test", jws, AuditJson.Default.AuditHead, Ct));
        // Of another kind, changed, or signed by somebody else: nothing is believed.
        Assert.Null(Attestations.Verify("root", jws, AuditJson.Default.AuditHead, keys));
        var parts = jws.Split('.');
        var forged = System.Buffers.Text.Base64Url.EncodeToString("""{"v":1,"sequence":8,"hash":"abc"}"""u8);
        Assert.Null(Attestations.Verify("test", $"{parts[0]}.{forged}.{parts[2]}", AuditJson.Default.AuditHead, keys));
        await using var other = await ProductHost.StartAsync();
        await other.Get<Attestations>().SignAsync("test", Said, AuditJson.Default.AuditHead, Ct);
        Assert.Null(Attestations.Verify("test", jws, AuditJson.Default.AuditHead, await PublishedAsync(other)));
    }

    [Fact]
    public async Task Statements_of_all_times_can_be_checked_after_the_yearly_change_and_only_the_newest_key_can_sign()
    {
        await using var host = await ProductHost.StartAsync();
        var first = await host.Get<Attestations>().SignAsync("test", Said, AuditJson.Default.AuditHead, Ct);
        host.Time.AdjustTime(host.Time.GetUtcNow() + AttestationKeys.Every);
        var second = await host.Get<Attestations>().SignAsync("test", Said, AuditJson.Default.AuditHead, Ct);
        await host.Get<AttestationKeys>().RotateAsync(Actor.Machine, Ct);
        var third = await host.Get<Attestations>().SignAsync("test", Said, AuditJson.Default.AuditHead, Ct);
        var keys = await PublishedAsync(host);
        Assert.Equal(3, keys.Keys.Count);
        Assert.Equal([true, true, false], keys.Keys.Select(key => key.Retired is not null));
        Assert.All([first, second, third], jws => Assert.NotNull(Attestations.Verify("test", jws, AuditJson.Default.AuditHead, keys)));
        Assert.Equal(keys.Keys.Select(key => key.Kid), new[] { first, second, third }.Select(jws => Attestations.Read(jws, keys)!.Value.Key));
        // Nobody can sign under a key of the past, not with all that is stored: its private half is gone.
        var item = (await host.Get<IStore>().GetAsync(ItemKey.Main(KeyRing.Installation, "attestation-keys"), Ct))!;
        var ring = JsonNode.Parse((await host.Get<KeyRing>().RequireAsync(KeyRing.Installation, Ct)).Open(item))!["keys"]!.AsArray();
        Assert.Equal([false, false, true], ring.Select(key => key!["d"] is not null));
        Assert.Equal(3, (await host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 50, Ct)).Count(entry => entry.Act == "attestation-key.add"));
    }

    /// <summary>Whoever gets the private half of a key can't sign for the years before it, nor with it once another signs.</summary>
    [Fact]
    public async Task A_statement_of_another_time_than_its_keys_is_not_believed()
    {
        await using var host = await ProductHost.StartAsync();
        var made = host.Time.GetUtcNow();
        var stolen = await host.Get<AttestationKeys>().SignerAsync(Ct);
        host.Time.AdjustTime(made.AddDays(30));
        await host.Get<AttestationKeys>().RotateAsync(Actor.Machine, Ct);
        var (now, keys) = (host.Time.GetUtcNow(), await PublishedAsync(host));
        bool Believed(DateTimeOffset? signed, string payload) =>
            Attestations.Read(CompactJws.Sign(stolen.Public with { D = stolen.D }, stolen.Id, "replymint-test+jws", System.Text.Encoding.UTF8.GetBytes(payload), signed), keys) is not null;
        string At(DateTimeOffset at, string name = "at") => $$"""{"v":1,"{{name}}":"{{at:O}}"}""";

        Assert.True(Believed(made, At(made)));
        Assert.True(Believed(made.AddDays(2), At(made.AddHours(-5))));
        Assert.True(Believed(now, "{\"v\":1}"));
        Assert.False(Believed(null, At(made)));
        Assert.False(Believed(made.AddYears(-3), At(made.AddYears(-3))));
        Assert.False(Believed(made.AddSeconds(-1), "{\"v\":1}"));
        Assert.False(Believed(now.AddHours(1), "{\"v\":1}"));
        foreach (var name in (string[])["at", "doneAt", "madeAt"])
        {
            Assert.False(Believed(made.AddDays(2), At(made)[..^1] + "," + At(made.AddYears(-3), name)[7..]));
            Assert.False(Believed(made.AddDays(2), At(made.AddYears(-3), name)));
            Assert.False(Believed(made.AddDays(2), At(made.AddDays(3), name)));
        }
    }

    [Fact]
    public async Task Access_tokens_and_statements_do_not_pass_for_each_other()
    {
        await using var host = await ProductHost.StartAsync();
        var token = (await host.SignInAsync(await host.PersonAsync(Role.Member))).AccessToken;
        var statement = await host.Get<Attestations>().SignAsync("test", Said, AuditJson.Default.AuditHead, Ct);
        Assert.Null(Attestations.Read(token, await PublishedAsync(host)));
        using var client = host.Client(statement);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await client.GetAsync(new Uri("/api/v1/me", UriKind.Relative), Ct)).StatusCode);
    }
}
