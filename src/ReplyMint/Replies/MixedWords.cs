namespace ReplyMint.Replies;

/// <summary>
/// Words of Latin letters with some of another script that look like them ("rеfund" with a Cyrillic e): a reader sees one word, and who compares another. People
/// join scripts by a dash or an apostrophe, not inside a word.
/// </summary>
internal static class MixedWords
{
    private const string GreekAlike = "αεικνορτυχγωη";

    /// <param name="folded">As <see cref="FactText"/> folds it.</param>
    public static IEnumerable<string> Find(string folded)
    {
        for (var i = 0; i < folded.Length;)
        {
            int start = i, latin = 0, cyrillic = 0, greek = 0;
            for (; i < folded.Length && char.IsLetter(folded[i]); i++)
                switch (folded[i])
                {
                    case (>= 'a' and <= 'z') or (>= '\u00DF' and <= '\u024F'): latin++; break;
                    case >= '\u0400' and <= '\u052F': cyrillic++; break;
                    case var c when GreekAlike.Contains(c, StringComparison.Ordinal): greek++; break;
                    default: break;
                }
            // "μm" and "kΩ" are units.
            if (latin > 0 && cyrillic > 0 || latin > 2 && greek > 0)
                yield return folded[start..i];
            i = Math.Max(i, start + 1);
        }
    }
}
