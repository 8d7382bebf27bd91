using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>What channel "file" wrote: answers in the clear, one file each, named by the outbox entry.</summary>
internal sealed class SentFiles(DataFolder folder)
{
    /// <summary>Removes a mail's file; one that is not there is no mistake.</summary>
    public void Delete(string outboxId) => File.Delete(Path.Combine(folder.Out, outboxId + ".eml"));
}
