using System.CommandLine;
using System.Globalization;
using ReplyMint.Accounts;

namespace ReplyMint.Cli.Commands;

/// <summary>The options that name an account which mail is fetched from, for "add" and "set".</summary>
internal sealed class ImapOptions
{
    private readonly Option<string?> _mailbox = Text("--mailbox", "ADDRESS", "imap: the mailbox that all of its mail is for");
    private readonly Option<string?> _host = Text("--host", "NAME", "imap: the mail server");
    private readonly Option<int?> _port = new("--port") { HelpName = "N", Description = "imap: its port (993)" };
    private readonly Option<string?> _security = Text("--security", "tls|starttls", "imap: TLS from the first octet, or STARTTLS, which then is required (tls)");
    private readonly Option<string?> _user = Text("--user", "NAME", "imap: the account's name");
    private readonly Option<string?> _folder = Text("--folder", "NAME", "imap: where mail comes in (INBOX)");
    private readonly Option<string?> _server = Text("--server", "NAME", "imap: whose Authentication-Results are believed; without it each mail waits for a person");
    private readonly Option<string?> _since = Text("--since", "DATE", "imap: take mail that came from then on (now)");

    private readonly Option<bool?> _drafts = new("--drafts-there") { HelpName = "true|false", Description = "imap: put drafts into the account's own folder instead of the list of what waits" };

    private readonly Option<string?> _token = Text("--token-url", "URL", "imap with OAuth2: where the refresh token is changed for access tokens");
    private readonly Option<string?> _client = Text("--client-id", "ID", "imap with OAuth2: the client; its secret is the second line of the secret's file");

    public StoreCommand AddTo(StoreCommand command)
    {
        foreach (var option in (Option[])[_mailbox, _host, _port, _security, _user, _folder, _server, _since, _drafts, _token, _client])
            command.Options.Add(option);
        return command;
    }

    /// <summary>Null when none was named.</summary>
    /// <exception cref="WrongException">There is no such mailbox, or half of an account.</exception>
    public async Task<(string Tenant, ImapAccount Account)?> ReadAsync(ParseResult parse, CommandContext context, CancellationToken ct)
    {
        if (parse.GetValue(_mailbox) is not { } address)
            return null;
        var mailbox = await context.MailboxAsync(address, ct);
        var account = new ImapAccount(mailbox.Id, "", ImapAccount.UsualPort, ImapAccount.Tls, "", ImapAccount.UsualFolder, "", context.Get<TimeProvider>().GetUtcNow());
        return (mailbox.TenantId, After(parse, account)!);
    }

    /// <summary>The account with what was named; its mailbox stays.</summary>
    /// <exception cref="WrongException">A date can't be read.</exception>
    public ImapAccount? After(ParseResult parse, ImapAccount? before) => before is null ? null : before with
    {
        Host = parse.GetValue(_host) ?? before.Host,
        Port = parse.GetValue(_port) ?? before.Port,
        Security = parse.GetValue(_security) ?? before.Security,
        User = parse.GetValue(_user) ?? before.User,
        Folder = parse.GetValue(_folder) ?? before.Folder,
        Server = parse.GetValue(_server) ?? before.Server,
        TokenUrl = parse.GetValue(_token) ?? before.TokenUrl,
        ClientId = parse.GetValue(_client) ?? before.ClientId,
        DraftsThere = parse.GetValue(_drafts) ?? before.DraftsThere,
        Since = parse.GetValue(_since) is { } since ? Date(since) : before.Since,
    };

    /// <summary>With OAuth2 the file holds the refresh token, and below it the client's secret, where it has one.</summary>
    public static Channel Parted(Channel channel) => channel.Imap is not { TokenUrl: not null } account || channel.Secret.Split('\n', StringSplitOptions.TrimEntries) is not [var refresh, var client] ? channel
        : channel with { Secret = refresh, Imap = account with { ClientSecret = client } };

    private static DateTimeOffset Date(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date) ? date
            : throw new WrongException($"--since: {Plain.Line(text, 60)} is no date, such as 2026-11-27");

    private static Option<string?> Text(string name, string help, string description) => new(name) { HelpName = help, Description = description };
}
