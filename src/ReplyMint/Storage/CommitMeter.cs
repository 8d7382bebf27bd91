using System.Diagnostics;
using ReplyMint.Telemetry;

namespace ReplyMint.Storage;

/// <summary>Times commits, the same for every adapter, while somebody wants to know.</summary>
internal static class CommitMeter
{
    public static bool IsOn => Measures.StoreTime.IsOn;

    public static async ValueTask<CommitResult> MeasureAsync(long began, ValueTask<CommitResult> commit)
    {
        var outcome = "error";
        try
        {
            var result = await commit;
            outcome = result == CommitResult.Committed ? "committed" : "conflict";
            return result;
        }
        finally
        {
            Measures.StoreTime.Record(Stopwatch.GetElapsedTime(began), outcome);
        }
    }
}
