using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace ReplyMint.Storage;

/// <summary>
/// The embedded store: one writer thread with group commit, WAL, synchronous=FULL, and a small pool of readers.
/// "Durable" means that the write-ahead log was synced before <see cref="CommitAsync"/> returns.
/// </summary>
internal sealed class SqliteStore : IStore, IAsyncDisposable
{
    // More commits in one transaction save syncs but make each of them wait longer; gains end about here.
    private const int MaxBatch = 256;
    // So many commits at once are a crowd, worth waiting a millisecond for; a few are not kept waiting.
    private const int Crowd = 4;
    private static readonly TimeSpan PurgeEvery = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly SqliteReaders _readers;
    private readonly ItemCache _cache = new();
    private readonly ExpiryPauses _pauses = new();
    private readonly SqliteWriter _writer;
    private readonly Channel<Pending> _queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(4096) { SingleReader = true });
    private readonly Thread _thread;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AutoResetEvent _work = new(false);
    private int _idle;
    private DateTimeOffset _nextPurge;

    private SqliteStore(string connectionString, SqliteConnection writer, TimeProvider time)
    {
        _time = time;
        _pauses.Load(writer);
        _readers = new SqliteReaders(connectionString, _pauses);
        _writer = new SqliteWriter(writer, _pauses);
        _thread = new Thread(Write) { IsBackground = true, Name = "store writer" };
        _thread.Start();
    }

    /// <summary>Opens or makes the database file and migrates it forward.</summary>
    /// <exception cref="StoreRefusedException">The file can't be written, is damaged, or comes from a newer version.</exception>
    public static SqliteStore Open(string file, string backupFolder, TimeProvider time)
    {
        SQLitePCL.Batteries_V2.Init();
        // Pooling would keep the file open after disposal, and with it the lock on the data folder.
        var connectionString = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 10 }.ToString();
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
            SqliteMigrations.Run(connection, file, backupFolder, time);
            return new SqliteStore(connectionString, connection, time);
        }
        catch (SqliteException failure)
        {
            connection.Dispose();
            throw StoreRefusedException.For(file, failure);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public bool IsShared => false;

    public ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var now = _time.GetUtcNow();
        if (_cache.TryGet(key, _pauses.At(key, now), out var known))
            return ValueTask.FromResult(known);
        var stamp = _cache.Stamp(key);
        var reader = _readers.Rent();
        try
        {
            var item = reader.Get(key, now);
            _cache.Keep(key, item, stamp);
            return ValueTask.FromResult(item);
        }
        finally
        {
            _readers.Return(reader);
        }
    }

    public ValueTask<IReadOnlyList<Item?>> GetAsync(IReadOnlyList<ItemKey> keys, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var now = _time.GetUtcNow();
        var items = new Item?[keys.Count];
        SqliteReader? reader = null;
        try
        {
            for (var i = 0; i < items.Length; i++)
            {
                if (_cache.TryGet(keys[i], _pauses.At(keys[i], now), out items[i]))
                    continue;
                // One transaction for all: each of its own takes two locks and throws the reader's pages away.
                if (reader is null)
                    (reader = _readers.Rent()).Begin();
                items[i] = reader.Get(keys[i], now);
            }
            return ValueTask.FromResult<IReadOnlyList<Item?>>(items);
        }
        finally
        {
            if (reader is not null)
            {
                reader.End();
                _readers.Return(reader);
            }
        }
    }

    public ValueTask<Page> QueryAsync(Table table, string partition, Range range, string? cursor, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var reader = _readers.Rent();
        try
        {
            return ValueTask.FromResult(reader.Query(table, partition, range, cursor, _time.GetUtcNow()));
        }
        finally
        {
            _readers.Return(reader);
        }
    }

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct) =>
        CommitMeter.IsOn ? CommitMeter.MeasureAsync(Stopwatch.GetTimestamp(), WriteAsync(commit, ct)) : WriteAsync(commit, ct);

    private async ValueTask<CommitResult> WriteAsync(Commit commit, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var pending = new Pending(commit);
        Placing placing;
        while ((placing = commit.Place(() => _queue.Writer.TryWrite(pending))) == Placing.Full)
            if (!await _queue.Writer.WaitToWriteAsync(ct))
                throw new ChannelClosedException();
        if (placing == Placing.Conflict)
            return CommitResult.Conflict;
        Wake();
        var committed = false;
        try
        {
            // Once queued it will be written: the caller must learn what became of it, so there is no cancelling here.
            var result = await pending.Done.Task;
            committed = result == CommitResult.Committed;
            return result;
        }
        finally
        {
            commit.Settle(committed);
        }
    }

    /// <summary>
    /// Folds the log into the file and cuts it to nothing, so that what was deleted is in neither (GDPR-2). False when a reader
    /// stood in the way: then it is to be tried again.
    /// </summary>
    public async Task<bool> TruncateLogAsync(CancellationToken ct)
    {
        var truncation = new Truncation();
        await _queue.Writer.WriteAsync(truncation, ct);
        Wake();
        return await truncation.Done.Task == CommitResult.Committed;
    }

    private void Write()
    {
        var batch = new List<Pending>(MaxBatch);
        var last = 0;
        while (WaitForWork())
        {
            // Where many commit, those told of the last sync come again at once: they share the next one instead of queueing for two.
            if (last >= Crowd && _queue.Reader.Count < last)
                Thread.Sleep(1);
            Truncation? truncation = null;
            while (truncation is null && batch.Count < MaxBatch && _queue.Reader.TryRead(out var pending))
                if ((truncation = pending as Truncation) is null)
                    batch.Add(pending);
            // Also without work: what has expired goes on an idle machine, too.
            if (batch.Count > 0 || (truncation is null && _time.GetUtcNow() >= _nextPurge))
                WriteBatch(batch);
            if (truncation is not null)
                Truncate(truncation);
            last = batch.Count;
            batch.Clear();
        }
        _stopped.SetResult();
    }

    /// <summary>False when nothing will come any more; true when there is work, or it is time to remove what has expired. Sleeps without spinning, and without a thread of the pool to wake it.</summary>
    private bool WaitForWork()
    {
        while (!_queue.Reader.TryPeek(out _))
        {
            if (_queue.Reader.Completion.IsCompleted)
                return false;
            if (_time.GetUtcNow() >= _nextPurge)
                return true;
            Interlocked.Exchange(ref _idle, 1);
            // Somebody may have come between the look and the word that we sleep.
            if (!_queue.Reader.TryPeek(out _) && !_queue.Reader.Completion.IsCompleted)
                _work.WaitOne(PurgeEvery);
            Volatile.Write(ref _idle, 0);
        }
        return true;
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _idle, 0) == 1)
            _work.Set();
    }

    private void Truncate(Truncation truncation)
    {
        try
        {
            truncation.Done.SetResult(_writer.TruncateLog() ? CommitResult.Committed : CommitResult.Conflict);
        }
        catch (SqliteException failure)
        {
            truncation.Done.SetException(StoreUnavailableException.For(failure));
        }
    }

    private void WriteBatch(List<Pending> batch)
    {
        var now = _time.GetUtcNow();
        Exception? failure = null;
        foreach (var pending in batch)
            _cache.Writing(pending.Commit);
        try
        {
            _writer.Begin();
            foreach (var pending in batch)
                pending.Result = _writer.Apply(pending.Commit, now) ? CommitResult.Committed : CommitResult.Conflict;
            if (now >= _nextPurge)
            {
                // First, so that a store that can't be written is not tried without a pause.
                _nextPurge = now + PurgeEvery;
                // More than a page has expired: the next batch goes on, so that retention keeps up with any traffic.
                if (_writer.RemoveExpired(now))
                    _nextPurge = now;
            }
            _writer.End();
        }
        catch (Exception exception)
        {
            failure = exception is SqliteException sqlite ? StoreUnavailableException.For(sqlite) : exception;
            _writer.Rollback();
            if (batch.Count > 1)
            {
                foreach (var pending in batch)
                    _cache.Written(pending.Commit);
                // One of them may be at fault alone; it must not take the others with it.
                foreach (var pending in batch)
                    WriteBatch([pending]);
                return;
            }
        }
        foreach (var pending in batch)
        {
            _cache.Written(pending.Commit);
            if (failure is null)
                pending.Done.SetResult(pending.Result);
            else
                pending.Done.SetException(failure);
        }
    }

    /// <summary>Writes what is queued, folds the log into the file and closes it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_queue.Writer.TryComplete())
        {
            Wake();
            await _stopped.Task;
            _readers.Dispose();
            _writer.Dispose();
            _work.Dispose();
        }
    }

    private sealed class Truncation() : Pending(new Commit());

    private class Pending(Commit commit)
    {
        public Commit Commit { get; } = commit;
        public CommitResult Result { get; set; }
        public TaskCompletionSource<CommitResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
