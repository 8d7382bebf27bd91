using System.Security.Cryptography;

namespace ReplyMint.Mail;

/// <summary>
/// Chooses what a person would see as the text, and what as attachments. The choice is the one of RFC 8621 4.1.4
/// (JMAP), which puts into one algorithm what mail programs do.
/// </summary>
internal sealed class BodyReader
{
    private readonly List<MimeNode> _text = [];
    private readonly List<MimeNode> _html = [];
    private readonly List<MimeNode> _attachments = [];
    private readonly List<MimeNode> _leaves = [];

    public static BodyReader Read(MimeNode root)
    {
        var reader = new BodyReader();
        reader.Walk([root], "mixed", false, reader._text, reader._html);
        return reader;
    }

    /// <summary>The parts that make up the plain reading: text/plain where there is a choice.</summary>
    public IReadOnlyList<MimeNode> Text => _text;
    /// <summary>The parts that make up the rich reading.</summary>
    public IReadOnlyList<MimeNode> Html => _html;
    public IReadOnlyList<MimeNode> Attachments => _attachments;
    public IReadOnlyList<MimeNode> Leaves => _leaves;

    private void Walk(IReadOnlyList<MimeNode> parts, string multipart, bool inAlternative, List<MimeNode>? text, List<MimeNode>? html)
    {
        var textBefore = text?.Count ?? -1;
        var htmlBefore = html?.Count ?? -1;
        for (var i = 0; i < parts.Count; i++)
        {
            var part = parts[i];
            if (part.IsMultipart)
            {
                var kind = part.Type.MediaSubtype.ToLowerInvariant();
                Walk(part.Children, kind, inAlternative || kind == "alternative", text, html);
                continue;
            }
            _leaves.Add(part);
            if (!IsInline(part, i, multipart))
            {
                _attachments.Add(part);
                continue;
            }
            var plain = part.Is("text", "plain");
            if (multipart == "alternative")
            {
                if (plain)
                    text?.Add(part);
                else if (part.Is("text", "html"))
                    html?.Add(part);
                else
                    _attachments.Add(part);
                continue;
            }
            if (inAlternative)
            {
                if (plain)
                    html = null;
                if (part.Is("text", "html"))
                    text = null;
            }
            text?.Add(part);
            html?.Add(part);
            if (!part.Is("text"))
                _attachments.Add(part);
        }
        if (multipart != "alternative" || text is null || html is null)
            return;
        // Only one of the two forms was there: it serves for both.
        if (textBefore == text.Count && htmlBefore != html.Count)
            text.AddRange(html[htmlBefore..]);
        if (htmlBefore == html.Count && textBefore != text.Count)
            html.AddRange(text[textBefore..]);
    }

    private static bool IsInline(MimeNode part, int index, string multipart)
    {
        if (string.Equals(part.Disposition?.Disposition, "attachment", StringComparison.OrdinalIgnoreCase))
            return false;
        var media = part.Is("image") || part.Is("audio") || part.Is("video");
        if (!media && !part.Is("text", "plain") && !part.Is("text", "html"))
            return false;
        return index == 0 || (multipart != "related" && (media || FileName(part).Length == 0));
    }

    public static string FileName(MimeNode part)
    {
        var name = HeaderText.OneLine(part.Disposition?.FileName ?? part.Type.Name ?? "");
        return name.Length > MailLimits.FileNameChars ? name[..MailLimits.FileNameChars] : name;
    }

    public static AttachmentInfo Describe(MimeNode part, ReadOnlyMemory<byte> raw)
    {
        var body = raw[part.BodyStart..part.BodyEnd];
        if (part.Is("text"))
        {
            var text = AsText(TextDecoding.Content(body, part.TransferEncoding), part);
            return new(FileName(part), part.MediaType, text.Length, Convert.ToHexStringLower(SHA256.HashData(text.Span)));
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var size = 0L;
        TextDecoding.Read(body.Span, part.TransferEncoding, piece =>
        {
            hash.AppendData(piece);
            size += piece.Length;
        });
        return new(FileName(part), part.MediaType, size, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>
    /// A text is described as the text that it is, in UTF-8, so that size and hash do not depend on how it travelled. Where it
    /// travels line by line, CRLF is the line's end in transit (RFC 2046 4.1.1); Base64 carries it as it is.
    /// </summary>
    private static ReadOnlyMemory<byte> AsText(ReadOnlyMemory<byte> content, MimeNode part)
    {
        if (content.Length <= MailLimits.TextBytes && !System.Text.Ascii.IsValid(content.Span))
            content = HeaderText.Bytes(TextDecoding.Text(content.Span, part.Type.Charset, out _));
        return part.TransferEncoding == "base64" ? content : TextDecoding.LocalLines(content);
    }
}
