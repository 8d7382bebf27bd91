using System.Text.Json.Serialization;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>What a legal hold keeps.</summary>
[JsonConverter(typeof(WireEnum<HoldScope>))]
internal enum HoldScope
{
    /// <summary>All of a tenant.</summary>
    Tenant,
    /// <summary>All mail of one correspondent.</summary>
    Correspondent,
    /// <summary>One mail, and with it its correspondent: his key opens it.</summary>
    Mail,
    /// <summary>A person who works with the installation; lies in the installation's partition.</summary>
    User,
}

/// <summary>Something must not be removed for as long as this stands: the law, or a dispute, asks for it. The clear part; the reason is sealed.</summary>
internal sealed record LegalHold
{
    public int V { get; init; } = 1;
    public required string Id { get; init; }
    public required HoldScope Scope { get; init; }
    /// <summary>The keyed hash of the correspondent, for a mail that of its correspondent; a user's id; null for a tenant.</summary>
    public string? Person { get; init; }
    /// <summary>The mail that was named.</summary>
    public string? Mail { get; init; }
    public required string By { get; init; }
    public required DateTimeOffset At { get; init; }
}

/// <summary>Why, in the words of whoever set it. May name people, so it is sealed with the tenant's key.</summary>
internal sealed record HoldReason(string Text);

/// <summary>A hold with its reason.</summary>
internal sealed record HoldSeen(LegalHold Hold, string Reason);

/// <summary>All holds of a tenant (or of the installation) as they were read.</summary>
internal sealed record HoldsReading(IReadOnlyList<LegalHold> Holds, ItemKey Guard, Item? GuardItem)
{
    /// <summary>Those that keep something of a correspondent or user; null asks for all there is.</summary>
    public IReadOnlyList<LegalHold> On(string? person) => [.. Holds.Where(hold => hold.Scope == HoldScope.Tenant || person is null || hold.Person == person)];

    /// <summary>Whether this mail has to stay.</summary>
    /// <param name="person">Its correspondent's hash.</param>
    public bool Keeps(string person, string mail) => Holds.Any(hold => hold.Scope == HoldScope.Tenant || hold.Mail == mail || (hold.Scope == HoldScope.Correspondent && hold.Person == person));

    /// <summary>The commit happens only if no hold was set or lifted since.</summary>
    public void AddTo(Commit commit) => commit.Check(Guard, Condition.Same(GuardItem));
}
