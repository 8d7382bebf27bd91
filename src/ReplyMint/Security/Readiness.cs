namespace ReplyMint.Security;

/// <summary>What must work before mail can be taken. Rooms register theirs as singletons.</summary>
/// <param name="Name">One word for the operator, such as "store"; shown to anybody.</param>
/// <param name="IsReady">Tries it for real, such as a write to the store. An exception counts as no.</param>
internal sealed record ReadyCheck(string Name, Func<CancellationToken, ValueTask<bool>> IsReady);

/// <summary>Asks all checks, at most once a second, because anybody may ask and each asks the disk.</summary>
internal sealed class Readiness(IEnumerable<ReadyCheck> checks, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ReadyCheck[] _checks = [.. checks];
    private readonly SemaphoreSlim _one = new(1, 1);
    private (long Asked, IReadOnlyList<string> Failing)? _last;

    public void Dispose() => _one.Dispose();

    /// <returns>The names of the checks that failed.</returns>
    public async ValueTask<IReadOnlyList<string>> FailingAsync(CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            if (_last is { } last && time.GetElapsedTime(last.Asked) < Fresh)
                return last.Failing;
            List<string> failing = [];
            foreach (var check in _checks)
                if (!await AskAsync(check))
                    failing.Add(check.Name);
            _last = (time.GetTimestamp(), failing);
            return failing;
        }
        finally
        {
            _one.Release();
        }
    }

    private async ValueTask<bool> AskAsync(ReadyCheck check)
    {
        // Not the caller's token: his going away must not look like a failing store to the next one.
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            return await check.IsReady(patience.Token);
        }
        catch (Exception)
        {
            return false;
        }
    }
}
