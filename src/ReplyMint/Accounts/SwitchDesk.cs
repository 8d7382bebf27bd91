using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Stops and starts answering: of all, of a tenant or of a mailbox, in one commit with who did it. Mail is taken all the same.</summary>
internal sealed class SwitchDesk(IStore store, Switches switches, AuditLog audit)
{
    /// <param name="partition">The tenant, or the installation.</param>
    /// <param name="mailbox">Only this one of the tenant's.</param>
    /// <param name="stop">False starts it.</param>
    /// <param name="reason">For people; kept beside the switch.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="ct">Ends the wait.</param>
    public Task SetAsync(string partition, string? mailbox, bool stop, string reason, Actor actor, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        await switches.SetAsync(commit, partition, mailbox, stop, reason, token);
        await audit.AppendAsync(commit, partition, new(actor, stop ? "switch.stop" : "switch.start", mailbox ?? partition), token);
        return true;
    }, ct);
}
