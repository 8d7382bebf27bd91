namespace ReplyMint.Mail;

/// <summary>How addresses are compared (house rule: NFC, A-label domain, local part case-blind).</summary>
internal static class AddressRules
{
    /// <summary>The form in which two addresses are compared, or null when it is no address. Plus-tags are kept.</summary>
    public static string? Normalize(string address)
    {
        var at = address.LastIndexOf('@');
        return at <= 0 || at == address.Length - 1 ? null : address.Trim().ToLowerInvariant();
    }

    /// <summary>Without the plus-tag, for rates and for finding the mailbox.</summary>
    public static string WithoutTag(string normalized)
    {
        var at = normalized.LastIndexOf('@');
        var plus = normalized.IndexOf('+', StringComparison.Ordinal);
        return plus > 0 && plus < at ? normalized[..plus] + normalized[at..] : normalized;
    }

    /// <summary>The part behind the last at-sign.</summary>
    public static string Domain(string normalized) => normalized[(normalized.LastIndexOf('@') + 1)..];
}
