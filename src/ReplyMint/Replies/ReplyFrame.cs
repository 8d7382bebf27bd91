using ReplyMint.Accounts;
using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>What stands around every answer: the greeting before it, closing and signature behind it.</summary>
internal sealed record ReplyFrame(string Before, string Behind)
{
    public int Length => Before.Length + Behind.Length;

    public string Put(string answer) => Before + answer + Behind;

    /// <summary>A signature of the mailbox's own closes by itself; without one the display name signs.</summary>
    public static ReplyFrame Around(Mailbox mailbox, InboundMail mail, string language)
    {
        var greeting = ReplyWording.Greeting(language, mailbox.Tone, GreetingName.Of(mail));
        var signature = mailbox.Signature.ReplaceLineEndings("\n").Trim();
        if (signature.Length == 0)
            signature = ReplySubject.Clean(mailbox.DisplayName);
        var closing = ReplyWording.Closing(language, mailbox.Tone);
        return new($"{greeting}\n\n", signature.Length == 0 ? $"\n\n{closing}" : $"\n\n{closing}\n{signature}");
    }
}
