using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace ReplyMint.Console;

/// <summary>
/// A page as it is written. What stands in the code between the holes of an interpolated string is markup; what fills a hole is
/// always text: there is no way to put markup in by a value, so a stranger's mail can't.
/// </summary>
internal sealed class Html
{
    private static readonly SearchValues<char> Special = SearchValues.Create("&<>\"'\0");

    private readonly ArrayBufferWriter<byte> _bytes = new(16 * 1024);

    public ReadOnlyMemory<byte> Bytes => _bytes.WrittenMemory;

    /// <summary>What was handed over is written already: the handler wrote it piece by piece.</summary>
    public Html Add([InterpolatedStringHandlerArgument("")] Markup markup) => this;

    internal void Raw(string markup) => Encoding.UTF8.GetBytes(markup, _bytes);

    internal void Text(ReadOnlySpan<char> text)
    {
        while (text.IndexOfAny(Special) is var at and >= 0)
        {
            Encoding.UTF8.GetBytes(text[..at], _bytes);
            _bytes.Write(text[at] switch { '&' => "&amp;"u8, '<' => "&lt;"u8, '>' => "&gt;"u8, '"' => "&quot;"u8, '\'' => "&#39;"u8, _ => "\uFFFD"u8 });
            text = text[(at + 1)..];
        }
        Encoding.UTF8.GetBytes(text, _bytes);
    }
}

/// <summary>Takes an interpolated string apart: its own letters are markup, its holes are text.</summary>
[InterpolatedStringHandler]
internal readonly ref struct Markup
{
    private readonly Html _html;

    public Markup(int literalLength, int formattedCount, Html html) => _html = html;

    public void AppendLiteral(string markup) => _html.Raw(markup);

    public void AppendFormatted(string? text) => _html.Text(text);

    public void AppendFormatted(long number) => _html.Text(number.ToString(CultureInfo.InvariantCulture));
}
