using System.Collections.Concurrent;

using ReplyMint.Knowledge;

namespace ReplyMint.Replies;

/// <summary>A sentence of a draft that says something, and the passage that it rests on. Kept with the draft, never sent.</summary>
/// <param name="Start">Where it stands in the draft's text, in characters.</param>
/// <param name="Passage">The passage's id; null when none says it.</param>
internal sealed record SupportedSentence(int Start, int Length, string? Passage);

/// <summary>
/// Looks up for each sentence that a model wrote which passage says it: most of its words stand there, in any form and
/// order, and it doesn't deny what the passage affirms. The mail's own words count for nothing, since a stranger wrote them.
/// Politeness that says nothing of the matter needs no passage.
/// </summary>
internal static class SentenceSupport
{
    /// <summary>So many of a sentence's words have to stand in the passage. A model may put the rest in its own.</summary>
    private const double Share = 0.6;

    // A few megabytes at the most, as for the guard's other texts.
    private const int MostKnown = 512;

    private static readonly ConcurrentDictionary<string, Source> Known = new(StringComparer.Ordinal);

    private sealed record Statement(HashSet<string> Words, bool Denied);

    private sealed record Source(Language Language, HashSet<string> Words, IReadOnlyList<Statement> Statements);

    /// <param name="text">The whole draft.</param>
    /// <param name="body">What the model wrote of it; greeting and closing are the product's own.</param>
    public static IReadOnlyList<SupportedSentence> Of(string text, Range body, IReadOnlyList<Passage> passages)
    {
        var (from, length) = body.GetOffsetAndLength(text.Length);
        var written = text.AsSpan(from, length);
        var language = LanguageWords.Guess(written);
        var sentences = new List<SupportedSentence>();
        for (var start = 0; start < length;)
        {
            var end = Sentences.End(written, start);
            var sentence = written[start..end];
            if (!SaysNothing(sentence, language))
            {
                var lead = sentence.Length - sentence.TrimStart().Length;
                sentences.Add(new(from + start + lead, sentence.Trim().Length, passages.FirstOrDefault(passage => Says(SourceOf(passage), text.Substring(from + start, end - start), language))?.Id));
            }
            start = end;
        }
        // "Yes." says something only together with what stands around it.
        if (sentences.Count == 0 && written.ContainsAnyExcept(" \r\n\t"))
            sentences.Add(new(from, length, null));
        return sentences;
    }

    private static bool Says(Source source, string sentence, Language language)
    {
        // A passage in another language may say the same, but nobody here can tell.
        if (language != Language.Unknown && source.Language != Language.Unknown && source.Language != language)
            return false;
        var words = WordsOf(sentence, source.Language);
        var found = words.Count(source.Words.Contains);
        if (found == 0 || found < words.Count * Share)
            return false;
        var folded = FactText.Fold(sentence);
        var nearest = source.Statements.MaxBy(statement => statement.Words.Count(words.Contains))!;
        return nearest.Denied == Denials.Stand(folded, 0, folded.Length);
    }

    private static Source SourceOf(Passage passage)
    {
        var text = passage.Question + "\n\n" + passage.Answer;
        if (Known.TryGetValue(text, out var known))
            return known;
        var language = passage.Language.Length > 0 ? LanguageWords.Of(passage.Language) : LanguageWords.Guess(text);
        var statements = new List<Statement>();
        for (var start = 0; start < passage.Answer.Length;)
        {
            var end = Sentences.End(passage.Answer, start);
            var sentence = passage.Answer[start..end];
            var folded = FactText.Fold(sentence);
            statements.Add(new(WordsOf(sentence, language), Denials.Stand(folded, 0, folded.Length)));
            start = end;
        }
        if (statements.Count == 0)
            statements.Add(new([], false));
        known = new(language, WordsOf(text, language), statements);
        if (Known.Count >= MostKnown)
            Known.Clear();
        return Known[text] = known;
    }

    /// <summary>The stems of all words but the little ones.</summary>
    private static HashSet<string> WordsOf(ReadOnlySpan<char> text, Language language)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        Span<char> buffer = stackalloc char[Words.MaxLength + 2];
        var words = new Words(text);
        while (words.Next())
            if (Terms.Key(language, words, buffer) is { IsEmpty: false } key)
                found.Add(key.ToString());
        return found;
    }

    /// <summary>Each of its words is a little one, or one of politeness: "Thank you for your message.", "Please write to us again."</summary>
    private static bool SaysNothing(ReadOnlySpan<char> sentence, Language language)
    {
        Span<char> buffer = stackalloc char[Words.MaxLength + 2];
        Span<char> plain = stackalloc char[Words.MaxLength];
        var words = new Words(sentence);
        while (words.Next())
            if (!Terms.Key(language, words, buffer).IsEmpty && !Politeness.Has(words.CopyTo(plain)))
                return false;
        return true;
    }
}
