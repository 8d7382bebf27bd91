using Microsoft.Extensions.Logging;
using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>Reads anew, again and again, what is used where nobody may wait and another process may have changed. Only on a store that several processes share.</summary>
internal sealed partial class SharedRefresh(OpenStore open, TimeProvider time, ILogger<SharedRefresh> log) : PeriodicService(SharedStore.Fresh / 2, time)
{
    protected override async Task TickAsync(CancellationToken ct)
    {
        try
        {
            await open.RefreshAsync(ct);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // What was read last goes on to count.
            LogFailed(log, Failure.Of(failure));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "What other processes may have changed of secrets could not be read: {Failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}
