using System.Buffers;
using System.Globalization;
using MimeKit.Text;

namespace ReplyMint.Mail;

/// <summary>What of an element's look decides whether its text can be seen.</summary>
/// <param name="Color">RGB of the text, or -1 when not known.</param>
/// <param name="Back">RGB behind it, or -1 when not known (a picture, say).</param>
internal readonly record struct HtmlLook(bool Gone, int Color, int Back)
{
    public static HtmlLook Page => new(false, 0x000000, 0xFFFFFF);

    /// <summary>Gone, or written in the colour of its ground.</summary>
    public bool Hidden => Gone || (Color >= 0 && Back >= 0 && Distance(Color, Back) <= 30);

    private static int Distance(int a, int b) =>
        Math.Abs((a >> 16) - (b >> 16)) + Math.Abs(((a >> 8) & 255) - ((b >> 8) & 255)) + Math.Abs((a & 255) - (b & 255));
}

/// <summary>Reads styles only for what hides text; it errs on the side of visible.</summary>
internal sealed class HtmlStyle
{
    /// <summary>Style sheets in mail stay below 20 KB; what comes later hides nothing for us.</summary>
    public const int MaxCssChars = 64 * 1024;
    private const int MaxRules = 500;

    private static readonly SearchValues<char> s_number = SearchValues.Create("+-.0123456789");
    private static readonly SearchValues<char> s_compound = SearchValues.Create(" .#:>[");

    private readonly HashSet<string> _hiding = new(StringComparer.OrdinalIgnoreCase);

    private static readonly SearchValues<string> s_hints = SearchValues.Create(
        ["display", "visib", "hid", "opacity", "font-size", "color", "indent", "position", "height", "width", "margin", "font:"], StringComparison.OrdinalIgnoreCase);

    /// <summary>Does any word stand in this HTML without which nothing is hidden? Most mails need no second look.</summary>
    public static bool MayHide(string html) => html.AsSpan().ContainsAny(s_hints);

    /// <summary>Remembers the classes and ids that a style sheet makes invisible. Media queries and compound selectors are passed over.</summary>
    public void Add(string css)
    {
        var at = 0;
        while (at < css.Length && _hiding.Count < MaxRules)
        {
            var open = css.IndexOf('{', at);
            if (open < 0)
                return;
            var selectors = css.AsSpan(at, open - at).Trim();
            var close = css.IndexOf('}', open);
            if (close < 0)
                return;
            if (selectors.LastIndexOf('@') >= 0)
            {
                var depth = 1;
                for (close = open + 1; close < css.Length && depth > 0; close++)
                    depth += css[close] == '{' ? 1 : css[close] == '}' ? -1 : 0;
                at = close;
                continue;
            }
            at = close + 1;
            if (!Hides(css.AsSpan(open + 1, close - open - 1)))
                continue;
            foreach (var part in selectors.ToString().Split(','))
            {
                var selector = part.Trim();
                var mark = selector.IndexOfAny(['.', '#']);
                if (mark >= 0 && !selector.AsSpan(mark + 1).ContainsAny(s_compound))
                    _hiding.Add(selector[mark..]);
            }
        }
    }

    private static bool Hides(ReadOnlySpan<char> declarations)
    {
        var look = HtmlLook.Page;
        Apply(declarations, ref look, out _);
        return look.Gone;
    }

    public HtmlLook Look(HtmlTagToken tag, HtmlLook parent, out bool borderless)
    {
        borderless = false;
        var look = parent;
        foreach (var attribute in tag.Attributes)
        {
            if (attribute.Value is not { Length: > 0 } value)
            {
                if (string.Equals(attribute.Name, "hidden", StringComparison.OrdinalIgnoreCase))
                    look = look with { Gone = true };
                continue;
            }
            switch (attribute.Name.ToLowerInvariant())
            {
                case "hidden":
                    look = look with { Gone = true };
                    break;
                case "style":
                    Apply(value.Length > 4_000 ? value.AsSpan(0, 4_000) : value, ref look, out borderless);
                    break;
                case "bgcolor":
                    look = look with { Back = Color(value) };
                    break;
                case "background":
                    look = look with { Back = -1 };
                    break;
                case "color" when tag.Id == HtmlTagId.Font:
                    look = look with { Color = Color(value) };
                    break;
                case "text" when tag.Id == HtmlTagId.Body:
                    look = look with { Color = Color(value) };
                    break;
                case "class" when _hiding.Count > 0:
                    foreach (var name in value.Split(' ', 20, StringSplitOptions.RemoveEmptyEntries))
                        if (_hiding.Contains("." + name))
                            look = look with { Gone = true };
                    break;
                case "id" when _hiding.Count > 0:
                    if (_hiding.Contains("#" + value))
                        look = look with { Gone = true };
                    break;
            }
        }
        return look;
    }

    private static void Apply(ReadOnlySpan<char> declarations, ref HtmlLook look, out bool borderless)
    {
        bool zero = false, clipped = false, away = false, floating = false;
        borderless = false;
        foreach (var range in declarations.Split(';'))
        {
            var declaration = declarations[range];
            var colon = declaration.IndexOf(':');
            if (colon <= 0)
                continue;
            var value = declaration[(colon + 1)..].Trim().ToString().ToLowerInvariant();
            if (value.EndsWith("!important", StringComparison.Ordinal))
                value = value[..^10].TrimEnd();
            switch (declaration[..colon].Trim().ToString().ToLowerInvariant())
            {
                case "display":
                    look = look with { Gone = look.Gone || value == "none" };
                    break;
                case "visibility":
                    look = look with { Gone = look.Gone || value is "hidden" or "collapse" };
                    break;
                case "mso-hide":
                    look = look with { Gone = look.Gone || value == "all" };
                    break;
                case "opacity":
                    look = look with { Gone = look.Gone || Number(value) is >= 0 and < 0.05 };
                    break;
                case "font-size":
                    look = look with { Gone = look.Gone || Number(value) is >= 0 and var size && (size == 0 || (size <= 1 && !value.EndsWith("em", StringComparison.Ordinal))) };
                    break;
                case "height" or "max-height" or "width" or "max-width":
                    zero |= Number(value) is >= 0 and <= 1 && !value.EndsWith('%');
                    break;
                case "overflow":
                    clipped |= value is "hidden" or "clip";
                    break;
                case "text-indent":
                    away |= Number(value) < -300;
                    break;
                case "position":
                    floating |= value is "absolute" or "fixed";
                    break;
                case "left" or "top" or "margin-left" or "margin-top":
                    away |= Number(value) < -300;
                    break;
                case "clip":
                    clipped |= floating && value.StartsWith("rect(0", StringComparison.Ordinal);
                    break;
                case "color":
                    look = look with { Color = Color(value), Gone = look.Gone || value == "transparent" };
                    break;
                case "background" or "background-color":
                    look = value is "none" or "transparent" or "inherit" or "initial" ? look : look with { Back = Color(value) };
                    break;
                case "background-image":
                    look = value == "none" ? look : look with { Back = -1 };
                    break;
                case "border" or "border-left":
                    borderless = value.Contains("none", StringComparison.Ordinal) || value.StartsWith('0');
                    break;
            }
        }
        if ((zero && clipped) || away)
            look = look with { Gone = true };
    }

    /// <summary>The number in front of a unit; NaN when there is none.</summary>
    private static double Number(string value)
    {
        var length = value.AsSpan().IndexOfAnyExcept(s_number);
        return double.TryParse(length < 0 ? value : value.AsSpan(0, length), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;
    }

    private static int Color(string value)
    {
        value = value.Trim().ToLowerInvariant();
        switch (value)
        {
            case "white":
                return 0xFFFFFF;
            case "black":
                return 0;
        }
        if (value.StartsWith("rgb(", StringComparison.Ordinal) && value.EndsWith(')'))
        {
            var parts = value[4..^1].Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
            return parts.Length == 3 && byte.TryParse(parts[0], out var r) && byte.TryParse(parts[1], out var g) && byte.TryParse(parts[2], out var b) ? (r << 16) | (g << 8) | b : -1;
        }
        var hex = value.StartsWith('#') ? value[1..] : value;
        if (hex.Length == 3)
            hex = string.Concat(hex[0], hex[0], hex[1], hex[1]) + hex[2] + hex[2];
        return hex.Length == 6 && int.TryParse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var rgb) ? rgb : -1;
    }
}
