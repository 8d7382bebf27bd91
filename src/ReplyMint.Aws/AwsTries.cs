namespace ReplyMint.Aws;

/// <param name="Attempt">How long one call may take before it counts as lost, beside the time that its bytes need (<see cref="ForBytes"/>).</param>
/// <param name="Whole">How long all tries together may take. Far below the ten minutes for which DynamoDB knows a transaction's token again.</param>
internal sealed record AwsPatience(TimeSpan Attempt, TimeSpan Whole)
{
    private const double BytesASecond = 256 * 1024;

    public static AwsPatience Usual { get; } = new(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(20));

    /// <summary>How long so many bytes may be on their way: on a slow link a large mail is late, not lost.</summary>
    public static TimeSpan ForBytes(long bytes) => TimeSpan.FromSeconds(bytes / BytesASecond);
}

/// <summary>The tries of one call: each pause is a random part of a span that doubles, so that those who met don't meet again.</summary>
internal sealed class AwsTries(AwsPatience patience, TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private const int Doublings = 6;

    private readonly long _began = time.GetTimestamp();
    private int _made;

    /// <summary>Waits before the next try; false when there is no time for another.</summary>
    public async ValueTask<bool> AgainAsync(CancellationToken ct)
    {
        var span = First * (1 << Math.Min(_made++, Doublings));
        var pause = (span < Longest ? span : Longest) * Random.Shared.NextDouble();
        if (time.GetElapsedTime(_began) + pause >= patience.Whole)
            return false;
        await Task.Delay(pause, time, ct);
        return true;
    }
}
