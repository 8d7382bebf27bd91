using ReplyMint.Storage;

namespace ReplyMint.Tests.Storage;

/// <summary>What another process did with keys counts here soon: each holds them in memory, and nobody tells it.</summary>
public sealed class SharedKeysTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private SharedHouse _house = null!;

    private TenantKeys Own => _house.One.Installation;
    private string Anna => Own.Person("anna@customer.example");

    public async ValueTask InitializeAsync() => _house = await SharedHouse.OpenAsync();

    public ValueTask DisposeAsync() => _house.DisposeAsync();

    [Fact]
    public async Task A_persons_key_that_was_destroyed_elsewhere_opens_nothing_soon_and_seals_nothing_at_once()
    {
        var item = await SealAsync(_house.One, "one");
        var held = await _house.Other.Keys.FindPersonAsync(Own, Anna, Ct);
        Assert.Equal("words"u8.ToArray(), held!.Open(item));
        await DestroyAsync(_house.One);

        var commit = new Commit();
        commit.Put(ItemKey.Main("t", "two"), "{}"u8.ToArray(), Condition.Absent, held.AddTo(commit).Seal(ItemKey.Main("t", "two"), 1, "words"u8));
        Assert.Equal(CommitResult.Conflict, await _house.Store.CommitAsync(commit, Ct));

        var again = await _house.Other.Keys.FindPersonAsync(Own, Anna, Ct);
        Assert.Null(again);
    }

    [Fact]
    public async Task It_ends_within_seconds_where_nothing_is_written()
    {
        await SealAsync(_house.One, "one");
        Assert.NotNull(await _house.Other.Keys.FindPersonAsync(Own, Anna, Ct));
        await DestroyAsync(_house.One);
        _house.Time.Advance(SharedStore.FreshOfPeople);
        Assert.Null(await _house.Other.Keys.FindPersonAsync(Own, Anna, Ct));
    }

    [Fact]
    public async Task What_a_new_key_of_the_same_person_sealed_elsewhere_is_opened_at_once()
    {
        await SealAsync(_house.One, "one");
        Assert.NotNull(await _house.Other.Keys.FindPersonAsync(Own, Anna, Ct));
        await DestroyAsync(_house.One);
        var item = await SealAsync(_house.One, "two");

        var key = await _house.Other.Keys.FindPersonAsync(Own, Anna, Ct, item.Sealed);
        Assert.True(key!.Knows(item.Sealed.Span));
    }

    [Fact]
    public async Task A_commit_that_fails_for_a_key_that_was_wrapped_anew_elsewhere_succeeds_the_next_time()
    {
        await SealAsync(_house.One, "one");
        Assert.NotNull(await _house.Other.Keys.FindPersonAsync(Own, Anna, Ct));
        // As a new key of the tenant does with all of its people.
        var at = PersonKey.KeyOf(Own.Tenant, Anna);
        var read = (await _house.Store.GetAsync(at, Ct))!;
        Assert.Equal(CommitResult.Committed, await _house.Store.CommitAsync(new Commit().Change(read, read.Value, read.Sealed), Ct));

        var tries = 0;
        await _house.Store.RetryAsync(async (commit, token) =>
        {
            tries++;
            var key = (await _house.Other.Keys.PersonAsync(Own, Anna, token)).AddTo(commit);
            commit.Put(ItemKey.Main("t", "two"), "{}"u8.ToArray(), Condition.Absent, key.Seal(ItemKey.Main("t", "two"), 1, "words"u8));
            return true;
        }, Ct);
        Assert.Equal(2, tries);
    }

    [Fact]
    public async Task A_tenants_new_number_seals_once_every_process_can_open_it()
    {
        await CreateAsync("t1");
        var other = await _house.Other.Keys.RequireAsync("t1", Ct);
        await RotateAsync("t1");

        // Whoever made it seals with the one before as well: the other does not know of it yet.
        var one = await _house.One.Keys.RequireAsync("t1", Ct);
        Assert.Equal(1, one.Current);
        Assert.Equal("words"u8.ToArray(), other.Open(ItemKey.Main("t1", "a"), 1, one.Seal(ItemKey.Main("t1", "a"), 1, "words"u8)));

        _house.Time.Advance(SharedStore.Fresh);
        Assert.Equal(1, (await _house.Other.Keys.RequireAsync("t1", Ct)).Current);
        _house.Time.Advance(SharedStore.Spread);
        Assert.Equal(2, one.Current);
        // The same object goes on, for whoever holds it for some work.
        Assert.Equal("words"u8.ToArray(), other.Open(ItemKey.Main("t1", "b"), 1, one.Seal(ItemKey.Main("t1", "b"), 1, "words"u8)));
        Assert.Equal(2, other.Current);
        Assert.True(SharedStore.Spread + SharedStore.Skew + SharedStore.Fresh < ReplyMint.Secrets.TenantKeyRotation.Settles);
    }

    [Fact]
    public async Task A_tenant_that_was_erased_elsewhere_has_no_keys_soon()
    {
        await CreateAsync("t1");
        Assert.NotNull(await _house.Other.Keys.TenantAsync("t1", Ct));
        var commit = new Commit();
        await _house.One.Keys.DestroyTenantAsync(commit, "t1", Ct);
        Assert.Equal(CommitResult.Committed, await _house.Store.CommitAsync(commit, Ct));
        _house.Time.Advance(SharedStore.Fresh);
        Assert.Null(await _house.Other.Keys.TenantAsync("t1", Ct));
    }

    [Fact]
    public async Task A_master_key_that_changes_elsewhere_is_taken_where_it_is_needed()
    {
        await CreateAsync("t1");
        var (identity, version) = (await StoreIdentity.ReadAsync(_house.Store, Ct))!.Value;
        var next = MasterKey.Create(_house.Place.File + ".next");
        Assert.Equal(CommitResult.Committed, await _house.Store.CommitAsync(new Commit().Put(StoreIdentity.At, (identity with { NextKeyCheck = next.Check }).Bytes(), Condition.At(version)), Ct));
        await _house.One.Masters.RefreshAsync(_house.Store, Ct);
        Assert.Equal(next.Check, _house.One.Masters.Wrapping.Check);
        await _house.Store.RetryAsync((commit, token) => _house.One.Keys.RewrapAsync(commit, "t1", token), Ct);

        // The other has never heard of it: it opens what is wrapped anew, and wraps nothing with the old one.
        Assert.NotNull(await _house.Other.Keys.TenantAsync("t1", Ct));
        await _house.Store.RetryAsync(async (commit, token) => await _house.Other.Keys.CreateAsync(commit, "t2", token), Ct);
        Assert.Equal(next.Check, (await _house.Other.Keys.RecordAsync("t2", Ct))!.Value.Value.Master);
    }

    [Fact]
    public async Task A_tenant_is_made_under_a_master_key_that_another_process_has_just_changed()
    {
        var (identity, version) = (await StoreIdentity.ReadAsync(_house.Store, Ct))!.Value;
        var next = MasterKey.Create(_house.Place.File + ".next");
        Assert.Equal(CommitResult.Committed, await _house.Store.CommitAsync(new Commit().Put(StoreIdentity.At, (identity with { NextKeyCheck = next.Check }).Bytes(), Condition.At(version)), Ct));
        await _house.Store.RetryAsync(async (commit, token) => await _house.Other.Keys.CreateAsync(commit, "t2", token), Ct);
        Assert.Equal(next.Check, (await _house.Other.Keys.RecordAsync("t2", Ct))!.Value.Value.Master);
    }

    [Fact]
    public async Task A_stored_secret_that_was_set_elsewhere_is_read_anew_and_the_last_good_one_counts_meanwhile()
    {
        await SetAsync("model", "the first value");
        Assert.Null(_house.Other.Secrets.Read("model"));
        await _house.Other.RefreshAsync(Ct);
        Assert.Equal("the first value"u8.ToArray(), _house.Other.Secrets.Read("model"));
        await SetAsync("model", "the second value");
        Assert.Equal("the first value"u8.ToArray(), _house.Other.Secrets.Read("model"));
        await _house.Other.RefreshAsync(Ct);
        Assert.Equal("the second value"u8.ToArray(), _house.Other.Secrets.Read("model"));
    }

    private Task<bool> SetAsync(string name, string value) => _house.Store.RetryAsync(async (commit, token) =>
    {
        await _house.One.Secrets.SetAsync(commit, name, System.Text.Encoding.UTF8.GetBytes(value), _house.Time.GetUtcNow(), token);
        return true;
    }, Ct);

    private async Task<Item> SealAsync(OpenStore process, string sort)
    {
        var (at, commit) = (ItemKey.Main("t", sort), new Commit());
        var key = await process.Keys.PersonAsync(Own, Anna, Ct);
        commit.Put(at, "{}"u8.ToArray(), Condition.Absent, key.AddTo(commit).Seal(at, 1, "words"u8));
        Assert.Equal(CommitResult.Committed, await _house.Store.CommitAsync(commit, Ct));
        process.Keys.Remember(key);
        return (await _house.Store.GetAsync(at, Ct))!;
    }

    private async Task DestroyAsync(OpenStore process)
    {
        var commit = new Commit();
        Assert.NotNull(await process.Keys.DestroyPersonAsync(commit, Own, Anna, _house.Time.GetUtcNow(), Ct));
        Assert.Equal(CommitResult.Committed, await _house.Store.CommitAsync(commit, Ct));
        process.Keys.Forget(Own.Tenant, Anna);
    }

    private async Task CreateAsync(string tenant)
    {
        var commit = new Commit();
        await _house.One.Keys.CreateAsync(commit, tenant, Ct);
        Assert.Equal(CommitResult.Committed, await _house.Store.CommitAsync(commit, Ct));
    }

    private async Task RotateAsync(string tenant)
    {
        var commit = new Commit();
        var after = await _house.One.Keys.ChangeAsync(commit, tenant, static (record, make) => record with { Current = 2, Keys = [.. record.Keys, make(2)] }, Ct);
        Assert.Equal(CommitResult.Committed, await _house.Store.CommitAsync(commit, Ct));
        _house.One.Keys.Take(tenant, after!.Value);
    }
}
