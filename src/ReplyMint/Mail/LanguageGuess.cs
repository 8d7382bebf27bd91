using System.Collections.Frozen;

namespace ReplyMint.Mail;

/// <summary>Guesses the language of a text from its small words, among those that ReplyMint writes. It rather says nothing than something wrong.</summary>
internal static class LanguageGuess
{
    /// <summary>Words looked at; more of them change nothing.</summary>
    private const int MaxWords = 400;

    private static readonly string[] s_languages = ["en", "de", "fr", "es"];

    private static readonly FrozenDictionary<string, int> s_words = Words(
        "the and is are was were have has had you your i my we our it this that these with for from not can could would should will do does did what when where how why which who please thanks thank hello hi dear be been of to if there any they about just get know need order help",
        "der die das und ist sind war waren ich sie wir ihr mein meine meinen ihre ihren ihnen mir mich uns nicht ein eine einen einem einer mit für von zu auf im dem den des bei kann können könnte möchte haben habe hat wird werden wie was wann wo warum welche bitte danke hallo guten geehrte auch noch nach aus oder wenn dass es sich gibt liebe",
        "le la les un une des du de et est sont était je vous nous mon ma mes votre vos notre ne pas que qui quoi quand où comment pourquoi avec pour dans sur au aux ce cette ces il elle avoir ai avez peut peux puis merci bonjour salut madame monsieur cordialement être fait plus s'il plaît y a-t-il",
        "el la los las un una unos de del y es son era yo usted ustedes nosotros mi mis su sus nuestro no que qué quién cuándo dónde cómo por para con en al este esta estos hay he ha tengo tiene puede puedo quiero gracias hola buenos buenas estimado saludos favor ser más pero si me se lo le muy");

    /// <summary>"en", "de", "fr", "es", or "" when there is too little to tell or two languages are close.</summary>
    public static string Of(string text)
    {
        Span<int> counts = stackalloc int[4];
        var lookup = s_words.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> word = stackalloc char[16];
        int length = 0, words = 0, other = 0;
        var rest = text.AsSpan();
        for (var i = 0; i <= rest.Length && words < MaxWords; i++)
        {
            var c = i < rest.Length ? rest[i] : ' ';
            if (char.IsLetter(c) || (c == '\'' && length > 0))
            {
                // Other scripts are other languages.
                if (c > '\u024F')
                    other++;
                if (length < word.Length)
                    word[length] = char.ToLowerInvariant(c);
                length++;
                continue;
            }
            if (length == 0)
                continue;
            words++;
            if (length <= word.Length && lookup.TryGetValue(word[..length], out var languages))
                for (var l = 0; l < 4; l++)
                    counts[l] += (languages >> l) & 1;
            length = 0;
        }
        int best = 0, second = -1;
        for (var l = 1; l < 4; l++)
        {
            if (counts[l] > counts[best])
                (best, second) = (l, best);
            else if (second < 0 || counts[l] > counts[second])
                second = l;
        }
        if (other > words || counts[best] < 2 || counts[best] * 10 < words || counts[best] < counts[second] + 2)
            return counts[best] == 2 && counts[second] == 0 && words <= 6 && other == 0 ? s_languages[best] : "";
        return counts[best] * 2 >= counts[second] * 3 ? s_languages[best] : "";
    }

    private static FrozenDictionary<string, int> Words(params string[] lists)
    {
        var words = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var l = 0; l < lists.Length; l++)
            foreach (var word in lists[l].Split(' '))
                words[word] = words.GetValueOrDefault(word) | (1 << l);
        return words.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
