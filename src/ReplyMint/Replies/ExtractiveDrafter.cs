using System.Text;

using ReplyMint.Knowledge;

namespace ReplyMint.Replies;

/// <summary>Writes without a model: greeting, the passage that answers, signature. It says nothing that the passage doesn't.</summary>
internal static class ExtractiveDrafter
{
    public static DraftOutcome Draft(DraftRequest request)
    {
        if (request.Hits.Count == 0 || request.Hits[0].Score < request.Threshold)
            return new DraftOutcome.NothingFits("no passage answers well enough");
        var mailbox = request.Mailbox;
        var language = ReplyLanguage.Of(mailbox, request.Mail);
        // Passages of the answer's language first; one whose language nobody can tell is taken as it is.
        PassageHit? fits = null;
        foreach (var hit in request.Hits)
        {
            if (hit.Score < request.Threshold)
                break;
            var spoken = ReplyLanguage.Of(hit.Passage);
            if (language.Length > 0 && spoken.Length > 0 && spoken != language)
                continue;
            fits = hit;
            if (language.Length == 0)
                language = spoken;
            break;
        }
        if (fits is null)
            return new DraftOutcome.NothingFits($"the knowledge answers in another language than {language}");
        var frame = ReplyFrame.Around(mailbox, request.Mail, language);
        var answer = Shorten(Plain(fits.Passage.Answer), mailbox.MaxLength - frame.Length);
        if (answer.Length == 0)
            return new DraftOutcome.NothingFits("the passage does not fit into the mailbox's maximal length");
        return new DraftOutcome.Draft(frame.Put(answer), [fits.Passage], language);
    }

    /// <summary>The text up to the last sentence end that fits; empty when not even the first sentence does.</summary>
    public static string Shorten(string text, int length)
    {
        if (text.Length <= length)
            return text;
        var end = 0;
        for (var i = 0; i < Math.Min(text.Length, length); i++)
        {
            var mark = text[i] is '.' or '!' or '?' or '…' && (i + 1 == text.Length || char.IsWhiteSpace(text[i + 1])) && !IsAbbreviation(text, i);
            if (mark)
                end = i + 1;
            else if (text[i] == '\n' && i + 1 < text.Length && text[i + 1] == '\n')
                end = i;
        }
        return text[..end].TrimEnd();
    }

    /// <summary>A single letter or a number before the stop, and no capital behind: "z. B.", "3. Mai", "approx. 5".</summary>
    private static bool IsAbbreviation(string text, int at)
    {
        if (text[at] != '.' || at == 0)
            return false;
        var start = at;
        while (start > 0 && char.IsLetterOrDigit(text[start - 1]))
            start--;
        var word = text.AsSpan(start, at - start);
        if (word.Length == 1 && char.IsLetter(word[0]) || word is "approx" or "ca" or "bzw" or "etc" or "No" or "Nr" or "Mr" or "Mrs" or "Dr" or "St" or "Str" or "Sr" or "Sra" or "env")
            return true;
        var next = at + 1;
        while (next < text.Length && text[next] == ' ')
            next++;
        return next < text.Length && char.IsLower(text[next]) || word.Length is 1 or 2 && word.IndexOfAnyExceptInRange('0', '9') < 0 && next < text.Length && FactWords.Months.ContainsKey(Word(text, next));
    }

    private static string Word(string text, int start)
    {
        var end = start;
        while (end < text.Length && char.IsLetter(text[end]) && end - start < 20)
            end++;
        return text[start..end].ToLowerInvariant();
    }

    /// <summary>Passages come from files; blank lines are kept single and line ends alike.</summary>
    private static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        var blank = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var trimmed = line.TrimEnd();
            blank = trimmed.IsEmpty ? blank + 1 : 0;
            if (blank > 1)
                continue;
            if (plain.Length > 0)
                plain.Append('\n');
            plain.Append(trimmed);
        }
        return plain.ToString().Trim();
    }
}
