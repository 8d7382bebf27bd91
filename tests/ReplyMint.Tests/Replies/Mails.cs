using ReplyMint.Mail;
using ReplyMint.Replies;

namespace ReplyMint.Tests.Replies;

/// <summary>Mails for tests: a person's question, and what to change about it.</summary>
internal static class Mails
{
    public const string Mailbox = "help@shop.example";

    public static InboundMail Person(string text = "When do you open on Saturday?", string subject = "Opening hours") => new()
    {
        Envelope = new Envelope("anna@customer.example", Mailbox),
        Headers = [],
        From = [new MailAddress("Anna Müller", "anna@customer.example")],
        To = [new MailAddress("", Mailbox)],
        Subject = subject,
        MessageId = "abc@customer.example",
        Text = text,
        Reply = text,
        Shape = new MailShape { Parts = ["text/plain"], Size = 1_000 },
    };

    public static InboundMail With(string name, string value) => Person() with { Headers = [new HeaderField(name, value)] };

    /// <summary>A mail about which everything is known and nothing speaks against an answer.</summary>
    public static PolicyFacts Facts(InboundMail? mail = null) => new()
    {
        Mail = mail ?? Person(),
        MailboxAddress = Mailbox,
        Authentication = new SenderAuthentication("mx.shop.example", AuthResult.Pass, AuthResult.Pass, AuthResult.Pass, false, false),
        IsOwnAddress = a => a is Mailbox or "alerts@shop.example",
        IsOwnMessageId = id => id.StartsWith("v1.", StringComparison.Ordinal),
        IsOwnLoopMark = mark => mark == "ours",
        PermanentBounce = false,
        SeenBefore = false,
        BeforeRestore = false,
        Rates = new RateFacts(0, 0, 0),
        OwnAnswer = false,
        Thread = new ThreadFacts(false, false, false),
        SameTextAsLast = false,
        SecondsSinceOurs = 3_600,
        ForeignThreadToken = false,
        Allowance = new AllowanceFacts(),
        SuppressedByPerson = false,
        ConsentMissing = false,
    };
}
