using Microsoft.Extensions.Time.Testing;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Storage;

/// <summary>A person's key that was destroyed opens nothing any more, and nothing new is sealed with it (GDPR-2).</summary>
public sealed class KeyRingTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private OpenStore _open = null!;

    private TenantKeys Own => _open.Installation;

    public async ValueTask InitializeAsync() =>
        _open = await OpenStore.OpenAsync(DataFolder.Open(_folder.Sub("data")), _folder.Sub("config"), new MasterKeySettings(), _time, Ct);

    public async ValueTask DisposeAsync()
    {
        await _open.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<CommitResult> CommitAsync(PersonKey key, string sort)
    {
        var (at, commit) = (ItemKey.Main("t", sort), new Commit());
        commit.Put(at, "{}"u8.ToArray(), Condition.Absent, key.AddTo(commit).AddTo(commit).Seal(at, 1, "words"u8));
        var result = await _open.Store.CommitAsync(commit, Ct);
        if (result == CommitResult.Committed)
            _open.Keys.Remember(key);
        return result;
    }

    private async Task DestroyAsync(string person)
    {
        var commit = new Commit();
        Assert.NotNull(await _open.Keys.DestroyPersonAsync(commit, Own, person, _time.GetUtcNow(), Ct));
        Assert.Equal(CommitResult.Committed, await _open.Store.CommitAsync(commit, Ct));
        _open.Keys.Forget(Own.Tenant, person);
    }

    [Fact]
    public async Task A_commit_on_its_way_fails_when_the_key_is_destroyed_before_it()
    {
        var person = Own.Person("anna@customer.example");
        var key = await _open.Keys.PersonAsync(Own, person, Ct);
        Assert.Equal(CommitResult.Committed, await CommitAsync(key, "one"));
        var held = (await _open.Keys.FindPersonAsync(Own, person, Ct))!;
        await DestroyAsync(person);
        Assert.Null(await _open.Keys.FindPersonAsync(Own, person, Ct));
        Assert.Equal(CommitResult.Conflict, await CommitAsync(held, "two"));
        // Remembering late brings nothing back.
        _open.Keys.Remember(held);
        Assert.Null(await _open.Keys.FindPersonAsync(Own, person, Ct));
    }

    [Fact]
    public async Task A_new_key_under_the_same_name_lets_nobody_in_who_holds_the_old_one()
    {
        var person = Own.Person("anna@customer.example");
        await CommitAsync(await _open.Keys.PersonAsync(Own, person, Ct), "one");
        var held = (await _open.Keys.FindPersonAsync(Own, person, Ct))!;
        await DestroyAsync(person);
        var fresh = await _open.Keys.PersonAsync(Own, person, Ct);
        Assert.Equal(CommitResult.Committed, await CommitAsync(fresh, "two"));
        Assert.Equal(CommitResult.Conflict, await CommitAsync(held, "three"));
        var now = (await _open.Keys.FindPersonAsync(Own, person, Ct))!;
        Assert.Equal(CommitResult.Committed, await CommitAsync(now, "four"));
        Assert.NotEqual(held.Fingerprint(Own), now.Fingerprint(Own));
        // What the old one sealed is told from what was tampered with.
        Assert.False(now.Knows((await _open.Store.GetAsync(ItemKey.Main("t", "one"), Ct))!.Sealed.Span));
        Assert.True(now.Knows((await _open.Store.GetAsync(ItemKey.Main("t", "two"), Ct))!.Sealed.Span));
    }

    [Fact]
    public async Task A_destroyed_key_leaves_nothing_after_a_day()
    {
        var person = Own.Person("anna@customer.example");
        await CommitAsync(await _open.Keys.PersonAsync(Own, person, Ct), "one");
        await DestroyAsync(person);
        Assert.NotNull(await _open.Store.GetAsync(PersonKey.KeyOf(Own.Tenant, person), Ct));
        Assert.Null(await _open.Keys.DestroyPersonAsync(new Commit(), Own, person, _time.GetUtcNow(), Ct));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Null(await _open.Store.GetAsync(PersonKey.KeyOf(Own.Tenant, person), Ct));
        Assert.Equal(CommitResult.Committed, await CommitAsync(await _open.Keys.PersonAsync(Own, person, Ct), "two"));
    }

    [Fact]
    public async Task A_tenants_keys_are_forgotten_with_those_of_its_people()
    {
        var commit = new Commit();
        var own = await _open.Keys.CreateAsync(commit, "t1", default);
        var key = await _open.Keys.PersonAsync(own, "p", Ct);
        key.AddTo(commit);
        await _open.Store.CommitAsync(commit, Ct);
        _open.Keys.Remember(key);
        Assert.NotNull(await _open.Keys.TenantAsync("t1", Ct));
        var gone = new Commit();
        await _open.Keys.DestroyTenantAsync(gone, "t1", Ct);
        await _open.Store.CommitAsync(gone, Ct);
        _open.Keys.Forget("t1");
        Assert.Null(await _open.Keys.TenantAsync("t1", Ct));
        Assert.NotNull(await _open.Keys.TenantAsync(KeyRing.Installation, Ct));
    }
}
