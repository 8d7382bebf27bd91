using System.Collections.Frozen;

namespace ReplyMint.Knowledge;

/// <summary>The languages whose little words and endings are known. Any other text is searched by its words as they stand.</summary>
internal enum Language : byte { Unknown, English, German, French, Spanish }

/// <summary>Function words of a language, folded as <see cref="Words"/> folds them.</summary>
internal static class LanguageWords
{
    public const int Count = 5;

    private static readonly string[] Codes = ["", "en", "de", "fr", "es"];

    private static readonly Lookup[] StopWords =
    [
        Lookup.Of(""),
        Lookup.Of("""
            a an the is are was were be been being am do does did doing done have has had having i me my mine myself you your yours
            he him his she her it its we us our ours they them their this that these those there here to of in on at for and or but if
            so as by with from into about than then too also just any some such can could would should shall will may might must let
            get got please hello hi dear thanks thank regards not anything something everything else don doesn didn isn aren wasn weren won wouldn couldn shouldn hasn haven
            """),
        Lookup.Of("""
            der die das den dem des ein eine einen einem einer eines ich du er sie es wir ihr mich mir dich dir ihn ihm uns euch ihnen
            mein meine meinen meinem meiner meines dein deine ihre ihren ihrem ihrer sein seine unser unsere und oder aber doch denn
            ist sind war waren bin bist hat habe haben hatte hatten wird werden wurde wurden kann koennen koennte konnte muss muessen
            soll sollen darf duerfen moechte will wollen zu zum zur in im an am auf aus bei beim von vom mit nach fuer um ueber unter vor
            durch gegen ohne bis seit dass ob wenn als da dort hier auch noch nur schon so sehr nicht kein keine keinen bitte danke
            hallo guten tag sehr geehrte geehrter liebe lieber gruesse freundliche freundlichen man sich dies diese dieser dieses diesen etwas alles nichts
            """),
        Lookup.Of("""
            le la les un une des du de d l je j me m moi tu te t toi il elle on nous vous ils elles se s leur leurs mon ma mes ton ta tes
            son sa ses notre nos votre vos et ou mais donc or ni car que qu si est sont suis es sommes etes etait etaient etre ete ai as a
            avons avez ont avoir avait eu peut peux pouvez pouvons pouvoir puis dois doit devez faut veux veut voulez voudrais fait faire
            au aux en dans sur sous par pour avec sans chez vers entre ce c cet cette ces cela ca ceci y n ne pas plus tres aussi bien
            bonjour merci madame monsieur cordialement svp plait rien quelque chose
            """),
        Lookup.Of("""
            el la los las un una unos unas lo al del de yo me mi mis tu te ti tus el ella ello nosotros nos ellos ellas se su sus usted
            ustedes vosotros os le les y e o u pero si no ni que es son soy eres somos era eran ser sido esta estan estoy estar hay ha han
            he hemos haber tengo tiene tienen tener puede puedo pueden podemos poder debo debe deben quiero quiere quisiera hacer a en con
            sin por para sobre entre hasta desde este esta estos estas ese esa eso esos esas esto aqui alli muy mas ya tambien solo
            hola gracias buenos buenas dias tardes estimado estimada saludos favor algo nada
            """),
    ];

    private static readonly Lookup[] QuestionWords =
    [
        Lookup.Of(""),
        Lookup.Of("who what when where which why how whose whom"),
        Lookup.Of("wer was wann wo warum wie wieso weshalb wohin woher welche welcher welches welchen wieviel wem wen"),
        Lookup.Of("qui quoi quand pourquoi comment quel quelle quels quelles combien lequel laquelle"),
        Lookup.Of("quien quienes cuando donde como cual cuales cuanto cuanta cuantos cuantas adonde"),
    ];

    public static string Code(Language language) => Codes[(int)language];

    public static Language Of(string code) => (Language)Math.Max(0, Array.IndexOf(Codes, code));

    public static bool IsStop(Language language, ReadOnlySpan<char> word) => StopWords[(int)language].Contains(word);

    public static bool IsQuestionWord(Language language, ReadOnlySpan<char> word) => QuestionWords[(int)language].Contains(word);

    /// <summary>The language whose little words occur most, or Unknown when none leads. Looks at the first 400 words.</summary>
    public static Language Guess(ReadOnlySpan<char> text)
    {
        Span<int> votes = stackalloc int[Count];
        Span<char> buffer = stackalloc char[Words.MaxLength];
        var words = new Words(text);
        for (var seen = 0; seen < 400 && words.Next(); seen++)
        {
            var word = words.CopyTo(buffer);
            for (var language = 1; language < Count; language++)
                if (StopWords[language].Contains(word) || QuestionWords[language].Contains(word))
                    votes[language]++;
        }
        var best = 0;
        var second = 0;
        for (var language = 1; language < Count; language++)
        {
            if (votes[language] > votes[best])
                (second, best) = (votes[best], language);
            else
                second = Math.Max(second, votes[language]);
        }
        return votes[best] > second ? (Language)best : Language.Unknown;
    }

    private sealed class Lookup
    {
        private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _set;
        private readonly int _longest;

        private Lookup(FrozenSet<string> set)
        {
            _set = set.GetAlternateLookup<ReadOnlySpan<char>>();
            _longest = set.Count == 0 ? 0 : set.Max(word => word.Length);
        }

        public static Lookup Of(string words) =>
            new(words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .ToFrozenSet(StringComparer.Ordinal));

        public bool Contains(ReadOnlySpan<char> word) => word.Length <= _longest && _set.Contains(word);
    }
}
