namespace ReplyMint.Knowledge;

/// <summary>Cuts a mail's text into sentences: a mail is not a question, but one of its sentences may be.</summary>
internal static class Sentences
{
    /// <summary>Most sentences that are looked at; a longer mail's questions come first.</summary>
    public const int Most = 40;

    /// <summary>
    /// Ranges of at most <see cref="Most"/> sentences, those that ask first, each kind in its order. A short paragraph that asks
    /// is one more, whole: "I bought a desk last week. Can it go back?" asks nothing without its first sentence.
    /// </summary>
    public static int Split(ReadOnlySpan<char> text, Span<Sentence> sentences)
    {
        var (questions, count, start) = (0, 0, 0);
        var (paragraph, inParagraph, paragraphAsks) = (0, 0, false);
        while (start < text.Length)
        {
            var end = End(text, start);
            var asks = text[start..end].IndexOfAny('?', '？') >= 0;
            if (HasWord(text[start..end]) && (asks || !Courtesy.Is(text[start..end])))
            {
                Place(sentences, new Sentence(start, end - start, asks, Whole: false), ref questions, ref count);
                inParagraph++;
                paragraphAsks |= asks;
            }
            start = end;
            if (start == text.Length || EndsParagraph(text, start))
            {
                if (paragraphAsks && inParagraph is 2 or 3)
                    Place(sentences, new Sentence(paragraph, start - paragraph, Asks: true, Whole: true), ref questions, ref count);
                (paragraph, inParagraph, paragraphAsks) = (start, 0, false);
            }
        }
        return count;
    }

    /// <summary>An empty line lies between here and the next word.</summary>
    private static bool EndsParagraph(ReadOnlySpan<char> text, int at)
    {
        var space = text[Math.Max(0, at - 1)..];
        var end = space.IndexOfAnyExcept(" \t\r\n");
        return end > 0 && space[..end].Count('\n') > 1;
    }

    private static void Place(Span<Sentence> sentences, Sentence sentence, ref int questions, ref int count)
    {
        var most = Math.Min(Most, sentences.Length);
        if (sentence.Asks)
        {
            if (questions == most)
                return;
            if (count == most)
                count--;
            sentences[questions..count].CopyTo(sentences[(questions + 1)..]);
            sentences[questions++] = sentence;
            count++;
        }
        else if (count < most)
        {
            sentences[count++] = sentence;
        }
    }

    /// <summary>Behind the sentence that starts at <paramref name="start"/>: an end mark before a space, or an empty line. Line ends alone only wrap.</summary>
    public static int End(ReadOnlySpan<char> text, int start)
    {
        for (var i = start; i < text.Length; i++)
        {
            var c = text[i];
            if (c is '?' or '!' or '？' or '。' or '！' || (c == '.' && !IsInside(text, i)))
            {
                while (i + 1 < text.Length && text[i + 1] is '?' or '!' or '.' or ')' or '"' or '”' or '\'' or '»')
                    i++;
                if (c is '？' or '。' or '！' || i + 1 == text.Length || char.IsWhiteSpace(text[i + 1]))
                    return i + 1;
            }
            else if (c == '\n' && (EndsGreeting(text, i) || NewBlockFollows(text, i + 1)))
            {
                return i + 1;
            }
        }
        return text.Length;
    }

    /// <summary>A full stop behind one letter or a digit is part of an abbreviation or a number ("U.S. mail", "3. Mai").</summary>
    private static bool IsInside(ReadOnlySpan<char> text, int at)
    {
        var lonely = at > 0 && char.IsLetter(text[at - 1]) && (at == 1 || !char.IsLetterOrDigit(text[at - 2]));
        var number = at > 0 && char.IsAsciiDigit(text[at - 1]) && at + 2 < text.Length && !char.IsUpper(text[at + 2]);
        return lonely || number;
    }

    /// <summary>"Hello Anna," on the mail's first line stands alone, empty line or not.</summary>
    private static bool EndsGreeting(ReadOnlySpan<char> text, int at) =>
        at < 60 && text[..at].TrimEnd().EndsWith(",", StringComparison.Ordinal) && text[..at].TrimStart().IndexOf('\n') < 0;

    /// <summary>An empty line, or the next point of a list.</summary>
    private static bool NewBlockFollows(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && text[at] is ' ' or '\t' or '\r')
            at++;
        return at + 1 < text.Length && (text[at] == '\n' || (text[at] is '-' or '*' or '•' && text[at + 1] == ' '));
    }

    private static bool HasWord(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
            if (char.IsLetterOrDigit(c))
                return true;
        return false;
    }
}

/// <summary>Where a sentence lies in its text, and whether it has a question mark.</summary>
/// <param name="Whole">It is a whole paragraph, whose sentences are there too.</param>
internal readonly record struct Sentence(int Start, int Length, bool Asks, bool Whole);
