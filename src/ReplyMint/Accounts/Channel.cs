namespace ReplyMint.Accounts;

/// <summary>A way in that proves itself. A delivery by it may only name mailboxes of its owner.</summary>
/// <param name="Owner">A tenant's id, or <see cref="Operator"/>.</param>
/// <param name="Kind"><see cref="Mailgun"/> or <see cref="Ses"/>.</param>
/// <param name="Secret">Mailgun: the webhook signing key. SES: empty, since Amazon signs with a certificate.</param>
internal sealed record Channel(string Id, string Owner, string Kind, string Secret)
{
    public const string Operator = "operator";
    public const string Mailgun = "mailgun";
    public const string Ses = "ses";
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

    /// <summary>The secret must not reach a log by way of a record's own text.</summary>
    public override string ToString() => $"channel {Id}";
}
