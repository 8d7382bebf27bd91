using System.Globalization;

namespace ReplyMint.Storage;

/// <summary>What the store removed by itself because its time was over: one counter for each partition, UTC day and kind (GDPR-1).</summary>
internal static class RemovedItems
{
    public const string Prefix = "removed/";

    private static readonly TimeSpan Kept = TimeSpan.FromDays(400);

    public static ItemKey KeyOf(string partition, DateTimeOffset now, string kind) => ItemKey.Main(partition, $"{Prefix}{Day(now)}/{kind}");

    public static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The first word of a sort key, such as "raw"; empty for what is not counted.</summary>
    public static string Kind(string sort) => sort.StartsWith(Prefix, StringComparison.Ordinal) ? "" : sort.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? sort[..slash] : sort;

    /// <summary>The same for all of a day, so that counting moves no more than the count.</summary>
    public static DateTimeOffset Until(DateTimeOffset now) => new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero) + Kept;
}
