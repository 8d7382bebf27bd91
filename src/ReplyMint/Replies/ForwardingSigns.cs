using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>
/// Rule 9: a provider asks whether mail may be forwarded to this mailbox. A machine's mail like others, but whoever sets the forwarding up waits for it:
/// it is shown to a person, who follows its link or copies its code himself. Nothing here ever does.
/// </summary>
internal static class ForwardingSigns
{
    /// <summary>Addresses that write of nothing else.</summary>
    private static readonly HashSet<string> Confirmers = new(StringComparer.Ordinal) { "forwarding-noreply@google.com" };

    /// <summary>Organisations whose machines ask so, among many other things.</summary>
    private static readonly HashSet<string> Providers = new(StringComparer.Ordinal)
    {
        "google.com", "microsoft.com", "outlook.com", "live.com", "yahoo.com", "yahoo-inc.com", "yahooinc.com", "aol.com", "zoho.com", "zoho.eu", "zoho.in", "zohoaccounts.com", "zohomail.com", "cloudflare.com",
        "proton.me", "protonmail.com", "simplelogin.io", "addy.io", "forwardemail.net", "improvmx.com", "fastmail.com", "yandex.ru", "yandex.com", "mail.ru", "gmx.net", "gmx.com", "web.de", "ionos.com", "ovh.com", "gandi.net", "namecheap.com", "godaddy.com",
    };

    /// <summary>Beginnings of "forward", without marks, in the languages met.</summary>
    private static readonly string[] Forward = ["forward", "weiterleit", "reenv", "reexped", "transfer", "redirection", "inoltro", "encaminha", "doorstur", "doorgestuur", "vidarebefordr", "videresend", "przekaz", "presmer", "пересыл", "переадрес", "转发", "轉寄", "転送", "전달"];

    /// <summary>And of "confirm" or "verify".</summary>
    private static readonly string[] Confirm = ["confirm", "verif", "bestatig", "valid", "conferm", "bevestig", "bekraft", "bekreft", "potwierd", "weryfik", "potvrd", "подтвер", "确认", "確認", "확인"];

    /// <summary>What it is, or null when it is no such mail, or none for this mailbox.</summary>
    public static string? Of(PolicyFacts facts)
    {
        var mail = facts.Mail;
        // Whoever is proved not to be the provider gets nobody to follow his link.
        if (facts.MailboxAddress is not { } mailbox || facts.Authentication?.Dmarc == AuthResult.Fail || mail.From.Count != 1 || AddressRules.Normalize(mail.From[0].Address) is not { } from)
            return null;
        if (!Confirmers.Contains(from) && !(Providers.Contains(Domains.Organisation(AddressRules.Domain(from))) && Says(mail.Subject, Forward) && (Says(mail.Subject, Confirm) || Says(mail.Text, Confirm))))
            return null;
        return Names(mail.Text, mailbox) || Names(mail.Subject, mailbox) ? from : null;
    }

    public static Answer Ask(PolicyFacts facts) => Of(facts) is { } from ? Answer.Hold($"{from} asks whether mail may be forwarded here; if you asked for that, open its link or copy its code yourself") : Answer.Pass();

    /// <summary>The address stands there as a whole, and not as the end or beginning of another.</summary>
    private static bool Names(string text, string address)
    {
        for (var at = text.IndexOf(address, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(address, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            var end = at + address.Length;
            if ((at == 0 || !IsOfAddress(text[at - 1])) && (end == text.Length || !IsOfAddress(text[end]) || (text[end] == '.' && (end + 1 == text.Length || char.IsWhiteSpace(text[end + 1])))))
                return true;
        }
        return false;
    }

    private static bool IsOfAddress(char c) => char.IsLetterOrDigit(c) || c is '.' or '-' or '_' or '+' or '@';

    private static bool Says(string text, string[] words) => TextFold.Words(text) is var said && Array.Exists(words, word => said.Contains(word, StringComparison.Ordinal));
}
