namespace ReplyMint.Replies;

/// <summary>A kind of statement that an answer may make only if passages or settings make it too.</summary>
internal enum FactKind { Link, Address, Phone, Price, Percentage, Date, Promise, Reference }

/// <summary>A statement found in a text.</summary>
/// <param name="Canonical">What it says, free of how it is written: "17:00" and "5 pm" are one.</param>
/// <param name="Written">As it stands in the folded text, for a person to find.</param>
internal readonly record struct Fact(FactKind Kind, string Canonical, string Written);

/// <summary>
/// Finds the statements of a text by hand-written scanners, each linear. What one scanner took, the next doesn't see,
/// so a date isn't a telephone number. The same scanners read the draft and the sources: what they misread in both does no harm.
/// </summary>
internal sealed class FactScanner
{
    private readonly string _text;
    private readonly bool[] _taken;
    private readonly List<Fact> _facts = [];

    private FactScanner(string folded)
    {
        _text = folded;
        _taken = new bool[folded.Length];
    }

    /// <param name="grants">Also says what follows from a statement: a link grants its host, a date with a year the date without.</param>
    public static List<Fact> Scan(string text, bool grants)
    {
        var scanner = new FactScanner(FactText.Fold(text));
        LinkFacts.Find(scanner, grants);
        NumberFacts.FindAccounts(scanner);
        DateFacts.Find(scanner, grants);
        AmountFacts.Find(scanner);
        NumberFacts.Find(scanner);
        PromiseFacts.Find(scanner, grants);
        return scanner._facts;
    }

    public string Text => _text;

    public List<FactToken> Tokens => field ??= FactTokens.Read(_text);

    public bool IsFree(int start, int end)
    {
        for (var i = start; i < end; i++)
            if (_taken[i])
                return false;
        return true;
    }

    public void Take(FactKind kind, string canonical, int start, int end)
    {
        _facts.Add(new(kind, canonical, _text[start..Math.Min(end, start + 100)]));
        Array.Fill(_taken, true, start, end - start);
    }

    /// <summary>A word that says something without taking the text.</summary>
    public void Mention(FactKind kind, string canonical, int start, int end) => _facts.Add(new(kind, canonical, _text[start..end]));

    /// <summary>A consequence of a statement that was found: it takes no text.</summary>
    public void Grant(FactKind kind, string canonical) => _facts.Add(new(kind, canonical, ""));
}
