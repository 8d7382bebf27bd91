using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>An open, signed-in connection, or why there is none.</summary>
internal sealed record ImapOpened(ImapSession? Session, string Problem);

/// <summary>Opens sessions with tenants' IMAP servers.</summary>
internal sealed class ImapDoor(AccountDoor door, TimeProvider time)
{
    public async Task<ImapOpened> OpenAsync(Channel channel, CancellationToken ct)
    {
        var client = new OutsideImap();
        var stays = false;
        try
        {
            var (connection, problem) = await door.OpenAsync(client, channel, ct);
            if (connection is null)
                return new(null, problem);
            stays = true;
            return new(new ImapSession(client, connection, channel, time), "");
        }
        finally
        {
            if (!stays)
                client.Dispose();
        }
    }
}
