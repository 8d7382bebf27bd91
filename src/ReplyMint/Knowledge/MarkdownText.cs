using System.Buffers;
using System.Net;
using System.Text;

namespace ReplyMint.Knowledge;

/// <summary>A paragraph of Markdown as plain text: emphasis goes, links keep their address, images their description.</summary>
internal static class MarkdownText
{
    /// <summary>A label or address longer than this is no link; so a paragraph of brackets costs linear time.</summary>
    private const int MostLabel = 500;

    private const int MostDepth = 8;

    private static readonly SearchValues<char> Marks = SearchValues.Create("*_`[]<&\\!~");

    public static string Plain(string text, IReadOnlyDictionary<string, string> links)
    {
        if (!text.AsSpan().ContainsAny(Marks))
            return text;
        var result = new StringBuilder(text.Length);
        var at = 0;
        while (at < text.Length)
        {
            var c = text[at];
            if (c == '\\' && at + 1 < text.Length && char.IsAscii(text[at + 1]) && (char.IsPunctuation(text[at + 1]) || char.IsSymbol(text[at + 1])))
            {
                result.Append(text[at + 1]);
                at += 2;
            }
            else if (c == '`' && Code(text, at, result) is var code and > 0)
            {
                at = code;
            }
            else if (c == '!' && at + 1 < text.Length && text[at + 1] == '[' && Link(text, at + 1, links, result, image: true) is var image and > 0)
            {
                at = image;
            }
            else if (c == '[' && Link(text, at, links, result, image: false) is var link and > 0)
            {
                at = link;
            }
            else if (c == '<' && Tag(text, at, result) is var tag and > 0)
            {
                at = tag;
            }
            else if (c is '*' or '_' or '~' && Emphasis(text, at) is var run and > 0)
            {
                at += run;
            }
            else
            {
                result.Append(c);
                at++;
            }
        }
        return WebUtility.HtmlDecode(result.ToString()).Trim();
    }

    private static int Code(string text, int at, StringBuilder result)
    {
        var rest = text.AsSpan(at);
        var ticks = rest.IndexOfAnyExcept('`');
        if (ticks < 0)
            return -1;
        var mark = rest[..ticks];
        var body = rest.Slice(ticks, Math.Min(MostLabel, rest.Length - ticks));
        var end = body.IndexOf(mark, StringComparison.Ordinal);
        if (end < 0)
            return -1;
        result.Append(body[..end].Trim());
        return at + ticks + end + ticks;
    }

    /// <summary>[text](address), [text][label] or [label]; returns where it ends, or -1.</summary>
    private static int Link(string text, int at, IReadOnlyDictionary<string, string> links, StringBuilder result, bool image)
    {
        var close = Closing(text, at, '[', ']');
        if (close < 0)
            return -1;
        var label = text[(at + 1)..close];
        string target;
        int end;
        if (close + 1 < text.Length && text[close + 1] == '(' && Closing(text, close + 1, '(', ')') is var paren and > 0)
        {
            var inner = text.AsSpan(close + 2, paren - close - 2).Trim();
            var space = inner.IndexOf(' ');
            target = (space < 0 ? inner : inner[..space]).Trim("<>").ToString();
            end = paren + 1;
        }
        else if (close + 1 < text.Length && text[close + 1] == '[' && Closing(text, close + 1, '[', ']') is var second and > 0)
        {
            var name = text[(close + 2)..second];
            if (!links.TryGetValue(name.Length == 0 ? label : name, out target!))
                return -1;
            end = second + 1;
        }
        else if (links.TryGetValue(label, out target!))
        {
            end = close + 1;
        }
        else
        {
            return -1;
        }
        label = label.Replace("*", "", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal);
        result.Append(label);
        // A place inside a document means nothing in a mail.
        var useful = !image && target.Length > 0 && target[0] is not ('#' or '.' or '/') && target != label;
        if (useful && target.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase))
            target = target[7..];
        if (useful && target != label)
            result.Append(label.Length > 0 ? " (" : "").Append(target).Append(label.Length > 0 ? ")" : "");
        return end;
    }

    private static int Closing(string text, int at, char open, char close)
    {
        var depth = 0;
        for (var i = at; i < text.Length && i - at <= MostLabel; i++)
        {
            if (text[i] == '\\')
                i++;
            else if (text[i] == open)
            {
                if (++depth > MostDepth)
                    return -1;
            }
            else if (text[i] == close && --depth == 0)
                return i;
        }
        return -1;
    }

    /// <summary>An address in angle brackets stays, a comment and any other tag go.</summary>
    private static int Tag(string text, int at, StringBuilder result)
    {
        if (at + 1 == text.Length || !(char.IsAsciiLetter(text[at + 1]) || text[at + 1] is '/' or '!'))
            return -1;
        var body = text.AsSpan(at + 1, Math.Min(MostLabel, text.Length - at - 1));
        var comment = body.StartsWith("!--", StringComparison.Ordinal);
        var end = comment ? body.IndexOf("-->", StringComparison.Ordinal) + 2 : body.IndexOf('>');
        if (end < 1 || (comment && end < 4))
            return -1;
        var inner = body[..end];
        if (inner.Contains("://", StringComparison.Ordinal) && !inner.Contains(' '))
            result.Append(inner);
        else if (inner.Contains('@') && !inner.ContainsAny(" =\""))
            result.Append(inner.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase) ? inner[7..] : inner);
        else if (inner.StartsWith("br", StringComparison.OrdinalIgnoreCase) && (inner.Length == 2 || !char.IsAsciiLetter(inner[2])))
            result.Append('\n');
        return at + 1 + end + 1;
    }

    /// <summary>The length of a run of marks that opens or closes emphasis, else 0: 2 * 3 and snake_case stay as they are.</summary>
    private static int Emphasis(string text, int at)
    {
        var mark = text[at];
        var length = text.AsSpan(at).IndexOfAnyExcept(mark);
        if (length < 0)
            length = text.Length - at;
        var before = at > 0 ? text[at - 1] : ' ';
        var after = at + length < text.Length ? text[at + length] : ' ';
        if (length > 3 || (mark == '~' && length != 2) || (char.IsWhiteSpace(before) && char.IsWhiteSpace(after)))
            return 0;
        return mark == '_' && char.IsLetterOrDigit(before) && char.IsLetterOrDigit(after) ? 0 : length;
    }
}
