using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>Once, at the start: files of exports that nothing names. Those that end while the server runs have a job.</summary>
internal sealed partial class ExportSweep(Exports exports, ILogger<ExportSweep> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            await exports.SweepAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; the next start comes again.
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or StoreUnavailableException)
        {
            LogFailed(log, Failure.Of(failure));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for files of exports that nothing names failed: {failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}
