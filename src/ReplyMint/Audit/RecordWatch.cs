using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;

namespace ReplyMint.Audit;

/// <summary>Looks every hour whether something is overdue.</summary>
internal sealed partial class RecordWatch(Records records, TimeProvider time, ILogger<RecordWatch> log) : PeriodicService(Every, time)
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task TickAsync(CancellationToken ct)
    {
        try
        {
            await records.LookAsync(ct);
        }
        catch (Exception failure) when (!ct.IsCancellationRequested)
        {
            LogFailed(log, Failure.Of(failure));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for overdue records failed: {failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}

internal static class RecordsFeature
{
    public static IServiceCollection AddRecords(this IServiceCollection services, RecordSettings settings) => services
        .AddSingleton(settings)
        .AddSingleton<Records>()
        .AddHostedService<RecordWatch>();
}
