using System.Collections.Concurrent;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>
/// Writes whole files that survive a loss of power. Whoever asks while others are written shares the next round, which
/// costs one sync of the folder and keeps one thread, not one for each file.
/// </summary>
internal sealed class SharedFileWriter(string folder)
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxRound = 64;

    private readonly ConcurrentQueue<Pending> _asked = new();
    private int _running;

    /// <summary>What stands under the name is always whole; once this returns it is durable, file and folder.</summary>
    /// <param name="path">In the folder. A file that is there already is not written again, only made durable.</param>
    /// <exception cref="IOException">It could not be written; there is nothing under the name.</exception>
    public Task WriteAsync(string path, ReadOnlyMemory<byte> content)
    {
        var pending = new Pending(path, content);
        _asked.Enqueue(pending);
        Run();
        return pending.Done.Task;
    }

    private void Run()
    {
        if (Interlocked.CompareExchange(ref _running, 1, 0) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static writer => writer.Rounds(), this, preferLocal: false);
    }

    private void Rounds()
    {
        var round = new List<Pending>(MaxRound);
        while (_asked.TryDequeue(out var pending))
        {
            round.Add(pending);
            if (round.Count < MaxRound && !_asked.IsEmpty)
                continue;
            Write(round);
            round.Clear();
        }
        Volatile.Write(ref _running, 0);
        // Somebody may have asked after the last look and seen us running still.
        if (!_asked.IsEmpty)
            Run();
    }

    private void Write(List<Pending> round)
    {
        // All are handed to the disk before the first is waited for.
        foreach (var pending in round)
            pending.Try(pending => pending.Open(folder));
        foreach (var pending in round)
            pending.Try(pending => pending.Finish());
        Exception? failure = null;
        try
        {
            if (round.Exists(pending => pending.Failure is null))
                FolderSync.Sync(folder);
        }
        catch (IOException exception)
        {
            failure = exception;
        }
        foreach (var pending in round)
        {
            if ((pending.Failure ?? failure) is { } problem)
                pending.Done.SetException(problem);
            else
                pending.Done.SetResult();
        }
    }

    private sealed class Pending(string path, ReadOnlyMemory<byte> content) : IDisposable
    {
        private readonly string _temporary = path + ".tmp";
        private FileStream? _file;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public Exception? Failure { get; private set; }

        public void Try(Action<Pending> step)
        {
            if (Failure is not null)
                return;
            try
            {
                step(this);
            }
            catch (Exception exception)
            {
                Failure = exception;
                Dispose();
                if (_file is not null)
                    File.Delete(_temporary);
            }
        }

        public void Dispose() => _file?.Dispose();

        public void Open(string folder)
        {
            if (File.Exists(path))
                return;
            // Nobody else knows the name: the lock that goes with other sharing would only cost calls.
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0, UnixCreateMode = Owner };
            try
            {
                _file = new FileStream(_temporary, options);
            }
            catch (DirectoryNotFoundException)
            {
                Directory.CreateDirectory(folder, Owner | UnixFileMode.UserExecute);
                _file = new FileStream(_temporary, options);
            }
            _file.Write(content.Span);
            FolderSync.Begin(_file.SafeFileHandle, content.Length);
        }

        public void Finish()
        {
            if (_file is null)
                return;
            RandomAccess.FlushToDisk(_file.SafeFileHandle);
            Dispose();
            File.Move(_temporary, path, overwrite: true);
        }
    }
}
