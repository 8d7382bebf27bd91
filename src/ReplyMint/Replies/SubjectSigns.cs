using System.Globalization;
using System.Text;

namespace ReplyMint.Replies;

/// <summary>
/// Rule 17: subjects that programs give to absence notes, automatic answers and bounces, in about 25 languages.
/// Matched on the decoded subject at word boundaries. "Question about your automatic reply" is a person's: a
/// phrase counts only where programs put it: in front (with a colon, a dash, a bracket or the end behind it), or bracketed.
/// </summary>
internal static class SubjectSigns
{
    /// <summary>Longer subjects are looked at only so far.</summary>
    private const int Window = 400;

    /// <summary>Folded phrases (lower case, no diacritics on Latin letters).</summary>
    private static readonly string[] Programs = Fold(
        // English
        "automatic reply", "automatic response", "automated reply", "automated response", "automatic answer", "auto reply", "autoreply", "auto response", "autoresponse",
        "auto responder", "autoresponder", "autorespons", "auto answer", "vacation reply", "vacation response", "vacation notice", "vacation message", "vacation", "ooo", "oof",
        "out of office", "out of the office", "out of office reply", "out of office autoreply", "out of office auto reply", "out of office response",
        "out of office message", "out of office notification", "away from the office", "away from my mail", "on vacation", "on holiday", "on leave", "on annual leave",
        "on parental leave", "on maternity leave", "away", "absence notice", "i am away", "i am out of the office", "i'm out of the office", "currently away", "currently out of the office",
        "this is an automatic reply", "auto", "read", "not read", "delivered", "read receipt", "return receipt", "recall", "confirm your message", "please confirm your email",
        // bounces
        "undelivered mail returned to sender", "undeliverable", "undeliverable mail", "undeliverable message", "undelivered mail", "mail delivery failed",
        "mail delivery failed returning message to sender", "mail delivery failure", "mail delivery error", "mail system error returned mail", "mail could not be delivered",
        "delivery failure", "delivery failure notification", "delivery failed", "delivery notification", "delivery report", "delivery status notification",
        "delivery status", "failure notice", "returned mail", "returned mail see transcript for details", "returned to sender", "message undeliverable", "message delivery failure",
        "message status undeliverable", "non delivery report", "non delivery notification", "nondeliverable mail", "warning could not send message", "warning message delayed", "delayed mail",
        "message delayed", "loop alert", "mail loop detected", "unzustellbar", "nicht zustellbar", "unzustellbare nachricht", "zustellung fehlgeschlagen", "fehler bei der zustellung",
        "non remis", "echec de la remise", "non remisible", "no se puede entregar", "no entregado", "nao entregue", "non recapitabile", "mancato recapito", "onbestelbaar", "niet bezorgbaar",
        "niedostarczalne", "nedorucitelne", "недоставленное сообщение", "не удается доставить", "配信不能", "送信できませんでした", "无法传递", "退信", "无法投递",
        // German
        "automatische antwort", "automatische rueckantwort", "automatische rückantwort", "automatische rückmeldung", "automatische ruckmeldung", "automatische abwesenheitsnotiz",
        "automatische nachricht", "abwesenheitsnotiz", "abwesenheitsnachricht", "abwesenheitsmeldung", "abwesenheitsassistent", "abwesenheit", "abwesend", "nicht im büro", "nicht im buero",
        "im urlaub", "ich bin im urlaub", "ich bin nicht im büro", "außer haus", "ausser haus", "autoantwort", "urlaubsnotiz", "lesebestätigung", "gelesen", "empfangsbestätigung", "in elternzeit",
        // French
        "réponse automatique", "réponse d'absence", "réponse auto", "message automatique", "message d'absence", "avis d'absence", "notification d'absence", "absence du bureau", "absence",
        "absent du bureau", "je suis absent", "je suis absente", "en congé", "en congés", "en vacances", "hors du bureau", "gestionnaire d'absence", "lu", "accusé de réception",
        // Spanish
        "respuesta automática", "respuesta automatizada", "respuesta de ausencia", "mensaje automático", "contestación automática", "fuera de la oficina", "fuera de oficina", "ausente de la oficina",
        "de vacaciones", "ausencia", "aviso de ausencia", "autorespuesta", "auto respuesta", "leído", "acuse de recibo",
        // Portuguese
        "resposta automática", "mensagem automática", "fora do escritório", "ausência temporária", "ausência do escritório", "fora da empresa", "em férias", "de férias", "lida",
        // Italian
        "risposta automatica", "messaggio automatico", "fuori ufficio", "fuori sede", "assenza dall'ufficio", "assente", "avviso di assenza", "in ferie", "letto", "risponditore automatico",
        // Dutch
        "automatisch antwoord", "automatisch bericht", "automatische beantwoording", "afwezig", "afwezigheid", "afwezigheidsbericht", "afwezigheidsassistent", "niet aanwezig", "niet op kantoor", "gelezen",
        // Danish, Norwegian, Swedish
        "automatisk svar", "autosvar", "automatisk besked", "automatisk melding", "fraværsbesked", "fraværsassistent", "fravær", "ikke til stede", "ikke på kontoret", "ikke til stede på kontoret", "på ferie",
        "automatiskt svar", "automatiskt meddelande", "frånvaro", "frånvarande", "frånvaromeddelande", "inte på kontoret", "på semester", "läst", "lest", "læst",
        // Finnish, Estonian, Latvian, Lithuanian
        "automaattinen vastaus", "automaattivastaus", "poissaoloviesti", "poissa toimistosta", "poissa", "lomalla", "luettu", "automaatvastus", "automaatne vastus", "kontorist väljas",
        "automātiskā atbilde", "automātiska atbilde", "prombūtnē", "automatinis atsakymas", "automatinis atsakas", "ne biure",
        // Polish, Czech, Slovak
        "automatyczna odpowiedź", "odpowiedź automatyczna", "autoodpowiedź", "poza biurem", "nieobecność w biurze", "nieobecność", "nieobecny", "na urlopie", "przeczytano",
        "automatická odpověď", "automaticka odpoved", "mimo kancelář", "nepřítomnost", "nepřítomen", "dovolená", "automatická odpoveď", "mimo kancelárie", "neprítomnosť",
        // Slovene, Croatian, Serbian, Bulgarian, Macedonian
        "samodejni odgovor", "samodejni odziv", "odsoten", "odsotnost", "automatski odgovor", "izvan ureda", "odsutan", "автоматски одговор", "аутоматски одговор", "автоматичен отговор", "извън офиса",
        // Hungarian, Romanian
        "automatikus válasz", "automatikus valasz", "házon kívül", "szabadságon", "răspuns automat", "mesaj automat", "absent din birou", "în concediu",
        // Russian, Ukrainian
        "автоматический ответ", "автоответ", "автоответчик", "отсутствие на рабочем месте", "вне офиса", "в отпуске", "нет на работе", "прочитано", "автоматична відповідь", "автовідповідь", "поза офісом", "у відпустці",
        // Greek, Turkish, Hebrew, Arabic
        "αυτόματη απάντηση", "εκτός γραφείου", "απουσία", "otomatik yanıt", "otomatik yanit", "otomatik cevap", "ofis dışında", "ofis dışı", "izindeyim",
        "תשובה אוטומטית", "מענה אוטומטי", "מחוץ למשרד", "رد تلقائي", "الرد التلقائي", "رد آلي", "خارج المكتب",
        // Catalan, Galician, Basque, Icelandic, Indonesian, Vietnamese, Thai
        "resposta automàtica", "fora de l'oficina", "erantzun automatikoa", "sjálfvirkt svar", "balasan otomatis", "jawapan automatik", "di luar kantor", "trả lời tự động", "thư trả lời tự động", "ตอบกลับอัตโนมัติ", "การตอบกลับอัตโนมัติ",
        // Chinese, Japanese, Korean
        "自动答复", "自动回复", "自動回覆", "自動答覆", "自動回復", "外出", "不在办公室", "自動応答", "自動返信", "不在通知", "不在のお知らせ", "不在", "자동 회신", "자동회신", "자동 응답", "자동응답", "부재중", "부재 중");

    /// <summary>Count in front even when the sentence goes on: "Away until May 5", "Out of office from Monday".</summary>
    private static readonly string[] Openings = Fold(
        "out of office", "out of the office", "i am out of the office", "i am currently out of", "i'm out of the office", "away until", "away from", "on vacation until", "on vacation from", "on holiday until", "on leave until",
        "on vacation till", "automatic reply from", "automatic response from", "auto reply from", "autoreply from", "vacation reply from", "abwesend bis", "abwesend vom", "abwesend von", "abwesenheit bis", "abwesenheit vom",
        "im urlaub bis", "im urlaub vom", "nicht im büro bis", "absent jusqu", "absente jusqu", "absent du", "absente du", "en congé jusqu", "en congés jusqu", "en vacances jusqu", "absence jusqu", "absence du",
        "fuera de la oficina", "de vacaciones hasta", "fora do escritório", "fuori ufficio fino", "fuori ufficio dal", "afwezig tot", "afwezig van", "ute av kontoret", "poza biurem do", "mimo kancelář do", "undelivered mail returned",
        "mail delivery failed", "delivery status notification", "mail delivery subsystem", "failure notice");

    public static Answer Ask(string subject)
    {
        var window = subject.Length > Window ? subject[..Window] : subject;
        var text = Fold(ReplySubject.Bare(window));
        return Hits(text) ? Answer.Hold(subject) : Answer.Pass(subject);
    }

    private static bool Hits(string text)
    {
        if (text.Length == 0)
            return false;
        var start = 0;
        // "*** Auto ***", "[Automatyczna odpowiedz ] test", "<Autoreply>": opened by punctuation.
        while (start < text.Length && !char.IsLetterOrDigit(text[start]))
            start++;
        if (start < text.Length && AtPhrase(text, start))
            return true;
        // A list's or ticket's tag in front: "[Ticket 5] Automatic reply: ..."
        if (text[0] == '[' && text.IndexOf(']', StringComparison.Ordinal) is var close and > 0)
        {
            var next = close + 1;
            while (next < text.Length && text[next] == ' ')
                next++;
            if (next < text.Length && AtPhrase(text, next))
                return true;
        }
        // In brackets anywhere: "Re: offer (Automatic Response)".
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('(' or '['))
                continue;
            foreach (var phrase in Programs)
                if (phrase.Length > 4 && StartsAt(text, i + 1, phrase) && ClosedAt(text, i + 1 + phrase.Length))
                    return true;
        }
        return false;
    }

    private static bool AtPhrase(string text, int at)
    {
        foreach (var phrase in Programs)
            if (StartsAt(text, at, phrase) && EndsAt(text, at + phrase.Length, at, !phrase.Contains(' ', StringComparison.Ordinal)))
                return true;
        foreach (var phrase in Openings)
            if (StartsAt(text, at, phrase) && (at + phrase.Length == text.Length || !char.IsLetter(text[at + phrase.Length]) || phrase.EndsWith("jusqu", StringComparison.Ordinal)))
                return true;
        return false;
    }

    private static bool StartsAt(string text, int at, string phrase) =>
        text.Length - at >= phrase.Length && text.AsSpan(at, phrase.Length).SequenceEqual(phrase);

    /// <summary>
    /// Behind the phrase: the end, a colon, a closing bracket; behind several words also a dash, a comma or an opening
    /// bracket ("Absence, Tom, class 5b" is a parent's).
    /// </summary>
    private static bool EndsAt(string text, int end, int start, bool singleWord)
    {
        var i = end;
        while (i < text.Length && text[i] is ' ' or '!' or '.' or '*')
            i++;
        if (i == text.Length)
            return true;
        return text[i] switch
        {
            ':' or '：' => true,
            ']' or ')' or '>' or '】' => start > 0,
            '(' or '[' or '【' => !singleWord,
            '-' or '|' or ',' or '/' => !singleWord && (i > end || text[i] is ',' or '|'),
            _ => false,
        };
    }

    private static bool ClosedAt(string text, int end)
    {
        while (end < text.Length && text[end] == ' ')
            end++;
        return end < text.Length && text[end] is ')' or ']' or ':';
    }

    private static string[] Fold(params string[] phrases) => [.. phrases.Select(Fold).Distinct()];

    /// <summary>Lower case, compatibility forms and Latin diacritics folded, dashes alike, white space single, "out-of-office" as "out of office".</summary>
    private static string Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        foreach (var c in TextFold.Words(text))
        {
            // A hyphen between letters joins words as a space does; one with spaces around it separates.
            var ch = c;
            if (ch == ' ' && folded.Length > 0 && folded[^1] == ' ')
                continue;
            folded.Append(ch);
        }
        for (var i = 1; i < folded.Length - 1; i++)
            if (folded[i] is '-' or '_' && char.IsLetter(folded[i - 1]) && char.IsLetter(folded[i + 1]))
                folded[i] = ' ';
        return folded.ToString().Trim();
    }
}
