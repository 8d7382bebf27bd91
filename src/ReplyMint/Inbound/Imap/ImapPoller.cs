using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>Keeps a watch on each account that a channel names, and none on those that are gone or were changed.</summary>
internal sealed partial class ImapPoller(Channels channels, ImapWatch watch, TimeProvider time, ILogger<ImapPoller> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, Watched> _watched = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            await Task.Yield();
            do
                await LookAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        finally
        {
            foreach (var id in _watched.Keys.ToList())
                await EndAsync(id);
        }
    }

    private async Task LookAsync(CancellationToken ct)
    {
        try
        {
            var wanted = (await channels.PolledAsync(ct)).ToDictionary(channel => channel.Id, StringComparer.Ordinal);
            foreach (var (id, watched) in _watched.ToList())
                if (watched.Work.IsCompleted || !wanted.TryGetValue(id, out var now) || now != watched.Channel)
                    await EndAsync(id);
            foreach (var channel in wanted.Values.Where(channel => !_watched.ContainsKey(channel.Id)))
            {
                var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
                _watched[channel.Id] = new(channel, end, Task.Run(() => watch.RunAsync(channel, end.Token), CancellationToken.None));
            }
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            LogFailed(log, Failure.Of(e));
        }
    }

    private async Task EndAsync(string id)
    {
        if (!_watched.Remove(id, out var watched))
            return;
        await watched.End.CancelAsync();
        try
        {
            await watched.Work;
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception e)
        {
            LogFailed(log, Failure.Of(e));
        }
        watched.End.Dispose();
    }

    private sealed record Watched(Channel Channel, CancellationTokenSource End, Task Work);

    [LoggerMessage(Level = LogLevel.Error, Message = "Watching accounts failed: {failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}
