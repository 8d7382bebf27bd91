using System.Text;

using ReplyMint.Accounts;
using ReplyMint.Mail;
using ReplyMint.Outbound;

namespace ReplyMint.Replies;

/// <summary>The names an answer carries; made before it is written, so that it is known when it comes back.</summary>
/// <param name="MessageId">Fixed for all attempts, without angle brackets.</param>
/// <param name="ReversePath">The signed bounce address; empty is the null reverse-path.</param>
internal sealed record ReplyNames(string MessageId, string ReversePath, string LoopMark);

/// <summary>Turns an approved draft into a mail (pure). Nothing of the answered mail reaches a header uncleaned.</summary>
internal static class ReplyComposer
{
    /// <summary>The thread's first message and the newest ones; in between nobody misses any.</summary>
    public const int MaxReferences = 20;

    private const int MaxIdLength = 250;

    public static OutboundMail Compose(InboundMail mail, Mailbox mailbox, ApprovedDraft draft, ReplyNames names, DateTimeOffset now)
    {
        var parent = Id(mail.MessageId);
        return new OutboundMail
        {
            MessageId = names.MessageId,
            ReversePath = mailbox.NullReversePath ? "" : names.ReversePath,
            From = mailbox.Address,
            FromName = ReplySubject.Cut(ReplySubject.Clean(mailbox.DisplayName), 100),
            To = draft.Recipient.Address,
            ToName = draft.Recipient.Name,
            Subject = ReplySubject.ForReply(mail.Subject),
            Text = Body(draft.Text),
            InReplyTo = parent,
            References = References(mail, parent),
            Date = now,
            Headers = Headers(draft, names),
        };
    }

    /// <summary>RFC 5322 3.6.4: the parent's References (else its single In-Reply-To), then the parent.</summary>
    private static List<string> References(InboundMail mail, string parent)
    {
        var ids = new List<string>();
        foreach (var reference in mail.References.Count > 0 ? mail.References : [mail.InReplyTo])
            if (Id(reference) is { Length: > 0 } id && id != parent && !ids.Contains(id))
                ids.Add(id);
        var newest = MaxReferences - 2;
        if (ids.Count > newest + 1)
            ids.RemoveRange(1, ids.Count - newest - 1);
        if (parent.Length > 0)
            ids.Add(parent);
        return ids;
    }

    /// <summary>A Message-ID that can stand in a header, or empty: visible ASCII, one at-sign, no brackets.</summary>
    private static string Id(string id)
    {
        var text = id.AsSpan().Trim().TrimStart('<').TrimEnd('>');
        if (text.Length is 0 or > MaxIdLength || text.ContainsAny('<', '>', ',') || text.IndexOfAnyExceptInRange('!', '~') >= 0)
            return "";
        return text.ToString();
    }

    private static List<KeyValuePair<string, string>> Headers(ApprovedDraft draft, ReplyNames names)
    {
        var headers = new List<KeyValuePair<string, string>>();
        // What a person wrote is a person's mail; other programs may treat it as one (RFC 3834 5).
        if (draft.Decision is not { Edited: true })
        {
            headers.Add(new("Auto-Submitted", "auto-replied"));
            headers.Add(new("X-Auto-Response-Suppress", "All"));
        }
        headers.Add(new(ReplyPolicy.LoopHeader, names.LoopMark));
        return headers;
    }

    /// <summary>Lines end in LF; the guard let no other control character through.</summary>
    private static string Body(string text)
    {
        var body = new StringBuilder(text.Length);
        foreach (var c in text.ReplaceLineEndings("\n"))
            if (c is '\n' or '\t' || !char.IsControl(c))
                body.Append(c);
        return body.ToString().Trim('\n', ' ') + "\n";
    }
}
