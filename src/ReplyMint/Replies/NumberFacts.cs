using System.Text;

namespace ReplyMint.Replies;

/// <summary>Telephone numbers, and reference numbers such as orders and tickets.</summary>
internal static class NumberFacts
{
    /// <summary>What a number must stand behind in a mail to be a reference that may be repeated.</summary>
    private static readonly HashSet<string> ReferenceWords =
    [
        "order", "orders", "ticket", "invoice", "case", "booking", "reservation", "customer", "reference", "ref", "no", "nr", "number", "id", "tracking", "parcel", "shipment", "contract", "account",
        "bestellung", "bestellnummer", "auftrag", "auftragsnummer", "rechnung", "rechnungsnummer", "vorgang", "vorgangsnummer", "kundennummer", "buchung", "buchungsnummer", "sendung", "sendungsnummer", "vertrag", "vertragsnummer", "nummer", "ticketnummer",
        "commande", "facture", "dossier", "réservation", "numéro", "client", "contrat", "colis", "n", "num", "pedido", "factura", "reserva", "número", "caso", "cliente", "contrato", "envío", "expediente", "#", "№", "nº", "n°",
    ];

    /// <summary>Before all else that reads numbers: an account's has parts that look like others.</summary>
    public static void FindAccounts(FactScanner scanner)
    {
        foreach (var (start, length, _) in AccountNumbers.Places(scanner.Text))
            if (scanner.IsFree(start, start + length))
                scanner.Take(FactKind.Reference, new string([.. scanner.Text.AsSpan(start, length).ToString().Where(char.IsAsciiLetterOrDigit)]), start, start + length);
    }

    public static void Find(FactScanner scanner)
    {
        Phones(scanner);
        Spelled(scanner);
        foreach (var (start, end) in Codes(scanner.Text))
            if (scanner.IsFree(start, end))
                scanner.Take(FactKind.Reference, Canonical(scanner.Text.AsSpan(start, end - start)), start, end);
    }

    /// <summary>The reference numbers that a mail's writer gave; a telephone number or an amount is none. At most 20, each at most 32 characters.</summary>
    public static HashSet<string> References(string text)
    {
        var found = new HashSet<string>();
        var folded = FactText.Fold(text.Length > 20_000 ? text[..20_000] : text);
        foreach (var (start, end) in Codes(folded))
        {
            if (found.Count == 20)
                break;
            var code = folded.AsSpan(start, end - start);
            // A mail may bring the number of an order back, and nobody's account.
            if (AccountNumbers.Places(Canonical(code)).Any())
                continue;
            var hasLetter = code.IndexOfAnyInRange('a', 'z') >= 0;
            if (start > 0 && folded[start - 1] is '+' or '(' or '€' or '$' or '£' or '@' or '.' or '/')
                continue;
            if (hasLetter || Introduced(folded, start))
                found.Add(Canonical(code));
        }
        return found;
    }

    private static bool Introduced(string text, int start)
    {
        // The two words before it, and signs between.
        var words = 0;
        var at = start;
        while (at > 0 && words < 2)
        {
            at--;
            if (text[at] is '#' or '№' or 'º' or '°')
                return true;
            if (!char.IsLetter(text[at]))
            {
                if (text[at] is '\n' or '?' or '!' || char.IsAsciiDigit(text[at]))
                    return false;
                continue;
            }
            var end = at + 1;
            while (at > 0 && char.IsLetter(text[at - 1]) && end - at < 30)
                at--;
            if (ReferenceWords.Contains(text[at..end]))
                return true;
            words++;
        }
        return false;
    }

    /// <summary>Seven digits or more with the separators of telephone numbers, or a leading plus.</summary>
    private static void Phones(FactScanner scanner)
    {
        var text = scanner.Text;
        for (var i = 0; i < text.Length; i++)
        {
            if (!(char.IsAsciiDigit(text[i]) || (text[i] is '+' or '(' && i + 1 < text.Length && (char.IsAsciiDigit(text[i + 1]) || text[i + 1] is '+' or ' ' or '('))) || !scanner.IsFree(i, i + 1))
                continue;
            var end = i;
            var last = i;
            int digits = 0, separators = 0, run = 0;
            // Numbers of other kinds don't begin so, and have these between them.
            var dialled = text[i] is '0' or '+' or '(';
            while (end < text.Length && scanner.IsFree(end, end + 1))
            {
                var c = text[end];
                if (char.IsAsciiDigit(c))
                {
                    digits++;
                    run = 0;
                    last = end + 1;
                }
                else if (c is ' ' or '-' or '.' or '/' or '(' or ')' or '+' || dialled && c is ',' or ':' or '|' or '~' or '*' or '_' or '\'' or '\u2022')
                {
                    if (++run > 3)
                        break;
                    separators++;
                }
                else
                    break;
                end++;
            }
            var plain = text.AsSpan(i, last - i).IndexOfAnyExceptInRange('0', '9') < 0;
            if (i > 0 && (char.IsLetter(text[i - 1]) || text[i - 1] is '#' or '_'))
            {
                // Only so far it is a code: "DE12 3456 7890 1234" has more behind.
                while (i + 1 < text.Length && char.IsAsciiDigit(text[i + 1]))
                    i++;
                continue;
            }
            var code = plain && last < text.Length && char.IsLetter(text[last]);
            // A plain run of digits that starts with neither 0 nor plus may be any number; it is checked as a reference.
            if (digits >= 7 && !code && !(plain && text[i] != '0'))
            {
                var canonical = new string([.. text[i..last].Where(char.IsAsciiDigit)]);
                scanner.Take(FactKind.Phone, canonical.StartsWith("00", StringComparison.Ordinal) ? canonical[2..] : canonical, i, last);
            }
            i = Math.Max(i, last - 1);
        }
    }

    /// <summary>A telephone number in words: seven digits or more that words for numbers stand for, one behind the other.</summary>
    private static void Spelled(FactScanner scanner)
    {
        var tokens = scanner.Tokens;
        for (var i = 0; i < tokens.Count; i++)
        {
            var digits = new StringBuilder();
            var (next, words, last) = (i, 0, i);
            for (; next < tokens.Count; next++)
            {
                if (tokens[next] is { Value: { } value, Digits: false } && value is >= 0 and < 100 && value == decimal.Truncate(value))
                {
                    digits.Append(FactTokens.Text(value));
                    (words, last) = (words + 1, next);
                }
                else if (words == 0 || tokens[next].Text is not ("-" or "," or "."))
                {
                    break;
                }
            }
            if (words >= 4 && digits.Length >= 7 && scanner.IsFree(tokens[i].Start, tokens[last].End))
                scanner.Take(FactKind.Phone, digits.ToString(), tokens[i].Start, tokens[last].End);
            i = Math.Max(i, next - 1);
        }
    }

    /// <summary>Runs of letters, digits and inner dashes with at least four digits, 5 to 32 characters.</summary>
    private static IEnumerable<(int Start, int End)> Codes(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            if (!char.IsAsciiLetterOrDigit(text[i]))
            {
                i++;
                continue;
            }
            var end = i;
            var digits = 0;
            while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || (text[end] is '-' or '_' && end + 1 < text.Length && char.IsAsciiLetterOrDigit(text[end + 1]))))
            {
                if (char.IsAsciiDigit(text[end]))
                    digits++;
                end++;
            }
            if (digits >= 4 && end - i is >= 5 and <= 32)
                yield return (i, end);
            i = end;
        }
    }

    private static string Canonical(ReadOnlySpan<char> code) => code.ToString().Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal);
}
