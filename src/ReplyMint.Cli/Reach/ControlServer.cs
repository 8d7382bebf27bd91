using System.CommandLine;
using System.Net.Sockets;

namespace ReplyMint.Cli.Reach;

/// <summary>
/// Listens on data/run/control.sock for commands of the same user and runs them in the server, where the store is open.
/// Who may connect is decided by the folder's and the socket's mode; there is nothing to sign in to.
/// </summary>
internal sealed class ControlServer : IAsyncDisposable
{
    /// <summary>Commands at the same time; a further one waits in the backlog.</summary>
    private const int MaxSessions = 16;

    /// <summary>A client that says nothing does not hold a place for ever.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Socket _listener;
    private readonly string _path;
    private readonly IServiceProvider _services;
    private readonly Func<RootCommand> _tree;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _places = new(MaxSessions);
    private readonly HashSet<Task> _sessions = [];
    private readonly Task _loop;

    private ControlServer(Socket listener, string path, IServiceProvider services, Func<RootCommand> tree)
    {
        (_listener, _path, _services, _tree) = (listener, path, services, tree);
        _loop = AcceptAsync();
    }

    /// <summary>The caller holds the lock, so a socket file that lies there belongs to nobody.</summary>
    /// <param name="tree">Makes the command tree, as the client's process does.</param>
    public static ControlServer Start(string data, IServiceProvider services, Func<RootCommand> tree)
    {
        using var path = new SocketPath(data);
        File.Delete(path.RealPath);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(path.EndPoint);
            File.SetUnixFileMode(path.RealPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(MaxSessions);
            return new(listener, path.RealPath, services, tree);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        File.Delete(_path);
        await _stop.CancelAsync();
        _listener.Dispose();
        await _loop;
        Task[] open;
        lock (_sessions)
            open = [.. _sessions];
        await Task.WhenAll(open);
        _places.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _places.WaitAsync(_stop.Token);
                var socket = await _listener.AcceptAsync(_stop.Token);
                var session = SessionAsync(socket);
                lock (_sessions)
                    _sessions.Add(session);
                _ = session.ContinueWith(Forget, TaskScheduler.Default);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                if (_stop.IsCancellationRequested)
                    return;
                _places.Release();
            }
        }
    }

    private void Forget(Task session)
    {
        lock (_sessions)
            _sessions.Remove(session);
        if (!_stop.IsCancellationRequested)
            _places.Release();
    }

    private async Task SessionAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            ending.CancelAfter(Patience);
            var request = await ReadRequestAsync(stream, ending.Token);
            if (request is not { } asked)
                return;
            ending.CancelAfter(Timeout.InfiniteTimeSpan);
            await using var session = new ControlSession(stream, ending);
            var code = await RunAsync(asked.Arguments, asked.Files, session, ending.Token);
            session.Exit(code);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OperationCanceledException or SocketException)
        {
            // The client went away or talks nonsense; nobody is there to tell.
        }
    }

    private static async Task<(IReadOnlyList<string> Arguments, IReadOnlyList<ForwardedFile> Files)?> ReadRequestAsync(Stream stream, CancellationToken ct)
    {
        if (await Frames.ReadAsync(stream, ct) is not { Kind: FrameKind.Run, Arguments: { } arguments } run)
            return null;
        if (run.Protocol != Frames.Protocol)
        {
            Frames.Write(stream, new(FrameKind.Error) { Text = "replymint: the running server has another version than this command; use the same one\n" });
            Frames.Write(stream, new(FrameKind.Exit) { Code = ExitCode.Failed });
            return null;
        }
        var files = new List<ForwardedFile>();
        long total = 0;
        while (await Frames.ReadAsync(stream, ct) is { } frame)
        {
            if (frame.Kind == FrameKind.Go)
                return (arguments, files);
            total += frame.Bytes?.Length ?? 0;
            if (frame is not { Kind: FrameKind.File, Text: { } name, Bytes: { } bytes } || files.Count == Frames.MaxFiles || total > Frames.MaxTotal)
                return null;
            files.Add(new(name, bytes));
        }
        return null;
    }

    private async Task<int> RunAsync(IReadOnlyList<string> arguments, IReadOnlyList<ForwardedFile> files, ControlSession session, CancellationToken ct)
    {
        var parse = _tree().Parse(arguments);
        if (parse.Errors.Count > 0 || parse.CommandResult.Command is not StoreCommand command)
        {
            await session.Error.WriteLineAsync("replymint: the running server does not know this command; use the same version of both");
            return ExitCode.Usage;
        }
        var context = new CommandContext
        {
            Services = _services, Out = session.Out, Error = session.Error, Files = files, Confirm = session.AskAsync, Save = session.Save, InServer = true,
        };
        return await StoreRun.BodyAsync(command, context, parse, ct);
    }
}
