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
        var gone = BodyReader.Read(MimeTree.Read(raw.Span, [])).Attachments.Where(IsContent).OrderBy(part => part.BodyStart).ToList();
        if (gone.Count == 0)
            return null;
        var less = new byte[raw.Length - gone.Sum(part => part.BodyEnd - part.BodyStart)];
        var (from, to) = (0, 0);
        foreach (var part in gone)
        {
            raw.Span[from..part.BodyStart].CopyTo(less.AsSpan(to));
            to += part.BodyStart - from;
            from = part.BodyEnd;
        }
        raw.Span[from..].CopyTo(less.AsSpan(to));
        var read = MailParser.Parse(less, mail.Envelope);
        return read.Text == mail.Text && read.Reply == mail.Reply && read.DeliveryStatus == mail.DeliveryStatus && read.Hidden.SequenceEqual(mail.Hidden)
            && read.Shape.Parts.SequenceEqual(mail.Shape.Parts) && read.Shape.Encrypted == mail.Shape.Encrypted && read.Shape.CalendarOnly == mail.Shape.CalendarOnly
            && read.Headers.SequenceEqual(mail.Headers) ? less : null;
    }

    private static bool IsContent(MimeNode part) => part.BodyEnd > part.BodyStart && (!part.Is("message") || part.Is("message", "rfc822"));
}
