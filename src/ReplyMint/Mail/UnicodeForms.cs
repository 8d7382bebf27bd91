using System.Text;
using ReplyMint.Mail.Unicode;

namespace ReplyMint.Mail;

/// <summary>
/// Unicode normalisation forms NFC and NFKC (UAX #15) from own tables, since the product runs without ICU, where
/// string.Normalize leaves everything as it is. Hangul is computed; the tables are read at the first text that needs them.
/// </summary>
internal static class UnicodeForms
{
    private const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28, SCount = LCount * VCount * TCount;

    private static readonly Lazy<Tables> s_tables = new(() => new Tables());

    /// <summary>Canonical composition: e + U+0301 becomes é.</summary>
    public static string Nfc(string text) =>
        text.AsSpan().IndexOfAnyInRange('\u0300', '\uFFFF') < 0 ? text : Normalize(text, compatible: false);

    /// <summary>Compatibility composition: full-width ＡＢ becomes AB, ﬁ becomes fi. For comparing, not for display.</summary>
    public static string Nfkc(string text) =>
        text.AsSpan().IndexOfAnyInRange('\u00A0', '\uFFFF') < 0 ? text : Normalize(text, compatible: true);

    private static string Normalize(string text, bool compatible)
    {
        var tables = s_tables.Value;
        var points = new List<int>(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            int c = text[i];
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                c = char.ConvertToUtf32(text[i], text[++i]);
            Decompose(c, tables, compatible, points);
        }
        Order(points, tables);
        return Compose(points, tables);
    }

    private static void Decompose(int c, Tables tables, bool compatible, List<int> into)
    {
        if (c < 0xA0)
            into.Add(c);
        else if (c - SBase is >= 0 and < SCount)
        {
            var s = c - SBase;
            into.Add(LBase + (s / (VCount * TCount)));
            into.Add(VBase + (s % (VCount * TCount) / TCount));
            if (s % TCount > 0)
                into.Add(TBase + (s % TCount));
        }
        else if ((compatible && tables.Compatible.TryGetValue(c, out var parts)) || tables.Decomposed.TryGetValue(c, out parts))
            into.AddRange(parts);
        else
            into.Add(c);
    }

    /// <summary>Canonical ordering. A run of marks is sorted as a whole, so a mail of marks only costs no more than sorting.</summary>
    private static void Order(List<int> points, Tables tables)
    {
        for (var i = 0; i < points.Count; i++)
        {
            if (tables.Class(points[i]) == 0)
                continue;
            var end = i + 1;
            while (end < points.Count && tables.Class(points[end]) != 0)
                end++;
            if (end - i > 1)
            {
                var run = points.GetRange(i, end - i).ToArray();
                var keys = new long[run.Length];
                for (var j = 0; j < run.Length; j++)
                    keys[j] = ((long)tables.Class(run[j]) << 32) | (uint)j;
                Array.Sort(keys, run);
                for (var j = 0; j < run.Length; j++)
                    points[i + j] = run[j];
            }
            i = end;
        }
    }

    private static string Compose(List<int> points, Tables tables)
    {
        var text = new StringBuilder(points.Count);
        var starter = -1;
        byte last = 0;
        var used = 0;
        for (var i = 0; i < points.Count; i++)
        {
            var c = points[i];
            var kind = tables.Class(c);
            if (starter >= 0 && (used == starter + 1 || (last != 0 && last < kind)) && Pair(points[starter], c, tables) is > 0 and var pair)
            {
                points[starter] = pair;
                continue;
            }
            if (kind == 0)
                starter = used;
            last = kind;
            points[used++] = c;
        }
        for (var i = 0; i < used; i++)
        {
            if (points[i] < 0x10000)
                text.Append((char)points[i]);
            else
                text.Append(char.ConvertFromUtf32(points[i]));
        }
        return text.ToString();
    }

    private static int Pair(int first, int second, Tables tables)
    {
        if (first - LBase is >= 0 and < LCount && second - VBase is >= 0 and < VCount)
            return SBase + ((((first - LBase) * VCount) + second - VBase) * TCount);
        if (first - SBase is >= 0 and < SCount && (first - SBase) % TCount == 0 && second - TBase is > 0 and < TCount)
            return first + second - TBase;
        return tables.Composed.GetValueOrDefault(((long)first << 32) | (uint)second);
    }

    /// <summary>The tables as they are looked up.</summary>
    private sealed class Tables
    {
        private readonly Dictionary<int, byte> _classes = [];

        public Dictionary<int, int[]> Decomposed { get; } = [];
        public Dictionary<int, int[]> Compatible { get; } = [];
        public Dictionary<long, int> Composed { get; } = [];

        public Tables()
        {
            Read(NormalizationTables.Decomposed, row => Decomposed[row[0]] = row[1..]);
            Read(NormalizationTables.Compatible, row => Compatible[row[0]] = row[1..]);
            Read(NormalizationTables.Composed, row => Composed[((long)row[0] << 32) | (uint)row[1]] = row[2]);
            Read(NormalizationTables.Marks, row =>
            {
                for (var c = row[0]; c <= row[1]; c++)
                    _classes[c] = (byte)row[2];
            });
        }

        public byte Class(int c) => c < 0x300 ? (byte)0 : _classes.GetValueOrDefault(c);

        private static void Read(ReadOnlySpan<byte> table, Action<int[]> row)
        {
            var numbers = new List<int>(20);
            var number = 0;
            foreach (var b in table)
            {
                if (b is (byte)' ' or (byte)';')
                {
                    if (number > 0 || b == ';')
                        numbers.Add(number);
                    number = 0;
                    if (b != ';')
                        continue;
                    row([.. numbers]);
                    numbers.Clear();
                }
                else if (b is >= (byte)'0' and <= (byte)'9')
                    number = (number << 4) | (b - '0');
                else if (b is >= (byte)'A' and <= (byte)'F')
                    number = (number << 4) | (b - 'A' + 10);
            }
        }
    }
}
