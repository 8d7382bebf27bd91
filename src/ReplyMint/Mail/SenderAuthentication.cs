namespace ReplyMint.Mail;

/// <summary>The result of one method of sender authentication (RFC 8601 2.7).</summary>
internal enum AuthResult { None, Pass, Fail, SoftFail, Neutral, TempError, PermError }

/// <summary>What is believed about a sender, and who said so: a named trusted server, the provider, or an API key (rule 11, MAIL-6).</summary>
/// <param name="Source">Whose word it is, such as "mx.example.com" or "mailgun"; "none" when nobody's.</param>
/// <param name="Spam">The provider's spam verdict, or null when it gave none.</param>
/// <param name="Virus">The provider's virus verdict, or null when it gave none.</param>
internal sealed record SenderAuthentication(string Source, AuthResult Spf, AuthResult Dkim, AuthResult Dmarc, bool? Spam = null, bool? Virus = null)
{
    /// <summary>No verdict was to be had.</summary>
    public static SenderAuthentication Unknown { get; } = new("none", AuthResult.None, AuthResult.None, AuthResult.None);

    /// <summary>An authenticated caller vouches for the mail (API key).</summary>
    public bool Vouched { get; init; }
}
