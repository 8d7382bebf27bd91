using System.Text;

namespace ReplyMint.Knowledge;

/// <summary>
/// Markdown to entries: each heading is a question, the text below it the answer. Answers become plain text, as they stand in mails.
/// </summary>
internal sealed class MarkdownReader
{
    private readonly List<Entry> _entries = [];
    private readonly List<(int Level, string Text)> _path = [];
    private readonly StringBuilder _body = new();
    private readonly StringBuilder _paragraph = new();
    private readonly string[] _lines;
    private readonly Dictionary<string, string> _links = new(StringComparer.OrdinalIgnoreCase);
    private string _fence = "";
    private bool _hasTitle;
    private int _start;

    private MarkdownReader(string[] lines) => _lines = lines;

    public static List<Entry> Entries(string text)
    {
        var reader = new MarkdownReader(text.Split('\n'));
        var first = MarkdownBlocks.FrontMatterEnd(reader._lines);
        reader.LookAhead(first);
        reader.Read(first);
        return reader._entries;
    }

    /// <summary>Link targets may stand behind their use; and a sole top heading is the document's title.</summary>
    private void LookAhead(int first)
    {
        int tops = 0, headings = 0;
        var fence = "";
        for (var i = first; i < _lines.Length; i++)
        {
            if (MarkdownBlocks.InFence(_lines[i], ref fence))
                continue;
            if (MarkdownBlocks.Definition(_lines[i], out var label, out var target))
                _links.TryAdd(label, target);
            var level = MarkdownBlocks.Heading(_lines[i], out _);
            if (level == 0 && i + 1 < _lines.Length && MarkdownBlocks.IsPlain(_lines[i]))
                level = MarkdownBlocks.Underline(_lines[i + 1]);
            headings += level > 0 ? 1 : 0;
            tops += level == 1 ? 1 : 0;
        }
        _hasTitle = tops == 1 && headings > 1;
    }

    private void Read(int first)
    {
        _start = first + 1;
        for (var i = first; i < _lines.Length; i++)
        {
            var line = _lines[i];
            if (MarkdownBlocks.InFence(line, ref _fence))
            {
                EndParagraph();
                if (!MarkdownBlocks.IsFence(line))
                    AddLine(line.TrimEnd());
            }
            else if (MarkdownBlocks.Heading(line, out var title) is var level and > 0)
            {
                StartSection(level, title, i);
            }
            else if (_paragraph.Length == 0 && i + 1 < _lines.Length && MarkdownBlocks.IsPlain(line) && MarkdownBlocks.Underline(_lines[i + 1]) is var under and > 0)
            {
                StartSection(under, line, i);
                i++;
            }
            else
            {
                ReadText(line);
            }
        }
        EndSection();
    }

    private void ReadText(string line)
    {
        var text = line.Trim();
        if (text.Length == 0)
        {
            EndParagraph();
            AddLine("");
            return;
        }
        if (MarkdownBlocks.IsRule(text) || MarkdownBlocks.Definition(line, out _, out _))
        {
            EndParagraph();
            return;
        }
        var item = MarkdownBlocks.IsListItem(text);
        if (_paragraph.Length == 0 && !item && line.StartsWith("    ", StringComparison.Ordinal))
        {
            AddLine(line[4..].TrimEnd());
            return;
        }
        var row = text.StartsWith('|');
        if (item || row)
            EndParagraph();
        if (text[0] is '*' or '+' && item)
            text = "-" + text[1..];
        // A line end inside a paragraph only wraps, unless the writer asked for one.
        var breaks = row || text.EndsWith('\\') || line.EndsWith("  ", StringComparison.Ordinal);
        _paragraph.Append(_paragraph.Length > 0 ? " " : "").Append(text.TrimStart('>').Trim().TrimEnd('\\'));
        if (breaks)
            EndParagraph();
    }

    private void StartSection(int level, string title, int line)
    {
        EndSection();
        while (_path.Count > 0 && _path[^1].Level >= level)
            _path.RemoveAt(_path.Count - 1);
        _path.Add((level, MarkdownText.Plain(title.Trim(), _links)));
        _start = line + 1;
    }

    private void EndSection()
    {
        EndParagraph();
        var answer = _body.ToString().Trim('\n', ' ');
        _body.Clear();
        if (answer.Length > 0)
            _entries.Add(new Entry(_start, Question(), answer));
    }

    /// <summary>The heading with those above it, "Delivery: How long does it take?"; the document's title only where it stands alone.</summary>
    private string Question()
    {
        var skip = _hasTitle && _path.Count > 1 && _path[0].Level == 1 ? 1 : 0;
        return string.Join(": ", _path.Skip(skip).Select(part => part.Text.TrimEnd(':')).Where(part => part.Length > 0));
    }

    private void AddLine(string line) => _body.Append(line).Append('\n');

    private void EndParagraph()
    {
        if (_paragraph.Length == 0)
            return;
        AddLine(MarkdownText.Plain(_paragraph.ToString(), _links));
        _paragraph.Clear();
    }
}
