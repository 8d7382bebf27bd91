namespace ReplyMint.Mail;

/// <summary>Finds where an older mail begins without quotation marks: a block of its header lines, or a line between dashes.</summary>
internal static class QuotedHeader
{
    private const int MaxLines = 16;

    /// <summary>Does a block of header lines ("From: … Sent: … Subject: …") begin here?</summary>
    public static bool BlockAt(string[] lines, int start)
    {
        var first = KindOf(lines[start]);
        if (first is HeaderKind.None or HeaderKind.Other)
            return false;
        var kinds = HeaderKind.None;
        var address = false;
        var strangers = 0;
        for (var i = start; i < lines.Length && i < start + MaxLines; i++)
        {
            var line = lines[i].AsSpan().Trim();
            if (line.IsEmpty)
            {
                // Some programs set each header line as a paragraph of its own.
                if (i + 1 < lines.Length && KindOf(lines[i + 1]) != HeaderKind.None)
                    continue;
                break;
            }
            var kind = KindOf(lines[i]);
            if (kind == HeaderKind.None)
            {
                if (++strangers > 2)
                    break;
                continue;
            }
            strangers = 0;
            if (kind != HeaderKind.Other && kinds.HasFlag(kind))
                break;
            kinds |= kind;
            if (kind == HeaderKind.From)
                address = line.Contains('@');
        }
        // "From: Berlin, To: Paris, Date: Monday" is a traveller's question: an address or a subject must be there.
        if (!kinds.HasFlag(HeaderKind.From) || !(address || kinds.HasFlag(HeaderKind.Subject)))
            return false;
        return (kinds.HasFlag(HeaderKind.Date) ? 1 : 0) + (kinds.HasFlag(HeaderKind.To) ? 1 : 0) + (kinds.HasFlag(HeaderKind.Subject) ? 1 : 0) >= 2;
    }

    private static HeaderKind KindOf(string text)
    {
        var line = text.AsSpan().TrimStart(" \t*\u00A0");
        if (line.Length < 3)
            return HeaderKind.None;
        var length = line[..Math.Min(line.Length, 30)].IndexOfAny(':', '：');
        if (length is < 1 or > 24)
            return HeaderKind.None;
        Span<char> lower = stackalloc char[24];
        var written = line[..length].Trim(" *\u00A0").ToLowerInvariant(lower);
        return written > 0 && TrimWords.Labels.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(lower[..written], out var kind) ? kind : HeaderKind.None;
    }

    /// <summary>"-----Original Message-----", "---------- Forwarded message ---------", "Begin forwarded message:".</summary>
    public static bool SeparatorAt(string[] lines, int at, out bool forwarded)
    {
        forwarded = false;
        var line = lines[at].AsSpan().Trim();
        if (line.Length is < 5 or > 120)
            return false;
        var dashed = line[0] is '-' or '_' or '=' or '*' or '—' or '<';
        if (!dashed && line[^1] is not (':' or '：'))
            return false;
        var inner = line.Trim("-_=*—<> :：");
        if (inner.Length is < 3 or > 60)
            return false;
        foreach (var words in TrimWords.Forwarded)
            if (inner.StartsWith(words, StringComparison.OrdinalIgnoreCase))
                return forwarded = true;
        if (!dashed)
            return false;
        foreach (var words in TrimWords.Original)
            if (inner.Equals(words, StringComparison.OrdinalIgnoreCase))
                return true;
        // Any words between dashes above a header block: a language that is not in the list.
        if (line[^1] is not ('-' or '_' or '=' or '—') || line[0] is '*' or '<')
            return false;
        var next = at + 1;
        while (next < lines.Length && next <= at + 2 && string.IsNullOrWhiteSpace(lines[next]))
            next++;
        return next < lines.Length && BlockAt(lines, next);
    }
}
