using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>
/// Counts what became of drafts, by mailbox and UTC day, each in the commit that makes it true. Numbers only: they name nobody, so an erasure
/// leaves them, and they outlive the mails as usage does.
/// </summary>
internal static class Quality
{
    public const string Prefix = "quality/";

    /// <summary>Drafts that wait for a person.</summary>
    public const string Held = "held";
    /// <summary>Drafts that left by themselves.</summary>
    public const string Alone = "alone";
    public const string Unchanged = "unchanged";
    public const string Edited = "edited";
    /// <summary>Answers that a person wrote where no machine had a draft.</summary>
    public const string Written = "written";
    public const string Rejected = "rejected";
    public const string Up = "up";
    public const string Down = "down";
    /// <summary>Distances of edited drafts, added up, in thousandths.</summary>
    public const string Distance = "distance";
    /// <summary>Behind it stands a reason of a thumb down.</summary>
    public const string Why = "why-";

    public static ItemKey KeyOf(string tenant, DateTimeOffset at, string mailbox, string what) => ItemKey.Main(tenant, $"{Prefix}{UsageKeys.Day(at)}/{mailbox}/{what}");

    public static void Add(Commit commit, string tenant, string mailbox, DateTimeOffset at, string what, long count = 1) =>
        commit.Add(KeyOf(tenant, at, mailbox, what), count, expires: at.UtcDateTime.Date + UsageKeys.Kept);

    /// <summary>What a machine wrote of a draft; empty where it wrote nothing.</summary>
    public static string OfMachine(DraftContent content) => content.Original ?? (content.Drafter == ByPerson ? "" : content.Text);

    /// <summary>The draft with a person's text. What the machine wrote stays beside it until the draft is decided, and then only how far they are apart.</summary>
    public static DraftContent Edit(DraftContent content, string text) =>
        content with { Text = text, Drafter = ByPerson, Support = [], Original = OfMachine(content) is { Length: > 0 } machine ? machine : null };

    /// <summary>Counts an approval; returns how far what is sent is from what the machine wrote, or null where it wrote nothing.</summary>
    public static double? Approve(Commit commit, Draft draft, string sent, DateTimeOffset at)
    {
        var machine = OfMachine(draft.Content);
        if (machine.Length == 0)
        {
            Add(commit, draft.Tenant, draft.Record.Mailbox, at, Written);
            return null;
        }
        // A comma in a long text is a change, too.
        var distance = EditDistance.Of(machine, sent) is var share and > 0 ? Math.Max(0.001, Math.Round(share, 3)) : 0;
        Add(commit, draft.Tenant, draft.Record.Mailbox, at, distance == 0 ? Unchanged : Edited);
        if (distance > 0)
            Add(commit, draft.Tenant, draft.Record.Mailbox, at, Distance, (long)Math.Round(distance * 1_000));
        return distance;
    }

    /// <summary>The author of a person's text, as drafts name it.</summary>
    public const string ByPerson = "person";
}
