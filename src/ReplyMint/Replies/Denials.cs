namespace ReplyMint.Replies;

/// <summary>Words that turn a sentence into its opposite.</summary>
internal static class Denials
{
    private static readonly HashSet<string> Deniers =
    [
        "no", "not", "never", "cannot", "can't", "don't", "won't", "doesn't", "isn't", "aren't", "unfortunately", "without", "unable", "kein", "keine", "keinen", "keiner", "keinerlei", "nicht", "nie", "leider", "ohne",
        "ne", "n'", "pas", "aucun", "aucune", "jamais", "sans", "nunca", "ningún", "ninguna", "ningun", "tampoco", "sin",
    ];

    private static readonly string[] NoDenial =
    [
        "problem", "worr", "doubt", "delay", "question", "hassle", "matter", "later", "only", "least", "sorge", "zweifel", "verzögerung", "verzug", "frage", "wenn und aber", "umständ", "nur", "zuletzt",
        "souci", "doute", "délai", "retard", "seulement", "hésite", "duda", "demora", "sólo", "solo", "dude", "hesitate", "zöger",
    ];

    /// <param name="text">Folded (<see cref="FactText.Fold"/>).</param>
    /// <param name="from">A word between here and <paramref name="to"/> isn't asked.</param>
    public static bool Stand(string text, int start, int end, int from = 0, int to = 0)
    {
        for (var i = start; i < end;)
        {
            if (i >= from && i < to || !char.IsLetter(text[i]))
            {
                i++;
                continue;
            }
            var stop = i + 1;
            while (stop < end && (char.IsLetter(text[stop]) || text[stop] == '\''))
                stop++;
            var word = text[i..Math.Min(stop, i + 20)];
            if ((Deniers.Contains(word) || word.StartsWith("n'", StringComparison.Ordinal)) && !Harmless(text, stop))
                return true;
            i = stop;
        }
        return false;
    }

    /// <summary>"No problem", "without delay", "ohne Zweifel" deny nothing.</summary>
    private static bool Harmless(string text, int at)
    {
        while (at < text.Length && text[at] is ' ' or ',')
            at++;
        if (at + 2 < text.Length && text[at] == 'a' && text[at + 1] == ' ')
            at += 2;
        foreach (var word in NoDenial)
            if (at + word.Length <= text.Length && text.AsSpan(at, word.Length).SequenceEqual(word))
                return true;
        return false;
    }
}
