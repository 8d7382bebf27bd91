using System.Text.Json;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>People, found by id or by the keyed hash of their address. They are the installation's, not a tenant's.</summary>
internal sealed class Users(IStore store, KeyRing keys, TimeProvider time)
{
    public async ValueTask<User?> FindAsync(string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(id), ct) is { } item ? await OpenAsync(item, ct) : null;

    /// <param name="address">As given; null comes back for what is no address, too.</param>
    public async ValueTask<User?> FindByAddressAsync(string address, CancellationToken ct)
    {
        if (AddressRules.Normalize(address) is not { } normalized)
            return null;
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        if (await store.GetAsync(AddressKey(own, normalized), ct) is not { } item)
            return null;
        return await FindAsync(JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.OwnerRecord)!.Id, ct);
    }

    /// <summary>Adds the user of an address to a commit, or gives the one that there is. The address must be normalised.</summary>
    public async Task<User> EnsureAsync(Commit commit, string address, string name, CancellationToken ct)
    {
        if (await FindByAddressAsync(address, ct) is { } known)
            return known;
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        var user = new User { Id = Ids.Random('u'), Address = address, Name = name, CreatedAt = time.GetUtcNow() };
        var person = await keys.PersonAsync(own, own.Person(address), ct);
        Write(commit, person, user, null);
        commit.Put(AddressKey(own, address), JsonSerializer.SerializeToUtf8Bytes(new OwnerRecord(1, KeyRing.Installation, user.Id), AccountsJson.Default.OwnerRecord), Condition.Absent);
        return user;
    }

    /// <summary>Changes what a person is called, in a commit that the caller builds. Null when there is no such person (any more).</summary>
    public async Task<User?> RenameAsync(Commit commit, string id, string name, CancellationToken ct)
    {
        if (await store.GetAsync(KeyOf(id), ct) is not { } item || await OpenAsync(item, ct) is not { } user || await KeyOfPersonAsync(id, ct) is not { } person)
            return null;
        Write(commit, person, user with { Name = name }, item);
        return user with { Name = name };
    }

    /// <summary>The key that seals what is the person's own, or null when there is no such user (any more).</summary>
    public async ValueTask<PersonKey?> KeyOfPersonAsync(string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(id), ct) is { } item
            ? await keys.FindPersonAsync(await keys.RequireAsync(KeyRing.Installation, ct), JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.UserRecord)!.Person, ct) : null;

    /// <summary>What seals an item that has its person's id behind its kind.</summary>
    internal async ValueTask<SealingKey?> KeyOfItemAsync(Item item, CancellationToken ct) => await KeyOfPersonAsync(item.Key.Sort.Split('/')[1], ct);

    /// <summary>Adds to a commit that an account is gone; its key is destroyed apart from that.</summary>
    internal static void Remove(Commit commit, TenantKeys installation, User user) => commit.Delete(KeyOf(user.Id)).Delete(AddressKey(installation, user.Address));

    internal static ItemKey KeyOf(string id) => ItemKey.Main(KeyRing.Installation, "user/" + id);

    private static ItemKey AddressKey(TenantKeys installation, string address) =>
        ItemKey.Main(KeyRing.Installation, "user-address/" + installation.Hash("user", address));

    private static void Write(Commit commit, PersonKey person, User user, Item? before)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(user, AccountsJson.Default.User);
        var clear = JsonSerializer.SerializeToUtf8Bytes(new UserRecord(1, user.Id, person.Person), AccountsJson.Default.UserRecord);
        commit.Put(KeyOf(user.Id), clear, Condition.Same(before), person.AddTo(commit).Seal(KeyOf(user.Id), (before?.Version ?? 0) + 1, plain));
    }

    private async ValueTask<User?> OpenAsync(Item item, CancellationToken ct)
    {
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        var record = JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.UserRecord)!;
        return await keys.FindPersonAsync(own, record.Person, ct, item.Sealed) is { } person && person.Knows(item.Sealed.Span)
            ? JsonSerializer.Deserialize(person.Open(item), AccountsJson.Default.User) : null;
    }
}
