using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Audit;

/// <summary>What a signed root says of all chains at a moment.</summary>
/// <param name="Store">Which installation's.</param>
/// <param name="Number">1 for the first; roots are a chain themselves.</param>
/// <param name="Previous">Hex SHA-256 of the root before, as it was signed; 64 zeros before the first.</param>
/// <param name="Full">All chains are listed, not only those that got entries since the root before.</param>
/// <param name="Chains">How many there are.</param>
/// <param name="Tree">Root of the tree over all heads.</param>
/// <param name="Changed">How many are listed.</param>
/// <param name="Changes">Hex SHA-256 of the list, each leaf a line.</param>
/// <param name="Pages">How many documents hold the list; 0: it stands with the root.</param>
internal sealed record RootStatement(
    int V, string Store, long Number, DateTimeOffset At, string Previous, bool Full, long Chains, string Tree, long Changed, string Changes, int Pages)
{
    public const string Kind = "root";

    /// <summary>Leaves of one document: some 200 KB.</summary>
    public const int PageSize = 2_000;

    public static string HashOf(string jws) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(jws)));

    public static string HashOf(IEnumerable<string> lines)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var line in lines)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(line));
            hash.AppendData("\n"u8);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>The head of a chain at a root.</summary>
internal readonly record struct RootLeaf(string Chain, long Sequence, string Hash)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Chain} {Sequence} {Hash}");

    public static RootLeaf? Parse(string line) =>
        line.Split(' ') is [{ Length: > 0 } chain, var sequence, { Length: 64 } hash] && long.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new(chain, number, hash) : null;
}

/// <summary>A root as it is stored and copied to the places off the machine: the same bytes here and there.</summary>
/// <param name="Changed">The list, where it fits one document.</param>
internal sealed record RootDocument(int V, string Jws, IReadOnlyList<string>? Changed);

/// <summary>A part of a long list, stored before its root.</summary>
internal sealed record RootPage(int V, IReadOnlyList<string> Changed);

/// <summary>Up to where a chain was removed, because its entries were older than they are kept.</summary>
/// <param name="Sequence">The last entry that was removed.</param>
/// <param name="Hash">Its hash, on which the next one builds.</param>
/// <param name="Before">Entries older than this are removed.</param>
internal sealed record CheckpointStatement(int V, string Store, string Chain, long Sequence, string Hash, DateTimeOffset At, DateTimeOffset Before)
{
    public const string Kind = "checkpoint";
}

internal sealed record CheckpointRecord(int V, string Jws);

/// <summary>Where roots and checkpoints lie, here and elsewhere.</summary>
internal static class RootNames
{
    public const string Partition = "roots";
    public const string RootPrefix = "root/";
    public const string Folder = "roots/";
    public const string CheckpointFolder = "checkpoints/";

    public static string Root(long number) => string.Create(CultureInfo.InvariantCulture, $"{number:D12}");

    /// <summary>Sorts before its root. Named after the list, too: a root that was begun and never signed leaves pages behind.</summary>
    public static string Page(long number, int page, string changes) => string.Create(CultureInfo.InvariantCulture, $"{number:D12}-{page:D4}-{changes.AsSpan(0, 16)}");

    public static string Checkpoint(string chain, long sequence) => string.Create(CultureInfo.InvariantCulture, $"{CheckpointFolder}{chain}/{sequence:D15}.json");

    public static Storage.ItemKey RootKey(long number) => new(Storage.Table.Audit, Partition, RootPrefix + Root(number));

    /// <summary>Null for a key that is not a root's.</summary>
    public static long? NumberOf(Storage.ItemKey key) => NumberOf(key.Sort[RootPrefix.Length..]);

    /// <summary>Null for a name that is not a root's: others may write beside ours, and a number of more digits has no next one.</summary>
    public static long? NumberOf(string name) =>
        name.Length == 12 && long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static Storage.ItemKey PageKey(string page) => new(Storage.Table.Audit, Partition, "changes/" + page);

    public static Storage.ItemKey CheckpointKey(string chain) => new(Storage.Table.Audit, chain, "checkpoint");
}
