namespace ReplyMint.Inbound;

/// <summary>How much mail is taken, by whatever way it comes.</summary>
internal sealed record InboundSettings
{
    /// <summary>Megabytes of mail that one tenant may be sent in a day (UTC), 10 to 1,000,000. What comes above is told to come again.</summary>
    public int TenantMegabytesPerDay { get; init; } = 2_048;

    /// <summary>While fewer megabytes of the data folder's disk are free, no mail is taken, so that people can still sign in and mend it. 50 to 1,000,000.</summary>
    public int MinFreeMegabytes { get; init; } = 500;

    /// <summary>Mailboxes that are looked into by IMAP.</summary>
    public ImapSettings Imap { get; init; } = new();

    /// <summary>What is asked before attachments are kept.</summary>
    public AttachmentSettings Attachments { get; init; } = new();

    public IEnumerable<string> Problems()
    {
        if (TenantMegabytesPerDay is < 10 or > 1_000_000)
            yield return $"inbound.tenantMegabytesPerDay is {TenantMegabytesPerDay}; allowed are 10 to 1000000.";
        if (MinFreeMegabytes is < 50 or > 1_000_000)
            yield return $"inbound.minFreeMegabytes is {MinFreeMegabytes}; allowed are 50 to 1000000.";
        foreach (var problem in Imap.Problems().Concat(Attachments.Problems()))
            yield return problem;
    }
}
