using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>Do two addresses belong to one organisation? A close guess of the registrable domain: what is unsure differs.</summary>
internal static class Organisations
{
    private static readonly HashSet<string> SecondLevel = new(StringComparer.Ordinal) { "co", "com", "ac", "org", "net", "gov", "edu", "ne", "or", "go", "gob", "gouv", "mil", "nom" };

    public static bool Same(string one, string other) =>
        AddressRules.Normalize(one) is { } a && AddressRules.Normalize(other) is { } b
        && Registrable(AddressRules.Domain(a)) == Registrable(AddressRules.Domain(b));

    private static string Registrable(string domain)
    {
        var labels = domain.Split('.');
        var take = labels.Length > 2 && labels[^1].Length == 2 && SecondLevel.Contains(labels[^2]) ? 3 : 2;
        return labels.Length <= take ? domain : string.Join('.', labels[^take..]);
    }
}
