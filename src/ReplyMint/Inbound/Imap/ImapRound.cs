using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>
/// One look into each account whose turn it is, for who has no time to stay: woken each minute, and called off when its time is over. An account that fails
/// is left alone longer and longer, as <see cref="ImapWatch"/> does, since many servers shut out who comes with a wrong password each minute.
/// </summary>
internal sealed partial class ImapRound(Channels channels, ImapWatch watch, ImapSettings settings, TimeProvider time, ILogger<ImapRound> log)
{
    /// <summary>Less than from one call to the next: two never work side by side.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(50);

    // A schedule comes early now and then.
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, Turn> _turns = new(StringComparer.Ordinal);

    public async Task LookAsync(CancellationToken ct)
    {
        var wanted = await channels.PolledAsync(ct);
        var now = time.GetUtcNow();
        foreach (var gone in _turns.Keys.Except(wanted.Select(channel => channel.Id), StringComparer.Ordinal).ToList())
            _turns.Remove(gone);
        // In another order each time: where there is not time for all, it is not always the same that go without.
        var due = wanted.Where(channel => !_turns.TryGetValue(channel.Id, out var turn) || turn.Channel != channel || turn.Next <= now + Early).ToArray();
        Random.Shared.Shuffle(due);
        var missed = 0;
        using var limit = new CancellationTokenSource(Longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var turns = await Task.WhenAll(due.Select(channel => TurnAsync(channel, now, either.Token)));
        foreach (var turn in turns)
            if (turn is null)
                missed++;
            else
                _turns[turn.Channel.Id] = turn;
        if (missed > 0)
            LogMissed(log, missed, due.Length);
    }

    /// <summary>Null: there was no time for it.</summary>
    private async Task<Turn?> TurnAsync(Channel channel, DateTimeOffset now, CancellationToken ct)
    {
        try
        {
            var failures = await watch.OnceAsync(channel, ct) is null ? 0 : (_turns.GetValueOrDefault(channel.Id) is { } last && last.Channel == channel ? last.Failures : 0) + 1;
            return new(channel, now + (failures == 0 ? TimeSpan.FromSeconds(settings.PollSeconds) : ImapWatch.After(failures)), failures);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception failure)
        {
            // The store did not answer, say. The others' accounts are looked into all the same.
            LogFailed(log, channel.Id, Failure.Of(failure));
            return null;
        }
    }

    /// <param name="Channel">As it was looked into: one that was changed is tried at once.</param>
    private sealed record Turn(Channel Channel, DateTimeOffset Next, int Failures);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{missed} of {due} accounts were not looked into in this round")]
    private static partial void LogMissed(ILogger log, int missed, int due);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking into the account of channel {channel} failed: {failure}")]
    private static partial void LogFailed(ILogger log, string channel, string failure);
}
