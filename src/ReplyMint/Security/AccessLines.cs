using System.Net;
using Microsoft.Extensions.Logging;

namespace ReplyMint.Security;

/// <summary>By what somebody says who he is.</summary>
internal static class Way
{
    public const string Key = "api-key";
    public const string Token = "access-token";
    public const string Cookie = "session-cookie";
    public const string Refresh = "refresh-token";
    public const string Link = "link";
    public const string Invitation = "invitation";
    public const string FirstStart = "first-start-link";
    public const string Passkey = "passkey";
    public const string App = "app-code";
    public const string Recovery = "recovery-code";
    public const string Webhook = "webhook";
    public const string Metrics = "metrics-token";
}

/// <summary>What the gate refused a proved caller; read where all refusals are noted.</summary>
internal sealed record RefusedRight(string Name);

/// <summary>
/// A line of the log for each proof of who somebody is, good or bad, and for each right that a proved caller was refused (ASVS V16.3.1, V16.3.2):
/// ids and marks only. A flood gets so many lines a minute; of the rest the number is told when the minute is over, so that nothing is left out unsaid.
/// </summary>
internal sealed partial class AccessLines(SecurityEvents events, ILogger<AccessLines> log, TimeProvider time) : IDisposable
{
    /// <summary>Lines of one kind from one network in a minute.</summary>
    public const int MostOfNetwork = 20;

    /// <summary>Lines of one kind in a minute, wherever they come from.</summary>
    public const int Most = 300;

    // Of so many networks the left-out lines are counted apart; those of further ones are counted together.
    private const int MostNetworks = 200;
    private const string None = "-";
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _leftOut = new(StringComparer.Ordinal);
    private DateTimeOffset _until;
    private ITimer? _end;

    /// <param name="from">Where it was tried from.</param>
    /// <param name="way">One of <see cref="Way"/>.</param>
    /// <param name="outcome">accepted, or in a word why not.</param>
    /// <param name="account">Whose it is or claims to be: an id, or an address, which is told by its keyed hash.</param>
    /// <param name="tenant">By its id.</param>
    public void Proof(IPAddress? from, string way, string outcome, string? account, string? tenant = null)
    {
        var network = events.MarkOf(from)?.Near ?? None;
        // Apart, so that no flood of others hides who came in.
        if (Fits(outcome switch { "accepted" => "proof", "asked" => "asked-link", _ => "failed-proof" }, network))
            LogProof(log, way, outcome, account is null ? None : events.NameOf(account), tenant ?? None, network);
    }

    /// <param name="from">Where he asked from.</param>
    /// <param name="caller">Who was refused.</param>
    /// <param name="right">What he has not; null where the route itself said no.</param>
    /// <param name="route">By its template.</param>
    /// <param name="status">What he was answered.</param>
    public void Refusal(IPAddress? from, Caller caller, string? right, string? route, string status)
    {
        var network = events.MarkOf(from)?.Near ?? None;
        if (Fits("refusal", network))
            LogRefusal(log, caller.Id, caller.Tenant, right ?? None, route ?? None, status, network);
    }

    /// <summary>Says what was left out so far.</summary>
    public void Tell()
    {
        lock (_lock)
            TellAll();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _end?.Dispose();
            TellAll();
        }
    }

    private bool Fits(string kind, string network)
    {
        lock (_lock)
        {
            if (time.GetUtcNow() >= _until)
            {
                TellAll();
                _until = time.GetUtcNow() + Minute;
            }
            var of = $"{kind} {network}";
            // What is counted together is bounded by the whole alone.
            var others = !_seen.ContainsKey(of) && _seen.Count >= MostNetworks;
            if (others)
                of = kind + " others";
            var seen = _seen[of] = _seen.GetValueOrDefault(of) + 1;
            if ((others || seen <= MostOfNetwork) && _seen.GetValueOrDefault(kind) < Most)
            {
                _seen[kind] = _seen.GetValueOrDefault(kind) + 1;
                return true;
            }
            _leftOut[of] = _leftOut.GetValueOrDefault(of) + 1;
            // The minute ends though nobody comes any more.
            _end ??= time.CreateTimer(_ => Tell(), null, _until - time.GetUtcNow(), Timeout.InfiniteTimeSpan);
            return false;
        }
    }

    private void TellAll()
    {
        foreach (var (of, count) in _leftOut)
            LogLeftOut(log, count, of[..of.IndexOf(' ', StringComparison.Ordinal)], of[(of.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        _leftOut.Clear();
        _seen.Clear();
        _until = default;
        _end?.Dispose();
        _end = null;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Proof by {Way}: {Outcome}, account {Account}, tenant {Tenant}, network {Network}")]
    private static partial void LogProof(ILogger log, string way, string outcome, string account, string tenant, string network);

    [LoggerMessage(Level = LogLevel.Information, Message = "Refused: caller {Caller}, tenant {Tenant}, right {Right}, route {Route}, status {Status}, network {Network}")]
    private static partial void LogRefusal(ILogger log, string caller, string tenant, string right, string route, string status, string network);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} more lines of the kind {Kind} from network {Network} within a minute were left out")]
    private static partial void LogLeftOut(ILogger log, int count, string kind, string network);
}
