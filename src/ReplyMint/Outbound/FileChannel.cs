namespace ReplyMint.Outbound;

/// <summary>Writes each mail as an .eml file. Once SendAsync says Sent, the file is whole and survives a loss of power.</summary>
internal sealed class FileChannel(string folder) : IOutboundChannel
{
    private readonly SharedFileWriter _writer = new(folder);

    public string Name => "file";

    public async Task<SendOutcome> SendAsync(string outboxId, OutboundMail mail, CancellationToken ct)
    {
        if (outboxId.Length == 0 || outboxId.AsSpan().ContainsAnyExcept(IdCharacters))
            throw new ArgumentException("An outbox id consists of letters, digits, '-' and '_'.", nameof(outboxId));
        if (MimeWriter.Problem(mail) is { } problem)
            return new(SendResult.Permanent, problem);
        var path = Path.Combine(folder, outboxId + ".eml");
        if (ct.IsCancellationRequested)
            return new(SendResult.Temporary, "stopped before it was written");
        try
        {
            // The name tells whether it was written before.
            await _writer.WriteAsync(path, MimeWriter.Write(mail, returnPath: true));
            return new(SendResult.Sent, "written");
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

    private static readonly System.Buffers.SearchValues<char> IdCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private string Reason(IOException e)
    {
        // ENOSPC and EDQUOT, as .NET reports them on Unix.
        const int noSpace = 28, quota = 122;
        return (e.HResult & 0xffff) is noSpace or quota || e.Message.Contains("No space left", StringComparison.Ordinal)
            ? $"the disk of {folder} is full"
            : $"the folder {folder} can't be written ({e.GetType().Name})";
    }
}
