namespace ReplyMint.Knowledge;

/// <summary>Parts a text that is too long for one passage where a reader would: paragraph, line, sentence, word.</summary>
internal static class PassageSplitter
{
    private static readonly string[] Places = ["\n\n", "\n", ". ", "? ", "! ", " "];

    /// <summary>At least one part, each at most <paramref name="most"/> characters; only the space between them is lost.</summary>
    public static IEnumerable<string> Split(string text, int most)
    {
        var start = 0;
        while (text.Length - start > most)
        {
            var length = Place(text.AsSpan(start, most + 1), most);
            yield return text.Substring(start, length).Trim();
            start += length;
            while (start < text.Length && char.IsWhiteSpace(text[start]))
                start++;
        }
        if (start < text.Length || start == 0)
            yield return text[start..].Trim();
    }

    private static int Place(ReadOnlySpan<char> window, int most)
    {
        foreach (var place in Places)
        {
            // A part below a third would leave too many of them.
            var at = window.LastIndexOf(place, StringComparison.Ordinal);
            if (at >= most / 3)
                return at + 1;
        }
        return char.IsHighSurrogate(window[most - 1]) ? most - 1 : most;
    }
}
