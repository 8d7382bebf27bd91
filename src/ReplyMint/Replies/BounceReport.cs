using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>What a bounce says of one recipient (RFC 3464 2.3). It counts only when it came to one of our signed bounce addresses.</summary>
/// <param name="Recipient">Final-Recipient, else Original-Recipient, as written.</param>
/// <param name="Status">The enhanced code such as "5.1.1" (RFC 3463), or empty.</param>
/// <param name="Permanent">The address failed for good and is suppressed.</param>
internal sealed record BounceReport(string Recipient, string Action, string Status, bool Permanent)
{
    /// <summary>More recipients than this in one report are not ours: each of our mails has one.</summary>
    private const int MaxRecipients = 20;

    /// <summary>The recipients that a report names; empty for a mail that is none.</summary>
    public static IReadOnlyList<BounceReport> Read(InboundMail mail)
    {
        var reports = new List<BounceReport>();
        string final = "", original = "", action = "", status = "";
        foreach (var line in mail.DeliveryStatus.AsSpan().EnumerateLines())
        {
            if (line.IsWhiteSpace())
            {
                Add();
                continue;
            }
            var colon = line.IndexOf(':');
            if (colon <= 0 || char.IsWhiteSpace(line[0]))
                continue;
            var value = line[(colon + 1)..].Trim();
            if (value.Length > 500)
                continue;
            switch (line[..colon].Trim().ToString().ToLowerInvariant())
            {
                case "final-recipient": final = Address(value); break;
                case "original-recipient": original = Address(value); break;
                case "action": action = HeaderSigns.FirstWord(value.ToString()).ToLowerInvariant(); break;
                case "status": status = Code(value); break;
                default: break;
            }
        }
        Add();
        // Exim names the failed addresses in a header and writes prose instead of a report.
        if (reports.Count == 0 && mail.Header("X-Failed-Recipients") is { } failed)
            foreach (var address in failed.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                if (reports.Count < MaxRecipients && address.Contains('@', StringComparison.Ordinal))
                    reports.Add(new(address, "failed", "", true));
        return reports;

        void Add()
        {
            var recipient = final.Length > 0 ? final : original;
            if (recipient.Length > 0 && reports.Count < MaxRecipients)
                reports.Add(new(recipient, action, status, action is "failed" or "" && status.StartsWith("5.", StringComparison.Ordinal)));
            final = original = action = status = "";
        }
    }

    /// <summary>The address behind "rfc822;", without angle brackets.</summary>
    private static string Address(ReadOnlySpan<char> value)
    {
        var type = value.IndexOf(';');
        var address = (type >= 0 ? value[(type + 1)..] : value).Trim().Trim("<>").Trim();
        return address.Contains('@') ? address.ToString() : "";
    }

    /// <summary>Class, subject and detail, each of 1 to 3 digits (RFC 3463 2); anything else is no code.</summary>
    private static string Code(ReadOnlySpan<char> value)
    {
        var length = 0;
        while (length < value.Length && (char.IsAsciiDigit(value[length]) || value[length] == '.'))
            length++;
        var code = value[..length].ToString();
        var parts = code.Split('.');
        return parts.Length == 3 && parts.All(p => p.Length is >= 1 and <= 3) ? code : "";
    }
}
