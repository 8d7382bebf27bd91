using System.Text.Json.Serialization;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>Whose data is erased.</summary>
[JsonConverter(typeof(WireEnum<ErasureKind>))]
internal enum ErasureKind
{
    /// <summary>Somebody who wrote to a tenant: his key is destroyed, then all that it sealed.</summary>
    Correspondent,
    /// <summary>One mail of somebody whose key stays.</summary>
    Mail,
    /// <summary>A person who signs in.</summary>
    User,
    Tenant,
}

[JsonConverter(typeof(WireEnum<ErasureState>))]
internal enum ErasureState
{
    /// <summary>A legal hold keeps it; it begins by itself once that is lifted.</summary>
    Held,
    /// <summary>The key is destroyed; what it sealed is being removed.</summary>
    Running,
    Done,
}

/// <summary>How far an erasure got; each step can be done again without harm.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ErasureStep>))]
internal enum ErasureStep { Jobs, Items, Files, Scrub, Scan, Finish }

/// <summary>An erasure, in the clear: ids, keyed hashes, counts. Survives what it erased.</summary>
internal sealed record Erasure
{
    public int V { get; init; } = 1;
    public required string Id { get; init; }
    public required ErasureKind Kind { get; init; }
    /// <summary>Where the data lies: the tenant, or the installation for a user.</summary>
    public required string Tenant { get; init; }
    /// <summary>The keyed hash of a correspondent, or the id of a mail, a user or a tenant.</summary>
    public required string Subject { get; init; }
    public required string By { get; init; }
    public required DateTimeOffset At { get; init; }
    public ErasureState State { get; init; }
    public ErasureStep Step { get; init; }
    /// <summary>Where a step goes on; null at its beginning.</summary>
    public string? Cursor { get; init; }
    /// <summary>When the key was destroyed: from then on nothing of it is readable. Null while it is held.</summary>
    public DateTimeOffset? ErasedAt { get; init; }
    /// <summary>Of a mail: it lay in backups readable, since its correspondent's key stays.</summary>
    public DateTimeOffset? DoneAt { get; init; }
    /// <summary>Tenants that a user belonged to.</summary>
    public IReadOnlyList<string>? Tenants { get; init; }
    /// <summary>Mails that the search for the address has looked at.</summary>
    public long Looked { get; init; }
    /// <summary>Other things that hold the address, for a person to decide.</summary>
    public int Found { get; init; }
    /// <summary>Brought about by the ledger in a restored store, where the search and the certificate were made before.</summary>
    public bool Replay { get; init; }
    /// <summary>The signed certificate (compact JWS), once it is done.</summary>
    public string? Certificate { get; init; }

    [JsonIgnore]
    public string Home => Kind is ErasureKind.Correspondent or ErasureKind.Mail ? Tenant : KeyRing.Installation;
}

/// <summary>What the search needs, sealed until the erasure is done.</summary>
internal sealed record ErasureSecret(string Address);

/// <summary>Something that holds an erased address and is somebody else's.</summary>
/// <param name="What">mail, knowledge, mailbox or tenant.</param>
/// <param name="Id">Its id; of knowledge the source's.</param>
/// <param name="Where">Parts that hold it, such as "text" or "draft".</param>
internal sealed record FoundElsewhere(int V, string What, string Id, IReadOnlyList<string> Where);

/// <summary>An erasure as it was read.</summary>
internal sealed record ErasureItem(Erasure Erasure, Item Item);

/// <summary>How a wish to erase ended.</summary>
internal abstract record ErasureStart
{
    public sealed record Started(Erasure Erasure) : ErasureStart;
    /// <summary>It can't be; a sentence for a person.</summary>
    public sealed record Refused(string Why) : ErasureStart;
    public sealed record NotFound : ErasureStart;
    /// <summary>So many are under way that this one has to wait.</summary>
    public sealed record Busy : ErasureStart;
}
