namespace ReplyMint.Replies;

/// <summary>
/// Numbers in words, in the four served languages: "five hundred and twenty", "fünfhundertzwanzig", "quatre-vingt-dix-neuf", "treinta y cinco".
/// What a statement says is the same in words and digits, so both come to one value.
/// </summary>
internal static class NumberWords
{
    public static readonly Dictionary<string, decimal> Single = Numerals();

    // No German number of everyday use is longer.
    private const int LongestCompound = 60;

    /// <summary>What one word stands for: from the table, or a German compound.</summary>
    /// <param name="known">The word if the table has it, else empty.</param>
    public static decimal? Value(string known, ReadOnlySpan<char> word) => known.Length > 0 ? Single.TryGetValue(known, out var value) ? value : null : Compound(word);

    /// <summary>"fünfhundert", "dreiundzwanzigtausend", "zweitausendfünfundzwanzig"; most words are none and cost a look.</summary>
    private static int? Compound(ReadOnlySpan<char> word) =>
        word.Length is >= 7 and <= LongestCompound && (word.Contains("hundert", StringComparison.Ordinal) || word.Contains("tausend", StringComparison.Ordinal) || IsTens(word)) ? German(word) : null;

    private static bool IsTens(ReadOnlySpan<char> word) =>
        (word.EndsWith("zig", StringComparison.Ordinal) || word.EndsWith("ßig", StringComparison.Ordinal) || word.EndsWith("ssig", StringComparison.Ordinal)) && word.Contains("und", StringComparison.Ordinal);

    private static int? German(ReadOnlySpan<char> word)
    {
        // "hundertundeins"
        if (word.StartsWith("und", StringComparison.Ordinal))
            word = word[3..];
        if (word.IndexOf("tausend", StringComparison.Ordinal) is >= 0 and var thousands)
            return Times(word, thousands, 1_000);
        if (word.IndexOf("hundert", StringComparison.Ordinal) is >= 0 and var hundreds)
            return Times(word, hundreds, 100);
        if (Table(word) is { } plain)
            return plain;
        return word.IndexOf("und", StringComparison.Ordinal) is > 0 and var and && Table(word[..and]) is { } unit and < 10 && Table(word[(and + 3)..]) is { } tens and >= 20 ? tens + unit : null;
    }

    private static int? Times(ReadOnlySpan<char> word, int at, int factor)
    {
        var rest = word[(at + 7)..];
        return (at == 0 ? 1 : German(word[..at])) is { } times && times < 1_000 && (rest.IsEmpty ? 0 : German(rest)) is { } more && more < factor ? times * factor + more : null;
    }

    private static int? Table(ReadOnlySpan<char> word) => Single.TryGetValue(word.ToString(), out var value) && value is >= 1 and < 100 && value == decimal.Truncate(value) ? (int)value : null;

    /// <summary>How many letters of a hyphenated word are a word of their own that a statement begins with: "twenty-five", "two-week", "euro-voucher". 0: none.</summary>
    /// <param name="behind">It stands behind a hyphen, as "day-guarantee" does in "30-day-guarantee".</param>
    public static int Head(ReadOnlySpan<char> word, bool behind)
    {
        for (var at = word.LastIndexOf('-'); at > 0; at = word[..at].LastIndexOf('-'))
        {
            var head = word[..at];
            var known = FactWords.Known(head);
            if (Value(known, head) is not null || behind && known.Length > 2 && (FactWords.Units.ContainsKey(known) || FactWords.Currencies.ContainsKey(known)))
                return at;
        }
        return 0;
    }

    /// <summary>Puts together what several words say: "two thousand three hundred and fifty".</summary>
    public static void Join(List<FactToken> tokens)
    {
        var kept = 0;
        for (var i = 0; i < tokens.Count; kept++)
        {
            var end = i + 1;
            tokens[kept] = tokens[i].Value is null ? tokens[i] : Whole(tokens, i, ref end);
            i = end;
        }
        tokens.RemoveRange(kept, tokens.Count - kept);
    }

    private static FactToken Whole(List<FactToken> tokens, int i, ref int end)
    {
        var first = tokens[i];
        var group = first.Value!.Value;
        // "5 hundred" is said, "5000 hundred" is not.
        if (group != decimal.Truncate(group) || first.Digits && group is 0 or >= 1_000)
            return first;
        var (whole, room) = (0m, first.Digits ? 0 : Room(group));
        while (end < tokens.Count)
        {
            if (Factor(tokens, end, first.Digits) is { } factor && group > 0 && (factor == 100 ? group < 100 : whole == 0 && group < 1_000_000))
            {
                (whole, group) = factor == 100 ? (whole, group * 100) : (group * 1_000, 0);
                room = factor;
                end += tokens[end].Text == "-" ? 2 : 1;
                continue;
            }
            var next = end + (Joins(tokens[end].Text, room) ? 1 : 0);
            // "one hundred and two hundred" are two numbers.
            if (next >= tokens.Count || tokens[next] is not { Value: { } value, Digits: false } || value <= 0 || value >= room || value != decimal.Truncate(value) || room <= 100 && Factor(tokens, next + 1, false) is not null)
                break;
            (group, room, end) = (group + value, Room(value), next + 1);
        }
        return end == i + 1 ? first : new(first.Start, tokens[end - 1].End, first.Text, whole + group, false);
    }

    /// <summary>What may still be added behind a part: units behind tens, tens behind hundreds. French counts on behind 60 and 80.</summary>
    private static int Room(decimal part) =>
        part >= 1_000 && part % 1_000 == 0 ? 1_000 : part >= 100 && part % 100 == 0 ? 100 : part >= 20 && part % 10 == 0 ? part is 60 or 80 ? 20 : 10 : 0;

    private static bool Joins(string word, int room) => word is "-" ? room > 0 : word is "et" or "y" ? room is 10 or 20 : word is "and" or "und" && room >= 100;

    /// <summary>100 or 1,000 where the word says so many times what stands before it.</summary>
    private static int? Factor(List<FactToken> tokens, int at, bool digits)
    {
        if (at < tokens.Count && tokens[at].Text == "-")
            at++;
        if (at >= tokens.Count)
            return null;
        return tokens[at].Text switch
        {
            "hundred" or "hundert" => 100,
            "thousand" or "tausend" or "mille" or "mil" => 1_000,
            // "deux cents euros" is money, and "fifty cents" is, too.
            "cent" or "cents" when !digits && at + 1 < tokens.Count && (tokens[at + 1].Value is not null || FactWords.Currencies.ContainsKey(tokens[at + 1].Text) || FactWords.Units.ContainsKey(tokens[at + 1].Text)) => 100,
            _ => null,
        };
    }

    private static Dictionary<string, decimal> Numerals()
    {
        var numbers = new Dictionary<string, decimal>();
        Add(1, 1, "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty");
        Add(1, 1, "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig");
        Add(1, 1, "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf vingt");
        Add(1, 1, "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte");
        Add(21, 1, "veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve");
        Add(30, 10, "thirty forty fifty sixty seventy eighty ninety hundred");
        Add(30, 10, "dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert");
        Add(30, 10, "trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix cent");
        Add(30, 10, "treinta cuarenta cincuenta sesenta setenta ochenta noventa cien");
        Add(100, 100, "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos");
        Add(200, 100, "doscientas trescientas cuatrocientas quinientas seiscientas setecientas ochocientas novecientas");
        numbers["eine"] = numbers["einen"] = numbers["einem"] = numbers["einer"] = numbers["eins"] = numbers["une"] = numbers["una"] = 1;
        // As written without the signs of a language, and in parts of it.
        (numbers["zwo"], numbers["fuenf"], numbers["zwoelf"], numbers["fuenfzehn"], numbers["dreissig"], numbers["fuenfzig"]) = (2, 5, 12, 15, 30, 50);
        (numbers["quatre-vingt"], numbers["septante"], numbers["huitante"], numbers["octante"], numbers["nonante"], numbers["veintiún"], numbers["veintiuna"]) = (80, 70, 80, 80, 90, 21, 21);
        numbers["thousand"] = numbers["tausend"] = numbers["mille"] = numbers["mil"] = 1_000;
        numbers["zero"] = numbers["null"] = numbers["zéro"] = numbers["cero"] = 0;
        numbers["half"] = numbers["halben"] = numbers["halbe"] = numbers["halbes"] = numbers["demi"] = numbers["media"] = 0.5m;
        (numbers["anderthalb"], numbers["eineinhalb"], numbers["zweieinhalb"], numbers["dreieinhalb"]) = (1.5m, 1.5m, 2.5m, 3.5m);
        return numbers;

        void Add(int first, int step, string words)
        {
            foreach (var word in words.Split(' '))
            {
                numbers[word] = first;
                first += step;
            }
        }
    }
}
