using ReplyMint.Accounts;
using ReplyMint.Knowledge;
using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>Which language an answer is written in.</summary>
internal static class ReplyLanguage
{
    public const string Auto = "auto";

    public static bool IsServed(string code) => code is "en" or "de" or "fr" or "es";

    /// <summary>The mailbox's language when it is set, else the mail's; empty when nobody can tell.</summary>
    public static string Of(Mailbox mailbox, InboundMail mail) => IsServed(mailbox.Language) ? mailbox.Language : Guess(mail.Subject + "\n" + mail.Reply);

    /// <summary>"en", "de", "fr", "es", or empty.</summary>
    public static string Guess(string text) => LanguageWords.Code(LanguageWords.Guess(text));

    /// <summary>A passage's language: as told, else as it reads.</summary>
    public static string Of(Passage passage) => IsServed(passage.Language) ? passage.Language : Guess(passage.Question + "\n" + passage.Answer);
}
