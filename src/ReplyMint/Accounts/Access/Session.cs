using System.Net;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>A person's sign-in, in the clear: ids and times. It ends by itself: its item expires.</summary>
internal sealed record Session
{
    public int V { get; init; } = 1;
    public required string Id { get; init; }
    public required string User { get; init; }
    /// <summary>The tenant that the next refresh is for; the installation's partition for an operator.</summary>
    public required string Tenant { get; init; }
    /// <summary>Which membership of that tenant it is of: when the person was added. It does not outlive a removal.</summary>
    public DateTimeOffset? MemberSince { get; init; }
    public required DateTimeOffset SignedInAt { get; init; }
    /// <summary>The last refresh; between two of them lie at most ten minutes of use.</summary>
    public required DateTimeOffset LastSeenAt { get; init; }
    /// <summary>When a second factor was proved last in this session.</summary>
    public DateTimeOffset? SecondFactorAt { get; init; }

    /// <summary>The session as which its person came in, where a second factor made this one of it.</summary>
    public string? Root { get; init; }

    /// <summary>The same for all sessions that one sign-in became.</summary>
    [JsonIgnore]
    public string Sitting => Root ?? Id;

    /// <summary>Whether it is of this very membership of its tenant.</summary>
    public bool IsOf(Membership? membership) => membership is not null && membership.AddedAt == MemberSince;
}

/// <summary>Where a person sits; sealed with his own key, and shown to nobody but him and the operator.</summary>
/// <param name="Agent">The browser's own name, as it says it.</param>
/// <param name="Network">The address that the session was started or refreshed from last.</param>
internal sealed record SessionClient(string? Agent, string? Network)
{
    private const int MaxAgent = 200;

    public static SessionClient Of(HttpContext context) => Of(context.Request.Headers.UserAgent.ToString(), context.Connection.RemoteIpAddress);

    public static SessionClient Of(string? agent, IPAddress? address)
    {
        var said = new string([.. (agent ?? "").Where(c => c is >= ' ' and <= '~').Take(MaxAgent)]).Trim();
        return new(said.Length == 0 ? null : said, address?.Plain().ToString());
    }
}

/// <summary>A session with what is sealed beside it.</summary>
internal sealed record SessionSeen(Session Session, SessionClient Client);

/// <summary>A session whose commit is still to come.</summary>
/// <param name="RefreshToken">Works from the commit on.</param>
internal sealed record SessionStart(Session Session, string RefreshToken);

/// <summary>A refresh token as it is stored, under its keyed hash; kept when it is spent, to tell a second use.</summary>
internal sealed record RefreshRecord(int V, string User, string Session, DateTimeOffset? SpentAt = null);

/// <summary>What a person gets who signed in, refreshed or changed the tenant.</summary>
/// <param name="AccessToken">For Authorization: Bearer.</param>
/// <param name="ExpiresIn">Seconds.</param>
/// <param name="RefreshToken">For /api/v1/session/refresh, once; absent when the one at hand stays good.</param>
internal sealed record SessionTokens(string AccessToken, string TokenType, int ExpiresIn, string? RefreshToken, string Session, string Tenant);

internal enum RefreshResult { Renewed, Refused, Reused }
