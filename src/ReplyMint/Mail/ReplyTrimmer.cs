using System.Text;

namespace ReplyMint.Mail;

/// <summary>The parts of a plain text.</summary>
/// <param name="Reply">What was newly written. Answers between quoted lines keep these lines, or they would be riddles.</param>
/// <param name="Signature">With its delimiter.</param>
/// <param name="Quoted">What older mails or the mail program added.</param>
/// <param name="Forwarded">An older mail was passed on rather than answered.</param>
internal sealed record TrimmedText(string Reply, string Signature, string Quoted, bool Forwarded);

/// <summary>
/// Parts a mail's text into what a person newly wrote, the signature, and what older mails left. It reads each line a
/// bounded number of times and uses no pattern that could run long.
/// </summary>
internal static class ReplyTrimmer
{
    private enum Kind : byte { Text, Blank, Quote, Attribution }

    public static TrimmedText Trim(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        var kinds = new Kind[lines.Length];
        var cut = Classify(lines, kinds, out var forwarded);
        var head = new List<string>();
        var quoted = new StringBuilder(text.Length + 1);
        Divide(lines, kinds, cut, head, quoted);
        for (var i = cut; i < lines.Length; i++)
            quoted.Append(lines[i]).Append('\n');
        var sign = SignatureRules.StartOf(head);
        return new(Join(head, 0, sign), Join(head, sign, head.Count), quoted.ToString().Trim('\n', ' ', '\r'), forwarded);
    }

    /// <summary>Says of each line what it is, up to the line from which on all is older; returns that line.</summary>
    private static int Classify(string[] lines, Kind[] kinds, out bool forwarded)
    {
        forwarded = false;
        var firstText = -1;
        var budget = Attribution.MaxCandidates;
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].AsSpan().Trim();
            if (line.IsEmpty || line is "\u1427")
            {
                kinds[i] = Kind.Blank;
                continue;
            }
            if (IsQuote(lines[i]))
            {
                // A torn address leaves "> wrote:" at the start of a line; it ends an attribution and is no quotation.
                if (line.Length > 20 || line[^1] is not (':' or 'e') || Attribution.StartOf(lines, i, ref budget, out _) < 0)
                {
                    kinds[i] = Kind.Quote;
                    continue;
                }
            }
            if (QuotedHeader.SeparatorAt(lines, i, out forwarded) || QuotedHeader.BlockAt(lines, i))
                return WithRule(lines, i);
            var start = Attribution.StartOf(lines, i, ref budget, out var kept);
            if (start < 0)
            {
                firstText = firstText < 0 ? i : firstText;
                continue;
            }
            if (firstText >= start)
                firstText = -1;
            for (var j = start; j <= i; j++)
                kinds[j] = Kind.Attribution;
            if (kept > 0)
            {
                lines[start] = lines[start][..kept];
                kinds[start] = Kind.Text;
                firstText = start;
            }
            if (FollowedByQuote(lines, i + 1))
                continue;
            if (firstText >= 0 || kept > 0)
                return kept > 0 ? start + 1 : WithRule(lines, start);
            // Nothing was written above it: the program lost the quotation marks, and what follows is all there is.
        }
        return lines.Length;
    }

    /// <summary>Takes what is quoted out of the lines before the cut; what remains is the author's.</summary>
    private static void Divide(string[] lines, Kind[] kinds, int cut, List<string> head, StringBuilder quoted)
    {
        JoinTornQuotes(lines, kinds, cut);
        // Blocks: is the text interleaved with quotations, or does one stand above, below or between?
        var interleaved = IsInterleaved(lines, kinds, cut);
        var removed = false;
        for (var i = 0; i < cut; i++)
        {
            if (kinds[i] == Kind.Attribution || (kinds[i] == Kind.Quote && !interleaved))
            {
                quoted.Append(lines[i]).Append('\n');
                removed |= !interleaved;
                continue;
            }
            // Where a quotation was taken out, one blank line is left.
            if (removed && kinds[i] == Kind.Blank && (head.Count == 0 || string.IsNullOrWhiteSpace(head[^1])))
                continue;
            if (kinds[i] != Kind.Blank)
                removed = false;
            head.Add(kinds[i] == Kind.Blank ? "" : lines[i].TrimEnd());
        }
        if (!interleaved)
            return;
        // A quotation that nothing follows was not answered.
        var end = head.Count;
        while (end > 0 && (head[end - 1].Length == 0 || IsQuote(head[end - 1])))
            end--;
        for (var i = end; i < head.Count; i++)
            quoted.Append(head[i]).Append('\n');
        head.RemoveRange(end, head.Count - end);
    }

    /// <summary>
    /// Answers stand between quoted lines: two quotations with text after each, or one that no program announced and
    /// that the text answers.
    /// </summary>
    private static bool IsInterleaved(string[] lines, Kind[] kinds, int cut)
    {
        int answers = 0, announced = 0, quotes = 0;
        var last = Kind.Blank;
        var pending = false;
        for (var i = 0; i < cut; i++)
        {
            var kind = kinds[i];
            if (kind == Kind.Blank)
                continue;
            if (kind == Kind.Quote && last != Kind.Quote)
            {
                quotes++;
                if (last == Kind.Attribution)
                    announced++;
                pending = true;
            }
            else if (kind == Kind.Text && pending)
            {
                if (lines[i].Trim() is "--" or "__" || SignatureRules.IsSentFrom(lines[i].AsSpan().Trim()))
                    break;
                answers++;
                pending = false;
            }
            last = kind;
        }
        return answers > 1 || (answers == 1 && (announced < quotes || UnquotedAttribution(lines, kinds, cut)));
    }

    /// <summary>An attribution above text that is not marked as quoted: the marks can't be trusted to part old from new.</summary>
    private static bool UnquotedAttribution(string[] lines, Kind[] kinds, int cut)
    {
        for (var i = 0; i + 1 < cut; i++)
            if (kinds[i] == Kind.Attribution && kinds[i + 1] != Kind.Attribution && !FollowedByQuote(lines, i + 1))
                return true;
        return false;
    }

    /// <summary>A quoted line that was broken by a mail program leaves its rest without a mark between two marked lines.</summary>
    private static void JoinTornQuotes(string[] lines, Kind[] kinds, int cut)
    {
        for (var i = 1; i < cut; i++)
        {
            if (kinds[i] != Kind.Text || kinds[i - 1] != Kind.Quote)
                continue;
            var before = lines[i - 1].AsSpan().TrimEnd();
            var line = lines[i].AsSpan().Trim();
            var next = i + 1 < cut && kinds[i + 1] == Kind.Quote;
            var long_ = before.Length >= 60 && before[^1] is not ('.' or '?' or '!' or ':') && (char.IsLower(line[0]) || char.IsAsciiDigit(line[0]) || line[0] is '<' or '(');
            var open = before.LastIndexOf('(') > before.LastIndexOf(')') && line.Contains(')');
            if ((next && (long_ || open)) || (next && line[^1] == '>' && !line.Contains('<')))
                kinds[i] = Kind.Quote;
        }
    }

    private static bool FollowedByQuote(string[] lines, int from)
    {
        for (var i = from; i < lines.Length && i < from + 6; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i]))
                continue;
            return IsQuote(lines[i]);
        }
        return false;
    }

    private static bool IsQuote(string line)
    {
        var at = 0;
        while (at < line.Length && at < 4 && line[at] is ' ' or '\t')
            at++;
        return at < line.Length && line[at] == '>';
    }

    /// <summary>A rule right above the older mail belongs to it.</summary>
    private static int WithRule(string[] lines, int at)
    {
        var start = at;
        for (var i = at - 1; i >= 0 && i >= at - 3; i--)
        {
            var line = lines[i].AsSpan().Trim();
            if (line.IsEmpty)
                continue;
            if (line.Length >= 3 && line.IndexOfAnyExcept("-_*=—") < 0)
                start = i;
            break;
        }
        return start;
    }

    private static string Join(List<string> lines, int from, int to)
    {
        while (from < to && lines[from].Length == 0)
            from++;
        while (to > from && lines[to - 1].Length == 0)
            to--;
        return string.Join('\n', lines.GetRange(from, to - from)).TrimEnd();
    }
}
