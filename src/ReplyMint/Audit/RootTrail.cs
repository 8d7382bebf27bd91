using System.Globalization;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>Follows the signed roots of one place, in their order, and says what is wrong with them; what is right is given out.</summary>
/// <param name="store">The installation whose roots these have to be.</param>
/// <param name="place">For words.</param>
/// <param name="fromFirst">A place may have been named late; this store has all roots.</param>
/// <param name="report">Told of each fault.</param>
internal sealed class RootTrail(string store, string place, bool fromFirst, Action<AuditFinding> report)
{
    private readonly Dictionary<string, IReadOnlyList<string>> _pages = new(StringComparer.Ordinal);
    // Known only from a root on that lists all chains.
    private SortedDictionary<string, RootLeaf>? _leaves;
    private string? _lastHash;
    private bool _broken;

    public string Place => place;

    /// <summary>The newest root, as far as it is genuine: the number of one that is not is passed, and it has no hash.</summary>
    public RootStatement? Last { get; private set; }

    /// <summary>Hashes of the roots that are genuine, as they were signed, by number.</summary>
    public Dictionary<long, string> Hashes { get; } = [];

    public IEnumerable<string> Chains => _leaves?.Keys ?? Enumerable.Empty<string>();

    /// <summary>What was known of heads before the last root named later ones, or none any more.</summary>
    public List<RootLeaf> Replaced { get; } = [];

    /// <summary>What the newest root says of a chain.</summary>
    public RootLeaf? Leaf(string chain) => _leaves is not null && _leaves.TryGetValue(chain, out var leaf) ? leaf : null;

    /// <summary>The heads that a root names, where it is genuine; none for a page that comes before its root.</summary>
    /// <param name="document">The next one.</param>
    /// <param name="keys">The installation's public keys of all times.</param>
    public IReadOnlyList<RootLeaf> Next(AnchoredDocument document, AttestationKeySet keys)
    {
        Replaced.Clear();
        var name = Path.GetFileNameWithoutExtension(document.Name);
        if (name.Contains('-'))
        {
            if (Parse(document.Bytes, AuditJson.Default.RootPage) is { } page)
                _pages[name] = page.Changed;
            return [];
        }
        if (RootNames.NumberOf(name) is not { } number)
            return [];
        if (Parse(document.Bytes, AuditJson.Default.RootDocument) is not { } root || Attestations.Verify(RootStatement.Kind, root.Jws, AuditJson.Default.RootStatement, keys) is not { } statement
            || statement.Store != store || statement.Number != number)
            return Altered(number, "it is not what this installation signed");
        var expected = Last is { } last ? last.Number + 1 : fromFirst ? 1 : number;
        if (number > expected)
            report(new(AuditFault.RootMissing, null, expected, string.Create(CultureInfo.InvariantCulture, $"roots {expected} to {number - 1} are not in {place}")));
        else if (_lastHash is { } previous && statement.Previous != previous)
            return Altered(number, "it does not follow from the root before");
        var lines = root.Changed ?? Lines(statement);
        _pages.Clear();
        (Last, _lastHash) = (statement, RootStatement.HashOf(root.Jws));
        Hashes[number] = _lastHash;
        if (lines.Count != statement.Changed || RootStatement.HashOf(lines) != statement.Changes)
            return Altered(number, "its list of heads is not the one that was signed");
        List<RootLeaf> leaves = [.. lines.Select(RootLeaf.Parse).OfType<RootLeaf>()];
        Take(leaves, statement.Full);
        // Each root of all chains is compared with its tree; between them the lists are bound by their hashes.
        if (statement.Full)
            CheckTree();
        return leaves;
    }

    /// <summary>No root follows.</summary>
    public void End()
    {
        if (Last is { Full: false })
            CheckTree();
    }

    private void Take(List<RootLeaf> leaves, bool full)
    {
        var before = _leaves;
        if (full)
            _leaves = new(StringComparer.Ordinal);
        foreach (var leaf in leaves)
        {
            if (before is not null && before.TryGetValue(leaf.Chain, out var old) && old != leaf)
                Replaced.Add(old);
            if (_leaves is not null)
                _leaves[leaf.Chain] = leaf;
        }
        if (full && before is not null)
            Replaced.AddRange(before.Values.Where(old => !_leaves!.ContainsKey(old.Chain)));
    }

    private void CheckTree()
    {
        if (_leaves is { } leaves && !_broken && (leaves.Count != Last!.Chains || MerkleTree.Root(leaves.Values) != Last.Tree))
            Altered(Last.Number, "its tree is not that of the heads that were listed up to it");
    }

    private List<string> Lines(RootStatement statement)
    {
        var lines = new List<string>();
        for (var page = 1; page <= statement.Pages && _pages.TryGetValue(RootNames.Page(statement.Number, page, statement.Changes), out var some); page++)
            lines.AddRange(some);
        return lines;
    }

    private IReadOnlyList<RootLeaf> Altered(long number, string says)
    {
        _broken = true;
        _lastHash = null;
        if (Last is null || Last.Number < number)
            Last = (Last ?? new RootStatement(1, store, number, default, "", false, 0, "", 0, "", 0)) with { Number = number };
        report(new(AuditFault.RootAltered, null, number, $"root in {place}: {says}"));
        return [];
    }

    /// <summary>Null for what is not exactly what we write.</summary>
    private static T? Parse<T>(byte[] bytes, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type) is { } value && StoredJson.Write(value, type).AsSpan().SequenceEqual(bytes) ? value : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
