using System.Net.Sockets;

namespace ReplyMint.Cli.Reach;

/// <summary>The side of the control socket that asks: a command that found a running server.</summary>
internal sealed class ControlClient : IDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    private ControlClient(Socket socket)
    {
        _socket = socket;
        _stream = new(socket);
    }

    /// <summary>Does a server own this data folder? A socket file that a killed server left behind doesn't answer.</summary>
    public static bool Answers(string data)
    {
        using var client = Connect(data);
        return client is not null;
    }

    /// <summary>Null when no server listens.</summary>
    public static ControlClient? Connect(string data)
    {
        if (!Directory.Exists(StoreLock.RunFolder(data)))
            return null;
        using var path = new SocketPath(data);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(path.EndPoint);
            return new(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Has the server run the command, and passes on what it says. Returns the command's exit code.</summary>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments, IReadOnlyList<ForwardedFile> files, CommandHost host, SavedFile? saved, CancellationToken ct)
    {
        try
        {
            await Frames.WriteAsync(_stream, new(FrameKind.Run) { Protocol = Frames.Protocol, Arguments = arguments }, ct);
            foreach (var file in files)
                await Frames.WriteAsync(_stream, new(FrameKind.File) { Text = file.Name, Bytes = file.Bytes }, ct);
            await Frames.WriteAsync(_stream, new(FrameKind.Go), ct);
            while (await Frames.ReadAsync(_stream, ct) is { } frame)
            {
                switch (frame.Kind)
                {
                    case FrameKind.Out:
                        await host.Out.WriteAsync(frame.Text);
                        break;
                    case FrameKind.Error:
                        await host.Error.WriteAsync(frame.Text);
                        break;
                    case FrameKind.Ask:
                        var yes = await host.ConfirmAsync(frame.Text ?? "", ct);
                        await Frames.WriteAsync(_stream, new(FrameKind.Answer) { Code = yes ? 1 : 0 }, ct);
                        break;
                    case FrameKind.Save when saved is not null:
                        saved.Add(frame.Bytes);
                        break;
                    case FrameKind.Exit:
                        return frame.Code;
                    default:
                        return host.Fail("the server answered something that this version does not know; use the same version of both");
                }
            }
            return host.Fail("the server ended before the command did; look at its log, then try again");
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return host.Fail("the connection to the server broke; look at its log, then try again");
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }
}
