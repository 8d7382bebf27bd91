using System.Text;
using MimeKit.Text;

namespace ReplyMint.Mail;

/// <summary>
/// Renders HTML as plain text for reading: blocks become lines, quotations get "> " in front, links their words only.
/// Text that a reader would not see goes to a list of its own: it may be meant for a machine.
/// </summary>
internal sealed class HtmlText
{
    /// <summary>Open elements that are kept track of; deeper ones look like their parent.</summary>
    private const int MaxOpen = 256;
    private const int MaxQuote = 8;

    private readonly StringBuilder _text;
    private readonly StringBuilder _hiddenText = new();
    private readonly List<string> _hidden;
    private readonly List<Element> _open = [];
    private readonly HtmlStyle _styles = new();
    private StringBuilder? _css;
    private int _breaks;
    private bool _space;

    private readonly record struct Element(string Name, HtmlLook Look, bool Skip, bool Pre, int Quote);

    private readonly bool _page;

    private HtmlText(int length, List<string> hidden, bool page)
    {
        _text = new StringBuilder(length / 2);
        _hidden = hidden;
        _page = page;
    }

    /// <summary>Stands before a heading's text in what <see cref="RenderPage"/> makes; behind it the heading's level, 1 to 6.</summary>
    public const char Heading = '\uE000';

    public static string Render(string html, List<string> hidden) => Render(html, hidden, page: false);

    /// <summary>A web page's matter: headings are marked, and what stands around the matter on each page of a site is left out.</summary>
    public static string RenderPage(string html) => Render(html.Replace(Heading, ' '), [], page: true);

    private static string Render(string html, List<string> hidden, bool page)
    {
        var renderer = new HtmlText(html.Length, hidden, page);
        using var reader = new StringReader(html);
        var tokenizer = new HtmlTokenizer(reader);
        while (renderer._text.Length < MailLimits.TextChars && tokenizer.ReadNextToken(out var token))
        {
            switch (token)
            {
                case HtmlTagToken tag:
                    renderer.Tag(tag);
                    break;
                case HtmlDataToken data:
                    renderer.Data(data.Data);
                    break;
            }
        }
        renderer.Hide();
        return renderer._text.ToString();
    }

    private Element Current => _open.Count > 0 ? _open[^1] : new("", HtmlLook.Page, false, false, 0);

    private void Tag(HtmlTagToken tag)
    {
        var name = tag.Name.ToLowerInvariant();
        if (tag.IsEndTag)
            Close(name);
        else
            Open(tag, name);
    }

    private void Open(HtmlTagToken tag, string name)
    {
        if (_open.Count > 0 && _open[^1].Name == name && name is "p" or "li" or "td" or "th" or "tr" or "option" or "dt" or "dd")
            Close(name);
        Break(name, closing: false);
        switch (name)
        {
            case "br":
                LineBreak();
                return;
            case "hr":
                if (!Current.Skip && !Current.Look.Hidden)
                {
                    Append('-', false);
                    _text.Append("---------");
                    _breaks = 1;
                }
                return;
            case "img" or "input" or "meta" or "link" or "base" or "area" or "col" or "embed" or "wbr" or "source" or "track" or "param":
                return;
        }
        if (tag.IsEmptyElement || _open.Count >= MaxOpen)
            return;
        var parent = Current;
        var look = _styles.Look(tag, parent.Look, out var borderless);
        if (look.Hidden != parent.Look.Hidden)
            Hide();
        var skip = parent.Skip || name is "style" or "script" or "title" or "template" or "noscript" or "select" or "svg" or "object" or "xml"
            || _page && name is "nav" or "footer" or "aside" or "button" or "form" or "dialog";
        if (name == "style")
            _css = new StringBuilder();
        // A quotation; without a border it is how a mail program indents.
        var quote = name == "blockquote" && !borderless ? Math.Min(parent.Quote + 1, MaxQuote) : parent.Quote;
        if (quote != parent.Quote)
            _breaks = Math.Max(_breaks, 1);
        _open.Add(new(name, look, skip, parent.Pre || name == "pre", quote));
        if (_page && !skip && !look.Hidden && HeadingLevel(name) is var level and > 0)
        {
            _breaks = Math.Max(_breaks, _text.Length > 0 ? 1 : 0);
            Append(Heading, false);
            Append((char)('0' + level), false);
        }
        if (name == "li" && !skip && !look.Hidden)
        {
            Append('-', false);
            _space = true;
        }
    }

    /// <summary>A term that is defined and what opens a fold are questions as headings are, of a level below all.</summary>
    private static int HeadingLevel(string name) => name switch
    {
        "h1" or "h2" or "h3" or "h4" or "h5" or "h6" => name[1] - '0',
        "dt" or "summary" => 6,
        _ => 0,
    };

    private void Close(string name)
    {
        var at = _open.Count - 1;
        while (at >= 0 && _open[at].Name != name)
            at--;
        if (at >= 0)
        {
            if (name == "style" && _css is not null)
            {
                _styles.Add(_css.ToString());
                _css = null;
            }
            var hidden = _open[^1].Look.Hidden;
            _open.RemoveRange(at, _open.Count - at);
            if (Current.Look.Hidden != hidden)
                Hide();
        }
        Break(name, closing: true);
    }

    private void Break(string name, bool closing)
    {
        switch (name)
        {
            case "p" or "blockquote" or "ul" or "ol" or "pre" or "h1" or "h2" or "h3" or "h4" or "h5" or "h6" or "dl":
                _breaks = Math.Max(_breaks, _text.Length > 0 ? 2 : 0);
                break;
            case "div" or "tr" or "li" or "table" or "body" or "html" or "hr" or "section" or "article" or "header" or "footer" or "address" or "center" or "form" or "dt" or "dd" or "fieldset" or "tbody" or "thead" or "main" or "aside" or "summary" or "details":
                _breaks = Math.Max(_breaks, _text.Length > 0 ? 1 : 0);
                break;
            case "td" or "th" when closing:
                _space = true;
                break;
        }
    }

    /// <summary>A br at the end of a line that a block ends anyway is that line's end; more of them are blank lines.</summary>
    private void LineBreak()
    {
        if (_text.Length > 0 && !Current.Skip && !Current.Look.Hidden)
            _breaks = Math.Min(_breaks + 1, 3);
        _space = false;
    }

    private void Data(string data)
    {
        if (_css is not null)
        {
            if (_css.Length < HtmlStyle.MaxCssChars)
                _css.Append(data.AsSpan(0, Math.Min(data.Length, HtmlStyle.MaxCssChars)));
            return;
        }
        var current = Current;
        if (current.Skip)
            return;
        if (current.Look.Hidden)
        {
            if (_hiddenText.Length < MailLimits.HiddenChars)
                _hiddenText.Append(data);
            return;
        }
        foreach (var c in data)
        {
            switch (c)
            {
                case '\n' when current.Pre:
                    _breaks++;
                    break;
                case ' ' or '\t' or '\n' or '\r' or '\f' or '\u00A0':
                    if (current.Pre && c != '\r')
                        Append(' ', true);
                    else
                        _space = true;
                    break;
                case '\u200B' or '\uFEFF' or '\u00AD':
                    // Marks without width inside words would hide the words from every comparison.
                    break;
                default:
                    Append(c, current.Pre);
                    break;
            }
        }
    }

    private void Append(char c, bool pre)
    {
        if (_breaks > 0)
        {
            var quote = Current.Quote;
            if (_text.Length > 0)
            {
                for (var i = 0; i < Math.Min(_breaks, 3); i++)
                    Line(i == 0 ? 0 : quote);
            }
            _breaks = 0;
            _space = false;
            Mark(quote);
        }
        else if (_text.Length == 0)
        {
            _space = false;
            Mark(Current.Quote);
        }
        if (_space && !pre)
            _text.Append(' ');
        _space = false;
        _text.Append(c);
    }

    private void Line(int quote)
    {
        if (quote > 0)
            Mark(quote);
        _text.Append('\n');
    }

    private void Mark(int quote)
    {
        for (var i = 0; i < quote; i++)
            _text.Append(i == quote - 1 ? "> " : ">");
    }

    private void Hide()
    {
        if (_hiddenText.Length == 0)
            return;
        var text = HeaderText.OneLine(_hiddenText.ToString().Replace('\u00A0', ' '));
        _hiddenText.Clear();
        // Preview fillers are invisible characters only; they hide nothing.
        if (_hidden.Count < MailLimits.HiddenPieces && text.Any(char.IsLetterOrDigit))
            _hidden.Add(text.Length > MailLimits.HiddenChars ? text[..MailLimits.HiddenChars] : text);
    }
}
