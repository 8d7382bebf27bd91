namespace ReplyMint.Inbound;

/// <summary>How mailboxes are looked into by IMAP. The accounts are tenants' and lie in the store.</summary>
internal sealed record ImapSettings
{
    /// <summary>Seconds between two looks into an account, 10 to 3,600. A server that tells of new mail by itself (IDLE) is heard at once.</summary>
    public int PollSeconds { get; set; } = 60;

    /// <summary>Connections that are kept open to be told of new mail, 0 to 10,000. Accounts beyond that are looked into every so often.</summary>
    public int MaxConnections { get; set; } = 200;

    /// <summary>A PEM file with a certificate authority of one's own that counts for mail servers beside the system's; an absolute path, or empty.</summary>
    public string AuthorityFile { get; set; } = "";

    public IEnumerable<string> Problems()
    {
        if (PollSeconds is < 10 or > 3_600)
            yield return $"inbound.imap.pollSeconds is {PollSeconds}; allowed are 10 to 3600.";
        if (MaxConnections is < 0 or > 10_000)
            yield return $"inbound.imap.maxConnections is {MaxConnections}; allowed are 0 to 10000.";
        if (AuthorityFile.Length > 0 && !Path.IsPathFullyQualified(AuthorityFile))
            yield return "inbound.imap.authorityFile: must be the absolute path of a PEM file.";
    }
}
