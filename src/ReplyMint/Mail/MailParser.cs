using System.Text;
using MimeKit.Utils;

namespace ReplyMint.Mail;

/// <summary>
/// Reads any bytes as a mail. It never throws for what a mail holds, and its cost grows with the mail's size only
/// (<see cref="MailLimits"/>); whatever was broken or left unread stands in <see cref="InboundMail.Problems"/>.
/// </summary>
internal static class MailParser
{
    public static InboundMail Parse(ReadOnlyMemory<byte> raw, Envelope envelope)
    {
        var problems = new List<string>();
        var root = MimeTree.Read(raw.Span, problems);
        var trust = new List<string>();
        var fields = Fields(raw.Span, root, problems, trust);
        var mail = new InboundMail
        {
            Envelope = envelope,
            Headers = fields,
            TrustFields = trust,
            Problems = problems,
        };
        mail = Headers(raw.Span, root, mail);
        return Body(raw, root, mail, problems);
    }

    private static List<HeaderField> Fields(ReadOnlySpan<byte> raw, MimeNode root, List<string> problems, List<string> trust)
    {
        var fields = new List<HeaderField>(root.Fields.Count);
        var budget = MailLimits.HeaderBlockBytes;
        var trustEnded = false;
        foreach (var field in root.Fields)
        {
            var value = raw[field.Value];
            if (Ascii.EqualsIgnoreCase(raw[field.Name], AuthenticationResults.FieldName))
            {
                if (!trustEnded && trust.Count < MailLimits.TrustFields)
                    trust.Add(Encoding.UTF8.GetString(value[..Math.Min(value.Length, MailLimits.HeaderValueBytes)]));
            }
            else
                trustEnded |= trust.Count > 0 && !AuthenticationResults.MayStandBetween(raw[field.Name]);
            var limit = Math.Min(MailLimits.HeaderValueBytes, budget);
            if (value.Length > limit)
            {
                value = value[..limit];
                if (!problems.Contains("a very long header field was cut"))
                    problems.Add("a very long header field was cut");
            }
            budget -= value.Length;
            fields.Add(new(Encoding.ASCII.GetString(raw[field.Name]), HeaderText.Decode(value)));
        }
        return fields;
    }

    private static InboundMail Headers(ReadOnlySpan<byte> raw, MimeNode root, InboundMail mail)
    {
        List<MailAddress> from = [], to = [], cc = [], replyTo = [];
        for (var i = 0; i < root.Fields.Count; i++)
        {
            var into = mail.Headers[i].Name.ToLowerInvariant() switch
            {
                "from" => from, "to" => to, "cc" => cc, "reply-to" => replyTo, _ => null,
            };
            if (into is not null)
                AddressHeader.Read(raw[root.Fields[i].Value], into);
        }
        var reversePath = mail.Envelope.ReversePath;
        if (reversePath is null && mail.Header("Return-Path") is { } path)
            reversePath = path.Trim('<', '>', ' ');
        var references = AddressHeader.Identifiers(mail.Header("References") ?? "").ToList();
        if (references.Count > MailLimits.References)
            references.RemoveRange(0, references.Count - MailLimits.References);
        return mail with
        {
            Envelope = mail.Envelope with { ReversePath = reversePath is null ? null : AddressRules.Bounded(reversePath) },
            From = from, To = to, Cc = cc, ReplyTo = replyTo,
            Subject = AddressHeader.Cut(mail.Header("Subject") ?? "", MailLimits.SubjectChars),
            MessageId = AddressHeader.MessageId(mail.Header("Message-ID") ?? ""),
            InReplyTo = AddressHeader.MessageId(mail.Header("In-Reply-To") ?? ""),
            References = references,
            Date = DateUtils.TryParse(mail.Header("Date") ?? "", out var date) ? date.ToUniversalTime() : null,
        };
    }

    private static InboundMail Body(ReadOnlyMemory<byte> raw, MimeNode root, InboundMail mail, List<string> problems)
    {
        var body = BodyReader.Read(root);
        var hidden = new List<string>();
        var (text, richLetters) = (Compose(body.Text, raw, hidden, problems), "");
        if (!ReferenceEquals(body.Text, body.Html) && body.Html.Any(p => p.Is("text", "html")))
        {
            using var letters = new LetterHash();
            var rich = Compose(body.Html, raw, hidden, problems, onlyHidden: !string.IsNullOrWhiteSpace(text), letters);
            richLetters = letters.Finish();
            // An empty plain form beside a full HTML form: a person's program shows the HTML.
            if (string.IsNullOrWhiteSpace(text))
                text = rich;
        }
        var parts = ReplyTrimmer.Trim(text);
        var parameters = root.Type.Parameters;
        return mail with
        {
            Text = text,
            Reply = parts.Reply,
            Signature = parts.Signature,
            Quoted = parts.Quoted,
            Forwarded = parts.Forwarded,
            Trimmed = true,
            RichLetters = richLetters,
            Hidden = hidden.Distinct().Take(MailLimits.HiddenPieces).ToList(),
            Attachments = body.Attachments.Select(p => BodyReader.Describe(p, raw)).ToList(),
            Shape = new MailShape
            {
                ContentType = root.MediaType,
                ReportType = (parameters["report-type"] ?? "").ToLowerInvariant(),
                Parts = body.Leaves.Select(p => p.MediaType).ToList(),
                Encrypted = IsEncrypted(root) || body.Leaves.Any(IsEncrypted),
                CalendarOnly = string.IsNullOrWhiteSpace(text) && body.Leaves.Any(p => p.Is("text", "calendar")),
                Size = raw.Length,
            },
            DeliveryStatus = DeliveryStatus(body, raw),
        };
    }

    private static string DeliveryStatus(BodyReader body, ReadOnlyMemory<byte> raw)
    {
        foreach (var part in body.Leaves)
        {
            if (part.MediaType is not ("message/delivery-status" or "message/global-delivery-status"))
                continue;
            var content = TextDecoding.Content(raw[part.BodyStart..part.BodyEnd], part.TransferEncoding, MailLimits.DeliveryStatusBytes);
            return Encoding.UTF8.GetString(content.Span);
        }
        return "";
    }

    private static bool IsEncrypted(MimeNode node)
    {
        if (node.Is("multipart", "encrypted"))
            return true;
        if (!node.Is("application"))
            return false;
        return node.Type.MediaSubtype.ToLowerInvariant() switch
        {
            "pgp-encrypted" => true,
            "pkcs7-mime" or "x-pkcs7-mime" => !(node.Type.Parameters["smime-type"] ?? "enveloped-data").StartsWith("signed", StringComparison.OrdinalIgnoreCase),
            _ => false,
        };
    }

    private static string Compose(IReadOnlyList<MimeNode> parts, ReadOnlyMemory<byte> raw, List<string> hidden, List<string> problems, bool onlyHidden = false, LetterHash? letters = null)
    {
        // Most mails have one text, which needs no copy.
        var first = "";
        StringBuilder? builder = null;
        foreach (var part in parts)
        {
            if (!part.Is("text") || (builder?.Length ?? first.Length) >= MailLimits.TextChars)
                continue;
            var content = TextDecoding.Content(raw[part.BodyStart..part.BodyEnd], part.TransferEncoding, MailLimits.TextBytes);
            var text = TextDecoding.Text(content.Span, part.Type.Charset, out var problem);
            if (text.Length > MailLimits.TextChars)
            {
                text = text[..MailLimits.TextChars];
                problem = $"text beyond {MailLimits.TextChars} characters was not read";
            }
            if (problem is not null && !problems.Contains(problem))
                problems.Add(problem);
            letters?.Append(text);
            if (part.Is("text", "html"))
            {
                // Beside a plain form the HTML is read only for what it hides.
                if (onlyHidden && !HtmlStyle.MayHide(text))
                    continue;
                text = HtmlText.Render(text, hidden);
            }
            text = text.ReplaceLineEndings("\n");
            if (builder is null && first.Length == 0)
            {
                first = text;
                continue;
            }
            builder ??= new StringBuilder(first, first.Length + text.Length + 1);
            if (builder[^1] != '\n')
                builder.Append('\n');
            builder.Append(text);
        }
        return builder?.ToString() ?? first;
    }
}
