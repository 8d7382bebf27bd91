using System.Globalization;

namespace ReplyMint.Accounts;

/// <summary>How long keys and sessions live.</summary>
internal sealed record AccessSettings
{
    /// <summary>Days after which an API key's secret is refused unless it was rotated. 1 to 3650.</summary>
    public int KeyMaxDays { get; set; } = 365;

    /// <summary>Days after which a person has to sign in anew, however busy. 1 to 90.</summary>
    public int SessionDays { get; set; } = 30;

    /// <summary>Days without a call after which a person has to sign in anew. 1 to sessionDays.</summary>
    public int SessionIdleDays { get; set; } = 7;

    public IEnumerable<string> Problems()
    {
        if (KeyMaxDays is < 1 or > 3650)
            yield return string.Create(CultureInfo.InvariantCulture, $"keyMaxDays: is {KeyMaxDays}. Allowed: 1 to 3650.");
        if (SessionDays is < 1 or > 90)
            yield return string.Create(CultureInfo.InvariantCulture, $"sessionDays: is {SessionDays}. Allowed: 1 to 90.");
        if (SessionIdleDays < 1 || SessionIdleDays > SessionDays)
            yield return string.Create(CultureInfo.InvariantCulture, $"sessionIdleDays: is {SessionIdleDays}. Allowed: 1 to sessionDays ({SessionDays}).");
    }
}
