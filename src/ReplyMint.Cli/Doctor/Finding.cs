namespace ReplyMint.Cli.Doctor;

/// <summary>One thing that was looked at.</summary>
/// <param name="Check">What, such as "disk" or "dns example.com SPF".</param>
/// <param name="State">ok, warn or fail.</param>
/// <param name="Text">What was found.</param>
/// <param name="Mend">What to do about it; null when there is nothing to do.</param>
internal sealed record Finding(string Check, string State, string Text, string? Mend = null)
{
    public static Finding Ok(string check, string text) => new(check, "ok", text);
    public static Finding Warn(string check, string text, string mend) => new(check, "warn", text, mend);
    public static Finding Fail(string check, string text, string mend) => new(check, "fail", text, mend);
}
