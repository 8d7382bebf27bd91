using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>How long a tenant keeps what of a mail (GDPR-1). Clear: days name nobody. Absent is the least that the product needs to be of use.</summary>
internal sealed record RetentionRecord
{
    public int V { get; init; } = 1;
    /// <summary>Days, 1 to <see cref="MostRaw"/>: the mail as it came.</summary>
    public int RawDays { get; init; } = 7;
    /// <summary>Days, 1 to <see cref="MostText"/>: what was read of it, and drafts.</summary>
    public int TextDays { get; init; } = 90;
    /// <summary>Days, 1 to <see cref="MostRecord"/>: that it came and what became of it: message, receipt, answer, thread.</summary>
    public int RecordDays { get; init; } = 365;
    /// <summary>Whether the bytes of attachments stay in the mail as it came; else only their names, sizes and hashes are kept.</summary>
    public bool Attachments { get; init; }

    public const int MostRaw = 30;
    public const int MostText = 365;
    // The hashes by which a correspondent's mails are found for his erasure end with this.
    public const int MostRecord = 400;
}

/// <summary>Whose data must not go by itself, since a legal hold stands: also the guard of all holds, moved by each that is set or lifted.</summary>
internal sealed record HeldRecord
{
    public int V { get; init; } = 1;
    /// <summary>All of the tenant.</summary>
    public bool All { get; init; }
    /// <summary>Keyed hashes of correspondents.</summary>
    public IReadOnlyList<string> People { get; set; } = [];
    /// <summary>Ids of messages.</summary>
    public IReadOnlyList<string> Mails { get; set; } = [];
}

/// <summary>What is to be kept how long, as it was read for one commit.</summary>
internal sealed record Keeping(RetentionRecord Periods, HeldRecord Held, string Tenant = "", Item? PeriodsItem = null, Item? HeldItem = null)
{
    /// <summary>The commit happens only if nothing of it changed since it was read.</summary>
    public void AddTo(Commit commit)
    {
        commit.Check(Retention.KeyOf(Tenant), Condition.Same(PeriodsItem));
        commit.Check(Retention.HeldKey(Tenant), Condition.Same(HeldItem));
    }

    /// <summary>When the mail as it came goes; null is never.</summary>
    public DateTimeOffset? Raw(string person, string mail, DateTimeOffset received) => Until(person, mail, received, Periods.RawDays);

    public DateTimeOffset? Text(string person, string mail, DateTimeOffset received) => Until(person, mail, received, Periods.TextDays);

    public DateTimeOffset? Record(string person, string mail, DateTimeOffset received) => Until(person, mail, received, Periods.RecordDays);

    public bool Holds(string person, string mail) => Held.All || Held.People.Contains(person) || Held.Mails.Contains(mail);

    private DateTimeOffset? Until(string person, string mail, DateTimeOffset received, int days) => Holds(person, mail) ? null : received.AddDays(days);
}

/// <summary>Reads how long a tenant keeps what; the room of privacy writes it. Both items are small and asked for with each mail, so the store has them in memory.</summary>
internal sealed class Retention(IStore store)
{
    private readonly OpenedItems<RetentionRecord> _periods = new();
    private readonly OpenedItems<HeldRecord> _held = new();

    private static readonly RetentionRecord Least = new();
    private static readonly HeldRecord Nobody = new();

    public static ItemKey KeyOf(string tenant) => ItemKey.Main(tenant, "retention");

    public static ItemKey HeldKey(string partition) => ItemKey.Main(partition, "holds");

    public async ValueTask<Keeping> ReadAsync(string tenant, CancellationToken ct)
    {
        var read = await store.GetAsync([KeyOf(tenant), HeldKey(tenant)], ct);
        return new(
            read[0] is { } periods ? _periods.Get(periods, static (item, _) => JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.RetentionRecord)!, 0) : Least,
            read[1] is { } held ? _held.Get(held, static (item, _) => JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.HeldRecord)!, 0) : Nobody,
            tenant, read[0], read[1]);
    }
}
