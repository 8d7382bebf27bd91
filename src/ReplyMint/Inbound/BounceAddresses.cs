using ReplyMint.Accounts;
using ReplyMint.Outbound;

namespace ReplyMint.Inbound;

/// <summary>Finds the answer that a signed bounce address is of.</summary>
internal sealed class BounceAddresses(ReplyTokens tokens, Tenants tenants, Outbox outbox)
{
    public async ValueTask<TokenSubject?> ReadAsync(string address, CancellationToken ct)
    {
        // A few at the most, whoever asks: three characters lead to one tenant in 32,768.
        if (ReplyTokens.TenantsOf(address) is { } prefix)
            await foreach (var tenant in tenants.IdsAsync(ct, prefix))
                if (tokens.ReadBounceAddress(address, tenant) is { } subject)
                    return subject;
        return tokens.ReadShortBounceAddress(address) is { } before && await outbox.FindAsync(before.TenantId, before.OutboxId, ct) is { } entry
            && entry.Mail.ReversePath.Equals(address, StringComparison.OrdinalIgnoreCase) ? before : null;
    }
}
