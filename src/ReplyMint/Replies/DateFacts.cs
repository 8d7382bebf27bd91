using System.Globalization;

namespace ReplyMint.Replies;

/// <summary>Dates, weekdays, times of day, spans of time and words such as "tomorrow", in English, German, French and Spanish.</summary>
internal static class DateFacts
{
    private static readonly HashSet<string> Ordinals = ["st", "nd", "rd", "th", "er", "º", "ª", "."];
    private static readonly HashSet<string> Joiners = ["of", "de", "del", ",", "the", "le", "el", "."];
    private static readonly HashSet<string> TimeWords = ["uhr", "h", "o'clock", "heures", "heure", "horas"];
    private static readonly HashSet<string> Next = ["next", "nächste", "nächsten", "nächster", "kommende", "kommenden", "prochaine", "prochain", "próxima", "próximo"];

    private static readonly Dictionary<string, string> Relative = new()
    {
        ["tomorrow"] = "tomorrow", ["demain"] = "tomorrow", ["mañana"] = "tomorrow", ["morgen"] = "tomorrow", ["übermorgen"] = "in 2 days", ["après-demain"] = "in 2 days",
        ["fortnight"] = "2 of unit 4", ["tonight"] = "tonight", ["overnight"] = "overnight", ["today"] = "today", ["heute"] = "today", ["aujourd'hui"] = "today", ["hoy"] = "today",
    };

    /// <summary>Before these words "morgen" and "mañana" are mornings.</summary>
    private static readonly HashSet<string> Mornings = ["guten", "am", "la", "schönen", "jeden", "every"];

    public static void Find(FactScanner scanner, bool grants)
    {
        var tokens = scanner.Tokens;
        for (var i = 0; i < tokens.Count; i++)
        {
            var token = tokens[i];
            if (token.Text.Length == 0 || !scanner.IsFree(token.Start, token.End))
                continue;
            if (token.Digits)
                _ = Numeric(scanner, tokens, i, grants) || DayMonth(scanner, tokens, i, grants) || Time(scanner, tokens, i) || Span(scanner, tokens, i);
            else if (FactWords.Months.ContainsKey(token.Text))
                // French "sept" is a month cut short, and seven.
                _ = MonthDay(scanner, tokens, i, grants) || Month(scanner, tokens, i, grants) || Span(scanner, tokens, i);
            else if (FactWords.Weekdays.TryGetValue(token.Text, out var weekday))
                scanner.Take(FactKind.Date, $"weekday {weekday}", token.Start, token.End);
            else if (Relative.TryGetValue(token.Text, out var relative))
            {
                if (!(token.Text is "morgen" or "mañana" && i > 0 && Mornings.Contains(tokens[i - 1].Text)))
                    scanner.Take(FactKind.Date, relative, token.Start, token.End);
            }
            else if (token.Value is not null)
                _ = SaidDay(scanner, tokens, i, grants) || Time(scanner, tokens, i) || Span(scanner, tokens, i);
            else if (FactWords.OrdinalDays.ContainsKey(token.Text))
                SaidDay(scanner, tokens, i, grants);
            else if (token.Text is "within" or "in" && Sign(tokens, i + 1) is "a" or "an" && i + 2 < tokens.Count && FactWords.Units.TryGetValue(tokens[i + 2].Text, out var one))
                scanner.Take(FactKind.Date, $"1 of unit {one}", token.Start, tokens[i + 2].End);
            else if (FactWords.Units.TryGetValue(token.Text, out var unit) && unit >= 4 && (Is(tokens, i - 1, Next) || Is(tokens, i + 1, Next)))
                scanner.Take(FactKind.Date, $"next {unit}", token.Start, token.End);
        }
    }

    private static bool Is(List<FactToken> tokens, int at, HashSet<string> words) => at >= 0 && at < tokens.Count && words.Contains(tokens[at].Text);

    private static string Sign(List<FactToken> tokens, int at) => at < tokens.Count ? tokens[at].Text : "";

    private static int? Small(List<FactToken> tokens, int at, int low, int high) =>
        at >= 0 && at < tokens.Count && tokens[at].Digits && tokens[at].Text.Length <= 4 && int.TryParse(tokens[at].Text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= low && n <= high ? n : null;

    private static int? Year(List<FactToken> tokens, int at) => Small(tokens, at, 1900, 2199);

    private static void Date(FactScanner scanner, int? year, int month, int day, int start, int end, bool grants)
    {
        var short_ = $"{month:00}-{day:00}";
        scanner.Take(FactKind.Date, year is null ? short_ : $"{year:0000}-{short_}", start, end);
        if (grants && year is not null)
        {
            scanner.Grant(FactKind.Date, short_);
            scanner.Grant(FactKind.Date, $"month {month}");
        }
    }

    /// <summary>2026-05-01, 2026/5/1, 1.5.2026, 01.05.26, 1.5., 5/1/2026.</summary>
    private static bool Numeric(FactScanner scanner, List<FactToken> tokens, int i, bool grants)
    {
        var token = tokens[i];
        if (Year(tokens, i) is { } year && Sign(tokens, i + 1) is "-" or "/" && Sign(tokens, i + 3) == Sign(tokens, i + 1)
            && Small(tokens, i + 2, 1, 12) is { } month && Small(tokens, i + 4, 1, 31) is { } day)
        {
            Date(scanner, Year(tokens, i), month, day, token.Start, tokens[i + 4].End, grants);
            return true;
        }
        var parts = token.Text.Split('.');
        if (parts.Length is 2 or 3 && parts.All(p => p.Length is 1 or 2 or 4 && p.All(char.IsAsciiDigit)))
        {
            var dotted = parts.Select(p => int.Parse(p, CultureInfo.InvariantCulture)).ToArray();
            if (parts.Length == 3 && dotted[0] is >= 1 and <= 31 && dotted[1] is >= 1 and <= 12)
            {
                Date(scanner, dotted[2] < 100 ? 2000 + dotted[2] : dotted[2], dotted[1], dotted[0], token.Start, token.End, grants);
                return true;
            }
            // "1.5." is a date, "1.5" a number.
            if (parts.Length == 2 && Sign(tokens, i + 1) == "." && tokens[i + 1].Start == token.End && dotted[0] is >= 1 and <= 31 && dotted[1] is >= 1 and <= 12 && parts[1].Length <= 2)
            {
                var end = Year(tokens, i + 2) is not null ? tokens[i + 2].End : tokens[i + 1].End;
                Date(scanner, Year(tokens, i + 2), dotted[1], dotted[0], token.Start, end, grants);
                return true;
            }
        }
        // With slashes nobody can tell day from month, so it is compared as written.
        if (Small(tokens, i, 1, 31) is { } a && Sign(tokens, i + 1) == "/" && Small(tokens, i + 2, 1, 31) is { } b && Sign(tokens, i + 3) == "/" && Small(tokens, i + 4, 0, 2199) is { } y)
        {
            scanner.Take(FactKind.Date, $"{a}/{b}/{(y < 100 ? 2000 + y : y)}", token.Start, tokens[i + 4].End);
            return true;
        }
        return false;
    }

    /// <summary>5 May 2026, 5th of May, 5. Mai, 1er mai, 5 de mayo de 2026.</summary>
    private static bool DayMonth(FactScanner scanner, List<FactToken> tokens, int i, bool grants)
    {
        if (Small(tokens, i, 1, 31) is not { } day)
            return false;
        var at = i + 1;
        if (Is(tokens, at, Ordinals))
            at++;
        while (at < i + 4 && Is(tokens, at, Joiners))
            at++;
        if (at >= tokens.Count || !FactWords.Months.TryGetValue(tokens[at].Text, out var month))
            return false;
        var end = at;
        var year = YearBehind(tokens, ref end);
        Date(scanner, year, month, day, tokens[i].Start, tokens[end].End, grants);
        return true;
    }

    /// <summary>"The fifth of June", "am fünften Juni", "June the fifth", "le cinq juin".</summary>
    private static bool SaidDay(FactScanner scanner, List<FactToken> tokens, int i, bool grants)
    {
        var ordinal = Ordinal(tokens, i);
        if ((ordinal ?? Counted(tokens, i, 1, 31)) is not { } day)
            return false;
        var at = i + 1;
        while (at < i + 3 && Sign(tokens, at) is "of" or "de" or "del" or "the")
            at++;
        if (at >= tokens.Count || !FactWords.Months.TryGetValue(tokens[at].Text, out var month)
            || !(tokens[at].Text is "mai" || FactWords.ClearMonths.Contains(tokens[at].Text) || ordinal is not null && (at > i + 1 || !IsVerb(tokens[at]))))
            return false;
        var end = at;
        Date(scanner, YearBehind(tokens, ref end), month, day, tokens[i].Start, tokens[end].End, grants);
        return true;
    }

    /// <summary>"You may first ask", "the second may be": a month by its place only.</summary>
    private static bool IsVerb(FactToken token) => token.Text is "may" or "march";

    private static int? Ordinal(List<FactToken> tokens, int at) => at < tokens.Count && FactWords.OrdinalDays.TryGetValue(tokens[at].Text, out var day) ? day : null;

    /// <summary>A whole number in words.</summary>
    private static int? Counted(List<FactToken> tokens, int at, int low, int high) =>
        tokens[at] is { Digits: false, Value: { } value } && value >= low && value <= high && value == decimal.Truncate(value) ? (int)value : null;

    /// <summary>May 5, May 5th, May fifth, May 5th, 2026.</summary>
    private static bool MonthDay(FactScanner scanner, List<FactToken> tokens, int i, bool grants)
    {
        var at = i + 1;
        while (at < i + 3 && Is(tokens, at, Joiners))
            at++;
        if ((Small(tokens, at, 1, 31) ?? (IsVerb(tokens[i]) ? null : Ordinal(tokens, at))) is not { } day)
            return false;
        var end = at;
        if (Is(tokens, end + 1, Ordinals) && Sign(tokens, end + 1) != ".")
            end++;
        var year = YearBehind(tokens, ref end);
        Date(scanner, year, FactWords.Months[tokens[i].Text], day, tokens[i].Start, tokens[end].End, grants);
        return true;
    }

    private static int? YearBehind(List<FactToken> tokens, ref int end)
    {
        var at = end + 1;
        while (at < end + 3 && Is(tokens, at, Joiners))
            at++;
        if (Year(tokens, at) is not { } year)
            return null;
        end = at;
        return year;
    }

    private static bool Month(FactScanner scanner, List<FactToken> tokens, int i, bool grants)
    {
        var month = FactWords.Months[tokens[i].Text];
        var end = i;
        if (YearBehind(tokens, ref end) is { } year)
        {
            scanner.Take(FactKind.Date, $"{year}-{month:00}", tokens[i].Start, tokens[end].End);
            if (grants)
                scanner.Grant(FactKind.Date, $"month {month}");
            return true;
        }
        if (!FactWords.ClearMonths.Contains(tokens[i].Text))
            return false;
        scanner.Take(FactKind.Date, $"month {month}", tokens[i].Start, tokens[i].End);
        return true;
    }

    /// <summary>17:30, 17.30 Uhr, 17 Uhr, 17h30, 5 pm, 5:30 p.m., five o'clock.</summary>
    private static bool Time(FactScanner scanner, List<FactToken> tokens, int i)
    {
        int? hour = Small(tokens, i, 0, 24) ?? Counted(tokens, i, 0, 24), minute = null;
        var end = i;
        if (hour is null && tokens[i].Text.Split('.') is [var h, { Length: 2 } m] && int.TryParse(h, out var dottedHour) && int.TryParse(m, out var dottedMinute)
            && dottedHour <= 24 && dottedMinute <= 59 && (Is(tokens, i + 1, TimeWords) || Sign(tokens, i + 1) is "pm" or "am"))
            (hour, minute) = (dottedHour, dottedMinute);
        else if (hour is not null && Sign(tokens, i + 1) is ":" or "h" && tokens[i + 1].Start == tokens[i].End
            && i + 2 < tokens.Count && tokens[i + 2].Start == tokens[i + 1].End && tokens[i + 2].Text.Length == 2 && Small(tokens, i + 2, 0, 59) is { } behind)
            (minute, end) = (behind, i + 2);
        if (hour is not { } value)
            return false;
        var half = Sign(tokens, end + 1);
        if (half is "am" or "pm" || (half is "a" or "p" && Sign(tokens, end + 2) == "." && Sign(tokens, end + 3) == "m"))
        {
            end += half.Length == 2 ? 1 : 3;
            value = value % 12 + (half[0] == 'p' ? 12 : 0);
        }
        else if (Is(tokens, end + 1, TimeWords) && !(half is "heures" or "heure" or "horas" && minute is null))
            end++;
        else if (minute is null)
            return false;
        scanner.Take(FactKind.Date, $"{value:00}:{minute ?? 0:00}", tokens[i].Start, tokens[end].End);
        return true;
    }

    /// <summary>3 days, two business days, 24 Stunden, 2 semaines.</summary>
    private static bool Span(FactScanner scanner, List<FactToken> tokens, int i)
    {
        if (tokens[i].Value is not { } value)
            return false;
        var at = i + 1;
        while (at < i + 3 && (Is(tokens, at, FactWords.UnitAdjectives) || Sign(tokens, at) is "-" || value == 0.5m && Sign(tokens, at) is "a" or "an"))
            at++;
        if (at >= tokens.Count || !FactWords.Units.TryGetValue(tokens[at].Text, out var unit))
            return false;
        scanner.Take(FactKind.Date, $"{FactTokens.Text(value)} of unit {unit}", tokens[i].Start, tokens[at].End);
        return true;
    }
}
