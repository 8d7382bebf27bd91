using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ReplyMint.Knowledge;

/// <summary>One passage that holds a term, and how much of the term's weight it earns (0 to 1).</summary>
internal readonly struct Posting(int doc, bool inQuestion, float impact)
{
    private readonly int _doc = inQuestion ? doc | int.MinValue : doc;

    public readonly float Impact = impact;

    public int Doc => _doc & int.MaxValue;

    public bool InQuestion => _doc < 0;
}

/// <summary>The parts of an index file: a header of lengths, then the arrays in this order, each on a multiple of four.</summary>
internal readonly ref struct IndexBytes
{
    /// <summary>A file of another form is rebuilt, never read.</summary>
    private const int Form = 3;
    private const int Magic = 0x494B4D52;
    private const int Lengths = 11;
    private const int Fixed = 24;
    private const int HeaderSize = Fixed + (LanguageWords.Count * sizeof(int)) + (Lengths * sizeof(int));

    public required long Version { get; init; }
    public required ReadOnlySpan<int> ByLanguage { get; init; }
    public required ReadOnlySpan<byte> Terms { get; init; }
    public required ReadOnlySpan<int> TermOffsets { get; init; }
    public required ReadOnlySpan<int> PostingOffsets { get; init; }
    public required ReadOnlySpan<float> Idf { get; init; }
    /// <summary>Weight of all terms of a passage's question.</summary>
    public required ReadOnlySpan<float> Mass { get; init; }
    /// <summary>Equal for passages whose questions have the same terms: copies and parts are no rivals.</summary>
    public required ReadOnlySpan<uint> Print { get; init; }
    public required ReadOnlySpan<Posting> Postings { get; init; }
    public required ReadOnlySpan<int> TextOffsets { get; init; }
    public required ReadOnlySpan<byte> Texts { get; init; }
    /// <summary>Names the model that made the vectors; 0 when there are none.</summary>
    public required long VectorMark { get; init; }
    /// <summary>Of each passage its <see cref="Direction"/>, all of one length; empty, or zeroes for a passage that has none yet.</summary>
    public required ReadOnlySpan<sbyte> Vectors { get; init; }
    /// <summary>The length of each passage's direction; 0 for a passage that has none yet.</summary>
    public required ReadOnlySpan<float> Norms { get; init; }

    public static byte[] Write(
        long version, ReadOnlySpan<int> byLanguage, ReadOnlySpan<byte> terms, ReadOnlySpan<int> termOffsets, ReadOnlySpan<int> postingOffsets,
        ReadOnlySpan<float> idf, ReadOnlySpan<float> mass, ReadOnlySpan<uint> print, ReadOnlySpan<Posting> postings,
        ReadOnlySpan<int> textOffsets, ReadOnlySpan<byte> texts, long vectorMark, ReadOnlySpan<sbyte> vectors, ReadOnlySpan<float> norms)
    {
        Span<int> lengths =
        [
            terms.Length, termOffsets.Length * 4, postingOffsets.Length * 4, idf.Length * 4, mass.Length * 4, print.Length * 4,
            checked(postings.Length * 8), textOffsets.Length * 4, texts.Length, vectors.Length, norms.Length * 4,
        ];
        var size = HeaderSize;
        foreach (var length in lengths)
            size = checked(size + Padded(length));
        var bytes = new byte[size];
        MemoryMarshal.Write(bytes, Magic);
        MemoryMarshal.Write(bytes.AsSpan(4), Form);
        MemoryMarshal.Write(bytes.AsSpan(8), version);
        MemoryMarshal.Write(bytes.AsSpan(16), vectorMark);
        MemoryMarshal.AsBytes(byLanguage).CopyTo(bytes.AsSpan(Fixed));
        MemoryMarshal.AsBytes(lengths).CopyTo(bytes.AsSpan(Fixed + (LanguageWords.Count * 4)));
        var at = HeaderSize;
        Put(bytes, ref at, terms);
        Put(bytes, ref at, MemoryMarshal.AsBytes(termOffsets));
        Put(bytes, ref at, MemoryMarshal.AsBytes(postingOffsets));
        Put(bytes, ref at, MemoryMarshal.AsBytes(idf));
        Put(bytes, ref at, MemoryMarshal.AsBytes(mass));
        Put(bytes, ref at, MemoryMarshal.AsBytes(print));
        Put(bytes, ref at, MemoryMarshal.AsBytes(postings));
        Put(bytes, ref at, MemoryMarshal.AsBytes(textOffsets));
        Put(bytes, ref at, texts);
        Put(bytes, ref at, MemoryMarshal.AsBytes(vectors));
        Put(bytes, ref at, MemoryMarshal.AsBytes(norms));
        return bytes;
    }

    /// <summary>False for bytes of another form or size; what is inside is trusted, as the seal vouches for it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out IndexBytes index)
    {
        index = default;
        if (bytes.Length < HeaderSize || MemoryMarshal.Read<int>(bytes) != Magic || MemoryMarshal.Read<int>(bytes[4..]) != Form)
            return false;
        var lengths = MemoryMarshal.Cast<byte, int>(bytes.Slice(Fixed + (LanguageWords.Count * 4), Lengths * 4));
        long size = HeaderSize;
        foreach (var length in lengths)
        {
            if (length < 0)
                return false;
            size += Padded(length);
        }
        if (size != bytes.Length)
            return false;
        var at = HeaderSize;
        index = new IndexBytes
        {
            Version = MemoryMarshal.Read<long>(bytes[8..]),
            VectorMark = MemoryMarshal.Read<long>(bytes[16..]),
            ByLanguage = MemoryMarshal.Cast<byte, int>(bytes.Slice(Fixed, LanguageWords.Count * 4)),
            Terms = Take<byte>(bytes, ref at, lengths[0]),
            TermOffsets = Take<int>(bytes, ref at, lengths[1]),
            PostingOffsets = Take<int>(bytes, ref at, lengths[2]),
            Idf = Take<float>(bytes, ref at, lengths[3]),
            Mass = Take<float>(bytes, ref at, lengths[4]),
            Print = Take<uint>(bytes, ref at, lengths[5]),
            Postings = Take<Posting>(bytes, ref at, lengths[6]),
            TextOffsets = Take<int>(bytes, ref at, lengths[7]),
            Texts = Take<byte>(bytes, ref at, lengths[8]),
            Vectors = Take<sbyte>(bytes, ref at, lengths[9]),
            Norms = Take<float>(bytes, ref at, lengths[10]),
        };
        return true;
    }

    private static int Padded(int length) => checked(length + 3) & ~3;

    private static void Put(Span<byte> bytes, ref int at, ReadOnlySpan<byte> part)
    {
        part.CopyTo(bytes[at..]);
        at += Padded(part.Length);
    }

    private static ReadOnlySpan<T> Take<T>(ReadOnlySpan<byte> bytes, scoped ref int at, int length) where T : unmanaged
    {
        var part = bytes.Slice(at, length);
        at += Padded(length);
        return MemoryMarshal.Cast<byte, T>(part);
    }
}
