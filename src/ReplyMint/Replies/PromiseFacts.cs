namespace ReplyMint.Replies;

/// <summary>
/// Words that bind the tenant or that others are called for: refunds, guarantees, gifts, reductions, law and medicine. A source that denies one ("no refunds") lets an
/// answer deny it too, but not promise it.
/// </summary>
internal static class PromiseFacts
{
    /// <summary>Beginnings of words, and what they promise.</summary>
    private static readonly (string Stem, string Promise)[] Stems =
    [
        ("refund", "refund"), ("reimburs", "refund"), ("money back", "refund"), ("money-back", "refund"), ("repay", "refund"), ("erstatt", "refund"), ("rückerstatt", "refund"), ("zurückerstatt", "refund"), ("rückzahl", "refund"),
        ("geld zurück", "refund"), ("gutschrift", "refund"), ("rembours", "refund"), ("reembols", "refund"), ("reintegr", "refund"), ("devolución del dinero", "refund"), ("devolver el dinero", "refund"), ("chargeback", "refund"),
        ("guarant", "guarantee"), ("warrant", "guarantee"), ("garant", "guarantee"), ("gewährleist", "guarantee"), ("garanz", "guarantee"),
        ("free of charge", "free"), ("for free", "free"), ("free ship", "free"), ("free deliver", "free"), ("free return", "free"), ("free replac", "free"), ("complimentary", "free"), ("at no cost", "free"), ("no charge", "free"), ("without charge", "free"), ("no extra cost", "free"), ("no additional cost", "free"),
        ("kostenlos", "free"), ("kostenfrei", "free"), ("gratis", "free"), ("gratuit", "free"), ("umsonst", "free"), ("unentgeltlich", "free"), ("sans frais", "free"), ("sin coste", "free"), ("sin costo", "free"), ("offert", "free"),
        ("compensat", "compensation"), ("entschädig", "compensation"), ("schadensersatz", "compensation"), ("dédommag", "compensation"), ("indemni", "compensation"), ("compensac", "compensation"), ("indemniz", "compensation"), ("schadenersatz", "compensation"),
        ("discount", "discount"), ("voucher", "discount"), ("coupon", "discount"), ("rabatt", "discount"), ("gutschein", "discount"), ("nachlass", "discount"), ("preisnachlass", "discount"), ("bon d'achat", "discount"), ("remise de", "discount"), ("réduction", "discount"), ("descuento", "discount"), ("cupón", "discount"), ("vale de", "discount"), ("store credit", "discount"), ("half price", "discount"), ("half-price", "discount"), ("half the price", "discount"), ("half of the price", "discount"), ("half the cost", "discount"), ("half off", "discount"), ("halben preis", "discount"), ("hälfte des preises", "discount"), ("hälfte vom preis", "discount"), ("moitié du prix", "discount"), ("mitad del precio", "discount"), ("halber preis", "discount"), ("moitié prix", "discount"), ("mitad de precio", "discount"),
        ("we promise", "promise"), ("i promise", "promise"), ("promised", "promise"), ("verspr", "promise"), ("zusicher", "promise"), ("zugesichert", "promise"), ("nous promettons", "promise"), ("promettons", "promise"), ("je vous promets", "promise"), ("prometemos", "promise"), ("prometo", "promise"), ("le prometemos", "promise"), ("legally binding", "promise"), ("rechtsverbindlich", "promise"), ("we assure", "promise"), ("we commit", "promise"),
        ("cancel your contract", "cancel"), ("waive", "waiver"), ("erlassen", "waiver"), ("kulanz", "waiver"),
        ("replacement", "replacement"), ("ersatzlieferung", "replacement"), ("ersatzgerät", "replacement"), ("remplac", "replacement"), ("reemplaz", "replacement"),
        ("lawsuit", "legal"), ("lawyer", "legal"), ("attorney", "legal"), ("liabil", "legal"), ("liable", "legal"), ("legal ", "legal"), ("legally", "legal"), ("illegal", "legal"), ("sue ", "legal"), ("suing", "legal"),
        ("rechtsanw", "legal"), ("anwalt", "legal"), ("anwält", "legal"), ("haftung", "legal"), ("haftbar", "legal"), ("haften", "legal"), ("verklag", "legal"), ("rechtlich", "legal"), ("rechtsanspruch", "legal"),
        ("avocat", "legal"), ("juridique", "legal"), ("légal", "legal"), ("poursuites", "legal"), ("abogad", "legal"), ("demanda judicial", "legal"), ("jurídic", "legal"), ("responsabilité civile", "legal"), ("responsabilidad civil", "legal"),
        ("diagnos", "medical"), ("dosage", "medical"), ("dose", "medical"), ("dosis", "medical"), ("dosierung", "medical"), ("prescri", "medical"), ("medicat", "medical"), ("medicine", "medical"), ("side effect", "medical"), ("medikament", "medical"),
        ("arznei", "medical"), ("nebenwirkung", "medical"), ("therap", "medical"), ("symptom", "medical"), ("symptôm", "medical"), ("síntoma", "medical"), ("médicament", "medical"), ("ordonnance", "medical"), ("medicamento", "medical"), ("posolog", "medical"),
    ];

    private static readonly Dictionary<char, (string Stem, string Promise)[]> ByLetter = Stems.GroupBy(s => s.Stem[0]).ToDictionary(g => g.Key, g => g.ToArray());

    public static void Find(FactScanner scanner, bool grants)
    {
        var text = scanner.Text;
        var start = 0;
        while (start < text.Length)
        {
            var end = SentenceEnd(text, start);
            Sentence(scanner, start, end, grants);
            start = end;
        }
    }

    private static void Sentence(FactScanner scanner, int start, int end, bool grants)
    {
        var text = scanner.Text;
        bool? denied = null;
        for (var i = start; i < end; i++)
        {
            if (!char.IsLetter(text[i]) || (i > 0 && char.IsLetter(text[i - 1])))
                continue;
            if (!ByLetter.TryGetValue(text[i], out var stems))
                continue;
            foreach (var (stem, promise) in stems)
            {
                if (i + stem.Length > text.Length || !text.AsSpan(i, stem.Length).SequenceEqual(stem))
                    continue;
                // What the stem itself denies ("sans frais", "no charge") is the promise.
                denied ??= Denials.Stand(text, start, end, i, i + stem.Length);
                if (denied == false)
                    scanner.Mention(FactKind.Promise, promise, i, i + stem.Length);
                if (denied == true || grants)
                    scanner.Mention(FactKind.Promise, "no " + promise, i, i + stem.Length);
                break;
            }
        }
    }

    private static int SentenceEnd(string text, int start)
    {
        for (var i = start; i < text.Length; i++)
            if (text[i] is '!' or '?' or ';' || (text[i] is '.' && (i + 1 == text.Length || text[i + 1] is ' ' or '\n')) || (text[i] == '\n' && i + 1 < text.Length && text[i + 1] == '\n'))
                return i + 1;
        return text.Length;
    }
}
