namespace ReplyMint.Mail;

/// <summary>
/// Takes the bytes of attachments out of a mail (GDPR-1): each part stays with its header fields, its content is empty. What a
/// person wrote, and all that decides on an answer, reads as before; a mail of which that can't be had stays whole.
/// </summary>
internal static class AttachmentRemoval
{
    /// <summary>The mail without them; null when there is nothing to take, or no sure way.</summary>
    /// <param name="raw">The mail as it came.</param>
    /// <param name="mail">What was read of it.</param>
    public static ReadOnlyMemory<byte>? Without(ReadOnlyMemory<byte> raw, InboundMail mail)
    {
        // What a report is about stands in its parts.
        if (mail.Attachments.Count == 0 || mail.Shape.ContentType == "multipart/report")
            return null;
        var gone = Parts(raw).Where(IsContent).ToList();
        if (gone.Count == 0)
            return null;
        var less = Emptied(raw, gone);
        var read = MailParser.Parse(less, mail.Envelope);
        return read.Text == mail.Text && read.Reply == mail.Reply && read.DeliveryStatus == mail.DeliveryStatus && read.Hidden.SequenceEqual(mail.Hidden)
            && read.Shape.Parts.SequenceEqual(mail.Shape.Parts) && read.Shape.Encrypted == mail.Shape.Encrypted && read.Shape.CalendarOnly == mail.Shape.CalendarOnly
            && read.Headers.SequenceEqual(mail.Headers) ? less : null;
    }

    /// <summary>The parts that <see cref="InboundMail.Attachments"/> tells of, one by one.</summary>
    public static IReadOnlyList<MimeNode> Parts(ReadOnlyMemory<byte> raw) => BodyReader.Read(MimeTree.Read(raw.Span, [])).Attachments;

    /// <summary>The mail with these parts empty, however it reads then.</summary>
    public static ReadOnlyMemory<byte> Emptied(ReadOnlyMemory<byte> raw, IEnumerable<MimeNode> gone)
    {
        var parts = gone.OrderBy(part => part.BodyStart).ToList();
        var less = new byte[raw.Length - parts.Sum(part => part.BodyEnd - part.BodyStart)];
        var (from, to) = (0, 0);
        foreach (var part in parts)
        {
            raw.Span[from..part.BodyStart].CopyTo(less.AsSpan(to));
            to += part.BodyStart - from;
            from = part.BodyEnd;
        }
        raw.Span[from..].CopyTo(less.AsSpan(to));
        return less;
    }

    /// <summary>The header fields alone.</summary>
    public static ReadOnlyMemory<byte> Header(ReadOnlyMemory<byte> raw) => raw[..MimeTree.Read(raw.Span, []).BodyStart];

    /// <summary>Something is in it, and it is none of the parts that say what became of a mail.</summary>
    public static bool IsContent(MimeNode part) => part.BodyEnd > part.BodyStart && part.MediaType is not ("message/delivery-status" or "message/global-delivery-status"
        or "message/disposition-notification" or "message/global-disposition-notification" or "message/feedback-report");
}
