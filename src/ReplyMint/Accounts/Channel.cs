namespace ReplyMint.Accounts;

/// <summary>
/// A way in that proves itself, an account that we fetch from ourselves, or the server that a mailbox's answers leave by. A delivery by it may only name
/// mailboxes of its owner.
/// </summary>
/// <param name="Owner">A tenant's id, or <see cref="Operator"/>.</param>
/// <param name="Kind"><see cref="Mailgun"/>, <see cref="Ses"/>, <see cref="ByImap"/> or <see cref="BySmtp"/>.</param>
/// <param name="Secret">Mailgun: the webhook signing key. SES: empty, since Amazon signs with a certificate. IMAP and SMTP: the account's password or refresh token.</param>
internal sealed record Channel(string Id, string Owner, string Kind, string Secret)
{
    public const string Operator = "operator";
    public const string Mailgun = "mailgun";
    public const string Ses = "ses";
    public const string ByImap = "imap";
    public const string BySmtp = "smtp";
    public const int MaxTopics = 20;
    public const int MostOfTenant = 20;

    public int V { get; init; } = 1;

    /// <summary>SES: the ARNs of the SNS topics that are believed, and no others. Null or empty believes none.</summary>
    public IReadOnlyList<string>? Topics { get; set; }

    /// <summary>
    /// Mailgun: the spam filter of the channel's domains is on, so that Mailgun adds its own X-Mailgun-Spf, -Dkim-Check-Result and
    /// -Sflag. Where it is off such fields can only come from the sender, and nobody is believed.
    /// </summary>
    public bool Verdicts { get; set; }

    /// <summary>IMAP: the account. Null for all other kinds.</summary>
    public ImapAccount? Imap { get; set; }

    /// <summary>SMTP: the account that a mailbox's answers leave by, instead of the installation's way. Null for all other kinds.</summary>
    public MailAccount? Smtp { get; set; }

    /// <summary>The account at somebody's server, of either kind.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public MailAccount? Account => Imap ?? Smtp;

    /// <summary>The secret before this one, which counts as well until <see cref="PreviousUntil"/>: whoever signs changes his at another moment.</summary>
    public string? PreviousSecret { get; set; }

    public DateTimeOffset? PreviousUntil { get; set; }

    /// <summary>When the secret was set; null in a record from before that was noted.</summary>
    public DateTimeOffset? SecretSince { get; set; }

    /// <summary>What proves a post now.</summary>
    public IReadOnlyList<string> SecretsAt(DateTimeOffset now) =>
        Secret.Length == 0 ? [] : PreviousSecret is { Length: > 0 } before && now < PreviousUntil ? [Secret, before] : [Secret];

    /// <summary>The secret must not reach a log by way of a record's own text.</summary>
    public override string ToString() => $"channel {Id}";
}
