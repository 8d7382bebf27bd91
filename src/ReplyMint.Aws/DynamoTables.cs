using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>The three tables: a partition key, a sort key, and DynamoDB's own expiry by <see cref="Gone"/>. Nothing else is indexed.</summary>
/// <param name="Prefix">Of their names, such as "replymint-production-".</param>
internal sealed record DynamoTables(string Prefix)
{
    /// <summary>Both keys are text.</summary>
    public const string Partition = "p", Sort = "s";
    public const string Value = "v", Sealed = "x", Version = "ver", Count = "n";

    /// <summary>When the item is over, in milliseconds since 1970: every read and every condition asks it.</summary>
    public const string Expires = "exp";

    /// <summary>
    /// When it may go, in seconds: DynamoDB's "time to live" removes the item some time (often a day or two) after it. That is
    /// <see cref="Spare"/> later than its end, for what a pause keeps.
    /// </summary>
    public const string Gone = "gone";

    /// <summary>
    /// Thirty days in seconds. The job that a pause waits for takes minutes, but one that was given up (an alert says so) stands until a
    /// person sees to it, and what a legal hold keeps must be there then.
    /// </summary>
    public const int Spare = 30 * 24 * 60 * 60;

    public string NameOf(Table table) => Prefix + table switch
    {
        Table.Main => "main",
        Table.Keys => "keys",
        Table.Audit => "audit",
        _ => throw new ArgumentOutOfRangeException(nameof(table)),
    };
}
