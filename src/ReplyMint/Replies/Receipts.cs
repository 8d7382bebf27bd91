using System.Text.Json;
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
}

/// <summary>A passage by name; its text lies with the draft.</summary>
internal sealed record ReceiptPassage(string Id, string Source, string Question, double Score);

/// <summary>Receipts lie beside their messages, sealed with the correspondent's key, since rules quote what they saw.</summary>
internal sealed class Receipts(IStore store, Messages messages)
{
    public static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, "receipt/" + id);

    public static void Write(Commit commit, PersonKey person, MessageRecord message, Receipt receipt, Item? before)
    {
        var key = KeyOf(person.Tenant, message.Id);
        commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Same(before), StoredJson.Seal(person.AddTo(commit), key, (before?.Version ?? 0) + 1, receipt, RepliesJson.Default.Receipt), message.ReceivedAt + Messages.RecordKept);
    }

    public async ValueTask<(Receipt Receipt, Item Item)?> FindAsync(string tenant, string id, string person, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item && await messages.PersonAsync(tenant, person, ct) is { } key && key.Knows(item.Sealed.Span)
            ? (JsonSerializer.Deserialize(key.Open(item), RepliesJson.Default.Receipt)!, item)
            : null;
}
