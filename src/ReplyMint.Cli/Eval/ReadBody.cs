using System.Text;
using ReplyMint.Mail;

namespace ReplyMint.Cli.Eval;

/// <summary>A file as a mail: a whole one (.eml), or a body alone (.txt, .html), as a mail program would have sent it.</summary>
internal static class ReadBody
{
    public static InboundMail Parse(string file, byte[] bytes, string? recipient)
    {
        var body = Path.GetExtension(file).ToUpperInvariant() switch { ".TXT" => "text/plain", ".HTML" or ".HTM" => "text/html", _ => null };
        return MailParser.Parse(body is null ? bytes : [.. Encoding.ASCII.GetBytes($"Content-Type: {body}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"), .. bytes], new(null, recipient));
    }
}
