namespace ReplyMint.Replies;

/// <summary>Numbers of payment cards (ISO/IEC 7812: 13 to 19 digits with a check digit) and of bank accounts (ISO 13616: IBAN), written with or without spaces.</summary>
internal static class AccountNumbers
{
    private const int LeastCard = 13;
    private const int MostCard = 19;
    private const int LeastIban = 15;
    private const int MostIban = 34;

    public static IEnumerable<(int Start, int Length, string Name)> Places(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiLetterOrDigit(text[i]) || i > 0 && char.IsAsciiLetterOrDigit(text[i - 1]))
                continue;
            var length = char.IsAsciiDigit(text[i]) ? Card(text, i) : char.IsAsciiLetter(text[i]) ? Iban(text, i) : 0;
            if (length == 0)
                continue;
            yield return (i, length, char.IsAsciiDigit(text[i]) ? "a card number" : "an account number");
            i += length - 1;
        }
    }

    private static int Card(string text, int start)
    {
        Span<char> digits = stackalloc char[MostCard];
        var (count, end) = (0, start);
        for (var i = start; i < text.Length && count <= MostCard; i++)
        {
            if (char.IsAsciiDigit(text[i]))
            {
                if (count == MostCard)
                    return 0;
                digits[count++] = text[i];
                end = i + 1;
            }
            else if (text[i] is not (' ' or '-' or '.') || i > start && !char.IsAsciiDigit(text[i - 1]))
            {
                break;
            }
        }
        // A letter right behind makes it another number.
        return count >= LeastCard && (end == text.Length || !char.IsAsciiLetter(text[end])) && HasCheckDigit(digits[..count]) ? end - start : 0;
    }

    /// <summary>The Luhn sum (ISO/IEC 7812-1, annex B). A row of one digit is no card.</summary>
    private static bool HasCheckDigit(ReadOnlySpan<char> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] - '0';
            sum += i % 2 == 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
        }
        return sum % 10 == 0 && digits.ContainsAnyExcept(digits[0]);
    }

    private static int Iban(string text, int start)
    {
        Span<char> signs = stackalloc char[MostIban];
        var (count, end, longest) = (0, start, 0);
        for (var i = start; i < text.Length && count < MostIban; i++)
        {
            var c = text[i];
            if (char.IsAsciiLetterOrDigit(c))
            {
                if (count < 2 ? !char.IsAsciiLetter(c) : count < 4 && !char.IsAsciiDigit(c))
                    break;
                signs[count++] = char.ToUpperInvariant(c);
                end = i + 1;
                // The word behind it may look like more of it, so the longest that checks is taken.
                if (count >= LeastIban && (end == text.Length || !char.IsAsciiLetterOrDigit(text[end])) && Remainder(signs[..count]) == 1)
                    longest = end - start;
            }
            else if (c != ' ' || !char.IsAsciiLetterOrDigit(text[i - 1]))
            {
                break;
            }
        }
        return longest;
    }

    /// <summary>ISO 7064, mod 97-10: the first four signs stand behind, letters count from 10 on.</summary>
    private static int Remainder(ReadOnlySpan<char> signs)
    {
        var rest = 0;
        for (var i = 0; i < signs.Length; i++)
        {
            var c = signs[(i + 4) % signs.Length];
            rest = char.IsAsciiDigit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
        }
        return rest;
    }
}
