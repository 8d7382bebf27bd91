using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>
/// Commits of this process with the same gate, one after another: DynamoDB keeps no order of what is sent at once, so the second link
/// of a chain would arrive before the first. Gates share a fixed number of turns.
/// </summary>
internal sealed class DynamoTurns : IDisposable
{
    private const int Places = 256;
    private readonly SemaphoreSlim[] _places = [.. Enumerable.Range(0, Places).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>Waits for the turn of all gates of the commit; <see cref="Leave"/> ends it.</summary>
    public async ValueTask<int[]> EnterAsync(Commit commit, CancellationToken ct)
    {
        // In ascending order, so that no two wait for each other.
        // Half of all hashes are negative.
        int[] mine = [.. commit.Gates.Select(gate => (int)(unchecked((uint)string.GetHashCode(gate, StringComparison.Ordinal)) % Places)).Distinct().Order()];
        for (var entered = 0; entered < mine.Length; entered++)
            try
            {
                await _places[mine[entered]].WaitAsync(ct);
            }
            catch
            {
                Leave(mine[..entered]);
                throw;
            }
        return mine;
    }

    public void Leave(int[] mine)
    {
        foreach (var place in mine)
            _places[place].Release();
    }

    public void Dispose()
    {
        foreach (var place in _places)
            place.Dispose();
    }
}
