using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace ReplyMint.Knowledge;

/// <summary>
/// Lays a tenant's passages out as the bytes that <see cref="KnowledgeIndex"/> searches in place: opening one is reading it.
/// </summary>
internal sealed class IndexBuilder
{
    // BM25F: the question field counts five times the answer; lengths damp a little in questions, more in answers.
    private const float QuestionWeight = 5f;
    private const float AnswerWeight = 0.5f;
    private const float QuestionLengthShare = 0.3f;
    private const float AnswerLengthShare = 0.75f;
    private const float Saturation = 2f;

    /// <summary>A word of the question that only the answer holds is covered by so much.</summary>
    private const float AnswerCoverage = 0.2f;

    private readonly Dictionary<string, int> _terms = new(StringComparer.Ordinal);
    private readonly List<List<Count>> _postings = [];
    private readonly Compounds _compounds = new();
    private readonly List<Doc> _docs = [];
    private readonly ArrayBufferWriter<byte> _texts = new();
    private readonly List<int> _textOffsets = [0];
    private readonly int[] _byLanguage = new int[LanguageWords.Count];
    private readonly List<sbyte[]> _vectors = [];

    /// <summary>Occurrences of one term in one passage.</summary>
    private record struct Count(int Doc, ushort InQuestion, ushort InAnswer);

    private readonly record struct Doc(int QuestionLength, int AnswerLength);

    public int Passages => _docs.Count;

    /// <param name="passage">Found by its words.</param>
    /// <param name="vector">Its <see cref="Direction"/>, when it has one; all are of one length.</param>
    public void Add(Passage passage, sbyte[]? vector = null)
    {
        var doc = _docs.Count;
        var language = LanguageWords.Of(passage.Language);
        var questionLength = CountWords(passage.Question, language, doc, question: true);
        var answerLength = CountWords(passage.Answer, language, doc, question: false);
        _docs.Add(new Doc(questionLength, answerLength));
        _byLanguage[(int)language]++;
        _vectors.Add(vector ?? []);
        PassageText.Write(_texts, passage);
        _textOffsets.Add(_texts.WrittenCount);
    }

    private int CountWords(string text, Language language, int doc, bool question)
    {
        Span<char> buffer = stackalloc char[Words.MaxLength + 2];
        var lookup = _terms.GetAlternateLookup<ReadOnlySpan<char>>();
        var words = new Words(text);
        var length = 0;
        while (words.Next())
        {
            var key = Terms.Key(language, words, buffer);
            if (key.IsEmpty)
                continue;
            length++;
            if (!lookup.TryGetValue(key, out var term))
            {
                term = _postings.Count;
                lookup[key] = term;
                _postings.Add([]);
            }
            _compounds.Add(language, words, term);
            var counts = CollectionsMarshal.AsSpan(_postings[term]);
            if (counts.IsEmpty || counts[^1].Doc != doc)
            {
                _postings[term].Add(new Count(doc, 0, 0));
                counts = CollectionsMarshal.AsSpan(_postings[term]);
            }
            ref var last = ref counts[^1];
            if (question)
                last.InQuestion = (ushort)Math.Min(ushort.MaxValue, last.InQuestion + 1);
            else
                last.InAnswer = (ushort)Math.Min(ushort.MaxValue, last.InAnswer + 1);
        }
        return length;
    }

    /// <param name="version">What <see cref="KnowledgeIndex.Version"/> will say: the state of the store that it was built from.</param>
    /// <param name="vectorMark">Of the model that made the vectors.</param>
    public byte[] Build(long version, long vectorMark = 0)
    {
        var order = _terms.Select(pair => (Key: Encoding.UTF8.GetBytes(pair.Key), Term: pair.Value)).ToArray();
        Array.Sort(order, static (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
        var termOffsets = new int[order.Length + 1];
        var postingOffsets = new int[order.Length + 1];
        var idf = new float[order.Length];
        var mass = new float[_docs.Count];
        var print = new uint[_docs.Count];
        var inCompounds = _compounds.Tails().ToLookup(pair => pair.Tail, pair => pair.Whole);
        var postings = new List<Posting>(_postings.Sum(list => list.Count));
        var averageQuestion = Math.Max(1f, _docs.Count == 0 ? 1f : (float)_docs.Average(doc => doc.QuestionLength));
        var averageAnswer = Math.Max(1f, _docs.Count == 0 ? 1f : (float)_docs.Average(doc => doc.AnswerLength));
        for (var i = 0; i < order.Length; i++)
        {
            var own = _postings[order[i].Term];
            var all = inCompounds.Contains(order[i].Term) ? WithCompounds(own, inCompounds[order[i].Term]) : own;
            var language = Terms.LanguageOf(order[i].Key);
            termOffsets[i + 1] = termOffsets[i] + order[i].Key.Length;
            postingOffsets[i + 1] = postingOffsets[i] + all.Count;
            idf[i] = Terms.Idf(_byLanguage[(int)language], all.Count) * Terms.Weight(order[i].Key);
            foreach (var count in all)
            {
                var doc = _docs[count.Doc];
                var frequency =
                    (QuestionWeight * count.InQuestion / (1 - QuestionLengthShare + (QuestionLengthShare * doc.QuestionLength / averageQuestion)))
                    + (AnswerWeight * count.InAnswer / (1 - AnswerLengthShare + (AnswerLengthShare * doc.AnswerLength / averageAnswer)));
                var covered = count.InQuestion > 0 ? 1f : AnswerCoverage;
                postings.Add(new Posting(count.Doc, count.InQuestion > 0, ((frequency / (frequency + Saturation)) + covered) / 2));
            }
            // What a passage itself asks is made of its own words.
            foreach (var count in own)
            {
                if (count.InQuestion == 0)
                    continue;
                mass[count.Doc] += idf[i];
                // A hash: it runs over on purpose.
                print[count.Doc] = unchecked(print[count.Doc] + ((uint)(i + 1) * 2_654_435_761u));
            }
        }
        var vectors = Vectors(out var norms);
        return IndexBytes.Write(version, _byLanguage, [.. order.SelectMany(entry => entry.Key)], termOffsets, postingOffsets, idf, mass, print, CollectionsMarshal.AsSpan(postings), [.. _textOffsets], _texts.WrittenSpan, vectors.Length == 0 ? 0 : vectorMark, vectors, norms);
    }

    /// <summary>All directions one behind the other; none when no passage has one.</summary>
    private sbyte[] Vectors(out float[] norms)
    {
        var dimensions = _vectors.Count == 0 ? 0 : _vectors.Max(vector => vector.Length);
        norms = dimensions == 0 ? [] : new float[_docs.Count];
        var all = new sbyte[dimensions * _docs.Count];
        for (var doc = 0; doc < norms.Length; doc++)
        {
            // Those of another length were made by another form of the model.
            if (_vectors[doc].Length != dimensions)
                continue;
            _vectors[doc].CopyTo(all, doc * dimensions);
            norms[doc] = Direction.Norm(_vectors[doc]);
        }
        return all;
    }

    /// <summary>A term's passages, and those that hold it only inside of a longer word.</summary>
    private List<Count> WithCompounds(List<Count> own, IEnumerable<int> wholes)
    {
        var known = own.Select(count => count.Doc).ToHashSet();
        var all = new List<Count>(own);
        foreach (var whole in wholes)
            foreach (var count in _postings[whole])
                if (known.Add(count.Doc))
                    all.Add(count);
        return all;
    }
}
