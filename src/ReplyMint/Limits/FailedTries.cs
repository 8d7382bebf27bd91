using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Limits;

/// <summary>Raises an alert of that kind about that subject, unless the same one is open.</summary>
internal delegate Task LimitAlarm(string kind, string subject, string text, CancellationToken ct);

/// <summary>
/// Slows guessing (AUTH-7): by network, and by account and network together, never by the account alone, or anybody could
/// shut anybody out. A try is paid for before it is made, so that a thousand at once are a thousand; a good one gets it back.
/// What somebody tries against an account from many networks is not slowed further, but the operator is told.
/// </summary>
internal sealed partial class FailedTries(RequestLimitSettings settings, TakeTokens take, TimeProvider time, Func<LimitAlarm> alarm, ILogger<FailedTries> logger, SecurityEvents? events = null, AccessLines? lines = null)
{
    private static readonly TimeSpan BetweenAlarms = TimeSpan.FromMinutes(10);

    // So many failures of one account from all networks together are nobody's own mistakes.
    private static readonly BucketRule Everywhere = new(20 / 3600.0, 50);

    private readonly BucketRule _network = BucketRule.Of(settings.FailedFromNetwork);
    private readonly BucketRule _pair = BucketRule.Of(settings.FailedForAccount);
    private readonly byte[] _unnamed = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _alarms = new();
    private readonly Dictionary<string, DateTimeOffset> _raised = [];

    /// <summary>Call it before a credential is checked. Null lets the try be made; else this is the answer.</summary>
    /// <param name="context">Says where the try comes from.</param>
    /// <param name="way">By what (<see cref="Way"/>).</param>
    /// <param name="account">Whose credential it claims to be: a user's or key's id, or a normalised address. Null when nothing says.</param>
    public async ValueTask<IResult?> BeginAsync(HttpContext context, string way, string? account = null)
    {
        var network = BucketKey.NetworkOf(context.Connection.RemoteIpAddress);
        var pair = account is null ? default : await take(new("pair", account, network), _pair, 1);
        if (account is not null && !pair.Allowed)
        {
            Failed(context, way, account, "slowed");
            return Refusal(pair.Wait);
        }
        var all = await take(new("network", "", network), _network, 1);
        if (!all.Allowed)
        {
            if (account is not null)
                await take(new("pair", account, network), _pair, -1);
            Announce("guessing-network", Unnamed(network.ToString(CultureInfo.InvariantCulture)), "A network makes more failed sign-ins, or sends more bad keys and tokens, than people do by mistake. It is slowed.");
            Failed(context, way, account, "slowed");
            return Refusal(all.Wait);
        }
        Measures.CredentialTries.Add("begun");
        if (account is not null && !(await take(new("account", account, 0), Everywhere, 1)).Allowed)
            Announce("guessing-account", IdAttribute.IsId(account) ? account : Unnamed(account), "Somebody tries to sign in to one account from many networks. Each network is slowed; the account stays open to its owner.");
        return null;
    }

    /// <summary>Call it when the credential was wrong.</summary>
    public void Failed(HttpContext context, string way, string? account = null, string outcome = "refused")
    {
        events?.Tried(SecurityEventKind.TryFailed, context.Connection.RemoteIpAddress, account);
        lines?.Proof(context.Connection.RemoteIpAddress, way, outcome, account);
    }

    /// <summary>Call it when the credential was good.</summary>
    /// <param name="context">Says where it came from.</param>
    /// <param name="way">By what (<see cref="Way"/>).</param>
    /// <param name="account">As it was begun.</param>
    /// <param name="who">Who it turned out to be, where that is known only now.</param>
    /// <param name="tenant">Where he comes in.</param>
    public async ValueTask SucceededAsync(HttpContext context, string way, string? account = null, string? who = null, string? tenant = null)
    {
        lines?.Proof(context.Connection.RemoteIpAddress, way, "accepted", who ?? account, tenant);
        Measures.CredentialTries.Add("good");
        events?.Tried(SecurityEventKind.TrySucceeded, context.Connection.RemoteIpAddress, account);
        var network = BucketKey.NetworkOf(context.Connection.RemoteIpAddress);
        // Only what this try took: an attacker's own good sign-ins must not pay for his guesses.
        await take(new("network", "", network), _network, -1);
        if (account is null)
            return;
        // Who knows the secret has nothing to guess.
        await take(new("pair", account, network), _pair, -_pair.Burst);
        await take(new("account", account, 0), Everywhere, -1);
    }

    private static TooMany Refusal(TimeSpan wait)
    {
        Measures.CredentialTries.Add("slowed");
        return new(wait, "Too many tries failed. Wait, then try again.");
    }

    /// <summary>An address must not stand in an alert; the same one is still told from others until the next start.</summary>
    private string Unnamed(string personal) => LookupHash.Of(_unnamed, personal);

    private void Announce(string kind, string subject, string text)
    {
        lock (_alarms)
        {
            var now = time.GetUtcNow();
            if (_raised.TryGetValue(kind, out var at) && now - at < BetweenAlarms)
                return;
            _raised[kind] = now;
        }
        // The one who guesses need not wait for it, and must not be able to tell.
        _ = RaiseAsync(kind, subject, text);
    }

    private async Task RaiseAsync(string kind, string subject, string text)
    {
        await Task.Yield();
        try
        {
            await alarm()(kind, subject, text, CancellationToken.None);
        }
        catch (Exception e)
        {
            LogNotRaised(logger, kind, e.GetType().Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "An alert of the kind {Kind} could not be raised: {Exception}")]
    private static partial void LogNotRaised(ILogger logger, string kind, string exception);
}
