using System.Net.Sockets;

namespace ReplyMint.Cli.Reach;

/// <summary>
/// The address of data/run/control.sock. The kernel takes only about 100 bytes of path, so a long one is reached through a
/// short-lived link of a random name; the socket itself always lies in the run folder.
/// </summary>
internal sealed class SocketPath : IDisposable
{
    private const int MaxBytes = 100;
    private readonly string? _link;

    public SocketPath(string data)
    {
        RealPath = Path.Combine(StoreLock.RunFolder(data), "control.sock");
        if (System.Text.Encoding.UTF8.GetByteCount(RealPath) <= MaxBytes)
        {
            EndPoint = new(RealPath);
            return;
        }
        _link = Path.Combine("/tmp", "replymint-" + Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16)));
        Directory.CreateSymbolicLink(_link, StoreLock.RunFolder(data));
        EndPoint = new(Path.Combine(_link, "control.sock"));
    }

    public string RealPath { get; }

    public UnixDomainSocketEndPoint EndPoint { get; }

    public void Dispose()
    {
        if (_link is not null)
            File.Delete(_link);
    }
}
