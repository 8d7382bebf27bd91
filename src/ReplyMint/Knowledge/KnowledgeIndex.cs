using System.Text;

namespace ReplyMint.Knowledge;

/// <summary>
/// A tenant's passages, searched by words (BM25F with the share of the question's words that is covered). Immutable, so that
/// any number of threads search at once without a lock.
/// </summary>
/// <remarks>
/// It is an inverted index of our own and not FTS5, because FTS5 was measured too slow: over 1,000 passages an OR query with
/// bm25 costs 0.8 ms of processor a sentence (2.5 ms a mail of three), here a whole mail costs 0.06 ms; FTS5 also
/// can't tell which words of a question a passage covers, on which the score rests.
/// </remarks>
internal sealed class KnowledgeIndex
{
    /// <summary>Distinct words of a sentence that are looked at.</summary>
    private const int MostTerms = 64;

    /// <summary>Characters of a mail that are looked at.</summary>
    private const int MostText = 16_000;

    private const int MostSubject = 300;

    /// <summary>How much of the score depends on how much of the passage's own question is asked.</summary>
    private const float BackShare = 0.15f;

    /// <summary>A sentence that only tells counts by a quarter where another asks something of substance ("Can you help me?" does not).</summary>
    private const float Telling = 0.25f;

    /// <summary>A sentence of few words proves little: there is always doubt of this share of an unknown word's weight.</summary>
    private const float Doubt = 0.75f;

    /// <summary>This share of what the best rival has is taken off: two passages that fit alike make none certain.</summary>
    private const float RivalShare = 0.7f;

    private readonly byte[] _bytes;

    private KnowledgeIndex(byte[] bytes, in IndexBytes index)
    {
        (_bytes, Version, Passages, VectorMark) = (bytes, index.Version, index.Mass.Length, index.VectorMark);
        HasAllVectors = index.Norms.Length == Passages && !index.Norms.Contains(0f);
    }

    /// <summary>The state of the store that the index was built from.</summary>
    public long Version { get; }

    public int Passages { get; }

    /// <summary>Names the model that made the vectors (<see cref="Direction.MarkOf"/>); 0 when there are none.</summary>
    public long VectorMark { get; }

    /// <summary>Each passage has one.</summary>
    public bool HasAllVectors { get; }

    /// <summary>Bytes of memory that it holds.</summary>
    public int Size => _bytes.Length;

    /// <summary>Takes the bytes of <see cref="IndexBuilder.Build"/>; null when they are of another form.</summary>
    public static KnowledgeIndex? Open(byte[] bytes) =>
        IndexBytes.TryRead(bytes, out var index) ? new KnowledgeIndex(bytes, index) : null;

    public static KnowledgeIndex Of(IEnumerable<Passage> passages, long version = 0)
    {
        var builder = new IndexBuilder();
        foreach (var passage in passages)
            builder.Add(passage);
        return Open(builder.Build(version))!;
    }

    /// <summary>The passages that fit best, best first. The text is a whole mail's newly written part or a bare question.</summary>
    /// <param name="limit">1 to 50 hits.</param>
    /// <param name="subject">Looked at as one more sentence.</param>
    public IReadOnlyList<PassageHit> Search(string text, int limit, string subject = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 50);
        if (Passages == 0)
            return [];
        IndexBytes.TryRead(_bytes, out var index);
        var mail = text.AsSpan(0, Math.Min(text.Length, MostText));
        var language = LanguageWords.Guess(mail);
        if (language == Language.Unknown)
            language = MainLanguage(index.ByLanguage);
        Span<Sentence> sentences = stackalloc Sentence[Sentences.Most];
        var count = Sentences.Split(mail, sentences);
        var title = subject.AsSpan(0, Math.Min(subject.Length, MostSubject));
        var asks = Asks(title, language);
        foreach (var sentence in sentences[..count])
            asks |= sentence is { Asks: true, Whole: false } && Asks(mail.Slice(sentence.Start, sentence.Length), language);
        // One more than asked for: the last of them still needs a rival.
        var best = new Best(limit + 1);
        var found = new Best(limit + 1);
        var scratch = SearchScratch.Rent(Passages);
        foreach (var sentence in sentences[..count])
            Search(index, mail.Slice(sentence.Start, sentence.Length), language, asks, scratch, found, best);
        Search(index, title, language, asks, scratch, found, best);
        SearchScratch.Return(scratch);

        var hits = new PassageHit[Math.Min(limit, best.Count)];
        for (var i = 0; i < hits.Length; i++)
            hits[i] = new PassageHit(Read(index, best[i].Doc), Math.Round(best[i].Score, 4));
        return hits;
    }

    /// <summary>Has a question mark and at least two words that say about what.</summary>
    private static bool Asks(ReadOnlySpan<char> sentence, Language language)
    {
        if (sentence.IndexOfAny('?', '？') < 0)
            return false;
        Span<char> buffer = stackalloc char[Words.MaxLength];
        var words = new Words(sentence);
        var telling = 0;
        while (telling < 2 && words.Next())
        {
            var word = words.CopyTo(buffer);
            telling += LanguageWords.IsStop(language, word) || LanguageWords.IsQuestionWord(language, word) ? 0 : 1;
        }
        return telling == 2;
    }

    /// <summary>How much a term tells among the passages, which is most when none holds it.</summary>
    /// <param name="key">As <see cref="Terms"/> makes it.</param>
    public float Weight(string key)
    {
        IndexBytes.TryRead(_bytes, out var index);
        var term = Find(index, Encoding.UTF8.GetBytes(key));
        return term >= 0 ? index.Idf[term] : Terms.Idf(Math.Max(1, Passages), 0);
    }

    /// <summary>The passages whose meaning is nearest, with the cosine as their score; none where vectors are of another length.</summary>
    /// <param name="question">Of the model that <see cref="VectorMark"/> names.</param>
    /// <param name="limit">Most hits.</param>
    public IReadOnlyList<PassageHit> Near(ReadOnlySpan<float> question, int limit)
    {
        IndexBytes.TryRead(_bytes, out var index);
        if (index.Norms.IsEmpty || index.Vectors.Length != question.Length * index.Norms.Length)
            return [];
        var asked = Direction.Of(question);
        var norm = Direction.Norm(asked);
        var best = new Best(limit);
        for (var doc = 0; doc < index.Norms.Length && norm > 0; doc++)
            if (index.Norms[doc] > 0)
                best.Offer(doc, Direction.Dot(asked, index.Vectors.Slice(doc * asked.Length, asked.Length)) / (norm * index.Norms[doc]));
        var hits = new PassageHit[best.Count];
        for (var i = 0; i < hits.Length; i++)
            hits[i] = new PassageHit(Read(index, best[i].Doc), Math.Round(best[i].Score, 4));
        return hits;
    }

    /// <summary>Every passage in order, for a rebuild or a listing.</summary>
    public IEnumerable<Passage> All()
    {
        for (var doc = 0; doc < Passages; doc++)
        {
            IndexBytes.TryRead(_bytes, out var index);
            yield return Read(index, doc);
        }
    }

    private static void Search(in IndexBytes index, ReadOnlySpan<char> sentence, Language language, bool someAsks, SearchScratch scratch, Best found, Best best)
    {
        Span<QueryTerm> terms = stackalloc QueryTerm[MostTerms];
        var count = Collect(index, sentence, language, terms, out var total, out var doubt);
        if (count == 0)
            return;
        foreach (var term in terms[..count])
            scratch.Add(index.Postings[index.PostingOffsets[term.Term]..index.PostingOffsets[term.Term + 1]], term.Weight, index.Idf[term.Term]);
        found.Clear();
        foreach (var doc in scratch.Touched)
        {
            var back = index.Mass[doc] > 0 ? scratch.Asked(doc) / index.Mass[doc] : 0f;
            found.Offer(doc, scratch.Earned(doc) / (total + doubt) * (1 - BackShare + (BackShare * back)));
        }
        scratch.Clear();
        var weight = someAsks && !Asks(sentence, language) ? Telling : 1f;
        for (var i = 0; i < found.Count; i++)
            best.Raise(found[i].Doc, weight * (found[i].Score - (RivalShare * Rival(index, found, i))));
    }

    /// <summary>The best other passage's score, at most one's own; a copy or another part of the same entry is no rival.</summary>
    private static float Rival(in IndexBytes index, Best found, int of)
    {
        for (var i = 0; i < found.Count; i++)
            if (i != of && index.Print[found[i].Doc] != index.Print[found[of].Doc])
                return Math.Min(found[i].Score, found[of].Score);
        return 0;
    }

    private static int Collect(in IndexBytes index, ReadOnlySpan<char> sentence, Language language, Span<QueryTerm> terms, out float total, out float doubt)
    {
        Span<char> buffer = stackalloc char[Words.MaxLength + 2];
        Span<byte> key = stackalloc byte[(Words.MaxLength + 2) * 3];
        var unknown = Terms.Idf(Math.Max(1, index.ByLanguage[(int)language] > 0 ? index.ByLanguage[(int)language] : index.Mass.Length), 0);
        doubt = Doubt * unknown;
        total = 0;
        var count = 0;
        var words = new Words(sentence);
        while (words.Next())
        {
            var plain = Terms.Key(language, words, buffer);
            if (plain.IsEmpty)
                continue;
            var weight = 0f;
            for (var other = 0; other < LanguageWords.Count; other++)
            {
                if (index.ByLanguage[other] == 0)
                    continue;
                var size = Encoding.UTF8.GetBytes(Terms.Key((Language)other, words, buffer), key);
                var term = size == 0 ? -1 : Find(index, key[..size]);
                if (term < 0)
                    continue;
                // A word that stands twice counts twice, in what is asked as in what is earned.
                weight = Math.Max(weight, index.Idf[term]);
                count = AddTerm(terms, count, term, index.Idf[term]);
            }
            if (weight == 0 && FindTail(index, language, words) is >= 0 and var tail)
                count = AddTerm(terms, count, tail, weight = index.Idf[tail]);
            total += weight > 0 ? weight : unknown;
        }
        return count;
    }

    /// <summary>The term at the end of a word that no passage has, when what stands before it is one, too (<see cref="Compounds"/>); -1 for none.</summary>
    private static int FindTail(in IndexBytes index, Language language, scoped in Words word)
    {
        Span<char> plain = stackalloc char[Words.MaxLength];
        var text = word.CopyTo(plain);
        for (var cut = Compounds.LeastHead; cut + Compounds.LeastTail <= text.Length; cut++)
            if (Find(index, language, text[cut..]) is >= 0 and var tail && (Find(index, language, text[..cut]) >= 0 || (text[cut - 1] == 's' && cut > Compounds.LeastHead && Find(index, language, text[..(cut - 1)]) >= 0)))
                return tail;
        return -1;
    }

    private static int Find(in IndexBytes index, Language language, ReadOnlySpan<char> word)
    {
        Span<char> buffer = stackalloc char[Words.MaxLength + 2];
        Span<byte> key = stackalloc byte[(Words.MaxLength + 2) * 3];
        var plain = Terms.Key(language, word, buffer);
        return plain.IsEmpty ? -1 : Find(index, key[..Encoding.UTF8.GetBytes(plain, key)]);
    }

    private static int AddTerm(Span<QueryTerm> terms, int count, int term, float weight)
    {
        for (var i = 0; i < count; i++)
        {
            if (terms[i].Term == term)
            {
                terms[i] = new QueryTerm(term, terms[i].Weight + weight);
                return count;
            }
        }
        if (count < terms.Length)
            terms[count++] = new QueryTerm(term, weight);
        return count;
    }

    private static int Find(in IndexBytes index, ReadOnlySpan<byte> key)
    {
        var low = 0;
        var high = index.Idf.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = key.SequenceCompareTo(index.Terms[index.TermOffsets[middle]..index.TermOffsets[middle + 1]]);
            if (order == 0)
                return middle;
            if (order < 0)
                high = middle - 1;
            else
                low = middle + 1;
        }
        return -1;
    }

    private static Language MainLanguage(ReadOnlySpan<int> byLanguage)
    {
        var main = 0;
        for (var language = 1; language < byLanguage.Length; language++)
            if (byLanguage[language] > 0 && (main == 0 || byLanguage[language] > byLanguage[main]))
                main = language;
        return (Language)main;
    }

    private static Passage Read(in IndexBytes index, int doc) => PassageText.Read(index.Texts[index.TextOffsets[doc]..index.TextOffsets[doc + 1]]);

    private readonly record struct QueryTerm(int Term, float Weight);
}
