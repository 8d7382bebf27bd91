using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>Writes each mail as an .eml file. Once SendAsync says Sent, the file is whole and survives a loss of power.</summary>
internal sealed class FileChannel(string folder) : IOutboundChannel, IDisposable
{
    private readonly SharedFolderSync _sync = new(folder);

    public string Name => "file";

    public async Task<SendOutcome> SendAsync(string outboxId, OutboundMail mail, CancellationToken ct)
    {
        if (outboxId.Length == 0 || outboxId.AsSpan().ContainsAnyExcept(IdCharacters))
            throw new ArgumentException("An outbox id consists of letters, digits, '-' and '_'.", nameof(outboxId));
        if (MimeWriter.Problem(mail) is { } problem)
            return new(SendResult.Permanent, problem);
        var path = Path.Combine(folder, outboxId + ".eml");
        try
        {
            // The name tells whether it was written before; what stands under it is always whole.
            if (!File.Exists(path))
                await WriteAsync(path, MimeWriter.Write(mail, returnPath: true), ct);
            await _sync.SyncAsync(ct);
            return new(SendResult.Sent, "written");
        }
        catch (OperationCanceledException)
        {
            return new(SendResult.Temporary, "stopped before it was written");
        }
        catch (UnauthorizedAccessException)
        {
            return new(SendResult.Temporary, $"the folder {folder} may not be written by the user that ReplyMint runs as");
        }
        catch (IOException e)
        {
            return new(SendResult.Temporary, Reason(e));
        }
    }

    public void Dispose() => _sync.Dispose();

    private static readonly System.Buffers.SearchValues<char> IdCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        CreateFolder();
        var temporary = path + ".tmp";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var file = new FileStream(temporary, options))
            {
                await file.WriteAsync(content, ct);
                RandomAccess.FlushToDisk(file.SafeFileHandle);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private void CreateFolder()
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private string Reason(IOException e)
    {
        // ENOSPC and EDQUOT, as .NET reports them on Unix.
        const int noSpace = 28, quota = 122;
        return (e.HResult & 0xffff) is noSpace or quota || e.Message.Contains("No space left", StringComparison.Ordinal)
            ? $"the disk of {folder} is full"
            : $"the folder {folder} can't be written ({e.GetType().Name})";
    }
}
