namespace ReplyMint.Knowledge;

/// <summary>
/// Words that hold another one at their end: a facemask is a mask, a Lieferzeit a Zeit. What the word begins with must be a
/// word of the same knowledge, too, or "support" would be a port.
/// </summary>
internal sealed class Compounds
{
    /// <summary>Letters of the word at the end, and of what stands before it.</summary>
    public const int LeastTail = 4;

    /// <inheritdoc cref="LeastTail"/>
    public const int LeastHead = 3;

    /// <summary>Words as they stand, each behind its language's digit: stems no longer end as their words did.</summary>
    private readonly Dictionary<string, int> _terms = new(StringComparer.Ordinal);

    public void Add(Language language, scoped in Words word, int term)
    {
        Span<char> buffer = stackalloc char[Words.MaxLength + 1];
        buffer[0] = (char)('0' + (int)language);
        _terms.GetAlternateLookup<ReadOnlySpan<char>>()[buffer[..(word.CopyTo(buffer[1..]).Length + 1)]] = term;
    }

    /// <summary>Each term that stands at the end of another one's word.</summary>
    public IEnumerable<(int Tail, int Whole)> Tails()
    {
        var found = new HashSet<(int, int)>();
        foreach (var (word, whole) in _terms)
            for (var cut = 1 + LeastHead; cut + LeastTail <= word.Length; cut++)
                if (Find(word, cut) is { } tail && tail != whole)
                    found.Add((tail, whole));
        return found;
    }

    private int? Find(string word, int cut)
    {
        var terms = _terms.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> tail = stackalloc char[Words.MaxLength + 1];
        tail[0] = word[0];
        word.AsSpan(cut).CopyTo(tail[1..]);
        return terms.TryGetValue(tail[..(word.Length - cut + 1)], out var term) && IsHead(word.AsSpan(0, cut)) ? term : null;

        // German joins with an s: Öffnungszeit.
        bool IsHead(ReadOnlySpan<char> head) => terms.ContainsKey(head) || (head[^1] == 's' && head.Length > 1 + LeastHead && terms.ContainsKey(head[..^1]));
    }
}
