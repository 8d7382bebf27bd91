using ReplyMint.Security;

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

    /// <summary>How all that is kept is sealed: aes-256-gcm, or chacha20-poly1305. What was sealed otherwise is sealed again, and can be read all the while.</summary>
    public string Sealing { get; init; } = Security.Sealing.NameOf(SealedForm.Aes256Gcm);

    public IEnumerable<string> Problems() => Problems(static () => SealingCipher.HasChaCha);

    /// <param name="hasChaCha">Whether this machine can seal so; asked only where it is wished.</param>
    internal IEnumerable<string> Problems(Func<bool> hasChaCha)
    {
        if (Security.Sealing.Named(Sealing) is not { } form)
            yield return $"sealing is \"{Sealing}\"; there are {Security.Sealing.AllNames}.";
        else if (form == SealedForm.ChaCha20Poly1305 && !hasChaCha())
            yield return $"sealing is \"{Sealing}\", which the OpenSSL of this machine does not have; run ReplyMint where OpenSSL has it, or set {Security.Sealing.NameOf(SealedForm.Aes256Gcm)} if nothing was sealed with it yet.";
        foreach (var (name, days) in new[] { ("tenantKeyDays", TenantKeyDays), ("pepperDays", PepperDays), ("remindDays", RemindDays) })
            if (days is < 30 or > 3_650)
                yield return $"{name} is {days}; allowed are 30 to 3,650.";
    }
}
