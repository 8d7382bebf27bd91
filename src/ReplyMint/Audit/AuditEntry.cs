using System.Text.Json;
using System.Security.Cryptography;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>Who acts: a random id (a user's or a key's) or one of the names below, never an address.</summary>
internal sealed record Actor(string Id)
{
    /// <summary>A command on the machine, run by the user that owns the store.</summary>
    public static Actor Machine { get; } = new("operator@machine");
    public static Actor System { get; } = new("system");
    /// <summary>A detector of suspicious activity, which contains only what the operator allows.</summary>
    public static Actor Detector { get; } = new("detector");

    /// <summary>Where he sits; sealed with the person's own key in the entry. Null: not over the network, or not known.</summary>
    public string? Network { get; init; }

    /// <summary>Whose key seals it: the user's, or of an API key the user who answers for it.</summary>
    public string? Person { get; init; }

    /// <summary>Who asks over HTTP.</summary>
    public static Actor Of(Caller caller) => new(caller.Id) { Network = caller.Network?.ToString(), Person = caller.Person };

    /// <summary>A person by himself, from where he sits.</summary>
    public static Actor Of(string user, string? network) => new(user) { Network = network, Person = user };
}

/// <summary>Finds the key that seals what is a person's own; null when there is no such person (any more). Given by the room that knows people.</summary>
internal delegate ValueTask<SealingKey?> ActorSealer(string person, CancellationToken ct);

/// <summary>An act that was done.</summary>
/// <param name="Act">Stable and short, such as "mailbox.add" or "draft.approve".</param>
/// <param name="Target">The id of what it was done to.</param>
/// <param name="Details">Settings before and after and the like; ids and values, no personal data.</param>
internal sealed record AuditEntry(Actor Actor, string Act, string Target, IReadOnlyDictionary<string, string>? Details = null);

/// <summary>The stored form of an entry. <see cref="Hash"/> covers all the rest, <see cref="Previous"/> and the sealed network included.</summary>
internal sealed record AuditRecord
{
    public int V { get; init; } = 1;
    public required long Sequence { get; init; }
    public required DateTimeOffset At { get; init; }
    public required string Actor { get; init; }
    public required string Act { get; init; }
    public required string Target { get; init; }
    public IReadOnlyDictionary<string, string>? Details { get; init; }
    /// <summary>Where the actor sat, as it was sealed with his key: when that is destroyed, nobody can read it, and the chain still holds.</summary>
    public byte[]? Network { get; init; }
    /// <summary>Hex SHA-256 of the entry before, or 64 zeros for the first.</summary>
    public required string Previous { get; init; }
    public string? Hash { get; init; }

    /// <summary>In place of the hash of an entry before the first.</summary>
    public static string Start { get; } = new('0', 64);

    public static string HashOf(AuditRecord record) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(record with { Hash = null }, AuditJson.Default.AuditRecord)));

    /// <summary>The entry of a stored value whose bytes are exactly what we write, hash included; null for any other.</summary>
    public static AuditRecord? Genuine(ReadOnlySpan<byte> value)
    {
        try
        {
            // Written again and compared: a member that nobody reads would be no part of the hash either.
            return JsonSerializer.Deserialize(value, AuditJson.Default.AuditRecord) is { } record && record.Hash == HashOf(record)
                && value.SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(record, AuditJson.Default.AuditRecord)) ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

internal sealed record AuditHead(int V, long Sequence, string Hash);
