using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Knowledge;

/// <summary>
/// A text's meaning as an embedding model gives it, with an octet for each dimension instead of four: only the angle between two
/// counts, and that changes by less than what texts of one meaning differ by.
/// </summary>
internal static class Direction
{
    /// <summary>Dimensions that are taken; known models have 384 to 4,096.</summary>
    public const int Most = 4_096;

    /// <summary>Scaled so that its largest part is 127; all zero when there is nothing to scale.</summary>
    public static sbyte[] Of(ReadOnlySpan<float> vector)
    {
        var largest = 0f;
        foreach (var part in vector)
            largest = Math.Max(largest, Math.Abs(part));
        var direction = new sbyte[vector.Length];
        for (var i = 0; i < vector.Length && largest > 0; i++)
            direction[i] = (sbyte)MathF.Round(vector[i] / largest * 127);
        return direction;
    }

    public static float Norm(ReadOnlySpan<sbyte> direction) => MathF.Sqrt(Dot(direction, direction));

    public static float Dot(ReadOnlySpan<sbyte> a, ReadOnlySpan<sbyte> b)
    {
        var sums = Vector<int>.Zero;
        var i = 0;
        for (; i + Vector<sbyte>.Count <= a.Length; i += Vector<sbyte>.Count)
        {
            Vector.Widen(new Vector<sbyte>(a[i..]), out var low, out var high);
            Vector.Widen(new Vector<sbyte>(b[i..]), out var otherLow, out var otherHigh);
            // 127 * 127 twice is still a short.
            Vector.Widen((low * otherLow) + (high * otherHigh), out var first, out var second);
            sums += first + second;
        }
        var sum = Vector.Sum(sums);
        for (; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    /// <summary>What names a model in an index; never 0.</summary>
    public static long MarkOf(string model) => BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(model))) | 1;
}
