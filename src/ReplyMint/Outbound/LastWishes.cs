using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>
/// What counts of the ledger of wishes: the last line on each address says whether it is suppressed, and the last one of each person
/// whether he has withdrawn. One is not the other: an operator may take a suppression back, and people share it whose addresses differ
/// by a tag alone.
/// </summary>
internal sealed class LastWishes
{
    private readonly Dictionary<(string Tenant, string Hash), WishLine> _addresses = [];
    private readonly Dictionary<(string Tenant, string Person), WishLine> _people = [];

    public IReadOnlyCollection<WishLine> OfAddresses => _addresses.Values;

    public IEnumerable<(string Person, WishLine Line)> OfPeople => _people.Select(one => (one.Key.Person, one.Value));

    public void Take(WishLine line)
    {
        Keep(_addresses, (line.Tenant, line.Hash), line);
        if (line.Person is { } person)
            Keep(_people, (line.Tenant, person), line);
    }

    /// <summary>What a person had said until then went with his erasure; the suppression of his address did not.</summary>
    public void Erase(string tenant, string person, DateTimeOffset at)
    {
        if (_people.TryGetValue((tenant, person), out var last) && last.At < at)
            _people.Remove((tenant, person));
    }

    private static void Keep(Dictionary<(string, string), WishLine> lines, (string, string) of, WishLine line)
    {
        if (!lines.TryGetValue(of, out var known) || IsLater(line, known))
            lines[of] = line;
    }

    /// <summary>Ids of one millisecond have no order: of these the one counts by which nobody is answered.</summary>
    private static bool IsLater(WishLine line, WishLine than) =>
        (Ids.TimeOf(line.Id), Weight(line)).CompareTo((Ids.TimeOf(than.Id), Weight(than))) > 0;

    private static int Weight(WishLine line) => line.Reason is { } reason ? (int)reason + 1 : 0;
}
