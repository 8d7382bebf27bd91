using System.Globalization;
using System.Text;
using ReplyMint.Inbound;

namespace ReplyMint.Cli.Demo;

/// <summary>A mail of the demo and what has to become of it.</summary>
/// <param name="Number">1 to 6; the first part of its resource's name.</param>
/// <param name="ReversePath">The envelope's sender; empty for a bounce.</param>
/// <param name="Reason">The first reason that has to be recorded, or empty for an answer.</param>
internal sealed record DemoMail(int Number, string Resource, string What, string ReversePath, MessageState Expected, string Reason)
{
    public const string Recipient = "support@demo-shop.example";
    public const string TrustedServer = "mx.demo-shop.example";

    /// <summary>The mailbox whose drafts a person sends, and the mail that waits in it for the console.</summary>
    public const string DraftRecipient = "hello@demo-shop.example";
    public static DemoMail Waiting { get; } = new(7, "7-draft.eml", "a mail whose draft waits for a person", "jonas.weber@customer.example", MessageState.Held, "mode");

    /// <summary>Stands in the hidden part of mail 5 and must not stand in any answer.</summary>
    public const string Planted = "elsewhere.example";

    public static IReadOnlyList<DemoMail> All { get; } =
    [
        new(1, "1-question.eml", "a question that the knowledge answers", "anna.berger@customer.example", MessageState.Answered, ""),
        new(2, "2-unknown.eml", "a question that it does not answer", "tom@school.example", MessageState.Held, "no-knowledge"),
        new(3, "3-vacation.eml", "a vacation notice", "petra.vogt@partner.example", MessageState.Ignored, "auto-submitted"),
        new(4, "4-bounce.eml", "a bounce", "", MessageState.Ignored, "null-reverse-path"),
        new(5, "5-hidden.eml", "a mail with a hidden instruction", "mia@visitor.example", MessageState.Answered, ""),
        new(6, "6-forged.eml", "a forged sender", "security@bank.example", MessageState.Held, "dmarc"),
    ];

    /// <summary>The mail with today's date, with CRLF as line ends.</summary>
    public byte[] Bytes(DateTimeOffset now)
    {
        var text = Text("mails." + Resource)
            .Replace("{date}", now.ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{id}", now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"));
    }

    public static byte[] Knowledge() => Encoding.UTF8.GetBytes(Text("faq.md"));

    private static string Text(string name)
    {
        using var stream = typeof(DemoMail).Assembly.GetManifestResourceStream("replymint.Demo." + name)
            ?? throw new InvalidOperationException($"The resource {name} is missing.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
