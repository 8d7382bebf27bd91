using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Audit;

/// <summary>
/// A tree of hashes over the heads of all chains (RFC 6962 2.1: leaves and nodes are hashed under different first bytes, an odd
/// node goes up as it is). Its root binds every head; a proof for one chain is some twenty hashes and tells nothing of the others.
/// </summary>
internal static class MerkleTree
{
    /// <param name="leaves">In the order of the chains' ids.</param>
    public static string Root(IReadOnlyCollection<RootLeaf> leaves)
    {
        var level = leaves.Select(HashOf).ToList();
        while (level.Count > 1)
            level = Up(level);
        return level.Count == 0 ? Convert.ToHexStringLower(SHA256.HashData([])) : Convert.ToHexStringLower(level[0]);
    }

    /// <summary>The neighbours from the leaf up, each as "L" or "R" (on which side it stands) and its hex.</summary>
    public static IReadOnlyList<string> Proof(IReadOnlyCollection<RootLeaf> leaves, int index)
    {
        var proof = new List<string>();
        for (var level = leaves.Select(HashOf).ToList(); level.Count > 1; level = Up(level), index /= 2)
        {
            var neighbour = index ^ 1;
            if (neighbour < level.Count)
                proof.Add((neighbour < index ? "L" : "R") + Convert.ToHexStringLower(level[neighbour]));
        }
        return proof;
    }

    /// <summary>The root that a leaf and its proof lead to; null when the proof is none.</summary>
    public static string? RootOf(RootLeaf leaf, IReadOnlyList<string> proof)
    {
        var hash = HashOf(leaf);
        foreach (var step in proof)
        {
            if (step is not ['L' or 'R', ..] || step.Length != 65 || step.AsSpan(1).ContainsAnyExcept(Security.SnsMessage.Hex))
                return null;
            var other = Convert.FromHexString(step.AsSpan(1));
            hash = step[0] == 'L' ? Node(other, hash) : Node(hash, other);
        }
        return Convert.ToHexStringLower(hash);
    }

    private static byte[] HashOf(RootLeaf leaf) => SHA256.HashData([0, .. Encoding.UTF8.GetBytes(leaf.ToString())]);

    private static byte[] Node(byte[] left, byte[] right) => SHA256.HashData([1, .. left, .. right]);

    private static List<byte[]> Up(List<byte[]> level)
    {
        var up = new List<byte[]>(level.Count / 2 + 1);
        for (var i = 0; i + 1 < level.Count; i += 2)
            up.Add(Node(level[i], level[i + 1]));
        if (level.Count % 2 == 1)
            up.Add(level[^1]);
        return up;
    }
}
