using System.Net;
using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Outbound;

/// <summary>How a record of DNS stands that others believe a domain's mail by.</summary>
internal enum RecordState { Good, Missing, LetsEverybody, Several }

/// <param name="Check">spf, dkim or dmarc.</param>
/// <param name="Found">As it is published; empty where nothing readable is.</param>
/// <param name="Count">How many are published.</param>
/// <param name="Name">Where one has to stand.</param>
/// <param name="Wanted">What it has to say, as a TXT record.</param>
internal sealed record SendingRecord(string Check, RecordState State, string Found, int Count, string Name, string Wanted);

/// <summary>What DNS says to those who get a domain's answers: may we send for it, are they signed, and what becomes of forged ones.</summary>
internal sealed class SendingRecords(DnsText dns, OutboundSettings settings)
{
    /// <param name="domain">Of the answers' sender.</param>
    /// <param name="ownServer">They leave by a server of the mailbox's own, whose addresses only its provider knows.</param>
    /// <param name="ct">Ends the asking.</param>
    /// <returns>SPF, DKIM and DMARC; null when no resolver answers.</returns>
    public async Task<IReadOnlyList<SendingRecord>?> ReadAsync(string domain, bool ownServer, CancellationToken ct)
    {
        var (texts, keys, dmarc) = (dns.AskAsync(domain, ct), dns.AskAsync("_domainkey." + domain, ct), DmarcAsync(domain, ct));
        await Task.WhenAll(texts, keys, dmarc);
        return (await texts).Reached ? [Spf(domain, await texts, ownServer), Dkim(domain, await keys), await dmarc] : null;
    }

    private SendingRecord Spf(string domain, DnsTexts own, bool ownServer)
    {
        var records = own.Texts.Where(t => t.Equals("v=spf1", StringComparison.OrdinalIgnoreCase) || t.StartsWith("v=spf1 ", StringComparison.OrdinalIgnoreCase)).ToList();
        var state = records.Count switch
        {
            0 => RecordState.Missing,
            1 => records[0].Contains("+all", StringComparison.OrdinalIgnoreCase) ? RecordState.LetsEverybody : RecordState.Good,
            _ => RecordState.Several,
        };
        return new("spf", state, records.FirstOrDefault() ?? "", records.Count, domain, $"v=spf1 {(ownServer ? "include:NAME-THAT-YOUR-PROVIDER-TELLS" : Sender())} -all");
    }

    /// <summary>Selectors can't be listed, but a name below which there is something exists (RFC 8020).</summary>
    private static SendingRecord Dkim(string domain, DnsTexts keys) =>
        new("dkim", keys.Exists ? RecordState.Good : RecordState.Missing, "", keys.Exists ? 1 : 0, "SELECTOR._domainkey." + domain, "v=DKIM1; k=rsa; p=PUBLIC-KEY");

    private async Task<SendingRecord> DmarcAsync(string domain, CancellationToken ct)
    {
        var wanted = $"v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain}";
        // A subdomain without a record of its own is covered by its organisation's.
        foreach (var name in new[] { domain, Domains.Organisation(domain) }.Distinct())
            if ((await dns.AskAsync("_dmarc." + name, ct)).Texts.Where(t => t.StartsWith("v=DMARC1", StringComparison.OrdinalIgnoreCase)).ToList() is { Count: > 0 } found)
                return new("dmarc", found.Count == 1 ? RecordState.Good : RecordState.Several, found[0], found.Count, "_dmarc." + name, wanted);
        return new("dmarc", RecordState.Missing, "", 0, "_dmarc." + domain, wanted);
    }

    private string Sender() => settings.Channel switch
    {
        OutboundSettings.ToMailgun => "include:mailgun.org",
        OutboundSettings.ToSes => "include:amazonses.com",
        OutboundSettings.ToSmtp when IPAddress.TryParse(settings.Smtp.Host, out var ip) => ip.GetAddressBytes().Length == 4 ? $"ip4:{ip}" : $"ip6:{ip}",
        OutboundSettings.ToSmtp when settings.Smtp.Host.Contains('.', StringComparison.Ordinal) => $"a:{settings.Smtp.Host}",
        _ => "mx",
    };
}
