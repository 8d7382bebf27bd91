using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>What an account looks like from here, in plain words.</summary>
/// <param name="Problem">Why it is of no use; null when it works.</param>
internal sealed record ServerSeen(IReadOnlyList<string> Lines, string? Problem);

/// <summary>Mail servers by which mailboxes' answers leave, as their tenants named them.</summary>
internal sealed class OwnServers(Channels channels, AccountDoor door, TimeProvider time)
{
    public async ValueTask<IOutboundChannel?> FindAsync(string tenant, string mailbox, CancellationToken ct) =>
        await channels.FindWayOutAsync(tenant, mailbox, ct) is { } channel ? new OwnServer(channel, door, time, channels.AreOnAws) : null;

    /// <summary>Connects and signs in, and sends nothing.</summary>
    public async Task<ServerSeen> LookAsync(Channel channel, CancellationToken ct)
    {
        if (channels.AreOnAws)
            return new([], MailboxChecks.NoOwnServer);
        var account = channel.Smtp!;
        using var client = new OutsideSmtp();
        var (connection, problem) = await door.OpenAsync(client, channel, ct);
        if (connection is null)
            return new([], problem);
        await using (connection)
            return new([$"connected to {account.Host}:{account.Port}, {(client.IsSecure ? $"encrypted ({client.SslProtocol})" : "in the clear")}", $"signed in as {account.User}", "answers of the mailbox leave by it"], null);
    }
}

/// <summary>
/// One of them. Each mail has a connection of its own: what was changed of the account counts with the next one, and such servers see few mails.
/// </summary>
/// <param name="onAws">One that stands in a store of an older day: it is not tried, since answers would wait for nothing.</param>
internal sealed class OwnServer(Channel channel, AccountDoor door, TimeProvider time, bool onAws) : IOutboundChannel
{
    public string Name => Channel.BySmtp;

    public async Task<SendOutcome> SendAsync(string outboxId, OutboundMail mail, CancellationToken ct)
    {
        if (onAws)
            return new(SendResult.Permanent, MailboxChecks.NoOwnServer);
        // Providers take mail of their account's address only, and nobody else has to know where bounces of it go.
        mail = mail with { ReversePath = mail.ReversePath.Length == 0 ? "" : mail.From };
        if (MimeWriter.Problem(mail) is { } wrong)
            return new(SendResult.Permanent, wrong);
        using var limit = new CancellationTokenSource(OwnPlaces.Longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var handOver = new SmtpHandOver();
        // Else the server is told the name of this machine.
        using var client = new OutsideSmtp { LocalDomain = AddressRules.Domain(mail.From) };
        try
        {
            var (connection, problem) = await door.OpenAsync(client, channel, either.Token);
            if (connection is null)
                return new(SendResult.Temporary, problem);
            await using (connection)
                return await handOver.SendAsync(client, mail, either.Token);
        }
        catch (Exception e) when (SmtpHandOver.IsExpected(e))
        {
            return handOver.Failed(e, limit.IsCancellationRequested);
        }
    }
}
