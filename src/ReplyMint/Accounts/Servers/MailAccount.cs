using System.Net;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>
/// An account of a mailbox at somebody's mail server: by itself one that its answers leave by (SMTP). Sealed with the channel; all members are written, since
/// absent ones would lose their defaults.
/// </summary>
/// <param name="Mailbox">The mailbox's id.</param>
/// <param name="Host">A name or an address, outside of private networks unless the operator opened them.</param>
/// <param name="Security"><see cref="Tls"/>, <see cref="StartTls"/> or, in development and on this machine only, <see cref="None"/>.</param>
/// <param name="User">The account's name.</param>
internal record MailAccount(string Mailbox, string Host, int Port, string Security, string User)
{
    public const string Tls = "tls";
    public const string StartTls = "starttls";
    public const string None = "none";
    public const int SubmissionPort = 587;

    /// <summary>OAuth2: where a refresh token is changed for an access token. Null: the secret is a password.</summary>
    public string? TokenUrl { get; set; }

    public string? ClientId { get; set; }

    /// <summary>OAuth2: the client's secret, where it has one.</summary>
    public string? ClientSecret { get; set; }

    public override string ToString() => $"account of {Mailbox}";

    /// <summary>What of it can't be; the member's name is that of the API.</summary>
    /// <param name="outside">Where calls may lead.</param>
    /// <param name="needsTls">Plain connections are for development.</param>
    public virtual Wrong? Problem(OutsideAddress outside, bool needsTls)
    {
        if (Host.Length is 0 or > 253 || Uri.CheckHostName(Host) == UriHostNameType.Unknown)
            return new("host", "must be a host name or an IP address");
        if (IPAddress.TryParse(Host, out var address) && !outside.MayBeCalled(address))
            return new("host", "is a private or reserved address, which the operator has not opened (outside.networks)");
        if (Port is < 1 or > 65535)
            return new("port", "takes 1 to 65535");
        if (outside.Unlisted(Host, Port) is { } unlisted)
            return new("host", unlisted);
        if (Security is not (Tls or StartTls or None))
            return new("security", $"must be {Tls} or {StartTls}");
        if (Security == None && (needsTls || !IsThisMachine(Host)))
            return new("security", $"{None} is for this machine in development only; take {Tls} or {StartTls}");
        if (Text(User, 254) is { } user)
            return new("user", user);
        if ((TokenUrl is null) != (ClientId is null))
            return new("tokenUrl", "OAuth2 needs tokenUrl and clientId; a password needs neither");
        if (ClientSecret is not null && TokenUrl is null)
            return new("clientSecret", "is for OAuth2, with tokenUrl and clientId");
        return TokenUrl is null ? null : !Uri.TryCreate(TokenUrl, UriKind.Absolute, out var url) ? new("tokenUrl", "must be an https address")
            : outside.Problem(url, needsTls) is { } wrong ? new("tokenUrl", wrong) : null;
    }

    protected static string? Text(string text, int most) =>
        text.Length is > 0 && text.Length <= most && !text.Any(char.IsControl) ? null : $"takes 1 to {most} characters, without control characters";

    private static bool IsThisMachine(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
