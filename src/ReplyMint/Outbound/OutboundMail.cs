namespace ReplyMint.Outbound;

/// <summary>A mail ready to leave: one recipient, plain text, headers fixed. Stored sealed in the outbox.</summary>
internal sealed record OutboundMail
{
    public int V { get; init; } = 1;
    /// <summary>With the message's fixed Message-ID, without angle brackets.</summary>
    public required string MessageId { get; init; }
    /// <summary>SMTP MAIL FROM: the signed bounce address, or empty for the null reverse-path.</summary>
    public required string ReversePath { get; init; }
    public required string From { get; init; }
    public string FromName { get; init; } = "";
    public required string To { get; init; }
    public string ToName { get; init; } = "";
    public required string Subject { get; init; }
    public required string Text { get; init; }
    public string InReplyTo { get; init; } = "";
    public IReadOnlyList<string> References { get; init; } = [];
    public DateTimeOffset Date { get; init; }
    /// <summary>Auto-Submitted, X-Auto-Response-Suppress, loop mark and the like, in order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}

/// <summary>How an attempt to send ended.</summary>
internal enum SendResult
{
    /// <summary>The next hop took responsibility.</summary>
    Sent,
    /// <summary>It certainly did not leave; a later attempt may succeed.</summary>
    Temporary,
    /// <summary>It certainly did not leave and never will.</summary>
    Permanent,
    /// <summary>Nobody can tell whether it left: the connection broke after the mail was handed over.</summary>
    Uncertain,
}

/// <param name="Detail">For the operator: reply code and class, never an address or text.</param>
internal sealed record SendOutcome(SendResult Result, string Detail)
{
    /// <summary>The next hop refused the recipient's address for good: it is to be suppressed. A refusal for other reasons (our sender, the account) must not.</summary>
    public bool AddressRefused { get; init; }
}

/// <summary>A way out for finished mails: file, SMTP, Mailgun's API, Amazon SES.</summary>
internal interface IOutboundChannel
{
    string Name { get; }

    /// <summary>Hands the mail to the next hop. Never throws for what a network or server does; cancellation before hand-over is Temporary.</summary>
    Task<SendOutcome> SendAsync(string outboxId, OutboundMail mail, CancellationToken ct);
}
