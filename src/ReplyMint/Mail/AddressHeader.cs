using MimeKit;

namespace ReplyMint.Mail;

/// <summary>Reads address and identifier fields (RFC 5322 3.4, 3.6.4).</summary>
internal static class AddressHeader
{
    public static void Read(ReadOnlySpan<byte> value, List<MailAddress> into)
    {
        var bytes = Utf7.InHeader(value[..Math.Min(value.Length, MailLimits.HeaderValueBytes)]);
        var list = HeaderText.Guarded(() => InternetAddressList.TryParse(HeaderText.Options, bytes, out var read) ? read : null, null);
        if (list is not null)
            Add(list, into, 0);
    }

    private static void Add(InternetAddressList list, List<MailAddress> into, int depth)
    {
        foreach (var address in list)
        {
            if (into.Count >= MailLimits.Addresses)
                return;
            if (address is MailboxAddress mailbox)
                into.Add(new(Cut(HeaderText.OneLine(mailbox.Name ?? ""), MailLimits.NameChars), AddressRules.Bounded(HeaderText.OneLine(mailbox.Address))));
            else if (address is GroupAddress group && depth < 4)
                Add(group.Members, into, depth + 1);
        }
    }

    /// <summary>At most so many characters, and no half of one.</summary>
    public static string Cut(string text, int chars) =>
        text.Length <= chars ? text : text[..(char.IsHighSurrogate(text[chars - 1]) ? chars - 1 : chars)];

    /// <summary>The first identifier without angle brackets, or empty.</summary>
    public static string MessageId(string value)
    {
        foreach (var id in Identifiers(value))
            return id;
        return "";
    }

    /// <summary>All identifiers in their order, but those that are too long to be one. What stands outside angle brackets counts only when there are none.</summary>
    public static IEnumerable<string> Identifiers(string value)
    {
        var at = 0;
        var any = false;
        while (at < value.Length)
        {
            var open = value.IndexOf('<', at);
            if (open < 0)
                break;
            var close = value.IndexOf('>', open);
            if (close < 0)
                close = value.Length;
            var id = value[(open + 1)..close].Replace(" ", "", StringComparison.Ordinal);
            if (id.Length > 0)
            {
                any = true;
                if (id.Length <= MailLimits.IdChars)
                    yield return id;
            }
            at = close + 1;
        }
        if (any)
            yield break;
        foreach (var word in value.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (word.Trim('<', '>') is { Length: > 0 and <= MailLimits.IdChars } id)
                yield return id;
    }
}
