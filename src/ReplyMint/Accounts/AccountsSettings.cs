using System.Text.Json.Serialization;
using ReplyMint.Mail;

namespace ReplyMint.Accounts;

/// <summary>Who may get an account over HTTP.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SignUp>))]
internal enum SignUp
{
    /// <summary>Nobody: people are added on the machine, or by the operator.</summary>
    [JsonStringEnumMemberName("closed")] Closed,
    /// <summary>Whom an administrator invites into his tenant, too.</summary>
    [JsonStringEnumMemberName("invite")] Invite,
    /// <summary>Everybody who proves an address, with a tenant of his own.</summary>
    [JsonStringEnumMemberName("open")] Open,
}

/// <summary>How people come in.</summary>
internal sealed record AccountsSettings
{
    /// <summary>"closed", "invite" (an administrator may invite new people) or "open" (everybody may make a tenant).</summary>
    public SignUp SignUp { get; init; } = SignUp.Closed;

    /// <summary>The sender of sign-in mails. Without it none leaves; links can still be made on the machine.</summary>
    public string? From { get; init; }

    /// <summary>The front end's page that a sign-in link opens, such as https://app.example.com/sign-in. The token is put behind a #, which no browser sends to a server.</summary>
    public string? SignInUrl { get; init; }

    /// <summary>With sign-up open: how many may ask for a tenant in a day from one network (IPv4 /24, IPv6 /48), 1 to 1,000.</summary>
    public int SignUpsPerNetwork { get; init; } = 5;

    /// <summary>With sign-up open: how many tenants come into being in a day, 1 to 100,000.</summary>
    public int SignUpsPerDay { get; init; } = 50;

    /// <summary>How many invitations a tenant may mail in a day, 1 to 10,000.</summary>
    public int InvitationsPerDay { get; init; } = 50;

    /// <summary>The same of a tenant whose first person signed up by himself, 1 to 10,000.</summary>
    public int InvitationsPerDaySelfMade { get; init; } = 5;

    /// <summary>Mailboxes of one tenant, 1 to 10,000.</summary>
    public int MailboxesPerTenant { get; init; } = 200;

    /// <summary>Members of one tenant, 1 to 100,000.</summary>
    public int MembersPerTenant { get; init; } = 500;

    /// <summary>true: in all organisations nobody works without a second factor or a passkey. false leaves it to each organisation; administrators and operators need one either way.</summary>
    public bool SecondFactorForAll { get; init; }

    /// <summary>How long keys and sessions live.</summary>
    public AccessSettings Access { get; init; } = new();

    /// <summary>A mail can lead somebody in.</summary>
    [JsonIgnore]
    public bool CanMail => From is not null && SignInUrl is not null;

    public IEnumerable<string> Problems()
    {
        if (!Enum.IsDefined(SignUp))
            yield return "accounts.signUp: allowed are closed, invite and open.";
        if (From is not null && AddressRules.Normalize(From) is null)
            yield return "accounts.from: must be a mail address.";
        if (SignInUrl is not null && !IsPage(SignInUrl))
            yield return "accounts.signInUrl: must be an https address without user, query and fragment (http only for this machine), such as https://app.example.com/sign-in.";
        if (SignUp != SignUp.Closed && !CanMail)
            yield return "accounts.signUp: invite and open need accounts.from and accounts.signInUrl, since an address is proved by mail.";
        if (SignUpsPerNetwork is < 1 or > 1_000)
            yield return $"accounts.signUpsPerNetwork is {SignUpsPerNetwork}; allowed are 1 to 1,000.";
        if (SignUpsPerDay is < 1 or > 100_000)
            yield return $"accounts.signUpsPerDay is {SignUpsPerDay}; allowed are 1 to 100,000.";
        if (InvitationsPerDay is < 1 or > 10_000)
            yield return $"accounts.invitationsPerDay is {InvitationsPerDay}; allowed are 1 to 10,000.";
        if (InvitationsPerDaySelfMade is < 1 or > 10_000)
            yield return $"accounts.invitationsPerDaySelfMade is {InvitationsPerDaySelfMade}; allowed are 1 to 10,000.";
        if (MailboxesPerTenant is < 1 or > 10_000)
            yield return $"accounts.mailboxesPerTenant is {MailboxesPerTenant}; allowed are 1 to 10,000.";
        if (MembersPerTenant is < 1 or > 100_000)
            yield return $"accounts.membersPerTenant is {MembersPerTenant}; allowed are 1 to 100,000.";
        foreach (var problem in Access.Problems())
            yield return "accounts.access." + problem;
    }

    /// <summary>What harms nobody but keeps people out: said at the start and by the doctor.</summary>
    public IEnumerable<string> Warnings()
    {
        if (!CanMail)
            yield return "accounts.from and accounts.signInUrl are not both set: nobody can sign in by mail; make links with: replymint user sign-in-link ADDRESS";
    }

    private static bool IsPage(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var page) && (page.Scheme == Uri.UriSchemeHttps || (page.Scheme == Uri.UriSchemeHttp && page.IsLoopback))
        && page.UserInfo.Length == 0 && page.Query.Length == 0 && page.Fragment.Length == 0 && !text.AsSpan().ContainsAny("?# ");
}
