using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>A person who works with ReplyMint; may belong to several tenants. Sealed with a key of the person's own.</summary>
internal sealed record User
{
    public int V { get; init; } = 1;
    public required string Id { get; init; }
    /// <summary>Normalised; proved by a sign-in link before it counts.</summary>
    public required string Address { get; init; }
    public string Name { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The clear part of a user's item.</summary>
/// <param name="Person">Keyed hash of the address under the installation's key, which names the key that sealed the rest.</param>
internal sealed record UserRecord(int V, string Id, string Person);

/// <summary>What a user is in one tenant, or in the installation. Holds ids only.</summary>
internal sealed record Membership
{
    public int V { get; init; } = 1;
    public required string User { get; init; }
    [JsonConverter(typeof(JsonStringEnumConverter<Role>))]
    public required Role Role { get; init; }
    /// <summary>A member's mailboxes; null is all of them.</summary>
    public IReadOnlyList<string>? Mailboxes { get; init; }
    /// <summary>Another one when a person who was removed is added again: sessions of the time before stay ended.</summary>
    public DateTimeOffset AddedAt { get; init; }
    /// <summary>Since when he may manage the tenant, without a break; null while he may not. His keys of an earlier time stay ended.</summary>
    public DateTimeOffset? ManagesSince { get; init; }
    /// <summary>The store was restored then, and nobody has said since that the person still belongs here; until somebody does, he does not. Null otherwise.</summary>
    public DateTimeOffset? HeldSince { get; init; }
    /// <summary>Who gave the role: a user's id or one of the audit log's own names.</summary>
    public required string AddedBy { get; init; }
}
