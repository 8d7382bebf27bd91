using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>What stands within brackets, braces and quotes, on one line or several.</summary>
internal sealed partial class YamlReader
{
    /// <summary>To the next character that says something, on this line or a later one.</summary>
    private char Next()
    {
        for (; _line < _lines.Length; _line++, _at = 0)
        {
            while (_at < _lines[_line].Length && _lines[_line][_at] == ' ')
                _at++;
            if (_at < _lines[_line].Length && !(_lines[_line][_at] == '#' && (_at == 0 || _lines[_line][_at - 1] == ' ')))
                return _lines[_line][_at];
        }
        throw Wrong("the end is missing");
    }

    private JsonNode Flow()
    {
        if (++_depth > Deepest)
            throw Wrong("this is nested too deeply");
        var first = Next();
        JsonNode node;
        switch (first)
        {
            case '[':
                _at++;
                var items = new JsonArray();
                while (Next() != ']')
                {
                    items.Add(Flow());
                    More(']');
                }
                _at++;
                node = items;
                break;
            case '{':
                _at++;
                var members = new JsonObject();
                while (Next() != '}')
                {
                    var key = Next() is '"' or '\'' ? Quoted() : FlowPlain();
                    if (Next() != ':')
                        throw Wrong($"a colon is expected behind {key}");
                    _at++;
                    if (!members.TryAdd(key, Next() is ',' or '}' ? "" : Flow()))
                        throw Wrong($"{key} stands here twice");
                    More('}');
                }
                _at++;
                node = members;
                break;
            case '!':
                var start = _at;
                while (_at < _lines[_line].Length && _lines[_line][_at] is not (' ' or ',' or ']' or '}'))
                    _at++;
                var tag = _lines[_line][start.._at];
                node = Tagged(tag, Next() is ',' or ']' or '}' ? "" : Flow());
                break;
            case '"' or '\'':
                node = Quoted();
                break;
            default:
                node = FlowPlain();
                break;
        }
        _depth--;
        return node;
    }

    private void More(char end)
    {
        if (Next() == ',')
            _at++;
        else if (Next() != end)
            throw Wrong($"a comma or {end} is expected here");
    }

    private string FlowPlain()
    {
        var text = new StringBuilder();
        while (Next() is not (',' or ']' or '}' or '[' or '{') and not ':')
        {
            var (line, start) = (_lines[_line], _at);
            while (_at < line.Length && line[_at] is not (',' or '[' or ']' or '{' or '}') && !(line[_at] == ':' && (_at + 1 == line.Length || line[_at + 1] is ' ' or ',' or ']' or '}')) && !(line[_at] == '#' && line[_at - 1] == ' '))
                _at++;
            text.Append(text.Length > 0 ? " " : "").Append(line.AsSpan(start, _at - start).TrimEnd(' '));
        }
        return text.Length == 0 || text[0] is '&' or '*' or '@' or '`' or '%' ? throw Wrong("a value is expected here") : text.ToString();
    }

    private string Quoted()
    {
        var (quote, text) = (_lines[_line][_at++], new StringBuilder());
        while (true)
        {
            if (_at >= _lines[_line].Length)
            {
                // A break within quotes is a blank, and an empty line a break.
                var breaks = 0;
                do
                {
                    if (++_line >= _lines.Length)
                        throw Wrong("the quotation does not end");
                    breaks++;
                }
                while (string.IsNullOrWhiteSpace(_lines[_line]));
                while (text.Length > 0 && text[^1] == ' ')
                    text.Length--;
                text.Append(breaks == 1 ? " " : new string('\n', breaks - 1));
                _at = Indent;
                continue;
            }
            var c = _lines[_line][_at++];
            if (c == quote && quote == '\'' && _at < _lines[_line].Length && _lines[_line][_at] == '\'')
                text.Append(_lines[_line][_at++]);
            else if (c == quote)
                return text.ToString();
            else
                text.Append(c == '\\' && quote == '"' ? Escaped() : c);
        }
    }

    private char Escaped()
    {
        var c = _at < _lines[_line].Length ? _lines[_line][_at++] : ' ';
        return c switch
        {
            '"' or '\\' or '/' or ' ' => c,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'u' when _at + 4 <= _lines[_line].Length && ushort.TryParse(_lines[_line].AsSpan(_at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) && (_at += 4) > 0 => (char)code,
            _ => throw Wrong($"\\{c} is not read here"),
        };
    }
}
