namespace ReplyMint.Knowledge;

/// <summary>Cuts a word to its stem, in place; returns the stem's length. Words are folded as <see cref="Words"/> folds them.</summary>
internal static class Stemmer
{
    public static int Stem(Language language, Span<char> word, int length)
    {
        if (length <= 2 || char.IsAsciiDigit(word[0]))
            return length;
        return language switch
        {
            Language.German => German(word, length),
            Language.French => French(word, length),
            Language.Spanish => Spanish(word, length),
            // Text in a language we can't name is stemmed as English: both sides alike, so nothing is lost.
            _ => EnglishStemmer.Stem(word, length),
        };
    }

    /// <summary>Plural and case endings only; verbs stay apart.</summary>
    private static int German(Span<char> word, int length)
    {
        var end = length;
        if (end > 5 && (Ends(word, end, "ern") || Ends(word, end, "est")))
            end -= 3;
        else if (end > 4 && (Ends(word, end, "em") || Ends(word, end, "en") || Ends(word, end, "er") || Ends(word, end, "es") || Ends(word, end, "st")))
            end -= 2;
        else if (end > 3 && word[end - 1] == 'e')
            end--;
        else if (end > 4 && word[end - 1] == 'n' && word[end - 2] is 'l' or 'r')
            end--;
        else if (end > 3 && word[end - 1] == 's' && word[end - 2] is 'a' or 'i' or 'o' or 'y')
            end--;
        // Häuser and Haus, Öffnung and öffnen: the umlaut is no part of the stem.
        return FoldUmlauts(word, end);
    }

    private static int FoldUmlauts(Span<char> word, int length)
    {
        var to = 0;
        for (var from = 0; from < length; from++)
        {
            var next = from + 1 < length ? word[from + 1] : '\0';
            word[to++] = word[from];
            if (next == 'e' && from + 2 < length && (word[from] is 'a' or 'o' || (word[from] == 'u' && (from == 0 || word[from - 1] is not ('a' or 'e' or 'q')))))
                from++;
        }
        return to;
    }

    private static int French(Span<char> word, int length)
    {
        var end = length;
        if (end > 4 && Ends(word, end, "aux"))
        {
            // journaux, journal; but eaux, eau.
            if (word[end - 4] != 'e')
            {
                word[end - 2] = 'l';
                return end - 1;
            }
            end--;
        }
        else if (end > 3 && word[end - 1] is 's' or 'x')
        {
            end--;
        }
        if (end > 5 && Ends(word, end, "ment"))
            return end;
        if (end > 4 && Ends(word, end, "er"))
            end--;
        if (end > 3 && word[end - 1] is 'r' or 'z' && word[end - 2] == 'e')
            end--;
        while (end > 3 && word[end - 1] == 'e')
            end--;
        return end;
    }

    private static int Spanish(Span<char> word, int length)
    {
        var end = length;
        if (end > 4 && Ends(word, end, "ces"))
        {
            // veces, vez.
            word[end - 3] = 'z';
            return end - 2;
        }
        if (end > 4 && Ends(word, end, "es"))
            end -= 2;
        else if (end > 3 && word[end - 1] == 's')
            end--;
        if (end > 3 && word[end - 1] is 'a' or 'o' or 'e')
            end--;
        return end;
    }

    private static bool Ends(ReadOnlySpan<char> word, int length, string suffix) => word[..length].EndsWith(suffix, StringComparison.Ordinal);
}
