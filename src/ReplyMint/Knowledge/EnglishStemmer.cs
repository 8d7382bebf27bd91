namespace ReplyMint.Knowledge;

/// <summary>The Porter stemmer (M. F. Porter, 1980), in place.</summary>
internal static class EnglishStemmer
{
    private static readonly (string Suffix, string Becomes)[] Step2 =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("abli", "able"), ("alli", "al"),
        ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"),
        ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
    ];

    private static readonly (string Suffix, string Becomes)[] Step3 =
    [
        ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
    ];

    /// <summary>Longest first, so that the first that fits is the right one.</summary>
    private static readonly string[] Step4 =
    [
        "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ion", "ism", "ate", "iti", "ous", "ive", "ize", "al", "er", "ic", "ou",
    ];

    public static int Stem(Span<char> word, int length)
    {
        var end = Plural(word, length);
        end = PastAndProgressive(word, end);
        if (end > 1 && word[end - 1] == 'y' && HasVowel(word, end - 1))
            word[end - 1] = 'i';
        end = Replace(word, end, Step2);
        end = Replace(word, end, Step3);
        end = Cut(word, end);
        if (end > 1 && word[end - 1] == 'e')
        {
            var measure = Measure(word, end - 1);
            if (measure > 1 || (measure == 1 && !EndsShort(word, end - 1)))
                end--;
        }
        if (end > 1 && word[end - 1] == 'l' && word[end - 2] == 'l' && Measure(word, end) > 1)
            end--;
        return end;
    }

    private static int Plural(Span<char> word, int end)
    {
        if (word[end - 1] != 's')
            return end;
        if (Ends(word, end, "sses") || Ends(word, end, "ies"))
            return end - 2;
        return word[end - 2] == 's' ? end : end - 1;
    }

    private static int PastAndProgressive(Span<char> word, int end)
    {
        if (Ends(word, end, "eed"))
            return Measure(word, end - 3) > 0 ? end - 1 : end;
        if (Ends(word, end, "ed") && HasVowel(word, end - 2))
            end -= 2;
        else if (Ends(word, end, "ing") && HasVowel(word, end - 3))
            end -= 3;
        else
            return end;
        if (Ends(word, end, "at") || Ends(word, end, "bl") || Ends(word, end, "iz"))
            word[end++] = 'e';
        else if (end > 1 && word[end - 1] == word[end - 2] && IsConsonant(word, end - 1))
            end -= word[end - 1] is 'l' or 's' or 'z' ? 0 : 1;
        else if (Measure(word, end) == 1 && EndsShort(word, end))
            word[end++] = 'e';
        return end;
    }

    private static int Replace(Span<char> word, int end, (string Suffix, string Becomes)[] rules)
    {
        foreach (var (suffix, becomes) in rules)
        {
            if (!Ends(word, end, suffix))
                continue;
            var stem = end - suffix.Length;
            if (Measure(word, stem) == 0)
                return end;
            becomes.CopyTo(word[stem..]);
            return stem + becomes.Length;
        }
        return end;
    }

    private static int Cut(Span<char> word, int end)
    {
        foreach (var suffix in Step4)
        {
            if (!Ends(word, end, suffix))
                continue;
            var stem = end - suffix.Length;
            var fits = Measure(word, stem) > 1 && (suffix != "ion" || word[stem - 1] is 's' or 't');
            return fits ? stem : end;
        }
        return end;
    }

    private static bool Ends(ReadOnlySpan<char> word, int end, string suffix) => word[..end].EndsWith(suffix, StringComparison.Ordinal);

    /// <summary>A y is a consonant at the start and behind a vowel.</summary>
    private static bool IsConsonant(ReadOnlySpan<char> word, int at) => word[at] switch
    {
        'a' or 'e' or 'i' or 'o' or 'u' => false,
        'y' => at == 0 || !IsConsonant(word, at - 1),
        _ => true,
    };

    /// <summary>How often a run of vowels is followed by one of consonants.</summary>
    private static int Measure(ReadOnlySpan<char> word, int end)
    {
        var measure = 0;
        var vowel = false;
        for (var i = 0; i < end; i++)
        {
            var consonant = IsConsonant(word, i);
            if (consonant && vowel)
                measure++;
            vowel = !consonant;
        }
        return measure;
    }

    private static bool HasVowel(ReadOnlySpan<char> word, int end)
    {
        for (var i = 0; i < end; i++)
            if (!IsConsonant(word, i))
                return true;
        return false;
    }

    /// <summary>Consonant, vowel, consonant other than w, x, y: the short stems that keep their e (hop, hope).</summary>
    private static bool EndsShort(ReadOnlySpan<char> word, int end) =>
        end > 2 && IsConsonant(word, end - 1) && !IsConsonant(word, end - 2) && IsConsonant(word, end - 3) && word[end - 1] is not ('w' or 'x' or 'y');
}
