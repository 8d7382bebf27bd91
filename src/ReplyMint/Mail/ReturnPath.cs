using System.Text;

namespace ReplyMint.Mail;

/// <summary>
/// The envelope's sender, of a mail that comes without its envelope: the server that delivered it writes a Return-Path (RFC 5321 4.4). A sender may write one,
/// too, so an address counts only where it stands above the first Authentication-Results of the named server, which the server put on top of what came.
/// An empty one counts wherever it stands: it can only close.
/// </summary>
internal static class ReturnPath
{
    /// <returns>Empty for a bounce; null when nobody who is believed said it.</returns>
    /// <param name="mail">All of it; only its head is read.</param>
    /// <param name="server">The server that is believed; empty believes none.</param>
    public static string? Of(ReadOnlyMemory<byte> mail, string server)
    {
        string? path = null;
        var ours = false;
        foreach (var (name, value) in Fields(mail))
        {
            if (name.Equals("Return-Path", StringComparison.OrdinalIgnoreCase))
            {
                var said = value.Trim().Trim('<', '>').Trim();
                if (said.Length == 0)
                    return "";
                if (!ours)
                    path ??= said;
            }
            else if (!ours && name.Equals(AuthenticationResults.FieldName, StringComparison.OrdinalIgnoreCase))
            {
                // What lies below another server's field came with the mail, a Return-Path above it included: that server's is not ours.
                ours = true;
                if (!AuthenticationResults.IsOf(value, server))
                    path = null;
            }
        }
        return ours && path is not null && AddressRules.Normalize(path) is not null ? AddressRules.Bounded(path) : null;
    }

    private static IEnumerable<(string Name, string Value)> Fields(ReadOnlyMemory<byte> mail)
    {
        var head = Encoding.Latin1.GetString(mail.Span[..Math.Min(mail.Length, MailLimits.HeaderBlockBytes)]);
        var fields = 0;
        for (var at = 0; at < head.Length && fields < MailLimits.HeaderFields; fields++)
        {
            var end = EndOf(head, at);
            while (end < head.Length && head[end] is ' ' or '\t')
                end = EndOf(head, end);
            var field = head.AsSpan(at, end - at).TrimEnd();
            if (field.Length == 0)
                yield break;
            var colon = field.IndexOf(':');
            if (colon > 0)
                yield return (field[..colon].Trim().ToString(), field[(colon + 1)..].ToString());
            at = end;
        }
    }

    private static int EndOf(string head, int at) => head.IndexOf('\n', at) is >= 0 and var end ? end + 1 : head.Length;
}
