using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>
/// Rule 17: what circulars and automatic answers say of themselves. Looked for only in the newly written part, and it
/// only holds: a person may write about a newsletter, but does not tell us how to leave it.
/// </summary>
internal static class BodySigns
{
    /// <summary>So much of the text is looked at, half from its start and half from its end, where such lines stand.</summary>
    private const int Window = 20_000;

    private static readonly string[] Phrases =
    [
        // English
        "to unsubscribe", "unsubscribe here", "unsubscribe from this", "unsubscribe from the", "unsubscribe from our", "unsubscribe at any time", "unsubscribe instantly", "click here to unsubscribe", "unsubscribe |", "| unsubscribe",
        "you are receiving this email because", "you are receiving this e-mail because", "you're receiving this email because", "you received this email because", "you received this message because", "you are receiving this message because",
        "you have received this email because", "this email was sent to you by", "manage your subscription", "manage your email preferences", "manage preferences", "update your preferences", "update your email preferences",
        "email preferences", "view this email in your browser", "view it in your browser", "view in browser", "view this email online", "if you no longer wish to receive", "if you do not wish to receive", "if you don't want to receive",
        "to be removed from", "remove me from this list link", "opt out of future", "opt-out of future", "to opt out", "to opt-out", "this is an automated message", "this is an automatically generated", "this message was automatically generated", "this email was automatically generated",
        "this is an automated email", "this is an automatic reply", "this is an auto-generated", "automated response", "please do not reply to this", "please don't reply to this", "do not reply to this email", "do not reply to this message",
        "replies to this email are not monitored", "this mailbox is not monitored", "this inbox is not monitored", "this email address is not monitored", "i am out of the office", "i'm out of the office", "i am currently out of the office", "i am on vacation until",
        "mailbox is full", "could not be delivered to", "undeliverable address", "no longer monitored", "this account is no longer active", "confirm that you are not a", "delivery to the following recipient failed",
        // German
        "vom newsletter abmelden", "newsletter abbestellen", "abmelden konnen sie sich", "wenn sie keine weiteren", "sie erhalten diese e-mail", "sie erhalten diese mail", "diese e-mail wurde automatisch", "diese nachricht wurde automatisch",
        "dies ist eine automatische", "dies ist eine automatisch", "bitte antworten sie nicht auf diese", "bitte nicht auf diese e-mail antworten", "ich bin nicht im buro", "ich bin derzeit nicht im buro", "ich bin zurzeit abwesend", "ich bin derzeit abwesend", "im browser ansehen", "im browser anzeigen",
        // French
        "pour vous desabonner", "pour vous desinscrire", "se desabonner", "se desinscrire", "vous recevez cet email car", "vous recevez ce message car", "vous recevez cet e-mail car", "ceci est un message automatique", "merci de ne pas repondre a ce", "ne pas repondre a ce message",
        "ne repondez pas a ce", "voir dans le navigateur", "afficher dans le navigateur", "je suis actuellement absent", "je suis absent du bureau", "cet e-mail a ete genere automatiquement",
        // Spanish
        "darse de baja", "para darte de baja", "cancelar la suscripcion", "cancelar su suscripcion", "recibe este correo porque", "recibes este correo porque", "este es un mensaje automatico", "mensaje generado automaticamente", "no responda a este", "por favor no responda", "ver en el navegador",
        "me encuentro fuera de la oficina", "estoy fuera de la oficina",
        // Portuguese, Italian, Dutch, Polish, Swedish
        "cancelar a inscricao", "cancelar inscricao", "esta e uma mensagem automatica", "nao responda a este", "annulla l'iscrizione", "disiscriviti", "per cancellarsi", "questo e un messaggio automatico", "non rispondere a questa", "uitschrijven", "afmelden voor deze", "dit is een automatisch", "niet op deze e-mail",
        "wypisz sie", "zrezygnowac z subskrypcji", "to jest wiadomosc automatyczna", "prosimy nie odpowiadac", "avregistrera dig", "avsluta prenumeration", "detta ar ett automatiskt",
    ];

    public static Answer Ask(InboundMail mail)
    {
        var text = mail.Reply;
        if (text.Length > Window)
            text = string.Concat(text.AsSpan(0, Window / 2), "\n", text.AsSpan(text.Length - Window / 2));
        var folded = Collapse(TextFold.Words(text));
        foreach (var phrase in Phrases)
            if (folded.Contains(phrase, StringComparison.Ordinal))
                return Answer.Hold(phrase);
        return Answer.Pass();
    }

    private static string Collapse(string text)
    {
        var one = new System.Text.StringBuilder(text.Length);
        foreach (var c in text)
            if (c != ' ' || one.Length > 0 && one[^1] != ' ')
                one.Append(c);
        return one.ToString();
    }
}
