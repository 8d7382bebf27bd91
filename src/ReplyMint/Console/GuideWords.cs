using System.Text;
using ReplyMint.Guide;

namespace ReplyMint.Console;

/// <summary>
/// What the security guide says of a control, in the reader's language. In German there is what the server can look at itself and a page so
/// may show (GuideGerman.txt, one line a control); what is not there is shown in English, and says so to whoever reads it aloud.
/// </summary>
/// <param name="Language">Of the other three.</param>
internal sealed record GuideWords(string Language, string Title, string Why, string Remedy)
{
    private static readonly Lazy<Dictionary<string, GuideWords>> German = new(Read);

    public static GuideWords Of(Speech say, GuideControlAnswer control) =>
        say.Language == "de" && German.Value.TryGetValue(control.Id, out var words) ? words : new("en", control.Title, Catalogue.Find(control.Id)?.Why ?? "", control.Remedy ?? "");

    private static Dictionary<string, GuideWords> Read()
    {
        var words = new Dictionary<string, GuideWords>(StringComparer.Ordinal);
        foreach (var line in Encoding.UTF8.GetString(Assets.Read("GuideGerman.txt")).Split('\n'))
            if (line.Split(" = ", 2) is [{ } id, { } said] && said.Split(" | ") is [{ } title, { } why, { } remedy])
                words.Add(id, new("de", title, why, remedy));
        return words;
    }
}
