using System.Buffers;
using System.Collections.Frozen;

namespace ReplyMint.Mail;

/// <summary>The words by which the big mail programs, in their languages, mark what they quote. All in lower case.</summary>
internal static class TrimWords
{
    /// <summary>How the line above a quotation ends. With a space in front where the word is also the end of others.</summary>
    public static readonly string[] Wrote =
    [
        " wrote", " writes", " said", " schrieb", " hat geschrieben", " geschreven", " schreef", " a écrit", " a ecrit", " escribió", " escribio", " escribiu",
        " ha escrito", " escreveu", " ha scritto", " scrisse", " skrev", " kirjoitti", " napisał", " napisał(a)", " napisała", " napisal", " napsal", " napsal(a)",
        " napísal(a)", " написал", " написал(а)", " написала", " написав", " пише", " пишет", " писал(а)", " đã viết", " yazdı", " şunu yazdı", " írta",
        " a scris", " je napisao", " je napisal/a", " έγραψε", " كتب", "写道", "寫道", "のメール", "書きました", "のメッセージ", "작성", "님이 작성", " menulis", " va escriure",
    ];

    /// <summary>With what such a line begins.</summary>
    public static readonly FrozenSet<string> On = Set(
        "on", "am", "le", "el", "il", "op", "den", "em", "dnia", "w", "vào", "в", "на", "in", "på", "dne", "dňa", "la", "tarihinde", "at", "à", "a", "u", "στις", "pada");

    /// <summary>Days of the week and months, in full and short, as a line begins with them.</summary>
    public static readonly FrozenSet<string> Days = Set(
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "tues", "thur", "thurs",
        "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "mo", "di", "mi", "do", "fr", "sa", "so",
        "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", "lun", "mar", "mer", "jeu", "ven", "sam", "dim",
        "lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo", "mié", "jue", "vie", "sáb", "dom",
        "lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira",
        "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag", "måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag",
        "mandag", "tirsdag", "lørdag", "søndag", "ma", "ti", "ke", "to", "pe", "la", "su", "pon", "wt", "śr", "czw", "pt", "sob", "niedz",
        "понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье", "пн", "вт", "ср", "чт", "пт", "сб", "вс",
        "jan", "january", "feb", "february", "march", "apr", "april", "may", "jun", "june", "jul", "july", "aug", "august", "sep", "sept", "september", "oct", "october", "nov", "november", "dec", "december");

    /// <summary>Labels of a quoted header, by what they name.</summary>
    public static readonly FrozenDictionary<string, HeaderKind> Labels = new Dictionary<string, HeaderKind>(StringComparer.Ordinal)
    {
        ["from"] = HeaderKind.From, ["von"] = HeaderKind.From, ["de"] = HeaderKind.From, ["da"] = HeaderKind.From, ["van"] = HeaderKind.From, ["från"] = HeaderKind.From,
        ["fra"] = HeaderKind.From, ["od"] = HeaderKind.From, ["от"] = HeaderKind.From, ["від"] = HeaderKind.From, ["kimden"] = HeaderKind.From, ["gönderen"] = HeaderKind.From,
        ["feladó"] = HeaderKind.From, ["lähettäjä"] = HeaderKind.From, ["发件人"] = HeaderKind.From, ["寄件者"] = HeaderKind.From, ["差出人"] = HeaderKind.From,
        ["보낸 사람"] = HeaderKind.From, ["expéditeur"] = HeaderKind.From, ["absender"] = HeaderKind.From, ["mittente"] = HeaderKind.From, ["remitente"] = HeaderKind.From, ["remetente"] = HeaderKind.From, ["από"] = HeaderKind.From, ["от кого"] = HeaderKind.From,
        ["sent"] = HeaderKind.Date, ["date"] = HeaderKind.Date, ["gesendet"] = HeaderKind.Date, ["datum"] = HeaderKind.Date, ["gesendet am"] = HeaderKind.Date, ["envoyé"] = HeaderKind.Date,
        ["envoyé le"] = HeaderKind.Date, ["enviado"] = HeaderKind.Date, ["enviado el"] = HeaderKind.Date, ["enviada em"] = HeaderKind.Date, ["enviado em"] = HeaderKind.Date, ["enviada"] = HeaderKind.Date,
        ["fecha"] = HeaderKind.Date, ["data"] = HeaderKind.Date, ["inviato"] = HeaderKind.Date, ["verzonden"] = HeaderKind.Date, ["skickat"] = HeaderKind.Date, ["sendt"] = HeaderKind.Date,
        ["dato"] = HeaderKind.Date, ["wysłano"] = HeaderKind.Date, ["lähetetty"] = HeaderKind.Date, ["päivämäärä"] = HeaderKind.Date, ["päiväys"] = HeaderKind.Date, ["отправлено"] = HeaderKind.Date, ["дата"] = HeaderKind.Date,
        ["gönderilme tarihi"] = HeaderKind.Date, ["tarih"] = HeaderKind.Date, ["elküldve"] = HeaderKind.Date, ["发送时间"] = HeaderKind.Date, ["日期"] = HeaderKind.Date, ["送信日時"] = HeaderKind.Date, ["日付"] = HeaderKind.Date, ["보낸 날짜"] = HeaderKind.Date, ["날짜"] = HeaderKind.Date,
        ["odesláno"] = HeaderKind.Date, ["надіслано"] = HeaderKind.Date,
        ["to"] = HeaderKind.To, ["an"] = HeaderKind.To, ["à"] = HeaderKind.To, ["a"] = HeaderKind.To, ["para"] = HeaderKind.To, ["aan"] = HeaderKind.To, ["till"] = HeaderKind.To, ["til"] = HeaderKind.To,
        ["do"] = HeaderKind.To, ["кому"] = HeaderKind.To, ["kime"] = HeaderKind.To, ["címzett"] = HeaderKind.To, ["vastaanottaja"] = HeaderKind.To, ["收件人"] = HeaderKind.To, ["宛先"] = HeaderKind.To,
        ["받는 사람"] = HeaderKind.To, ["komu"] = HeaderKind.To, ["destinataire"] = HeaderKind.To, ["empfänger"] = HeaderKind.To, ["για"] = HeaderKind.To, ["προς"] = HeaderKind.To,
        ["subject"] = HeaderKind.Subject, ["betreff"] = HeaderKind.Subject, ["objet"] = HeaderKind.Subject, ["asunto"] = HeaderKind.Subject, ["assunto"] = HeaderKind.Subject, ["oggetto"] = HeaderKind.Subject,
        ["onderwerp"] = HeaderKind.Subject, ["ämne"] = HeaderKind.Subject, ["emne"] = HeaderKind.Subject, ["temat"] = HeaderKind.Subject, ["тема"] = HeaderKind.Subject, ["aihe"] = HeaderKind.Subject,
        ["konu"] = HeaderKind.Subject, ["tárgy"] = HeaderKind.Subject, ["předmět"] = HeaderKind.Subject, ["主题"] = HeaderKind.Subject, ["主旨"] = HeaderKind.Subject, ["件名"] = HeaderKind.Subject, ["제목"] = HeaderKind.Subject, ["θέμα"] = HeaderKind.Subject,
        ["cc"] = HeaderKind.Other, ["cc:"] = HeaderKind.Other, ["bcc"] = HeaderKind.Other, ["kopie"] = HeaderKind.Other, ["copie à"] = HeaderKind.Other, ["reply-to"] = HeaderKind.Other, ["risposta"] = HeaderKind.Other,
        ["kopia"] = HeaderKind.Other, ["importance"] = HeaderKind.Other, ["priorität"] = HeaderKind.Other, ["antwort an"] = HeaderKind.Other, ["répondre à"] = HeaderKind.Other, ["attachments"] = HeaderKind.Other, ["organization"] = HeaderKind.Other, ["抄送"] = HeaderKind.Other,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What stands between the dashes above an older mail.</summary>
    public static readonly string[] Original =
    [
        "original message", "original-nachricht", "originalnachricht", "ursprüngliche nachricht", "ursprüngliche e-mail", "ursprungliche nachricht", "original appointment",
        "message d'origine", "message d’origine", "message original", "message initial", "mensaje original", "messaggio originale", "mensagem original", "oorspronkelijk bericht",
        "oprindelig besked", "oprindelig meddelelse", "opprinnelig melding", "ursprungligt meddelande", "originalmeddelande", "alkuperäinen viesti", "wiadomość oryginalna", "oryginalna wiadomość",
        "původní zpráva", "исходное сообщение", "первоначальное сообщение", "orijinal mesaj", "eredeti üzenet", "原始邮件", "原始郵件", "元のメッセージ", "원본 메시지", "reply message", "original email", "mesaj original",
    ];

    /// <summary>The same for a mail that was passed on.</summary>
    public static readonly string[] Forwarded =
    [
        "forwarded message", "forwarded by", "forwarded email", "begin forwarded message", "weitergeleitete nachricht", "weitergeleitete mail", "weitergeleitet von",
        "anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail", "message transféré", "message transmis", "début du message transféré", "début du message réexpédié",
        "mensaje reenviado", "inicio del mensaje reenviado", "messaggio inoltrato", "inizio messaggio inoltrato", "mensagem encaminhada", "início da mensagem encaminhada",
        "doorgestuurd bericht", "begin doorgestuurd bericht", "videresendt besked", "videresendt melding", "videresend", "vidarebefordrat meddelande", "vidarebefordrat brev", "välitetty viesti",
        "wiadomość przekazana", "przekazana wiadomość", "пересылаемое сообщение", "пересланное сообщение", "переслане повідомлення", "iletilen mesaj", "yönlendirilmiş ileti", "továbbított üzenet", "přeposlaná zpráva",
        "转发的邮件", "转发邮件", "轉寄郵件", "転送メッセージ", "전달된 메시지",
    ];

    /// <summary>How a telephone or a mail program names itself at the end of a mail; the whole line starts so.</summary>
    public static readonly string[] SentFromStarts =
    [
        "sent from ", "sent via ", "sent with ", "sent by ", "sent using ", "from my iphone", "from my ipad", "from my mobile", "from my phone", "from my android", "from my samsung",
        "get outlook for ", "get [outlook for ", "download outlook for ", "gesendet von ", "gesendet mit ", "gesendet über ", "von meinem ", "von unterwegs gesendet", "diese nachricht wurde von meinem ", "holen sie sich outlook",
        "outlook für ", "envoyé depuis ", "envoyé de ", "envoyé à partir ", "télécharger outlook", "obtenez outlook", "enviado desde ", "enviado de ", "enviado a partir ", "enviado do ", "enviado através ", "obtener outlook", "obter o outlook", "obtém o outlook", "inviato da ", "inviato dal ", "inviato con ",
        "ottieni outlook", "scarica outlook", "verzonden met ", "verzonden vanaf ", "verstuurd vanaf ", "verstuurd met ", "verzonden via ", "outlook voor ", "download outlook voor", "sendt fra ", "send fra ", "hent outlook", "skickat från ", "skickad från ", "hämta outlook", "lähetetty ", "hanki outlook",
        "wysłane z ", "wysłano z ", "pobierz outlook", "odesláno z ", "odesláno ze ", "отправлено с ", "отправлено из ", "отправлено от ", "надіслано з ", "скачать outlook", "iphone'umdan gönderildi", "ipad'imden gönderildi", "samsung mobile", "发自我的", "發自我的", "從我的", "从我的", "iphoneから送信", "ipadから送信", "나의 iphone에서 보냄",
        "trimis de pe ", "elküldve az ", "στάλθηκε από ", "gửi từ ", "dikirim dari ", "enviat des ",
    ];

    public static readonly SearchValues<char> Delimiters = SearchValues.Create("-_*#~=+\u2014\u2013\u1427\u2500\u2501\u00B7\u2022 ");

    private static FrozenSet<string> Set(params string[] words) => words.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
}

/// <summary>What a label of a quoted header names.</summary>
[Flags]
internal enum HeaderKind { None = 0, From = 1, Date = 2, To = 4, Subject = 8, Other = 16 }
