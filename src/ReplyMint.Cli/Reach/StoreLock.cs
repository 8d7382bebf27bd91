using System.Globalization;

namespace ReplyMint.Cli.Reach;

/// <summary>
/// One process owns a store. The lock is the operating system's (flock) on data/run/lock, so it ends with the process, however that ends.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    private readonly FileStream _file;

    private StoreLock(FileStream file) => _file = file;

    public static string RunFolder(string data) => Path.Combine(data, "run");

    /// <summary>Null when another process holds it. Makes the data folder when it is not there.</summary>
    /// <exception cref="IOException">The folder can't be made or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder can't be made or written.</exception>
    public static StoreLock? TryTake(string data)
    {
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(data, OwnerOnly);
        var run = RunFolder(data);
        Directory.CreateDirectory(run, OwnerOnly);
        // The folder's mode is what keeps others from the socket between its making and its chmod.
        File.SetUnixFileMode(run, OwnerOnly);
        try
        {
            var file = new FileStream(Path.Combine(run, "lock"), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            file.SetLength(0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
            file.Flush();
            return new(file);
        }
        catch (IOException e) when (IsSharingViolation(e))
        {
            return null;
        }
    }

    /// <summary>Waits for a command that ends soon; a server that starts is noticed by its socket.</summary>
    public static async Task<StoreLock?> TakeAsync(string data, TimeSpan patience, CancellationToken ct)
    {
        var until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (true)
        {
            if (TryTake(data) is { } taken)
                return taken;
            if (Environment.TickCount64 >= until || ControlClient.Answers(data))
                return null;
            await Task.Delay(50, ct);
        }
    }

    public static string Held(string data) =>
        $"another replymint process works on {data}; wait until it ends, stop it, or name another folder with --data";

    public void Dispose() => _file.Dispose();

    /// <summary>.NET reports flock's EWOULDBLOCK by its number in the HRESULT: 11 on Linux, 35 on macOS.</summary>
    // As the runtime has it: a code of Windows, whose highest bit is set.
    private static bool IsSharingViolation(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
