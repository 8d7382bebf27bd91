namespace ReplyMint.Secrets;

/// <summary>When keys change by themselves, and when a person is reminded of one that only he can change.</summary>
internal sealed record SecretsSettings
{
    /// <summary>Days after which a tenant's key is replaced, 30 to 3,650.</summary>
    public int TenantKeyDays { get; init; } = 365;
    /// <summary>Days after which the key of API keys' and refresh tokens' hashes is replaced, 30 to 3,650.</summary>
    public int PepperDays { get; init; } = 365;
    /// <summary>Days after which a secret counts as overdue that only a person can change: the master key, those of channels, webhooks and of the store; 30 to 3,650.</summary>
    public int RemindDays { get; init; } = 365;

    public IEnumerable<string> Problems()
    {
        foreach (var (name, days) in new[] { ("tenantKeyDays", TenantKeyDays), ("pepperDays", PepperDays), ("remindDays", RemindDays) })
            if (days is < 30 or > 3_650)
                yield return $"{name} is {days}; allowed are 30 to 3,650.";
    }
}
