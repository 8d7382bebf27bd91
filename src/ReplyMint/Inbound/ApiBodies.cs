using Microsoft.AspNetCore.Http;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>
/// Reads mails that callers of the API hand over. A caller may send slowly, so until a mail is there as a whole it lies in memory
/// of its own, of which each tenant has a share, and not in what mail by other ways needs.
/// </summary>
/// <param name="maxBytes">Octets of the largest mail.</param>
/// <param name="inbound">What real mail has; a mail moves there once it was read.</param>
/// <param name="time">The clock.</param>
internal sealed class ApiBodies(int maxBytes, InboundBudget inbound, TimeProvider time)
{
    // Counted in the largest mails: what all tenants have together, and what one has. Small ones take nothing, so they are counted.
    private const int Largest = 4;
    private const int LargestOfTenant = 2;
    private const int MailsOfTenant = 64;
    private static readonly TimeSpan WholeBody = TimeSpan.FromMinutes(2);

    private readonly InboundBudget _all = new((long)Largest * maxBytes);
    private readonly Dictionary<string, Share> _shares = new(StringComparer.Ordinal);

    private sealed class Share(InboundBudget budget)
    {
        public InboundBudget Budget => budget;
        public int Mails { get; set; }
    }

    public async Task<UnprovedBody> ReadAsync(HttpContext context, string tenant, CancellationToken ct)
    {
        if (Enter(tenant) is not { } share)
            return Refuse("bodies", TooMany(context));
        var buffer = new MailBuffer(maxBytes, share.Budget);
        var body = new UnprovedBody(buffer, inbound, remember: null, () => Leave(tenant));
        try
        {
            using var patience = new CancellationTokenSource(WholeBody, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
            await buffer.ReadAsync(context.Request.Body, either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            body.Dispose();
            return Refuse("slow", new Problem(408, "The mail came too slowly."));
        }
        catch
        {
            body.Dispose();
            throw;
        }
        if (buffer.State == BufferState.Open)
            return body;
        body.Dispose();
        return buffer.State == BufferState.TooLarge ? new(new Problem(413, "The mail is too large.")) : Refuse("memory", UnprovedBodies.Later(context));
    }

    private static UnprovedBody Refuse(string reason, Problem problem)
    {
        Measures.MailRefused.Add("api", reason);
        return new(problem);
    }

    private static Problem TooMany(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "5";
        return new(429, "Too many mails of your tenant at once.");
    }

    private Share? Enter(string tenant)
    {
        lock (_shares)
        {
            if (!_shares.TryGetValue(tenant, out var share))
                _shares.Add(tenant, share = new(new((long)LargestOfTenant * maxBytes, _all)));
            if (share.Mails == MailsOfTenant)
                return null;
            share.Mails++;
            return share;
        }
    }

    private void Leave(string tenant)
    {
        lock (_shares)
            if (--_shares[tenant].Mails == 0)
                _shares.Remove(tenant);
    }
}
