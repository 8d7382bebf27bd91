using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>Why a mail got what it got: each rule asked, what it saw, what was drafted from what, what the guard said.</summary>
internal sealed record Receipt
{
    public required Verdict Verdict { get; init; }
    /// <summary>The mode that the mailbox was in at that moment.</summary>
    public string Mode { get; init; } = "";
    public string Drafter { get; init; } = "";
    public IReadOnlyList<ReceiptPassage> Passages { get; init; } = [];
    public IReadOnlyList<GuardFinding> Findings { get; init; } = [];
    /// <summary>What else a person should know, such as "the model did not answer".</summary>
    public string Note { get; init; } = "";
    /// <summary>Findings of the guard that a person overrode when approving.</summary>
    public IReadOnlyList<string> Overridden { get; init; } = [];
    public string? DecidedBy { get; init; }
    /// <summary>What the model used, in its own figures, and what that cost; null without a model.</summary>
    public ModelUsage? Usage { get; init; }
    /// <summary>What people of the house think of the answer.</summary>
    public IReadOnlyList<GivenThumb> Thumbs { get; set; } = [];
}

/// <summary>A passage by name; its text lies with the draft.</summary>
internal sealed record ReceiptPassage(string Id, string Source, string Question, double Score);

/// <summary>Receipts lie beside their messages, sealed with the correspondent's key, since rules quote what they saw.</summary>
internal sealed class Receipts(IStore store, Messages messages)
{
    public static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, "receipt/" + id);

    public static void Add(Commit commit, PersonKey person, MessageRecord message, Receipt receipt, Keeping keep)
    {
        var key = KeyOf(person.Tenant, message.Id);
        commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Absent, StoredJson.Seal(person.AddTo(commit), key, 1, receipt, RepliesJson.Default.Receipt), keep.Record(message.Person, message.Id, message.ReceivedAt));
    }

    public static void Change(Commit commit, PersonKey person, Receipt receipt, Item before) =>
        commit.Change(before, before.Value, StoredJson.Seal(person.AddTo(commit), before.Key, before.Version + 1, receipt, RepliesJson.Default.Receipt));

    public async ValueTask<(Receipt Receipt, Item Item)?> FindAsync(string tenant, string id, string person, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item && await messages.PersonAsync(tenant, person, ct, item.Sealed) is { } key && key.Knows(item.Sealed.Span)
            ? (JsonSerializer.Deserialize(key.Open(item), RepliesJson.Default.Receipt)!, item)
            : null;
}
