using Microsoft.AspNetCore.Http;

namespace ReplyMint.Security;

/// <param name="body">What came; anybody may have sent it.</param>
/// <param name="prove">To be called as soon as the signature holds, and before anything is done. An answer means that nothing may be.</param>
internal delegate Task<IResult> UnprovedHandler(ReadOnlyMemory<byte> body, Func<IResult?> prove);

/// <summary>
/// Reads a posted body within the bounds that all bodies have together whose sender is not proved yet. Given by the room that takes such
/// posts in; for rooms beside it.
/// </summary>
internal delegate Task<IResult> UnprovedPost(HttpContext context, int limit, string channel, UnprovedHandler handle, CancellationToken ct);
