namespace ReplyMint.Replies;

/// <summary>Prices with their currency, and percentages.</summary>
internal static class AmountFacts
{
    private static readonly HashSet<string> Between = ["-", "to", "bis", "à", "a", "and", "und", "et", "y", "or", "oder", "ou", "o"];
    private static readonly HashSet<string> Percents = ["%", "percent", "prozent", "pct", "‰", "promille"];

    public static void Find(FactScanner scanner)
    {
        var tokens = scanner.Tokens;
        for (var i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Value is not { } value || !scanner.IsFree(tokens[i].Start, tokens[i].End))
                continue;
            var end = i;
            if (Suffix(tokens, i, ref end) is { } unit)
            {
                Take(scanner, tokens, i, end, value, unit);
                continue;
            }
            // "10 to 20 %": the first number takes the second's unit.
            var second = i + 2;
            if (second < tokens.Count && Between.Contains(tokens[i + 1].Text) && tokens[second].Value is not null)
            {
                end = second;
                if (Suffix(tokens, second, ref end) is { } shared)
                {
                    Take(scanner, tokens, i, i, value, shared);
                    continue;
                }
            }
            if (i > 0 && Prefix(tokens, i) is var (start, currency))
                Take(scanner, tokens, start, i, value, currency);
        }
        Signless(scanner, tokens);
    }

    private static void Take(FactScanner scanner, List<FactToken> tokens, int first, int last, decimal value, string unit)
    {
        var start = tokens[first].Start;
        var end = tokens[last].End;
        scanner.Take(unit is "%" or "‰" ? FactKind.Percentage : FactKind.Price, $"{FactTokens.Text(value)} {unit}", start, end);
    }

    /// <summary>The unit behind a number: "%", "per cent", "€", "euro", ",- €", "million dollars".</summary>
    private static string? Suffix(List<FactToken> tokens, int i, ref int end)
    {
        var at = i + 1;
        // "10,- EUR" and "10.- CHF": the dash stands for no cents.
        if (at + 1 < tokens.Count && tokens[at].Text is "," or "." && tokens[at + 1].Text == "-" && tokens[at].Start == tokens[i].End)
            at += 2;
        // "500-Euro-Gutschein", "fünfhundert-Euro-Gutschein"
        else if (at + 1 < tokens.Count && tokens[at].Text == "-" && tokens[at].Start == tokens[i].End && tokens[at + 1].Start == tokens[at].End)
            at++;
        var scale = "";
        if (at < tokens.Count && FactWords.Scales.TryGetValue(tokens[at].Text, out var factor))
        {
            scale = $"x{factor} ";
            at++;
            if (at < tokens.Count && tokens[at].Text is "." or "de" or "d'")
                at++;
        }
        if (at >= tokens.Count)
            return null;
        end = at;
        if (scale.Length == 0 && Percents.Contains(tokens[at].Text))
            return tokens[at].Text is "‰" or "promille" ? "‰" : "%";
        if (scale.Length == 0 && at + 1 < tokens.Count && (tokens[at].Text, tokens[at + 1].Text) is ("per", "cent") or ("pour", "cent") or ("por", "ciento") or ("por", "cien"))
        {
            end = at + 1;
            return "%";
        }
        return FactWords.Currencies.TryGetValue(tokens[at].Text, out var currency) ? scale + currency : null;
    }

    /// <summary>"€ 10", "$10", "US$ 10", "EUR 10", "CHF 10".</summary>
    private static (int Start, string Currency)? Prefix(List<FactToken> tokens, int i)
    {
        var before = tokens[i - 1];
        if (!FactWords.Currencies.TryGetValue(before.Text, out var currency) || (before.Text is "fr" or "ct" or "kr" or "mxn" && before.End != tokens[i].Start))
            return null;
        return (i - 1, currency);
    }

    /// <summary>A currency sign whose number some trick keeps from being read is still a price, with nothing to match it.</summary>
    private static void Signless(FactScanner scanner, List<FactToken> tokens)
    {
        foreach (var token in tokens)
            if (token.Text is "€" or "$" or "£" or "¥" or "₹" or "₩" or "₽" or "₿" or "%" && scanner.IsFree(token.Start, token.End))
                scanner.Take(token.Text == "%" ? FactKind.Percentage : FactKind.Price, "sign " + token.Text, token.Start, token.End);
    }
}
