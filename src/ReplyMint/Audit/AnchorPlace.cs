using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>Adds a mail to a commit; what comes back wakes its job once that is committed. Given by the room that sends.</summary>
internal delegate Action AnchorMailer(Commit commit, string from, string to, string subject, string text);

/// <summary>A document as it was read back.</summary>
/// <param name="Place">Which place it came from, as the operator named it.</param>
internal sealed record AnchoredDocument(string Place, string Name, byte[] Bytes);

/// <summary>What a place said to a document.</summary>
/// <param name="Written">It lies there, now or since an earlier try.</param>
/// <param name="Taken">Another document lies there under this name; it stays.</param>
/// <param name="Problem">For the operator; null when it was written.</param>
internal readonly record struct PlaceAnswer(bool Written, bool Taken, string? Problem)
{
    public static readonly PlaceAnswer Done = new(true, false, null);

    public static readonly PlaceAnswer Other = new(false, true, "another document lies there under this name");

    public static PlaceAnswer Failed(string problem) => new(false, false, problem);
}

/// <summary>A place off this machine.</summary>
internal interface IAnchorPlace
{
    /// <summary>As the operator named it.</summary>
    string Name { get; }

    /// <summary>Whether what was written can be read back.</summary>
    bool IsReadable { get; }

    /// <summary>Writes a document that is not there yet; never over another one.</summary>
    /// <param name="name">See <see cref="AnchorName"/>.</param>
    /// <param name="document">Its bytes.</param>
    /// <param name="settled">What is committed once the place has it; a place that is reached through the store adds to it.</param>
    Task<PlaceAnswer> WriteAsync(string name, ReadOnlyMemory<byte> document, Commit settled, CancellationToken ct);

    /// <summary>What was written under a prefix that ends with a slash, in the order of the names.</summary>
    /// <exception cref="IOException">The place can't be read.</exception>
    IAsyncEnumerable<AnchoredDocument> ReadAsync(string prefix, CancellationToken ct);

    /// <summary>One document; null where there is none of this name.</summary>
    /// <exception cref="IOException">The place can't be read.</exception>
    Task<byte[]?> ReadOneAsync(string name, CancellationToken ct);
}

/// <summary>Names of documents: two to four parts of letters, digits, dots, dashes and underscores, with slashes between. They lead nowhere else, on no file system and in no address.</summary>
internal static class AnchorName
{
    public const int MaxLength = 160;

    public static bool IsName(string name) =>
        name.Length <= MaxLength && name.Split('/') is { Length: >= 2 and <= 4 } parts && parts.All(IsPart);

    /// <summary>One part or more, with a slash at the end.</summary>
    public static bool IsPrefix(string prefix) =>
        prefix.Length <= MaxLength && prefix.EndsWith('/') && prefix[..^1].Split('/') is { Length: >= 1 and <= 3 } parts && parts.All(IsPart);

    private static bool IsPart(string part) =>
        part.Length is > 0 and <= 100 && part[0] != '.' && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
