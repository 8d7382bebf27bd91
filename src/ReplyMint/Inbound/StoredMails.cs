namespace ReplyMint.Inbound;

/// <param name="Content">Null: it is not there (any more), or too large.</param>
internal readonly record struct StoredMail(byte[]? Content, bool TooLarge);

/// <summary>The bucket into which SES puts mails for us; given by the application, which knows AWS.</summary>
/// <param name="Bucket">Its name.</param>
/// <param name="ReadAsync">Reads an object of at most so many bytes.</param>
/// <param name="DeleteAsync">Removes an object; one that is not there does no harm.</param>
internal sealed record StoredMails(string Bucket, Func<string, int, CancellationToken, Task<StoredMail>> ReadAsync, Func<string, CancellationToken, Task> DeleteAsync);
