namespace ReplyMint.Storage;

/// <summary>Where a file may be put, by whoever has the address.</summary>
/// <param name="Fields">Of the request's header; all of them are signed.</param>
internal sealed record BucketUpload(Uri Address, IReadOnlyDictionary<string, string> Fields);

/// <summary>What a bucket can do with files.</summary>
/// <param name="Origin">Of its addresses, as browsers name it.</param>
/// <param name="WriteAsync">Name, and what writes it; returns its length.</param>
/// <param name="ReadAsync">Name, and how many bytes are taken; null when it is not there or has more.</param>
/// <param name="DeleteAsync">One that is not there is no mistake.</param>
/// <param name="ListAsync">Names that begin so.</param>
/// <param name="AddressAsync">Name, what it is called where it arrives, and for how long it may be fetched.</param>
/// <param name="UploadAsync">Name, length and SHA-256 of what may be put there, and for how long.</param>
internal sealed record BucketFiles(
    string Origin,
    Func<string, Func<Stream, Task>, CancellationToken, Task<long>> WriteAsync,
    Func<string, long, CancellationToken, Task<byte[]?>> ReadAsync,
    Func<string, CancellationToken, Task> DeleteAsync,
    Func<string, CancellationToken, IAsyncEnumerable<string>> ListAsync,
    Func<string, string, TimeSpan, CancellationToken, Task<Uri>> AddressAsync,
    Func<string, long, ReadOnlyMemory<byte>, TimeSpan, CancellationToken, Task<BucketUpload>> UploadAsync);
