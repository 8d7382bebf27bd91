using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ReplyMint.Security;

/// <summary>
/// What a member of a request may be, said once: <see cref="RequestRules"/> holds every request to it before a handler runs, and
/// the API's description shows it (INPUT-1). On a list or a dictionary a rule for text or numbers holds for each element.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
internal abstract class RuleAttribute : Attribute
{
    /// <summary>Null when the value is good; else what is wrong with it, to stand behind the member's name.</summary>
    public abstract string? Wrong(object value);

    /// <summary>The same for a value that came as text, in the query or the path. What doesn't parse was refused before.</summary>
    public virtual string? WrongText(string value) => Wrong(value);
}

/// <summary>
/// Text. Lengths count Unicode code points, as JSON Schema does. Never NUL, and never half a surrogate pair: neither can be
/// stored and shown again unharmed. No normal form is forced on it.
/// </summary>
internal abstract class TextRule(int most) : RuleAttribute
{
    public int Most => most;

    /// <summary>With 1 or more, text of nothing but blanks is refused too.</summary>
    public int Least { get; init; } = 1;

    public sealed override string? Wrong(object value)
    {
        if (value is not string text)
            return "is not a text";
        if (Least > 0 && string.IsNullOrWhiteSpace(text))
            return "is empty";
        // A code point has one or two characters, so only texts between need counting.
        var length = text.Length <= most && text.Length >= Least * 2 ? most : Count(text);
        if (length > most)
            return string.Create(CultureInfo.InvariantCulture, $"is longer than {most} characters");
        if (length < Least)
            return string.Create(CultureInfo.InvariantCulture, $"is shorter than {Least} characters");
        return text.Contains('\0', StringComparison.Ordinal) ? "holds the character NUL" : !IsWhole(text) ? "holds half a character (a lone surrogate)" : WrongForm(text);
    }

    protected abstract string? WrongForm(string text);

    private static int Count(string text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes())
            count++;
        return count;
    }

    private static bool IsWhole(ReadOnlySpan<char> text)
    {
        while (text.IndexOfAnyInRange('\ud800', '\udfff') is >= 0 and var at)
        {
            if (Rune.DecodeFromUtf16(text[at..], out _, out _) != OperationStatus.Done)
                return false;
            text = text[(at + 2)..];
        }
        return true;
    }
}

/// <summary>Text of several lines, such as an answer. Tabs and other control characters are the writer's own business.</summary>
internal sealed class TextAttribute(int most) : TextRule(most)
{
    protected override string? WrongForm(string text) => null;
}

/// <summary>Text of one line, such as a name: no control characters, so it can't grow a second line where it is shown or sent.</summary>
internal sealed class LineAttribute(int most) : TextRule(most)
{
    protected override string? WrongForm(string text)
    {
        foreach (var c in text)
            if (char.IsControl(c) || c is '\u2028' or '\u2029')
                return "must be one line without control characters";
        return null;
    }
}

/// <summary>The form of every id that ReplyMint gives (and of base64url): letters, digits, - and _, 1 to 64.</summary>
internal sealed class IdAttribute() : TextRule(64)
{
    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static bool IsId(string text) => text.Length is > 0 and <= 64 && !text.AsSpan().ContainsAnyExcept(Allowed);

    protected override string? WrongForm(string text) => IsId(text) ? null : "is no id: letters, digits, - and _ only";
}

/// <summary>Visible ASCII: codes, hashes, challenges, anything that a machine made.</summary>
internal sealed class TokenAttribute(int most) : TextRule(most)
{
    protected override string? WrongForm(string text) => text.AsSpan().ContainsAnyExceptInRange('!', '~') ? "must be visible ASCII characters" : null;
}

/// <summary>A mail address, roughly; what it must be exactly, the room that uses it knows.</summary>
internal sealed class AddressAttribute() : TextRule(254)
{
    protected override string? WrongForm(string text) =>
        text.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && at < text.Length - 1 && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
            ? null : "is no mail address";
}

/// <summary>An absolute http or https address without user information. Whether it may be called is asked when it is called (INPUT-6).</summary>
internal sealed class WebUrlAttribute(int most) : TextRule(most)
{
    protected override string? WrongForm(string text) =>
        !text.AsSpan().ContainsAnyExceptInRange('!', '~') && Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp) && uri.UserInfo.Length == 0 && uri.Host.Length > 0
            ? null : "is no http or https address";
}

/// <summary>A whole number within bounds, both included.</summary>
internal sealed class WholeAttribute(long least, long most) : RuleAttribute
{
    public long Least => least;

    public long Most => most;

    public override string? Wrong(object value) => Convert.ToInt64(value, CultureInfo.InvariantCulture) is var number && number >= least && number <= most
        ? null : string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}");

    public override string? WrongText(string value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? Wrong(number) : "is no whole number";
}

/// <summary>A number within bounds, both included.</summary>
internal sealed class FractionAttribute(double least, double most) : RuleAttribute
{
    public double Least => least;

    public double Most => most;

    public override string? Wrong(object value) => Convert.ToDouble(value, CultureInfo.InvariantCulture) is var number && number >= least && number <= most
        ? null : string.Create(CultureInfo.InvariantCulture, $"must be a number from {least} to {most}");

    public override string? WrongText(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? Wrong(number) : "is no number";
}

/// <summary>What a good value looks like, where the description can't guess it.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
internal sealed class ExampleAttribute(string value) : Attribute
{
    /// <summary>Text, or a list or an object in JSON.</summary>
    public string Value => value;
}

/// <summary>How many elements a list or a dictionary may have.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
internal sealed class ItemsAttribute(int most) : Attribute
{
    public int Most => most;

    public int Least { get; init; }
}

/// <summary>One of the words of a fixed choice, in a query; a body's member has the type itself.</summary>
internal abstract class WordRule(string[] words) : RuleAttribute
{
    public IReadOnlyList<string> Words => words;

    public sealed override string? Wrong(object value) => words.Contains(value) ? null : $"must be one of {string.Join(", ", words)}";
}

internal sealed class WordOfAttribute<T>() : WordRule([.. Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName)]) where T : struct, Enum;
