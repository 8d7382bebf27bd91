using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Limits;

namespace ReplyMint.Guide;

/// <summary>How people and programs come in, by the settings and the store: AUTH-1, AUTH-2, AUTH-3, AUTH-7, AWS-8.</summary>
internal static class AccessConfig
{
    private const int UsualDays = 365;
    private const int IdleDays = 180;

    /// <summary>AUTH-1.</summary>
    public static async Task<Outcome> KeysAsync(StoreLook look, CancellationToken ct)
    {
        var (keys, uses, count, idle) = (look.Get<ApiKeys>(), look.Get<ApiKeyUses>(), 0, new List<string>());
        await foreach (var tenant in look.Get<Tenants>().IdsAsync(ct))
            foreach (var key in await keys.ListAsync(tenant, ct))
            {
                count++;
                if (key.EndsAt(keys.MaximalAge) > look.Now && (await uses.LastAsync(tenant, key.Id, ct) ?? key.CreatedAt).AddDays(IdleDays) < look.Now)
                    idle.Add(key.Id);
            }
        var days = look.Settings.Accounts.Access.KeyMaxDays;
        if (days > UsualDays)
            return Outcome.Warn($"accounts.access.keyMaxDays: {days}; {UsualDays} are usual");
        return idle.Count > 0 ? Outcome.Warn($"{idle.Count} of {count} keys were not used for {IdleDays} days, such as {idle[0]}")
            : Outcome.Pass($"{(count == 0 ? "no key was made yet" : $"{count} keys, stored as keyed hashes, shown once")}; each ends {days} days after its last rotation (accounts.access.keyMaxDays)");
    }

    /// <summary>AUTH-2: how long a session lives, and how old the key is that signs its tokens.</summary>
    public static async Task<Outcome> SessionsAsync(StoreLook look, CancellationToken ct)
    {
        var (access, usual) = (look.Settings.Accounts.Access, new AccessSettings());
        if (access.SessionDays > usual.SessionDays || access.SessionIdleDays > usual.SessionIdleDays)
            return Outcome.Warn($"accounts.access: sessions of {access.SessionDays} days, {access.SessionIdleDays} without a call; {usual.SessionDays} and {usual.SessionIdleDays} are usual");
        var ring = (await look.Get<SigningKeys>().RingAsync(ct)).Keys;
        // A key is only made when a token is signed, so an old one may just be out of use.
        return Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"tokens of minutes, ES256; sessions of {access.SessionDays} days, {access.SessionIdleDays} without a call; {(ring.Count == 0 ? "no token was signed yet" : $"{ring.Count} signing keys, the newest of {ring[^1].CreatedAt:yyyy-MM-dd}, each for {SigningKeys.Every.TotalDays} days")}"));
    }

    /// <summary>AUTH-3: where the link of a sign-in mail leads.</summary>
    public static Outcome SignIn(StoreLook look)
    {
        var accounts = look.Settings.Accounts;
        if (accounts.SignInUrl is not { } page)
            return Outcome.NotApplicable("accounts.signInUrl is empty: nobody signs in by mail, links are made on the machine");
        return !look.Settings.IsDevelopment && !page.StartsWith("https://", StringComparison.Ordinal) ? Outcome.Fail($"accounts.signInUrl: {page} is no https address, so links cross the network in the clear")
            : Outcome.Pass($"accounts.signInUrl: {page}; a link counts once, for 10 minutes, in the browser that asked; at most 3 mails an hour go to one address");
    }

    /// <summary>AUTH-7.</summary>
    public static Outcome Guessing(StoreLook look)
    {
        var (now, usual) = (look.Settings.Requests, new RequestLimitSettings());
        foreach (var (name, rate, normal) in new[] { ("failedFromNetwork", now.FailedFromNetwork, usual.FailedFromNetwork), ("failedForAccount", now.FailedForAccount, usual.FailedForAccount) })
            if (rate.PerMinute > (long)normal.PerMinute * FrontConfig.Times || rate.Burst > (long)normal.Burst * FrontConfig.Times)
                return Outcome.Warn($"requests.{name}: {rate.PerMinute} a minute, {rate.Burst} at once; {normal.PerMinute} and {normal.Burst} are usual");
        return Outcome.Pass($"failed tries: {now.FailedFromNetwork.PerMinute} a minute from a network, {now.FailedForAccount.PerMinute} for an account from it; nobody is locked out");
    }

    /// <summary>AWS-8: a role's credentials are told by their first letters from a user's, which never end.</summary>
    public static Outcome Credentials(StoreLook look) => !look.Settings.UsesAws ? Outcome.NotApplicable("nothing of AWS is used") : look.Variable("AWS_ACCESS_KEY_ID") switch
    {
        null or "" => Outcome.Pass("no AWS_ACCESS_KEY_ID: the role of the machine or function is used"),
        ['A', 'K', 'I', 'A', ..] => Outcome.Fail("AWS_ACCESS_KEY_ID is a user's long-lived key (AKIA...)"),
        _ => Outcome.Pass("AWS_ACCESS_KEY_ID is a role's, for some hours"),
    };
}
