using System.Globalization;
using MailKit;
using MailKit.Net.Imap;
using ReplyMint.Accounts;
using ReplyMint.Mail;

namespace ReplyMint.Inbound;

/// <summary>Looks whether a channel's account can be read, and changes nothing there.</summary>
internal sealed class ImapCheck(ImapDoor door, ImapPositions positions, ImapSettings settings)
{
    private const int HeadBytes = 256 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public async Task<ServerSeen> LookAsync(Channel channel, CancellationToken ct)
    {
        var account = channel.Imap!;
        var opened = await door.OpenAsync(channel, ct);
        if (opened.Session is not { } session)
            return new([], opened.Problem);
        using (session)
            try
            {
                return new(await session.WithinAsync(Patience, HeadBytes, token => SeeAsync(session, token), ct), null);
            }
            catch (Exception e) when (!ct.IsCancellationRequested && ServerTrouble.IsExpected(e))
            {
                return new([], ServerTrouble.Say(e, account, null));
            }
    }

    private async Task<IReadOnlyList<string>> SeeAsync(ImapSession session, CancellationToken ct)
    {
        var (account, client) = (session.Account, session.Client);
        var lines = new List<string>
        {
            $"connected to {account.Host}:{account.Port}, {(client.IsSecure ? $"encrypted ({client.SslProtocol})" : "in the clear")}",
            $"signed in as {account.User}",
            session.CanIdle ? "tells of new mail by itself (IDLE)" : $"does not tell of new mail by itself: looked into every {settings.PollSeconds} s",
        };
        var folder = account.Folder.Equals(ImapAccount.UsualFolder, StringComparison.OrdinalIgnoreCase) ? client.Inbox! : await client.GetFolderAsync(account.Folder, ct);
        await folder.OpenAsync(FolderAccess.ReadOnly, ct);
        lines.Add(string.Create(CultureInfo.InvariantCulture, $"{account.Folder} holds {folder.Count} mails; what comes since {account.Since.UtcDateTime:yyyy-MM-dd HH:mm} UTC is taken"));
        lines.Add(await ImapFolders.FindAsync(client, SpecialFolder.Drafts, ct) is { } drafts ? $"drafts lie in {drafts.FullName}" : "has no folder for drafts");
        lines.Add(await ImapFolders.FindAsync(client, SpecialFolder.Sent, ct) is { } sent ? $"sent mail lies in {sent.FullName}: who answers there himself ends the draft" : "has no folder of sent mail: who answers by hand is not seen");
        lines.Add(folder.Count == 0 ? "no mail is there to see who speaks of senders" : await SpeaksAsync(folder, account, ct));
        if (await positions.FindAsync(session.Channel, ct) is { Problem: { } problem, FailingSince: { } since })
            lines.Add($"at the last look: {problem} (since {since.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC)");
        return lines;
    }

    /// <summary>Whose Authentication-Results stand on top of the newest mail: the name that the channel has to believe.</summary>
    private static async Task<string> SpeaksAsync(IMailFolder folder, ImapAccount account, CancellationToken ct)
    {
        await using var head = await folder.GetStreamAsync(folder.Count - 1, 0, HeadBytes, ct);
        using var bytes = new MemoryStream();
        await head.CopyToAsync(bytes, ct);
        var first = MailParser.Parse(bytes.ToArray(), new Mail.Envelope(null, null)).TrustFields is [{ } top, ..] ? top : null;
        return first is null ? "nobody speaks of the sender of the newest mail: mail waits for a person (docs/mailboxes.md)"
            : AuthenticationResults.IsOf(first, account.Server) ? $"{account.Server} speaks of the sender of the newest mail, and is believed"
            : account.Server.Length == 0 ? "a server speaks of the sender of the newest mail, and none is believed: name yours (set --server), or mail waits for a person"
            : $"another server than {account.Server} speaks of the sender of the newest mail: mail waits for a person";
    }
}

/// <summary>The folders of an account that have a purpose.</summary>
internal static class ImapFolders
{
    /// <summary>As the server says (RFC 6154), else by the name that most programs give it.</summary>
    public static async Task<IMailFolder?> FindAsync(ImapClient client, SpecialFolder purpose, CancellationToken ct)
    {
        if ((client.Capabilities & (ImapCapabilities.SpecialUse | ImapCapabilities.XList)) != 0 && client.GetFolder(purpose) is { } said)
            return said;
        try
        {
            return await client.GetFolderAsync(purpose == SpecialFolder.Drafts ? "Drafts" : "Sent", ct);
        }
        catch (FolderNotFoundException)
        {
            return null;
        }
    }
}
