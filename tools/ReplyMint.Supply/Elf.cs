using System.Buffers.Binary;
using System.Text;

namespace ReplyMint.Supply;

/// <summary>Says where two builds differ: files, and of native binaries the sections.</summary>
internal static class Elf
{
    /// <summary>One line for each difference of two folders.</summary>
    public static IReadOnlyList<string> Compare(string first, string second)
    {
        var lines = new List<string>();
        var names = Names(first).Union(Names(second), StringComparer.Ordinal).Order(StringComparer.Ordinal);
        foreach (var name in names)
        {
            var (one, other) = (Path.Combine(first, name), Path.Combine(second, name));
            if (!File.Exists(one) || !File.Exists(other))
                lines.Add($"{name}: is in one of the two only");
            else
                lines.AddRange(Compare(File.ReadAllBytes(one), File.ReadAllBytes(other)).Select(difference => $"{name}: {difference}"));
        }
        return lines;
    }

    /// <summary>Nothing when they are the same.</summary>
    public static IReadOnlyList<string> Compare(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (first.SequenceEqual(second))
            return [];
        var lines = new List<string>();
        if (Sections(first) is { } ours && Sections(second) is { } theirs)
        {
            foreach (var name in ours.Keys.Union(theirs.Keys, StringComparer.Ordinal))
                if (!ours.TryGetValue(name, out var one) || !theirs.TryGetValue(name, out var other))
                    lines.Add($"section {name} is in one of the two only");
                else if (!first[one].SequenceEqual(second[other]))
                    lines.Add($"section {name}: {Length(first[one])} and {Length(second[other])} bytes, {Differing(first[one], second[other])} of them differ, the first at {FirstDifference(first[one], second[other])}");
            if (lines.Count > 0)
                return lines;
        }
        return [$"{first.Length} and {second.Length} bytes, {Differing(first, second)} of them differ, the first at {FirstDifference(first, second)}"];
    }

    private static IEnumerable<string> Names(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file))
            // Symbols for debuggers name the folder of the build; they are not handed out.
            .Where(name => !name.EndsWith(".dbg", StringComparison.Ordinal) && !name.EndsWith(".pdb", StringComparison.Ordinal));

    /// <summary>Where each section lies that has bytes in the file; null when it is no 64-bit little-endian ELF.</summary>
    private static Dictionary<string, Range>? Sections(ReadOnlySpan<byte> file)
    {
        if (file.Length < 64 || !file.StartsWith("\u007fELF\u0002\u0001"u8))
            return null;
        var (table, size, count, names) = (Long(file, 0x28), Short(file, 0x3A), Short(file, 0x3C), Short(file, 0x3E));
        if (table + ((long)size * count) > file.Length || size < 64 || names >= count)
            return null;
        var heads = file.Slice(table, size * count);
        var texts = file[Long(heads, (names * size) + 0x18)..];
        var sections = new Dictionary<string, Range>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var head = heads.Slice(i * size, size);
            // SHT_NULL and SHT_NOBITS have none.
            if (BinaryPrimitives.ReadInt32LittleEndian(head[4..]) is 0 or 8)
                continue;
            var text = texts[BinaryPrimitives.ReadInt32LittleEndian(head)..];
            var name = Encoding.ASCII.GetString(text[..text.IndexOf((byte)0)]);
            var start = Long(head, 0x18);
            sections[sections.ContainsKey(name) ? $"{name}#{i}" : name] = start..(start + Long(head, 0x20));
        }
        return sections;
    }

    private static int Long(ReadOnlySpan<byte> bytes, int at) => checked((int)BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]));

    private static int Short(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static int Length(ReadOnlySpan<byte> bytes) => bytes.Length;

    private static int FirstDifference(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => first.CommonPrefixLength(second);

    private static int Differing(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var (count, most) = (Math.Abs(first.Length - second.Length), Math.Min(first.Length, second.Length));
        for (var i = 0; i < most; i++)
            if (first[i] != second[i])
                count++;
        return count;
    }
}
