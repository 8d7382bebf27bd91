using System.Collections.Frozen;

namespace ReplyMint.Replies;

/// <summary>Words of the four served languages that statements are made of, lower case and composed.</summary>
internal static class FactWords
{
    public static readonly Dictionary<string, int> Months = Named(
        "january januar jänner janvier enero jan", "february februar février fevrier febrero feb fév", "march märz maerz mars marzo mar mär", "april avril abril apr avr abr",
        "may mai mayo", "june juni juin junio jun", "july juli juillet julio jul juil", "august août aout agosto aug ago", "september septembre septiembre setiembre sep sept",
        "october oktober octobre octubre oct okt", "november novembre noviembre nov", "december dezember décembre decembre diciembre dec dez déc dic");

    /// <summary>Months that stand alone without doubt: not "may", "march", "mars", "juin" beside a name, nor short forms.</summary>
    public static readonly HashSet<string> ClearMonths =
    [
        "january", "february", "april", "june", "july", "august", "september", "october", "november", "december", "januar", "februar", "märz", "juni", "juli", "oktober", "dezember",
        "janvier", "février", "avril", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre", "enero", "febrero", "abril", "mayo", "junio", "julio", "agosto",
        "septiembre", "octubre", "noviembre", "diciembre",
    ];

    public static readonly Dictionary<string, int> Weekdays = Named(
        "monday mondays montag montags lundi lundis lunes", "tuesday tuesdays dienstag dienstags mardi mardis martes", "wednesday wednesdays mittwoch mittwochs mercredi mercredis miércoles miercoles",
        "thursday thursdays donnerstag donnerstags jeudi jeudis jueves", "friday fridays freitag freitags vendredi vendredis viernes",
        "saturday saturdays samstag samstags sonnabend sonnabends samedi samedis sábado sábados sabado", "sunday sundays sonntag sonntags dimanche dimanches domingo domingos");

    /// <summary>Units of time, from the shortest.</summary>
    public static readonly Dictionary<string, int> Units = Named(
        "minute minutes minuten min minuto minutos", "hour hours hrs stunde stunden std heure heures hora horas", "day days tag tage tagen werktag werktage werktagen jour jours día días dia dias",
        "week weeks woche wochen semaine semaines semana semanas", "month months monat monate monaten mois mes meses", "year years jahr jahre jahren année années año años");

    /// <summary>Words that may stand between a number and its unit: "3 business days".</summary>
    public static readonly HashSet<string> UnitAdjectives = ["business", "working", "full", "volle", "vollen", "whole", "more", "weitere", "calendar"];

    public static readonly Dictionary<string, decimal> Scales = new()
    {
        ["k"] = 1_000, ["thousand"] = 1_000, ["tausend"] = 1_000, ["mille"] = 1_000, ["mil"] = 1_000, ["million"] = 1_000_000, ["millions"] = 1_000_000, ["millionen"] = 1_000_000,
        ["mio"] = 1_000_000, ["millón"] = 1_000_000, ["millones"] = 1_000_000, ["m"] = 1_000_000,
    };

    public static readonly Dictionary<string, string> Currencies = Currency(
        "eur € euro euros", "usd $ us$ dollar dollars us-dollar us-dollars dólar dólares bucks", "gbp £ pound pounds pfund livres libras quid", "chf sfr fr franken francs franc francos", "jpy ¥ yen",
        "sek nok dkk kr kronor kroner kronen", "pln zł zloty", "czk kč", "inr ₹ rupees", "btc ₿ bitcoin", "cad", "aud", "mxn peso pesos", "cent cents ct centimes céntimos pence", "krw ₩", "rub ₽", "try ₺", "ils ₪", "uah ₴", "brl r$");

    /// <summary>Days of a month as they are said: "the fifth of June", "am fünften Juni". French and Spanish say plain numbers.</summary>
    public static readonly Dictionary<string, int> OrdinalDays = Ordinals();

    /// <summary>Words that only the scanners' grammar knows.</summary>
    private static readonly string[] Grammar =
        ("am pm a p m h k st nd rd th er º ª of de del the le la el uhr o'clock heures heure horas next nächste nächsten nächster kommende kommenden prochaine prochain próxima próximo " +
        "tomorrow demain mañana morgen übermorgen après-demain tonight overnight today heute aujourd'hui hoy guten schönen jeden every " +
        "within in an cents fortnight to bis à and und et y or oder ou o percent prozent pct promille per cent pour por ciento cien d'").Split(' ');

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> All = Months.Keys.Concat(Weekdays.Keys).Concat(Units.Keys).Concat(UnitAdjectives)
        .Concat(NumberWords.Single.Keys).Concat(OrdinalDays.Keys).Concat(Scales.Keys).Concat(Currencies.Keys).Concat(Grammar).ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The word if statements are made of it, else empty.</summary>
    public static string Known(ReadOnlySpan<char> word) => word.Length <= 20 && All.TryGetValue(word, out var known) ? known : "";

    private static Dictionary<string, int> Named(params string[] groups)
    {
        var names = new Dictionary<string, int>();
        for (var i = 0; i < groups.Length; i++)
            foreach (var word in groups[i].Split(' '))
                names[word] = i + 1;
        return names;
    }

    private static Dictionary<string, string> Currency(params string[] groups)
    {
        var names = new Dictionary<string, string>();
        foreach (var group in groups)
        {
            var words = group.Split(' ');
            foreach (var word in words)
                names[word] = words[0];
        }
        return names;
    }

    private static Dictionary<string, int> Ordinals()
    {
        var days = new Dictionary<string, int>();
        var at = 0;
        foreach (var word in "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".Split(' '))
            days[word] = ++at;
        foreach (var word in days.Where(day => day.Value < 10).ToArray())
            days["twenty-" + word.Key] = 20 + word.Value;
        (days["thirtieth"], days["thirty-first"], days["premier"], days["primero"]) = (30, 31, 1, 1);
        at = 0;
        foreach (var word in "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft dreizehnt vierzehnt fünfzehnt sechzehnt siebzehnt achtzehnt neunzehnt zwanzigst".Split(' '))
            Inflected(word, ++at);
        foreach (var unit in "ein zwei drei vier fünf sechs sieben acht neun".Split(' '))
            Inflected(unit + "undzwanzigst", ++at);
        Inflected("dreißigst", 30);
        Inflected("einunddreißigst", 31);
        return days;

        void Inflected(string stem, int day) => days[stem + "e"] = days[stem + "en"] = days[stem + "er"] = day;
    }
}
