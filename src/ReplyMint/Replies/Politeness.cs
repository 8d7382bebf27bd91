using System.Collections.Frozen;

namespace ReplyMint.Replies;

/// <summary>Words that only make an answer polite, folded as the words of an index are. A sentence of nothing else says nothing of the matter.</summary>
internal static class Politeness
{
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> All = """
        yes ok okay sure thank thanks message mail email enquiry inquiry question questions asking writing wrote written write contact contacting reach reaching reply
        help helps helpful hope happy glad pleased sorry welcome kind kindly feel free hesitate further more again know information certainly gladly appreciate interest here below
        ja gern gerne vielen dank nachricht anfrage frage fragen schreiben geschrieben kontakt hilft helfen hilfe hoffe hoffen freue freuen weitere weiteren weiter melden wieder jederzeit
        verfuegung stehen interesse antwort folgend unten tut leid natuerlich selbstverstaendlich
        oui message courriel question questions ecrit ecrire contacter aide aider espere esperons heureux ravi volontiers autre autres hesitez nouveau disposition reponse bien sur interet desole
        si mensaje correo consulta pregunta preguntas escribir escrito contactar ayuda ayudar espero esperamos gusto encantado otra otras dude nuevo disposicion respuesta interes claro lamento
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    public static bool Has(ReadOnlySpan<char> word) => All.Contains(word);
}
