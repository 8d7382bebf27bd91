using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>Whom an answer goes to: the one who wrote, by the address he asked for if that is his own organisation's.</summary>
internal static class ReplyRecipient
{
    /// <summary>The one Reply-To within the author's organisational domain, else From; at a provider that strangers share only his own; null when neither is a plain address.</summary>
    public static MailAddress? Of(InboundMail mail)
    {
        if (mail.Author is not { } author || !IsPlain(author.Address))
            return null;
        if (mail.ReplyTo is [{ } asked] && IsPlain(asked.Address) && SenderProof.MayAskFor(author.Address, asked.Address))
            return new(Name(asked.Name.Length > 0 ? asked.Name : author.Name), asked.Address.Trim());
        return new(Name(author.Name), author.Address.Trim());
    }

    /// <summary>Nothing that could become a second recipient, a header field or an SMTP command.</summary>
    private static bool IsPlain(string address)
    {
        var text = address.AsSpan().Trim();
        if (text.Length > 320 || AddressRules.Normalize(address) is null || text.Count('@') != 1)
            return false;
        foreach (var c in text)
            if (char.IsControl(c) || char.IsWhiteSpace(c) || c is '<' or '>' or ',' or ';' or ':' or '"' or '(' or ')' or '\\' or '[' or ']')
                return false;
        return true;
    }

    private static string Name(string name) => ReplySubject.Cut(ReplySubject.Clean(name), 100);
}
