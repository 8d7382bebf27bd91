using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using ReplyMint.Telemetry;

namespace ReplyMint.Security;

/// <summary>What may be a sign of somebody at work who should not be.</summary>
internal enum SecurityEventKind : byte
{
    /// <summary>A credential was wrong, or not even looked at because too many were.</summary>
    TryFailed,
    TrySucceeded,
    /// <summary>A link to come in was asked for; nobody proved anything yet.</summary>
    SignInAsked,
    /// <summary>A good key, from a network that was not its last one.</summary>
    KeyUsed,
    /// <summary>An operator at work, whose network must never be shut.</summary>
    OperatorSeen,
    /// <summary>A webhook that proved nothing.</summary>
    WebhookForged,
    /// <summary>A request that was refused: 400, 401, 404, 405.</summary>
    RequestRefused,
    /// <summary>A proved caller wanted what his role or key has no right to.</summary>
    PrivilegeRefused,
    MailRead,
    ExportMade,
    /// <summary>A mail that speaks to the machine, or a draft that shows that one was heard.</summary>
    InjectionFound,
    /// <summary>An answer is on its way; the number says how many of the tenant within an hour.</summary>
    SendingCounted,
}

/// <summary>Where somebody sits, as keyed hashes, which tell him from others and don't say where that is.</summary>
/// <param name="Near">An IPv4 address, or the /64 of an IPv6 address, of which a client commonly owns all.</param>
/// <param name="Wide">Its /24, or its /48: what one customer of a provider commonly moves within.</param>
/// <param name="Own">Loopback, private or reserved: a machine or proxy of one's own.</param>
internal readonly record struct NetworkMark(string Near, string Wide, bool V6, bool Own);

/// <summary>Ids, keyed hashes and counts only.</summary>
/// <param name="Tenant">Whose it is, by id.</param>
/// <param name="Caller">A key's or a user's id.</param>
/// <param name="Subject">Whose credential it claims to be, which channel, or which correspondent: an id or a keyed hash.</param>
/// <param name="Number">A count, or what was asked for in a form that only tells one from another.</param>
internal readonly record struct SecurityEvent(
    SecurityEventKind Kind, DateTimeOffset At, NetworkMark? Network = null, string? Tenant = null, CallerKind? CallerKind = null, string? Caller = null, string? Subject = null, long Number = 0);

/// <summary>
/// The stream of security events (MON-3): written where things happen, read by the detectors. Nobody waits here. What finds no room is lost,
/// and counted: whoever makes so many events at once is seen by those that found some.
/// </summary>
/// <param name="key">Of this installation and purpose: the same on all of its machines and at each start.</param>
/// <param name="listens">Without detectors nothing is noted.</param>
internal sealed class SecurityEvents(byte[] key, bool listens, TimeProvider time)
{
    public const int MaxWaiting = 16_384;

    private static readonly TimeSpan Again = TimeSpan.FromMinutes(1);
    private const int MaxKnown = 50_000;

    private readonly Channel<SecurityEvent> _waiting = Channel.CreateBounded<SecurityEvent>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite }, static _ => Measures.ExportLost.Add("security-events"));
    // Of each caller where he came from last, so that all that follows from there costs a look.
    private readonly ConcurrentDictionary<string, (IPAddress From, long At)> _last = new(StringComparer.Ordinal);

    public bool TryRead(out SecurityEvent seen) => _waiting.Reader.TryRead(out seen);

    public void Note(SecurityEventKind kind, IPAddress? from = null, string? tenant = null, string? subject = null, long number = 0)
    {
        if (listens)
            _waiting.Writer.TryWrite(new(kind, time.GetUtcNow(), MarkOf(from), tenant, Subject: subject, Number: number));
    }

    public void Note(SecurityEventKind kind, Caller caller, long number = 0)
    {
        if (listens)
            _waiting.Writer.TryWrite(new(kind, time.GetUtcNow(), MarkOf(caller.Network), caller.Tenant, caller.Kind, caller.Id, Number: number));
    }

    /// <summary>A caller was let in: told once a minute for each network that he comes from in turn.</summary>
    public void Welcomed(SecurityEventKind kind, Caller caller)
    {
        if (!listens || caller.Network is not { } from)
            return;
        if (_last.TryGetValue(caller.Id, out var last) && last.From.Equals(from) && time.GetElapsedTime(last.At) < Again)
            return;
        if (_last.Count > MaxKnown)
            _last.Clear();
        _last[caller.Id] = (from, time.GetTimestamp());
        Note(kind, caller);
    }

    /// <summary>A credential was tried.</summary>
    /// <param name="account">An id as it is; of an address a keyed hash.</param>
    public void Tried(SecurityEventKind kind, IPAddress? from, string? account)
    {
        if (listens)
            Note(kind, from, subject: account is null ? null : NameOf(account));
    }

    /// <summary>An id as it is; an address as a keyed hash, which tells it from others.</summary>
    public string NameOf(string account) => IdAttribute.IsId(account) ? account : LookupHash.Of(key, "account\n" + account);

    /// <summary>Null for no address.</summary>
    public NetworkMark? MarkOf(IPAddress? address)
    {
        if (address is null)
            return null;
        address = address.Plain();
        var v6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length))
            return null;
        var near = v6 ? 8 : length;
        return new(Hash(bytes[..near], v6), Hash(bytes[..(v6 ? 6 : 3)], v6), v6, !OutsideAddress.IsPublic(address));
    }

    /// <summary>Whether a text has the form of a mark.</summary>
    public static bool IsMark(string text) => text is ['n', ..] && text.Length == 23 && IdAttribute.IsId(text);

    // The letter in front keeps a mark from looking like an option to whoever types it behind a command.
    private string Hash(ReadOnlySpan<byte> network, bool v6) =>
        "n" + LookupHash.Of(key, string.Create(CultureInfo.InvariantCulture, $"network\n{(v6 ? 6 : 4)}\n{network.Length}\n{Convert.ToHexStringLower(network)}"));
}
