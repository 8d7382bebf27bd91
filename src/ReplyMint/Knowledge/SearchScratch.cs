namespace ReplyMint.Knowledge;

/// <summary>Sums of one sentence's search, by passage. One a thread, used again: a search allocates nothing but its hits.</summary>
internal sealed class SearchScratch
{
    [ThreadStatic]
    private static SearchScratch? t_spare;

    private float[] _earned = [];
    private float[] _asked = [];
    private int[] _touched = [];
    private int _count;

    public ReadOnlySpan<int> Touched => _touched.AsSpan(0, _count);

    public static SearchScratch Rent(int passages)
    {
        var scratch = t_spare ?? new SearchScratch();
        t_spare = null;
        if (scratch._earned.Length < passages)
            (scratch._earned, scratch._asked, scratch._touched) = (new float[passages], new float[passages], new int[passages]);
        return scratch;
    }

    public static void Return(SearchScratch scratch) => t_spare = scratch;

    public void Add(int doc, float earned, float asked)
    {
        ref var sum = ref _earned[doc];
        if (sum == 0f)
            _touched[_count++] = doc;
        sum += earned;
        _asked[doc] += asked;
    }

    public float Earned(int doc) => _earned[doc];

    public float Asked(int doc) => _asked[doc];

    public void Clear()
    {
        foreach (var doc in Touched)
            (_earned[doc], _asked[doc]) = (0f, 0f);
        _count = 0;
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
