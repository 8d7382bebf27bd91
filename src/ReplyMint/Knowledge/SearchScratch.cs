namespace ReplyMint.Knowledge;

/// <summary>Sums of one sentence's search, by passage. One a thread, used again: a search allocates nothing but its hits.</summary>
internal sealed class SearchScratch
{
    [ThreadStatic]
    private static SearchScratch? t_spare;

    private Sums[] _sums = [];
    private int[] _touched = [];
    private int _count;

    public ReadOnlySpan<int> Touched => _touched.AsSpan(0, _count);

    public static SearchScratch Rent(int passages)
    {
        var scratch = t_spare ?? new SearchScratch();
        t_spare = null;
        if (scratch._sums.Length < passages)
            (scratch._sums, scratch._touched) = (new Sums[passages], new int[passages]);
        return scratch;
    }

    public static void Return(SearchScratch scratch) => t_spare = scratch;

    /// <summary>Adds a term to all passages that hold it.</summary>
    public void Add(ReadOnlySpan<Posting> postings, float weight, float idf)
    {
        var sums = _sums;
        var touched = _touched;
        var count = _count;
        foreach (ref readonly var posting in postings)
        {
            var doc = posting.Doc;
            ref var sum = ref sums[doc];
            if (sum.Earned == 0f)
                touched[count++] = doc;
            sum.Earned += weight * posting.Impact;
            if (posting.InQuestion)
                sum.Asked += idf;
        }
        _count = count;
    }

    public float Earned(int doc) => _sums[doc].Earned;

    public float Asked(int doc) => _sums[doc].Asked;

    public void Clear()
    {
        foreach (var doc in Touched)
            _sums[doc] = default;
        _count = 0;
    }

    /// <summary>What the passage earned of the sentence's weight, and how much of its own question was asked.</summary>
    private struct Sums
    {
        public float Earned;
        public float Asked;
    }
}

/// <summary>The best few passages in order; among equals the earlier one.</summary>
internal sealed class Best(int most)
{
    private readonly (int Doc, float Score)[] _items = new (int, float)[most];

    public int Count { get; private set; }

    public (int Doc, float Score) this[int index] => _items[index];

    public void Clear() => Count = 0;

    /// <summary>Adds a passage that is not among them yet.</summary>
    public void Offer(int doc, float score)
    {
        if (Count == _items.Length)
        {
            if (!Before(doc, score, _items[Count - 1]))
                return;
            Count--;
        }
        var at = Count++;
        for (; at > 0 && Before(doc, score, _items[at - 1]); at--)
            _items[at] = _items[at - 1];
        _items[at] = (doc, score);
    }

    /// <summary>Adds a passage, or lifts it when it is among them with less.</summary>
    public void Raise(int doc, float score)
    {
        for (var i = 0; i < Count; i++)
        {
            if (_items[i].Doc != doc)
                continue;
            if (_items[i].Score >= score)
                return;
            Array.Copy(_items, i + 1, _items, i, Count - i - 1);
            Count--;
            break;
        }
        Offer(doc, score);
    }

    private static bool Before(int doc, float score, (int Doc, float Score) other) =>
        score > other.Score || (score == other.Score && doc < other.Doc);
}
