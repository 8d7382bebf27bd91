using System.CommandLine;
using System.Globalization;
using ReplyMint.Accounts;

namespace ReplyMint.Cli.Commands;

/// <summary>The options that name an account at a mail server, for "add" and "set".</summary>
internal sealed class AccountOptions
{
    private readonly Option<string?> _mailbox = Text("--mailbox", "ADDRESS", "imap: the mailbox that all of its mail is for; smtp: whose answers leave by it");
    private readonly Option<string?> _host = Text("--host", "NAME", "imap, smtp: the mail server");
    private readonly Option<int?> _port = new("--port") { HelpName = "N", Description = "imap, smtp: its port (993, 587)" };
    private readonly Option<string?> _security = Text("--security", "tls|starttls", "imap, smtp: TLS from the first octet, or STARTTLS, which then is required (imap tls, smtp starttls)");
    private readonly Option<string?> _user = Text("--user", "NAME", "imap, smtp: the account's name");
    private readonly Option<string?> _folder = Text("--folder", "NAME", "imap: where mail comes in (INBOX)");
    private readonly Option<string?> _server = Text("--server", "NAME", "imap: whose Authentication-Results are believed; without it each mail waits for a person");
    private readonly Option<string?> _since = Text("--since", "DATE", "imap: take mail that came from then on (now)");

    private readonly Option<bool?> _drafts = new("--drafts-there") { HelpName = "true|false", Description = "imap: put drafts into the account's own folder instead of the list of what waits" };

    private readonly Option<string?> _token = Text("--token-url", "URL", "OAuth2: where the refresh token is changed for access tokens");
    private readonly Option<string?> _client = Text("--client-id", "ID", "OAuth2: the client; its secret is the second line of the secret's file");

    public StoreCommand AddTo(StoreCommand command)
    {
        foreach (var option in (Option[])[_mailbox, _host, _port, _security, _user, _folder, _server, _since, _drafts, _token, _client])
            command.Options.Add(option);
        return command;
    }

    /// <summary>The channel with the account that was named, and its mailbox's tenant as the owner; as it was when none was named.</summary>
    /// <exception cref="WrongException">There is no such mailbox, or half of an account.</exception>
    public async Task<Channel> ReadAsync(ParseResult parse, CommandContext context, Channel channel, CancellationToken ct)
    {
        if (parse.GetValue(_mailbox) is not { } address)
            return channel;
        var mailbox = await context.MailboxAsync(address, ct);
        return After(parse, channel.Kind == Channel.BySmtp
            ? channel with { Owner = mailbox.TenantId, Smtp = new MailAccount(mailbox.Id, "", MailAccount.SubmissionPort, MailAccount.StartTls, "") }
            : channel with { Owner = mailbox.TenantId, Imap = new ImapAccount(mailbox.Id, "", ImapAccount.UsualPort, MailAccount.Tls, "", ImapAccount.UsualFolder, "", context.Get<TimeProvider>().GetUtcNow()) });
    }

    /// <summary>The channel's account with what was named; its mailbox stays.</summary>
    /// <exception cref="WrongException">A date can't be read.</exception>
    public Channel After(ParseResult parse, Channel before) => before with
    {
        Smtp = before.Smtp is { } smtp ? Common(parse, smtp) : null,
        Imap = before.Imap is not { } imap ? null : (ImapAccount)Common(parse, imap) with
        {
            Folder = parse.GetValue(_folder) ?? imap.Folder,
            Server = parse.GetValue(_server) ?? imap.Server,
            DraftsThere = parse.GetValue(_drafts) ?? imap.DraftsThere,
            Since = parse.GetValue(_since) is { } since ? Date(since) : imap.Since,
        },
    };

    private MailAccount Common(ParseResult parse, MailAccount before) => before with
    {
        Host = parse.GetValue(_host) ?? before.Host,
        Port = parse.GetValue(_port) ?? before.Port,
        Security = parse.GetValue(_security) ?? before.Security,
        User = parse.GetValue(_user) ?? before.User,
        TokenUrl = parse.GetValue(_token) ?? before.TokenUrl,
        ClientId = parse.GetValue(_client) ?? before.ClientId,
    };

    /// <summary>With OAuth2 the file holds the refresh token, and below it the client's secret, where it has one.</summary>
    public static Channel Parted(Channel channel) => channel.Account is not { TokenUrl: not null } || channel.Secret.Split('\n', StringSplitOptions.TrimEntries) is not [var refresh, var client] ? channel
        : channel with { Secret = refresh, Imap = channel.Imap is { } imap ? imap with { ClientSecret = client } : null, Smtp = channel.Smtp is { } smtp ? smtp with { ClientSecret = client } : null };

    private static DateTimeOffset Date(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date) ? date
            : throw new WrongException($"--since: {Plain.Line(text, 60)} is no date, such as 2026-11-27");

    private static Option<string?> Text(string name, string help, string description) => new(name) { HelpName = help, Description = description };
}
