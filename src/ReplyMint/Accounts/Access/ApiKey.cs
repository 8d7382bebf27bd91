using System.Net;
using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>An API key as it is stored: sealed with the tenant's key, and even then without the secret.</summary>
internal sealed record ApiKey
{
    public int V { get; init; } = 1;
    /// <summary>Public: it stands in the key's text.</summary>
    public required string Id { get; init; }
    public required string TenantId { get; init; }
    public required string Name { get; init; }
    /// <summary>rm_live_ or rm_test_.</summary>
    public required bool Live { get; init; }
    /// <summary>Permissions by name.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }
    /// <summary>Addresses or networks that it may be used from; null is everywhere.</summary>
    public IReadOnlyList<string>? Networks { get; init; }
    /// <summary>Ids of the mailboxes that it sees; null is all of the tenant's.</summary>
    public IReadOnlyList<string>? Mailboxes { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>From then on it is refused, whatever the rotation; null leaves only the maximal age.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
    /// <summary>The newest first; a second one only during an overlap.</summary>
    public required IReadOnlyList<ApiKeySecret> Secrets { get; init; }

    /// <summary>The user who answers for the key, or <see cref="Audit.Actor.Machine"/>: who holds the newest secret.</summary>
    [JsonIgnore]
    public string Owner => Secrets[0].Owner;

    [JsonIgnore]
    public PermissionSet May => Scopes.Aggregate(PermissionSet.Of(Permission.Me), (set, name) =>
        Permissions.Find(name) is { } permission ? new(set.Bits | PermissionSet.Of(permission).Bits) : set).And(Permissions.OfKeys);

    /// <summary>When the newest secret stops to be taken.</summary>
    public DateTimeOffset EndsAt(TimeSpan maximalAge) => EndsAt(Secrets[0], maximalAge);

    /// <summary>When a secret stops to be taken: by the key's end, the secret's own (overlap) or its age.</summary>
    public DateTimeOffset EndsAt(ApiKeySecret secret, TimeSpan maximalAge)
    {
        var end = secret.CreatedAt + maximalAge;
        if (ExpiresAt < end)
            end = ExpiresAt.Value;
        return secret.ValidUntil < end ? secret.ValidUntil.Value : end;
    }
}

/// <summary>What proves that a key's text is right.</summary>
/// <param name="Pepper">The version of the secret that the hash was made with.</param>
/// <param name="Hash">HMAC-SHA256 of the whole text.</param>
/// <param name="Owner">Who got the secret in his hands. It works only while he may have keys.</param>
/// <param name="OwnerSince">Since when he might, as he got it (<see cref="Membership.ManagesSince"/>): a right that was lost and given again is another. Null for the machine.</param>
/// <param name="ValidUntil">The end of an overlap, for one that was replaced.</param>
internal sealed record ApiKeySecret(int Pepper, byte[] Hash, DateTimeOffset CreatedAt, string Owner, DateTimeOffset? OwnerSince, DateTimeOffset? ValidUntil = null);

/// <summary>When a key was used lately: an item of its own, written at most once a minute.</summary>
internal sealed record ApiKeyUse(int V, DateTimeOffset At);

/// <summary>What whoever makes a key chooses.</summary>
internal sealed record ApiKeyWish
{
    public const int MaxName = 100;
    public const int MaxNetworks = 20;
    public const int MaxMailboxes = 100;

    public required string Name { get; init; }
    public required IReadOnlyList<string> Scopes { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public IReadOnlyList<string>? Networks { get; init; }
    public IReadOnlyList<string>? Mailboxes { get; init; }

    /// <summary>The first member that can't be so and why, or null. Whether mailboxes exist is asked elsewhere.</summary>
    public (string Member, string Wrong)? Problem(DateTimeOffset now)
    {
        if (Name.Length is 0 or > MaxName || Name.Any(char.IsControl) || string.IsNullOrWhiteSpace(Name))
            return ("name", $"has 1 to {MaxName} characters on one line");
        if (Scopes.Count == 0)
            return ("scopes", $"names at least one of {Allowed}");
        foreach (var scope in Scopes)
            if (Permissions.Find(scope) is not { } permission || !Permissions.OfKeys.Has(permission))
                return ("scopes", $"each is one of {Allowed}");
        if (Scopes.Distinct(StringComparer.Ordinal).Count() != Scopes.Count)
            return ("scopes", "names one twice");
        if (ExpiresAt is { } end && end <= now)
            return ("expiresAt", "must lie in the future");
        if (Networks is { Count: 0 or > MaxNetworks })
            return ("networks", $"names 1 to {MaxNetworks} addresses or networks; leave it out for everywhere");
        foreach (var network in Networks ?? [])
            if (ApiKeyNetworks.Parse(network) is null)
                return ("networks", "each is an IP address or a network such as 192.0.2.0/24, with no bit set behind its length");
        if (Mailboxes is { Count: 0 or > MaxMailboxes })
            return ("mailboxes", $"names 1 to {MaxMailboxes} mailboxes; leave it out for all");
        foreach (var scope in Mailboxes is null ? [] : Scopes)
            if (Permissions.Find(scope) is { } permission && Unbound.Has(permission))
                return ("mailboxes", $"can't bind {scope}, which is for the whole tenant; make a key of its own for that");
        return null;
    }

    // What these open belongs to no mailbox. Reading knowledge and mailboxes stays: what a mail is answered with, and how.
    private static PermissionSet Unbound { get; } = PermissionSet.Of(Permission.KnowledgeWrite, Permission.SettingsRead, Permission.UsageRead);

    private static string Allowed { get; } = string.Join(", ", Permissions.OfKeys.Each().Where(p => p != Permission.Me).Select(p => p.Name()));
}

/// <summary>Where a key may be used from.</summary>
internal sealed class ApiKeyNetworks(IReadOnlyList<string> written)
{
    private readonly IPNetwork[] _networks = [.. written.Select(Parse).OfType<IPNetwork>()];

    /// <summary>Null for what is none, and for 10.0.0.1/8, where nobody knows what was meant.</summary>
    public static IPNetwork? Parse(string text)
    {
        // The parser takes 10 for 0.0.0.10.
        if (!text.Contains(':', StringComparison.Ordinal) && text.Count(c => c == '.') != 3)
            return null;
        if (IPAddress.TryParse(text, out var address))
            return new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return IPNetwork.TryParse(text, out var network) && IPAddress.TryParse(text.AsSpan(0, text.IndexOf('/', StringComparison.Ordinal)), out var first) && first.Equals(network.BaseAddress)
            ? network : null;
    }

    public bool Contain(IPAddress? address)
    {
        if (address is null)
            return false;
        address = address.Plain();
        foreach (var network in _networks)
            if (network.Contains(address))
                return true;
        return false;
    }
}
