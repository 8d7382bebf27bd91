using System.Text.Json.Serialization;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>Why a tenant may answer somebody's mail by machine (GDPR 6(1)).</summary>
[JsonConverter(typeof(WireEnum<LegalBasis>))]
internal enum LegalBasis
{
    /// <summary>(b): the person asked, and is answered.</summary>
    Contract,
    /// <summary>(f).</summary>
    LegitimateInterest,
    /// <summary>(a): only who has agreed is answered, and only for him anything is drafted.</summary>
    Consent,
}

/// <summary>A tenant's basis, and whether its answers say how to want none. Clear: it names nobody. Absent: contract, and no such line.</summary>
internal sealed record BasisRecord
{
    public int V { get; init; } = 1;
    public LegalBasis Basis { get; init; }
    /// <summary>With consent: only one to this version of the text, or a later one, counts; 0 is any.</summary>
    public int LeastText { get; init; }
    /// <summary>Each automatic answer ends with a link by which its reader says that he wants none.</summary>
    public bool Link { get; init; }
}

/// <summary>A version of what people are asked to agree to; never changed.</summary>
internal sealed record ConsentText(int Version, string Text, DateTimeOffset At, string By);

/// <summary>How a correspondent said it.</summary>
[JsonConverter(typeof(WireEnum<ConsentWay>))]
internal enum ConsentWay { Api, Machine, Mail, Link, Form, Paper, Phone }

/// <summary>A line of a correspondent's ledger.</summary>
/// <param name="Given">True: agreed; false: withdrawn.</param>
/// <param name="Text">The version of the text that he agreed to; 0 for a withdrawal.</param>
/// <param name="By">Who wrote it down: a user's or key's id, the machine's operator, or the correspondent himself.</param>
/// <param name="Source">What shows it, such as the id of a mail; at most 200 characters.</param>
internal sealed record ConsentEntry(bool Given, int Text, DateTimeOffset At, ConsentWay Way, string By, string Source);

/// <summary>The sealed part of a correspondent's consent: his address, and all that was said, the oldest first.</summary>
internal sealed record ConsentLedger(string Address, IReadOnlyList<ConsentEntry> Entries);

/// <summary>The clear part: what the policy asks for.</summary>
internal sealed record ConsentRecord(int V, string Person, bool Given, int Text);

/// <summary>What a correspondent wants, as it was read: whoever sends to him by machine commits on condition that it still holds.</summary>
/// <param name="Keys">Where it lies: the suppression of his address, his consent, the tenant's basis.</param>
internal sealed record Wishes(IReadOnlyList<ItemKey> Keys, IReadOnlyList<Item?> Items, bool Withdrawn, bool ConsentMissing)
{
    public void AddTo(Commit commit)
    {
        for (var i = 0; i < Keys.Count; i++)
            if (!commit.Names(Keys[i]))
                commit.Check(Keys[i], Condition.Same(Items[i]));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BasisRecord))]
[JsonSerializable(typeof(ConsentText))]
[JsonSerializable(typeof(ConsentRecord))]
[JsonSerializable(typeof(ConsentLedger))]
internal sealed partial class ConsentJson : JsonSerializerContext;
