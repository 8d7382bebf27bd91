using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>
/// An account that mail is fetched from by IMAP. It belongs to one mailbox, which all of its mail is for: whatever fields such as To and Delivered-To say,
/// they came with the mail.
/// </summary>
/// <param name="Mailbox">The mailbox's id.</param>
/// <param name="Host">The mail server.</param>
/// <param name="User">The account's name.</param>
/// <param name="Folder">Where mail comes in.</param>
/// <param name="Server">The authserv-id whose Authentication-Results are believed; empty believes none, and rule 11 holds.</param>
/// <param name="Since">Mail that came before is left alone.</param>
internal sealed record ImapAccount(string Mailbox, string Host, int Port, string Security, string User, string Folder, string Server, DateTimeOffset Since) : MailAccount(Mailbox, Host, Port, Security, User)
{
    public const int UsualPort = 993;
    public const string UsualFolder = "INBOX";

    /// <summary>Drafts are put into the account's folder for drafts, where its owner finishes and sends them, instead of waiting in the list.</summary>
    public bool DraftsThere { get; set; }

    public override string ToString() => base.ToString();

    public override Wrong? Problem(OutsideAddress outside, bool needsTls)
    {
        if (Text(Folder, 200) is { } folder)
            return new("folder", folder);
        if (Server.Length > 253 || Server.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
            return new("server", "must be the name that the server signs its Authentication-Results with, such as mx.google.com");
        return base.Problem(outside, needsTls);
    }
}
