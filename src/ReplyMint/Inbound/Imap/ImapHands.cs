namespace ReplyMint.Inbound;

/// <summary>
/// A person answered a mail in his own program: what waits for an answer in its thread is closed. Given by the room that drafts.
/// </summary>
/// <param name="at">When he did; what came later goes on waiting.</param>
internal delegate Task PersonAnswered(string tenant, string message, DateTimeOffset at, CancellationToken ct);

/// <summary>
/// A waiting draft as a mail that a person finishes and sends in his own program, or null when there is none that the guard lets through. Given by the room that drafts.
/// </summary>
internal delegate Task<Outbound.OutboundMail?> DraftForHand(string tenant, string message, CancellationToken ct);

/// <summary>The draft lies in the account's folder from now on, and no longer in the list of what waits.</summary>
internal delegate void DraftHandedOver(Storage.Commit commit, string tenant, string message);
