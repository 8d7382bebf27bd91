namespace ReplyMint.Mail;

/// <summary>A mailbox address with its display name, decoded (RFC 5322 3.4, RFC 2047). Comments are gone.</summary>
/// <param name="Name">The decoded display name, or empty.</param>
/// <param name="Address">The address as written; compare with <see cref="AddressRules.Normalize"/>.</param>
internal sealed record MailAddress(string Name, string Address);

/// <summary>The SMTP envelope (RFC 5321 2.3.1), which decides whose mail this is; header fields never do.</summary>
/// <param name="ReversePath">MAIL FROM; empty is the null reverse-path of a bounce, null means the channel did not say.</param>
/// <param name="Recipient">The one RCPT TO of this delivery.</param>
internal sealed record Envelope(string? ReversePath, string? Recipient);

/// <summary>One header field, decoded for reading.</summary>
internal sealed record HeaderField(string Name, string Value);

/// <summary>What is said of an attachment; its bytes stay in the raw mail.</summary>
/// <param name="Size">Octets once it is decoded; of a text those of its UTF-8, as of the hash.</param>
internal sealed record AttachmentInfo(string FileName, string ContentType, long Size, string Sha256)
{
    /// <summary>What the scanner said before it was stored, of <see cref="ScanResult"/>; null where none was asked. Bytes that are not clean were not kept.</summary>
    public string? Scan { get; set; }
    /// <summary>The name of the malware's signature that fits it.</summary>
    public string? Malware { get; set; }
}

/// <summary>Words for what a scanner of malware said; in records, metrics and the API.</summary>
internal static class ScanResult
{
    public const string Clean = "clean";
    public const string Found = "found";
    /// <summary>More bytes than it takes.</summary>
    public const string TooLarge = "too-large";
    /// <summary>One of more attachments than it is asked about.</summary>
    public const string TooMany = "too-many";
    /// <summary>Nobody is there, or hangs up.</summary>
    public const string Away = "away";
    public const string Late = "late";
    /// <summary>It said something else.</summary>
    public const string Odd = "odd";
}

/// <summary>What a mail is, read once: fields as a person's mail program would show them. Personal data throughout.</summary>
internal sealed record InboundMail
{
    public required Envelope Envelope { get; init; }
    /// <summary>All header fields of the top level in their order, values decoded; folded white space is one space.</summary>
    public required IReadOnlyList<HeaderField> Headers { get; init; }
    /// <summary>Authentication-Results of the top level, undecoded, the topmost first (<see cref="AuthenticationResults"/>).</summary>
    public IReadOnlyList<string> TrustFields { get; init; } = [];
    public IReadOnlyList<MailAddress> From { get; init; } = [];
    public IReadOnlyList<MailAddress> To { get; init; } = [];
    public IReadOnlyList<MailAddress> Cc { get; init; } = [];
    public IReadOnlyList<MailAddress> ReplyTo { get; init; } = [];
    public string Subject { get; init; } = "";
    /// <summary>Without angle brackets; empty when absent.</summary>
    public string MessageId { get; init; } = "";
    public string InReplyTo { get; init; } = "";
    /// <summary>Oldest first, without angle brackets.</summary>
    public IReadOnlyList<string> References { get; init; } = [];
    public DateTimeOffset? Date { get; init; }
    /// <summary>The whole plain text, from text/plain or rendered from text/html.</summary>
    public string Text { get; init; } = "";
    /// <summary>What the person newly wrote, without quoted text and signature.</summary>
    public string Reply { get; init; } = "";
    public string Signature { get; init; } = "";
    public string Quoted { get; init; } = "";
    /// <summary>An older mail was passed on (by its mark in the text), rather than answered.</summary>
    public bool Forwarded { get; init; }
    /// <summary>Reply, signature and quotation are what <see cref="ReplyTrimmer"/> makes of the text.</summary>
    public bool Trimmed { get; init; }
    /// <summary>Of a mail with HTML, the <see cref="LetterHash"/> of what a rich reading shows, tags and all; else empty.</summary>
    public string RichLetters { get; init; } = "";
    /// <summary>Text that an HTML mail hides from its reader (display:none, white on white, size zero).</summary>
    public IReadOnlyList<string> Hidden { get; init; } = [];
    public IReadOnlyList<AttachmentInfo> Attachments { get; init; } = [];
    public MailShape Shape { get; init; } = new();
    /// <summary>The text of the first message/delivery-status part (RFC 3464), at most 64 KB, or empty.</summary>
    public string DeliveryStatus { get; init; } = "";
    /// <summary>What was broken and how it was read all the same; for the receipt, in plain words without content.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>The author: the first From, or null when there is none.</summary>
    public MailAddress? Author => From.Count > 0 ? From[0] : null;

    /// <summary>The first header field of that name (case-blind), or null.</summary>
    public string? Header(string name)
    {
        foreach (var field in Headers)
            if (string.Equals(field.Name, name, StringComparison.OrdinalIgnoreCase))
                return field.Value;
        return null;
    }
}

/// <summary>Facts of structure that the policy asks for.</summary>
internal sealed record MailShape
{
    /// <summary>The top level's media type in lower case, such as "multipart/report".</summary>
    public string ContentType { get; init; } = "text/plain";
    /// <summary>The report-type parameter of multipart/report, or empty.</summary>
    public string ReportType { get; init; } = "";
    /// <summary>Media types of all leaf parts in lower case, message/rfc822 included but not entered.</summary>
    public IReadOnlyList<string> Parts { get; init; } = [];
    public bool Encrypted { get; init; }
    /// <summary>All that there is to read is a calendar object.</summary>
    public bool CalendarOnly { get; init; }
    public long Size { get; init; }
}
