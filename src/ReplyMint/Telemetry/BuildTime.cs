using System.Globalization;
using System.Reflection;

namespace ReplyMint.Telemetry;

/// <summary>When the source of what runs was committed: a published binary carries it, the same each time it is built.</summary>
internal sealed record BuildTime(DateTimeOffset? Committed)
{
    public static DateTimeOffset? OfProcess { get; } = Of(Assembly.GetEntryAssembly()?.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(one => one.Key == "CommitTime")?.Value);

    public static DateTimeOffset? Of(string? seconds) => long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var time) && time < 253_402_300_800 ? DateTimeOffset.FromUnixTimeSeconds(time) : null;
}
