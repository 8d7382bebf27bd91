using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>
/// YAML as templates of CloudFormation are written: blocks, flows, quotes, literal texts and the short forms of functions (!Ref, !Sub), which
/// become long ones; each scalar is text. What else YAML knows (anchors, several documents) is refused with its line, never guessed.
/// </summary>
internal sealed partial class YamlReader
{
    private const int Deepest = 64;

    private readonly string[] _lines;
    private int _line;
    private int _at;
    private int _depth;

    private YamlReader(string text) => _lines = text.ReplaceLineEndings("\n").Split('\n');

    /// <exception cref="FormatException">It is none that is read here; the message says where and why.</exception>
    public static JsonNode Read(string text)
    {
        var reader = new YamlReader(text);
        if (reader.Skip() && reader._lines[reader._line].TrimEnd() == "---")
            reader._line++;
        var node = reader.Block(0);
        return reader.Skip() ? throw reader.Wrong("nothing is expected here any more") : node;
    }

    private FormatException Wrong(string why) => new(string.Create(CultureInfo.InvariantCulture, $"line {Math.Min(_line + 1, _lines.Length)}: {why}"));

    /// <summary>To the next line that says something.</summary>
    private bool Skip()
    {
        while (_line < _lines.Length && _lines[_line].AsSpan().TrimStart(' ') is { IsEmpty: true } or ['#', ..])
            _line++;
        return _line < _lines.Length;
    }

    private int Indent => _lines[_line].Length - _lines[_line].AsSpan().TrimStart(' ').Length;

    private string Content => _lines[_line][Indent..];

    private static bool IsDash(ReadOnlySpan<char> content) => content is ['-'] or ['-', ' ', ..];

    /// <summary>Where the colon behind a key stands; -1 when this is none.</summary>
    private static int KeyEnd(ReadOnlySpan<char> content)
    {
        if (content is [] or ['!' or '[' or '{' or '|' or '>' or '&' or '*' or '#', ..])
            return -1;
        var from = 0;
        if (content[0] is '"' or '\'' && (from = content[1..].IndexOf(content[0]) + 2) < 2)
            return -1;
        for (var i = from; i < content.Length; i++)
            if (content[i] == ':' && (i + 1 == content.Length || content[i + 1] == ' '))
                return i;
            else if ((content[i] == '#' && i > 0 && content[i - 1] == ' ') || (from > 0 && content[i] != ' '))
                return -1;
        return -1;
    }

    private JsonNode Block(int least)
    {
        if (!Skip() || Indent < least)
            return "";
        if (++_depth > Deepest)
            throw Wrong("this is nested too deeply");
        var node = IsDash(Content) ? Sequence(Indent) : KeyEnd(Content) >= 0 ? Mapping(Indent) : Value(Indent, Indent - 1, false);
        _depth--;
        return node;
    }

    private JsonArray Sequence(int indent)
    {
        var items = new JsonArray();
        while (Skip() && Indent == indent && IsDash(Content))
        {
            var rest = Content.AsSpan(1).TrimStart(' ');
            var column = _lines[_line].Length - rest.Length;
            if (rest is [] or ['#', ..])
            {
                _line++;
                items.Add(Nested(indent, false));
                continue;
            }
            var begins = IsDash(rest) || KeyEnd(rest) >= 0;
            // The dash counts as indentation of what stands behind it.
            _lines[_line] = new string(' ', column) + rest.ToString();
            items.Add(begins ? Block(column) : Value(column, indent, false));
        }
        return _line < _lines.Length && Indent > indent ? throw Wrong("this stands too far to the right") : items;
    }

    private JsonObject Mapping(int indent)
    {
        var members = new JsonObject();
        while (Skip() && Indent == indent && !IsDash(Content))
        {
            var end = KeyEnd(Content);
            if (end < 0)
                throw Wrong("a key and a colon are expected here");
            var key = Content[..end].TrimEnd();
            if (key[0] is '"' or '\'')
                key = key[1..^1];
            if (members.ContainsKey(key))
                throw Wrong($"{key} stands here twice");
            members.Add(key, Value(indent + end + 1, indent, true));
        }
        return _line < _lines.Length && Indent > indent ? throw Wrong("this stands too far to the right") : members;
    }

    /// <param name="parent">What is further to the right than this belongs to the value.</param>
    /// <param name="ofKey">A sequence may stand as far to the left as its key.</param>
    private JsonNode Value(int column, int parent, bool ofKey)
    {
        var rest = column < _lines[_line].Length ? _lines[_line].AsSpan(column).TrimStart(' ') : [];
        _at = _lines[_line].Length - rest.Length;
        if (rest is [] or ['#', ..])
        {
            _line++;
            return Nested(parent, ofKey);
        }
        switch (rest[0])
        {
            case '!':
                var tag = rest.IndexOf(' ') is >= 0 and var blank ? rest[..blank].ToString() : rest.ToString();
                return Tagged(tag, Value(_at + tag.Length, parent, ofKey));
            case '|' or '>':
                return Literal(rest.ToString(), parent);
            case '"' or '\'' or '[' or '{':
                var node = Flow();
                if (_lines[_line].AsSpan(_at).TrimStart(' ') is not ([] or ['#', ..]))
                    throw Wrong("nothing is expected behind this");
                _line++;
                return node;
            case '&' or '*' or '%' or '@' or '`':
                throw Wrong($"{rest[0]} is not read here");
            default:
                return Plain(rest.ToString(), parent);
        }
    }

    private JsonNode Nested(int parent, bool ofKey) => !Skip() || Indent < parent || (Indent == parent && !(ofKey && IsDash(Content))) ? "" : Block(parent);

    private string Plain(string first, int parent)
    {
        var text = new StringBuilder(Uncommented(first));
        var line = first;
        while (true)
        {
            if (KeyEnd(line) >= 0)
                throw Wrong("a colon stands where a value is expected");
            _line++;
            if (!Skip() || Indent <= parent)
                break;
            text.Append(' ').Append(Uncommented(line = Content));
        }
        return text.ToString();
    }

    private static string Uncommented(string text) => (text.IndexOf(" #", StringComparison.Ordinal) is >= 0 and var comment ? text[..comment] : text).TrimEnd();

    /// <summary>A text whose lines stand as they are (|), or are folded into one (&gt;).</summary>
    private string Literal(string head, int parent)
    {
        var (fold, keep) = (head[0] == '>', Uncommented(head)[1..]);
        if (keep is not ("" or "-" or "+"))
            throw Wrong($"{head} is not read here");
        var lines = new List<string>();
        var indent = -1;
        for (_line++; _line < _lines.Length && (string.IsNullOrWhiteSpace(_lines[_line]) || Indent > parent); _line++)
        {
            if (indent < 0 && !string.IsNullOrWhiteSpace(_lines[_line]))
                indent = Indent;
            lines.Add(indent >= 0 && _lines[_line].Length > indent ? _lines[_line][indent..] : "");
        }
        var ends = lines.Count - 1 - lines.FindLastIndex(line => line.Length > 0);
        lines.RemoveRange(lines.Count - ends, ends);
        var text = new StringBuilder();
        for (var i = 0; i < lines.Count; i++)
        {
            // Of two folded lines the break between becomes a blank; an empty line stays a break.
            if (i > 0 && !(fold && lines[i].Length == 0))
                text.Append(fold && lines[i - 1].Length > 0 && lines[i][0] != ' ' && lines[i - 1][0] != ' ' ? ' ' : '\n');
            text.Append(lines[i]);
        }
        return (keep.Length == 0 || lines.Count == 0 ? text.Append(lines.Count == 0 ? "" : "\n") : keep == "+" ? text.Append('\n', ends + 1) : text).ToString();
    }

    private JsonNode Tagged(string tag, JsonNode value)
    {
        var name = tag[1..];
        if (name == "GetAtt" && value is JsonValue path)
            value = path.GetValue<string>().Split('.', 2) is [var resource, var attribute] ? new JsonArray(resource, attribute) : throw Wrong($"!GetAtt {path} names no attribute");
        return new JsonObject { [name is "Ref" or "Condition" ? name : "Fn::" + name] = value };
    }
}
