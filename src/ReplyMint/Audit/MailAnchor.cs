using System.Text;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>Somebody's mailbox. The mail goes into the outbox in the commit that ends the waiting, so it is sent once; the outbox sees to the rest.</summary>
internal sealed class MailAnchor(string to, string from, AnchorMailer mailer, Action<Action> afterCommit) : IAnchorPlace
{
    public string Name => "mail";

    public bool IsReadable => false;

    public Task<PlaceAnswer> WriteAsync(string name, ReadOnlyMemory<byte> document, Commit settled, CancellationToken ct)
    {
        var text = new StringBuilder("Keep this mail: it is a proof of what this installation's log said at that time.\n\n");
        // Lines of a mail are short; "replymint audit verify-statement" takes the line breaks out again.
        foreach (var line in Encoding.UTF8.GetString(document.Span).Split('\n'))
            foreach (var piece in line.Chunk(72))
                text.Append(piece).Append('\n');
        afterCommit(mailer(settled, from, to, $"ReplyMint record: {name}", text.ToString()));
        return Task.FromResult(PlaceAnswer.Done);
    }

    public IAsyncEnumerable<AnchoredDocument> ReadAsync(string prefix, CancellationToken ct) => AsyncEnumerable.Empty<AnchoredDocument>();

    public Task<byte[]?> ReadOneAsync(string name, CancellationToken ct) => Task.FromResult<byte[]?>(null);
}
