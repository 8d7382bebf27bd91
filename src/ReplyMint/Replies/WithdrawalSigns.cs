using System.Text;
using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>
/// Rule 19: a person's own word, in a mail, that he wants no automatic answers (GDPR-4). Looked for in the subject and in what was
/// newly written, in the served languages. It is taken in one way only: who wants them again has to be asked by people.
/// </summary>
internal static class WithdrawalSigns
{
    /// <summary>Longer texts are looked at only so far: such a word stands at the beginning or is all there is.</summary>
    private const int Window = 4_000;

    /// <summary>Folded, words apart by one blank.</summary>
    private static readonly string[] Phrases =
    [
        "human please", "a human please", "real person please", "a real human", "talk to a human", "speak to a human", "speak with a human", "talk to a real person", "speak to a real person", "answer from a human", "reply from a human",
        "stop automatic replies", "stop automatic answers", "stop automated replies", "stop automated answers", "stop sending automatic", "stop sending automated", "no automatic replies", "no automatic answers", "no automated replies", "no automated answers",
        "withdraw my consent", "revoke my consent",
        "mensch bitte", "bitte ein mensch", "bitte einen menschen", "einen echten menschen", "mit einem menschen sprechen", "mit einem menschen reden", "antwort von einem menschen", "keine automatischen antworten", "keine automatische antwort", "automatische antworten stoppen",
        "widerrufe meine einwilligung", "widerrufe hiermit meine einwilligung", "einwilligung widerrufen",
        "un humain s'il vous plait", "un humain svp", "une vraie personne", "parler a un humain", "parler a une personne", "plus de reponses automatiques", "pas de reponses automatiques", "pas de reponse automatique", "arretez les reponses automatiques",
        "retire mon consentement", "retirer mon consentement",
        "un humano por favor", "una persona por favor", "hablar con un humano", "hablar con una persona", "no mas respuestas automaticas", "sin respuestas automaticas", "no quiero respuestas automaticas",
        "retiro mi consentimiento", "revoco mi consentimiento",
    ];

    public static Answer Ask(InboundMail mail)
    {
        var text = mail.Subject + "\n" + mail.Reply;
        var words = Words(text.Length > Window ? text[..Window] : text);
        foreach (var phrase in Phrases)
            if (words.Contains($" {phrase} ", StringComparison.Ordinal))
                return Answer.Never(phrase);
        return Answer.Pass();
    }

    private static string Words(string text)
    {
        var words = new StringBuilder(" ", text.Length + 2);
        foreach (var c in TextFold.Words(text))
            if (char.IsLetterOrDigit(c) || c == '\'')
                words.Append(c);
            else if (words[^1] != ' ')
                words.Append(' ');
        return words.Append(' ').ToString();
    }
}
