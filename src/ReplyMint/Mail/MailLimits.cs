namespace ReplyMint.Mail;

/// <summary>
/// How deep a mail is read. Each bound is far above what people's mail programs write and low enough that a mail made
/// to hurt costs no more than an honest one. What lies beyond is left unread and named in <see cref="InboundMail.Problems"/>.
/// </summary>
internal static class MailLimits
{
    /// <summary>Header fields kept of the top level. Mail over many hops carries about 100.</summary>
    public const int HeaderFields = 1_000;

    /// <summary>Authentication-Results fields kept, the topmost: our own server's stand on top.</summary>
    public const int TrustFields = 50;

    /// <summary>Header fields read of an inner part; only the Content-* fields matter there.</summary>
    public const int PartHeaderFields = 100;

    /// <summary>Bytes decoded of one header field: a Cc of some 1,500 addresses.</summary>
    public const int HeaderValueBytes = 64 * 1024;

    /// <summary>Characters kept of a subject; beyond a few hundred no program shows any.</summary>
    public const int SubjectChars = 2_000;

    /// <summary>Characters kept of a display name.</summary>
    public const int NameChars = 200;

    /// <summary>Characters of a Message-ID, one line of RFC 5322 2.1.1. A longer one is none: half of it would be another's.</summary>
    public const int IdChars = 998;

    /// <summary>Bytes decoded of all header fields together, so that many long ones don't add up.</summary>
    public const int HeaderBlockBytes = 1024 * 1024;

    /// <summary>Multiparts within multiparts. Real mail stays below 8; each level scans its range once more.</summary>
    public const int Depth = 20;

    /// <summary>Parts of all levels together.</summary>
    public const int Parts = 1_000;

    /// <summary>Addresses kept of one header field, for display and for the rule on many recipients.</summary>
    public const int Addresses = 1_000;

    /// <summary>Message-IDs kept of References, the newest: a thread of that length has its root elsewhere.</summary>
    public const int References = 200;

    /// <summary>Characters of text kept of a whole mail: about 300 printed pages. Nobody types more.</summary>
    public const int TextChars = 1024 * 1024;

    /// <summary>Bytes of one text part that are decoded; four bytes make at most one character beyond the BMP.</summary>
    public const int TextBytes = 4 * TextChars;

    /// <summary>Pieces of hidden text kept, and characters of each.</summary>
    public const int HiddenPieces = 100;

    /// <inheritdoc cref="HiddenPieces"/>
    public const int HiddenChars = 1_000;

    /// <summary>Bytes of a delivery report that are read; each of our mails has one recipient.</summary>
    public const int DeliveryStatusBytes = 64 * 1024;

    /// <summary>Characters of a file name, as file systems allow them.</summary>
    public const int FileNameChars = 255;
}
