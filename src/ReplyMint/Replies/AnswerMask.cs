using System.Text;
using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>
/// Takes out of a text what is about one person: his name, addresses, and every number and link that the tenant's own knowledge does not name (pure).
/// What stands in the place of it says only of which kind it was.
/// </summary>
internal sealed class AnswerMask
{
    public const string Name = "[name]";
    public const string Address = "[address]";
    public const string Number = "[number]";

    private static readonly char[] Edges = ['.', ',', ';', ':', '!', '?', '(', ')', '"', '\'', '<', '>', '*', '„', '“', '”', '»', '«'];

    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="people">Names and addresses of those whom it is about.</param>
    /// <param name="granted">What the tenant says to anybody: passages and settings.</param>
    public AnswerMask(IEnumerable<MailAddress> people, IEnumerable<string> granted)
    {
        foreach (var person in people)
        {
            AddNames(person.Name);
            AddNames(person.Address.Split('@')[0]);
        }
        foreach (var text in granted)
            foreach (var word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                _known.Add(word.Trim(Edges));
        // What anybody is told may be a name by chance, such as "May".
        _names.ExceptWith(_known);
    }

    /// <summary>The text with marks in place of what was taken out; line ends stay.</summary>
    public string Mask(string text)
    {
        var masked = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var end = at;
            while (end < text.Length && !char.IsWhiteSpace(text[end]))
                end++;
            masked.Append(Word(text[at..end]));
            while (end < text.Length && char.IsWhiteSpace(text[end]))
                masked.Append(text[end++]);
            at = end;
        }
        return masked.ToString();
    }

    /// <summary>Whether anything was taken out of it.</summary>
    public static bool IsMasked(string text) => text.Contains(Name, StringComparison.Ordinal) || text.Contains(Address, StringComparison.Ordinal) || text.Contains(Number, StringComparison.Ordinal);

    private string Word(string word)
    {
        var bare = word.Trim(Edges);
        if (bare.Length == 0 || _known.Contains(bare))
            return word;
        var mark = bare.Contains('@', StringComparison.Ordinal) || bare.Contains("://", StringComparison.Ordinal) || bare.StartsWith("www.", StringComparison.OrdinalIgnoreCase) ? Address
            : bare.Any(char.IsDigit) ? Number
            : IsName(bare) ? Name : null;
        return mark is null ? word : word.Replace(bare, mark, StringComparison.Ordinal);
    }

    // "Anna's", "Müller-Lüdenscheidt"
    private bool IsName(string word) => _names.Contains(word) || word.Split('\'', '’', '-').Any(_names.Contains);

    private void AddNames(string text)
    {
        foreach (var part in text.Split(' ', '.', '_', '-', '+', ',', '"', '\''))
            if (part.Length > 1 && part.All(char.IsLetter))
                _names.Add(part);
    }
}
