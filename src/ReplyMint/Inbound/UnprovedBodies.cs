using System.Net;
using Microsoft.AspNetCore.Http;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>
/// Reads bodies of webhooks. Until its signature was verified a body may be anybody's, so all of them together have memory of
/// their own, and each client's address only a share of that and of their number: a flood of unsigned posts takes nothing
/// from mail by SMTP, nor from signed posts of other addresses. Addresses that proved a post within a day have a part of it
/// for themselves, so that a few strangers can't keep providers waiting.
/// </summary>
/// <param name="maxBytes">Octets of the largest body of any webhook.</param>
/// <param name="proved">What real mail has; a body moves there once it was verified.</param>
/// <param name="time">The clock.</param>
internal sealed class UnprovedBodies(int maxBytes, InboundBudget proved, TimeProvider time)
{
    /// <summary>So many bodies of one address (IPv6: of one /64) are read at once.</summary>
    public const int PerAddress = 32;

    // Counted in the largest bodies: what all addresses have together, and what one has.
    private const int Largest = 4;
    private const int LargestOfKnown = 4;
    private const int LargestOfAddress = 2;
    // The rate that Kestrel asks for would let a large body take hours.
    private static readonly TimeSpan WholeBody = TimeSpan.FromMinutes(2);
    // What holds memory has to be on the way to that from here on.
    private static readonly TimeSpan BeforePace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(5);

    private const int MaxKnown = 1_024;
    private static readonly TimeSpan Known = TimeSpan.FromDays(1);

    private readonly InboundBudget _all = new((long)Largest * maxBytes);
    private readonly InboundBudget _known = new((long)LargestOfKnown * maxBytes);
    private readonly Dictionary<IPAddress, Share> _shares = [];
    private readonly Dictionary<IPAddress, DateTimeOffset> _proved = [];

    private sealed class Share(InboundBudget budget)
    {
        public InboundBudget Budget => budget;
        public int Bodies { get; set; }
    }

    /// <param name="limit">Octets; at most those of the largest body.</param>
    public async Task<UnprovedBody> ReadAsync(HttpContext context, int limit, string channel, CancellationToken ct)
    {
        // Above the largest Kestrel answers by itself, at the first read.
        if (context.Request.ContentLength > limit && context.Request.ContentLength <= maxBytes)
            return new(TooLarge());
        var address = ClientNetwork.Of(context.Connection.RemoteIpAddress ?? IPAddress.None);
        if (Enter(address) is not { } share)
        {
            Measures.MailRefused.Add(channel, "bodies");
            return new(Retry(context, 429, 5, "Too many posts from your address at once."));
        }
        var buffer = new MailBuffer(Math.Min(limit, maxBytes), share.Budget);
        var body = new UnprovedBody(buffer, proved, () => Remember(address), () => Leave(address));
        try
        {
            using var patience = new CancellationTokenSource(WholeBody, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
            var counted = new CountedStream(context.Request.Body);
            var began = time.GetTimestamp();
            await using var pace = time.CreateTimer(_ =>
            {
                if (counted.Count > InboundBudget.Free && counted.Count < maxBytes / WholeBody.TotalSeconds * time.GetElapsedTime(began).TotalSeconds)
                    patience.Cancel();
            }, null, BeforePace, BetweenLooks);
            await buffer.ReadAsync(counted, either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            Measures.MailRefused.Add(channel, "slow");
            body.Dispose();
            return new(new Problem(408, "The body came too slowly."));
        }
        catch
        {
            body.Dispose();
            throw;
        }
        if (buffer.State == BufferState.Open)
            return body;
        body.Dispose();
        if (buffer.State == BufferState.TooLarge)
            return new(TooLarge());
        Measures.MailRefused.Add(channel, "memory");
        return new(Later(context));
    }

    /// <summary>The same for a room beside this one: see <see cref="UnprovedPost"/>.</summary>
    public async Task<IResult> HandleAsync(HttpContext context, int limit, string channel, UnprovedHandler handle, CancellationToken ct)
    {
        using var body = await ReadAsync(context, limit, channel, ct);
        return body.Refusal is { } refusal ? refusal : await handle(body.Content, () => body.TryProve() ? null : Later(context));
    }

    /// <summary>Nothing was stored; whoever posted should come again.</summary>
    public static Problem Later(HttpContext context) => Retry(context, 503, 60, "Not stored. Come again.");

    private static Problem TooLarge() => new(413, "The body is too large.");

    private static Problem Retry(HttpContext context, int status, int seconds, string detail)
    {
        context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new(status, detail);
    }

    private Share? Enter(IPAddress address)
    {
        lock (_shares)
        {
            if (!_shares.TryGetValue(address, out var share))
                _shares.Add(address, share = new(new((long)LargestOfAddress * maxBytes, IsKnown(address) ? _known : _all)));
            if (share.Bodies == PerAddress)
                return null;
            share.Bodies++;
            return share;
        }
    }

    private bool IsKnown(IPAddress address) => _proved.TryGetValue(address, out var at) && time.GetUtcNow() - at < Known;

    private void Remember(IPAddress address)
    {
        lock (_shares)
        {
            if (_proved.Count >= MaxKnown && !_proved.ContainsKey(address))
                _proved.Remove(_proved.MinBy(known => known.Value).Key);
            _proved[address] = time.GetUtcNow();
        }
    }

    private void Leave(IPAddress address)
    {
        lock (_shares)
            if (--_shares[address].Bodies == 0)
                _shares.Remove(address);
    }
}

/// <summary>A body that was read and is not yet believed, or the reason why it was not read.</summary>
internal sealed class UnprovedBody : IDisposable
{
    private readonly MailBuffer? _buffer;
    private readonly InboundBudget? _proved;
    private readonly Action? _remember;
    private Action? _leave;

    public UnprovedBody(Problem refusal) => Refusal = refusal;

    public UnprovedBody(MailBuffer buffer, InboundBudget proved, Action? remember, Action leave) => (_buffer, _proved, _remember, _leave) = (buffer, proved, remember, leave);

    /// <summary>Null when the body is there.</summary>
    public Problem? Refusal { get; }

    public ReadOnlyMemory<byte> Content => _buffer?.Content ?? default;

    public Memory<byte> Writable => _buffer?.Writable ?? default;

    /// <summary>Its signature was verified: it is real mail now. False when real mail has no memory left.</summary>
    public bool TryProve()
    {
        _remember?.Invoke();
        if (_buffer is null || !_buffer.TryMoveTo(_proved!))
            return false;
        Interlocked.Exchange(ref _leave, null)?.Invoke();
        return true;
    }

    public void Dispose()
    {
        _buffer?.Dispose();
        Interlocked.Exchange(ref _leave, null)?.Invoke();
    }
}
