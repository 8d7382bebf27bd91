using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>
/// Looks into one account for as long as it is wanted: at once when its server tells of new mail, else every so often; after a failure later and later,
/// and spread, so that a server which comes back is not met by everybody at the same moment.
/// </summary>
internal sealed partial class ImapWatch(ImapDoor door, ImapPass pass, ImapPositions positions, ImapSettings settings, Alerts alerts, TimeProvider time, ILogger<ImapWatch> log) : IDisposable
{
    // Accounts that are connected to and read at one moment.
    private const int AtOnce = 8;
    private const int MostDoublings = 8;
    private static readonly TimeSpan First = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan ToldAfter = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _turns = new(AtOnce, AtOnce);
    private readonly SemaphoreSlim _open = new(settings.MaxConnections, Math.Max(1, settings.MaxConnections));

    private TimeSpan Every => TimeSpan.FromSeconds(settings.PollSeconds);

    /// <summary>Whether any account is being connected to or read at this moment.</summary>
    public bool IsLooking => _turns.CurrentCount < AtOnce;

    /// <summary>Until it is called off.</summary>
    public async Task RunAsync(Channel channel, CancellationToken ct)
    {
        ImapSession? session = null;
        var stays = false;
        var failures = 0;
        try
        {
            while (true)
            {
                var (passed, problem) = await LookAsync(channel, session, opened => session = opened, ct);
                if (problem is not null)
                {
                    Close();
                    failures++;
                    await NoteAsync(channel, problem, ct);
                    await Task.Delay(After(failures), time, ct);
                    continue;
                }
                failures = 0;
                if (passed == ImapPassed.More)
                    continue;
                if (passed == ImapPassed.Done && session is { CanIdle: true, IsOld: false } && (stays || (stays = _open.Wait(0, CancellationToken.None))))
                {
                    if (await TryIdleAsync(session, ct))
                        continue;
                    Close();
                }
                Close();
                await Task.Delay(Spread(Every), time, ct);
            }
        }
        finally
        {
            Close();
        }

        void Close()
        {
            session?.Dispose();
            session = null;
            if (stays)
                _open.Release();
            stays = false;
        }
    }

    /// <summary>How long an account is left alone after so many failures in a row.</summary>
    public static TimeSpan After(int failures) => Spread(First * (1 << Math.Min(failures, MostDoublings)) is var after && after < Longest ? after : Longest);

    /// <summary>One look by a connection of its own, for who has no time to stay. Null when it was well, else why not.</summary>
    public async Task<string?> OnceAsync(Channel channel, CancellationToken ct)
    {
        ImapSession? session = null;
        try
        {
            for (var passes = 0; passes < MostDoublings; passes++)
            {
                var (passed, problem) = await LookAsync(channel, session, opened => session = opened, ct);
                if (problem is not null)
                    await NoteAsync(channel, problem, ct);
                if (problem is not null || passed != ImapPassed.More)
                    return problem;
            }
            return null;
        }
        finally
        {
            session?.Dispose();
            await GiveBackAsync(channel);
        }
    }

    public void Dispose()
    {
        _turns.Dispose();
        _open.Dispose();
    }

    private async Task<(ImapPassed, string? Problem)> LookAsync(Channel channel, ImapSession? session, Action<ImapSession> opened, CancellationToken ct)
    {
        await _turns.WaitAsync(ct);
        try
        {
            if (session is null)
            {
                var tried = await door.OpenAsync(channel, ct);
                if (tried.Session is null)
                    return (ImapPassed.Later, tried.Problem);
                opened(session = tried.Session);
            }
            return (await pass.RunAsync(session, ct), null);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && ServerTrouble.IsExpected(e))
        {
            return (ImapPassed.Later, ServerTrouble.Say(e, channel.Imap!, null));
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            LogFailed(log, channel.Id, Failure.Of(e));
            return (ImapPassed.Later, "a mail of it could not be stored; see the log");
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <summary>Who looks once is not there to look again: nobody has to wait for the end of its lease.</summary>
    private async Task GiveBackAsync(Channel channel)
    {
        try
        {
            await positions.GiveBackAsync(channel, CancellationToken.None);
        }
        catch (StoreUnavailableException failure)
        {
            LogFailed(log, channel.Id, Failure.Of(failure));
        }
    }

    private async Task<bool> TryIdleAsync(ImapSession session, CancellationToken ct)
    {
        try
        {
            await session.IdleAsync(Every, ct);
            return true;
        }
        catch (Exception e) when (!ct.IsCancellationRequested && ServerTrouble.IsExpected(e))
        {
            // Servers close idle connections whenever they like; the next look says whether something is wrong.
            return false;
        }
    }

    /// <summary>Keeps why it fails where people look, and tells the operator of what lasts.</summary>
    private async Task NoteAsync(Channel channel, string problem, CancellationToken ct)
    {
        try
        {
            if (await positions.TakeAsync(channel, ct) is not { } place)
                return;
            if (place.Now.Problem != problem)
                await place.MoveAsync(place.Now with { Problem = problem, FailingSince = place.Now.FailingSince ?? time.GetUtcNow() }, new Commit(), ct);
            if (time.GetUtcNow() - place.Now.FailingSince >= ToldAfter)
                await alerts.RaiseAsync("imap-failing", channel.Id, $"The account of channel {channel.Id} could not be looked into for an hour; its mail is not answered. See `replymint channel check {channel.Id}`.", ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            LogFailed(log, channel.Id, Failure.Of(e));
        }
    }

    private static TimeSpan Spread(TimeSpan about) => about * (0.8 + 0.4 * Random.Shared.NextDouble());

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking into the account of channel {channel} failed: {failure}")]
    private static partial void LogFailed(ILogger log, string channel, string failure);
}
