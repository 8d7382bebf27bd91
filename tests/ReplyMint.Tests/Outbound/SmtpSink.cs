using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ReplyMint.Tests.Outbound;

/// <summary>
/// A scripted SMTP server. <see cref="Answer"/> sees each stage ("greeting", a verb, "content") and says the reply;
/// null is the usual one, empty drops the connection.
/// </summary>
internal sealed class SmtpSink(X509Certificate2? certificate = null) : TcpSink
{
    public Func<string, string?> Answer { get; set; } = _ => null;

    /// <summary>Runs when a mail is wholly here, before that is said.</summary>
    public Func<Task> BeforeTaken { get; set; } = () => Task.CompletedTask;

    public ConcurrentQueue<string> Mails { get; } = [];

    public ConcurrentQueue<string> Commands { get; } = [];

    protected override async Task ServeAsync(TcpClient client)
    {
        Stream stream = client.GetStream();
        var reader = new StreamReader(stream, Encoding.Latin1);
        if (!await ReplyAsync(stream, "greeting", "220 sink ESMTP"))
            return;
        while (await reader.ReadLineAsync(Stop) is { } line)
        {
            Commands.Enqueue(line);
            var verb = line.Split(' ')[0].ToUpperInvariant();
            var usual = verb switch
            {
                "EHLO" => "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-CHUNKING\r\n250-AUTH PLAIN\r\n" + (certificate is not null && stream is not SslStream ? "250-STARTTLS\r\n" : "") + "250 SIZE 1000000",
                "DATA" => "354 go",
                "QUIT" => "221 bye",
                "STARTTLS" => "220 go",
                "AUTH" => "235 in",
                _ => "250 ok",
            };
            if (!await ReplyAsync(stream, verb, usual))
                return;
            if (verb == "STARTTLS")
            {
                var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate!, null, offline: true) }, Stop);
                stream = tls;
                reader = new StreamReader(stream, Encoding.Latin1);
            }
            else if (verb == "DATA" && Answer("DATA") is null)
            {
                var content = new StringBuilder();
                string? text;
                while ((text = await reader.ReadLineAsync(Stop)) is not null and not ".")
                    content.Append(text.StartsWith('.') ? text[1..] : text).Append("\r\n");
                // A client that went away before the end of data has sent nothing (RFC 5321 4.1.1.4).
                if (text is null)
                    return;
                Mails.Enqueue(content.ToString());
                await BeforeTaken();
                if (!await ReplyAsync(stream, "content", "250 taken"))
                    return;
            }
        }
    }

    private async Task<bool> ReplyAsync(Stream stream, string stage, string usual)
    {
        var reply = Answer(stage) ?? usual;
        if (reply.Length == 0)
            return false;
        if (reply == "hang")
            await Task.Delay(Timeout.Infinite, Stop);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(reply + "\r\n"), Stop);
        return true;
    }
}
