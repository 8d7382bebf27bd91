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

    /// <summary>Hours after which a person has to sign in to the console anew, however busy. 1 to 720.</summary>
    public int ConsoleHours { get; set; } = 12;

    /// <summary>Minutes without a page of the console after which a person has to sign in anew. 5 to 1440.</summary>
    public int ConsoleIdleMinutes { get; set; } = 60;

    public IEnumerable<string> Problems()
    {
        if (KeyMaxDays is < 1 or > 3650)
            yield return string.Create(CultureInfo.InvariantCulture, $"keyMaxDays: is {KeyMaxDays}. Allowed: 1 to 3650.");
        if (SessionDays is < 1 or > 90)
            yield return string.Create(CultureInfo.InvariantCulture, $"sessionDays: is {SessionDays}. Allowed: 1 to 90.");
        if (SessionIdleDays < 1 || SessionIdleDays > SessionDays)
            yield return string.Create(CultureInfo.InvariantCulture, $"sessionIdleDays: is {SessionIdleDays}. Allowed: 1 to sessionDays ({SessionDays}).");
        if (ConsoleHours is < 1 or > 720)
            yield return string.Create(CultureInfo.InvariantCulture, $"consoleHours: is {ConsoleHours}. Allowed: 1 to 720.");
        if (ConsoleIdleMinutes is < 5 or > 1440)
            yield return string.Create(CultureInfo.InvariantCulture, $"consoleIdleMinutes: is {ConsoleIdleMinutes}. Allowed: 5 to 1440.");
    }
}
