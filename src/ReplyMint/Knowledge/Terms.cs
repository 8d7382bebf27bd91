namespace ReplyMint.Knowledge;

/// <summary>
/// What a word is known by in an index: its language's digit, a mark for question words, and its stem. Passages of several
/// languages live in one index, each stemmed in its own; a question's word is looked up once for each language there is.
/// </summary>
internal static class Terms
{
    /// <summary>Question words tell kinds of questions apart, but less than a word of the matter does.</summary>
    public const float QuestionWordWeight = 0.8f;

    private const char QuestionMark = '?';

    /// <summary>The key of the current word, or empty for a stop word. <paramref name="buffer"/> holds Words.MaxLength + 2.</summary>
    public static ReadOnlySpan<char> Key(Language language, scoped in Words word, Span<char> buffer) => Key(language, word.CopyTo(buffer[2..]), buffer);

    /// <summary>The same of a word, which may lie where the buffer has room for it.</summary>
    public static ReadOnlySpan<char> Key(Language language, scoped ReadOnlySpan<char> word, Span<char> buffer)
    {
        var text = buffer[2..];
        word.CopyTo(text);
        ReadOnlySpan<char> plain = text[..word.Length];
        // A language that isn't known has the stop words of English: a text without little words has none to lose.
        var rules = language == Language.Unknown ? Language.English : language;
        if (LanguageWords.IsStop(rules, plain))
            return default;
        var asks = LanguageWords.IsQuestionWord(rules, plain);
        if (plain is "email" or "emails")
        {
            // The commonest word of this trade has two spellings.
            text[1..plain.Length].CopyTo(text);
            plain = text[..(plain.Length - 1)];
        }
        var length = asks ? plain.Length : Stemmer.Stem(language, text, plain.Length);
        buffer[0] = (char)('0' + (int)language);
        buffer[1] = asks ? QuestionMark : '.';
        return buffer[..(length + 2)];
    }

    public static Language LanguageOf(ReadOnlySpan<byte> key) => (Language)(key[0] - '0');

    public static float Weight(ReadOnlySpan<byte> key) => key[1] == QuestionMark ? QuestionWordWeight : 1f;

    public static bool IsQuestionWord(ReadOnlySpan<char> key) => key[1] == QuestionMark;

    /// <summary>How much a term tells that <paramref name="holding"/> of <paramref name="passages"/> hold; never below 0.</summary>
    public static float Idf(int passages, int holding) => MathF.Log(1 + ((passages - holding + 0.5f) / (holding + 0.5f)));
}
