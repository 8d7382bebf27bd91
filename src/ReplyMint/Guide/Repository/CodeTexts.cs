using System.Text;

namespace ReplyMint.Guide;

/// <summary>A text that stands in code.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Text">Without what is put into it: {} stands there.</param>
/// <param name="Parts">What is put into it: holes, and what it is joined with by a plus.</param>
internal sealed record CodeText(int Line, string Text, IReadOnlyList<string> Parts);

/// <summary>Reads C# as far as texts and comments go: which texts there are, and what is left of the code without them.</summary>
internal sealed class CodeTexts
{
    private readonly string _code;
    private readonly List<CodeText> _texts = [];
    private readonly StringBuilder _rest = new();

    private CodeTexts(string code) => _code = code;

    /// <returns>The code with texts and comments left out, line by line as it was, and the texts.</returns>
    public static (string Code, IReadOnlyList<CodeText> Texts) Read(string code)
    {
        var reader = new CodeTexts(code);
        reader.Read(0, inHole: false);
        return (reader._rest.ToString(), reader._texts);
    }

    /// <returns>Where it ended: at the code's end, or behind the brace that ends a hole.</returns>
    private int Read(int at, bool inHole)
    {
        for (var depth = 0; at < _code.Length;)
        {
            var c = _code[at];
            if (c == '/' && Next(at + 1) is '/' or '*')
                at = Keep(at, _code[at + 1] == '/' ? Find("\n", at) : Find("*/", at + 2) + 2);
            else if (c == '\'')
                at = Letter(at);
            else if (c is '"' or '$' or '@' && Quotes(at) is { Count: > 0 } quotes)
                at = Text(at, quotes);
            else
            {
                depth += c == '{' ? 1 : c == '}' ? -1 : 0;
                if (inHole && depth < 0)
                    return at + 1;
                _rest.Append(c);
                at++;
            }
        }
        return at;
    }

    private (int Dollars, bool Verbatim, int Count, int Start) Quotes(int at)
    {
        var (dollars, verbatim) = (0, false);
        for (; Next(at) is '$' or '@'; at++)
        {
            dollars += _code[at] == '$' ? 1 : 0;
            verbatim |= _code[at] == '@';
        }
        var start = at;
        while (Next(at) == '"')
            at++;
        var count = at - start;
        // Two are an empty text, three and more a raw one.
        return count == 0 ? (0, false, 0, 0) : count == 2 || verbatim || count == 1 ? (dollars, verbatim, 1, start + 1) : (dollars, false, count, at);
    }

    private int Text(int at, (int Dollars, bool Verbatim, int Count, int Start) quotes)
    {
        var (text, parts, line, before, from) = (new StringBuilder(), new List<string>(), Line(at), Before(at), _rest.Length);
        var i = quotes.Start;
        var end = new string('"', quotes.Count);
        while (i < _code.Length)
        {
            var c = _code[i];
            if (quotes.Verbatim && c == '"' && Next(i + 1) == '"')
            {
                text.Append(c);
                i += 2;
            }
            else if (_code.AsSpan(i).StartsWith(end, StringComparison.Ordinal))
                break;
            else if (quotes is { Count: 1, Verbatim: false } && c == '\\')
                i += 2;
            else if (quotes.Dollars > 0 && c == '{' && Run(i, '{') is var open && (quotes.Count > 1 ? open >= quotes.Dollars : open % 2 == 1))
            {
                var start = i + open;
                var kept = _rest.Length;
                i = Read(start, inHole: true);
                // What was read within it belongs to the hole, not to the code around; code that starts processes may stand there all the same.
                parts.Add(_code[start..Math.Max(start, i - 1)]);
                _rest.Insert(kept, ' ');
                i += quotes.Count > 1 ? Math.Min(quotes.Dollars - 1, Run(i, '}')) : 0;
                text.Append("{}");
            }
            else
            {
                var length = quotes is { Dollars: > 0, Count: 1 } && c is '{' or '}' && Next(i + 1) == c ? 2 : 1;
                text.Append(c);
                i += length;
            }
        }
        i = Math.Min(_code.Length, i + quotes.Count);
        if (before.Length > 0)
            parts.Add(before);
        if (After(i) is { Length: > 0 } after)
            parts.Add(after);
        _texts.Add(new(line, text.ToString(), parts));
        // Lines within holes are there already.
        _rest.Append("\"\"").Append('\n', _code.AsSpan(at, i - at).Count('\n') - _rest.ToString(from, _rest.Length - from).AsSpan().Count('\n'));
        return i;
    }

    /// <summary>What a plus before the text joins it with; nothing when that is a text or a letter itself.</summary>
    private string Before(int at)
    {
        var end = _code.AsSpan(0, at).TrimEnd();
        if (end is not [.., '+'] and not [.., '+', '='])
            return "";
        var other = end.TrimEnd('=')[..^1].TrimEnd();
        return other is [.., '"' or '\''] ? "" : Last(other);
    }

    private string After(int at)
    {
        var rest = _code.AsSpan(at).TrimStart();
        if (rest is not ['+', ..] || rest is ['+', '+', ..])
            return "";
        var other = rest[1..].TrimStart();
        if (other is ['"' or '\'', ..] or ['$' or '@', '"' or '$' or '@', ..])
            return "";
        var end = other.IndexOfAny("+;,\n");
        return (end < 0 ? other : other[..end]).Trim().ToString();
    }

    private static string Last(ReadOnlySpan<char> code) => code[(code.LastIndexOfAny(" (=+\n") + 1)..].ToString();

    private int Letter(int at)
    {
        var end = _code.IndexOf('\'', at + (Next(at + 1) == '\\' ? 3 : 2));
        return end < 0 || end - at > 12 ? Keep(at, at + 1) : end + 1;
    }

    private int Keep(int from, int to)
    {
        to = Math.Min(to, _code.Length);
        _rest.Append('\n', _code.AsSpan(from, to - from).Count('\n'));
        return to;
    }

    private int Find(string what, int at) => _code.IndexOf(what, Math.Min(at, _code.Length), StringComparison.Ordinal) is var found and >= 0 ? found : _code.Length;

    private int Run(int at, char of) => _code.AsSpan(at).IndexOfAnyExcept(of) is var end and >= 0 ? end : _code.Length - at;

    private char Next(int at) => at < _code.Length ? _code[at] : '\0';

    private int Line(int at) => _code.AsSpan(0, at).Count('\n') + 1;
}
