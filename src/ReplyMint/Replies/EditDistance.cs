namespace ReplyMint.Replies;

/// <summary>How much of a text a person changed: inserted, removed and replaced characters (Levenshtein) as a share of the longer text.</summary>
internal static class EditDistance
{
    // The work grows with one length times the other; no usual answer comes near.
    private const int Most = 4_000;

    /// <returns>0 (the same words) to 1 (nothing left of it). How lines end, and space around the text, is no change.</returns>
    public static double Of(string before, string after)
    {
        var (a, b) = (Bounded(before), Bounded(after));
        var longest = Math.Max(a.Length, b.Length);
        return longest == 0 ? 0 : (double)Steps(a, b) / longest;
    }

    private static string Bounded(string text) => text.ReplaceLineEndings("\n").Trim() is var plain && plain.Length <= Most ? plain : plain[..Most];

    private static int Steps(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        // Most edits touch a sentence: what is the same at both ends costs nothing.
        var same = a.CommonPrefixLength(b);
        a = a[same..];
        b = b[same..];
        same = 0;
        while (same < Math.Min(a.Length, b.Length) && a[^(same + 1)] == b[^(same + 1)])
            same++;
        a = a[..^same];
        b = b[..^same];
        if (a.Length == 0 || b.Length == 0)
            return a.Length + b.Length;
        var row = new int[b.Length + 1];
        for (var j = 0; j < row.Length; j++)
            row[j] = j;
        for (var i = 0; i < a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i + 1;
            for (var j = 0; j < b.Length; j++)
            {
                var replaced = diagonal + (a[i] == b[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(replaced, Math.Min(row[j], diagonal) + 1);
            }
        }
        return row[^1];
    }
}
