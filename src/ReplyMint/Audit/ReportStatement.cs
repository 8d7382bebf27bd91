namespace ReplyMint.Audit;

/// <summary>That this installation made a report: its hash, which is all that is signed of it.</summary>
/// <param name="Sha256">In lower-case hex.</param>
internal sealed record ReportStatement(int V, string Sha256, DateTimeOffset At);
