namespace ReplyMint.Knowledge;

/// <summary>Sentences that are there for politeness: they ask nothing, and their words would find something.</summary>
internal static class Courtesy
{
    /// <summary>Beginnings, in lower case. What stands behind them ("Best regards, John Smith") is no question either.</summary>
    private static readonly string[] Beginnings =
    [
        "best regards", "kind regards", "warm regards", "many regards", "regards", "best wishes", "all the best", "sincerely", "yours sincerely", "yours faithfully",
        "cheers", "thank you", "thanks", "many thanks", "i hope you", "hope you", "i hope this", "hope this", "i look forward", "looking forward", "have a nice", "have a good", "have a great",
        "sent from my", "mit freundlichen", "freundliche gr", "viele gr", "liebe gr", "beste gr", "herzliche gr", "schöne gr", "vielen dank", "danke", "herzlichen dank", "besten dank",
        "ich hoffe, es geht", "ich freue mich auf", "über eine antwort", "über eine rückmeldung", "mfg", "lg", "von meinem", "gesendet von",
        "cordialement", "bien cordialement", "bien à vous", "meilleures salutations", "salutations", "je vous remercie", "merci", "dans l'attente", "dans l’attente",
        "bonne journée", "veuillez agréer", "j'espère que vous", "j’espère que vous", "envoyé de",
        "saludos", "un saludo", "un cordial saludo", "atentamente", "muchas gracias", "gracias", "quedo a la espera", "espero que est", "que tenga", "enviado desde",
    ];

    public static bool Is(ReadOnlySpan<char> sentence)
    {
        var text = sentence.TrimStart();
        foreach (var beginning in Beginnings)
            if (text.StartsWith(beginning, StringComparison.OrdinalIgnoreCase) && (text.Length == beginning.Length || EndsWord(beginning, text[beginning.Length])))
                return true;
        return false;
    }

    /// <summary>Beginnings that stop inside a word stand for all its endings.</summary>
    private static bool EndsWord(string beginning, char next) =>
        !char.IsLetterOrDigit(next) || beginning.EndsWith(" gr", StringComparison.Ordinal) || beginning.EndsWith(" est", StringComparison.Ordinal);
}
