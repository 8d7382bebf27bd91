using System.Net;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Security;

namespace ReplyMint.Cli.Doctor;

/// <summary>Does DNS answer, and does it say what other servers need to believe the mailboxes' answers? Says the record to publish.</summary>
internal sealed class DnsChecks(DnsSettings settings, OutboundSettings outbound)
{
    private readonly DnsText _dns = new(settings);

    public async Task<IReadOnlyList<Finding>> AllAsync(IReadOnlyList<string> domains, CancellationToken ct)
    {
        var server = settings.Server ?? "the system's resolver";
        var findings = new List<Finding>();
        foreach (var domain in domains)
        {
            var own = await TextAsync(domain, ct);
            if (!own.Reached)
                return [Finding.Fail("dns", $"{server} does not answer", "check /etc/resolv.conf and the way out on port 53, or name a resolver with the setting dns.server")];
            findings.Add(Spf(domain, own));
            findings.Add(Dkim(domain, await TextAsync("_domainkey." + domain, ct)));
            findings.Add(await DmarcAsync(domain, ct));
        }
        if (domains.Count == 0 && !(await TextAsync(DnsText.Root, ct)).Reached)
            return [Finding.Fail("dns", $"{server} does not answer", "check /etc/resolv.conf and the way out on port 53, or name a resolver with the setting dns.server")];
        return [Finding.Ok("dns", $"{server} answers"), .. findings];
    }

    private Finding Spf(string domain, DnsTexts own)
    {
        var check = $"SPF {domain}";
        var records = own.Texts.Where(t => t.Equals("v=spf1", StringComparison.OrdinalIgnoreCase) || t.StartsWith("v=spf1 ", StringComparison.OrdinalIgnoreCase)).ToList();
        return records.Count switch
        {
            0 => Finding.Warn(check, "none is published, so answers look forged", $"publish: {domain}. TXT \"v=spf1 {Sender()} -all\""),
            1 when records[0].Contains("+all", StringComparison.OrdinalIgnoreCase) => Finding.Fail(check, "it lets everybody send (+all)", $"publish: {domain}. TXT \"v=spf1 {Sender()} -all\""),
            1 => Finding.Ok(check, Plain.Line(records[0])),
            _ => Finding.Fail(check, $"{records.Count} records are published, which counts as an error (RFC 7208 4.5)", "merge them into one"),
        };
    }

    /// <summary>Selectors can't be listed, but a name below which there is something exists (RFC 8020).</summary>
    private static Finding Dkim(string domain, DnsTexts keys) => keys.Exists
        ? Finding.Ok($"DKIM {domain}", "a key is published")
        : Finding.Warn($"DKIM {domain}", "no key is published, so answers can't be signed",
            $"make a key where your mail leaves (the sending server or Mailgun tells it) and publish: SELECTOR._domainkey.{domain}. TXT \"v=DKIM1; k=rsa; p=PUBLIC-KEY\"");

    private async Task<Finding> DmarcAsync(string domain, CancellationToken ct)
    {
        // A subdomain without a record of its own is covered by its organisation's.
        foreach (var name in new[] { domain, Domains.Organisation(domain) }.Distinct())
            if ((await TextAsync("_dmarc." + name, ct)).Texts.Where(t => t.StartsWith("v=DMARC1", StringComparison.OrdinalIgnoreCase)).ToList() is { Count: > 0 } found)
                return found.Count == 1 ? Finding.Ok($"DMARC {domain}", Plain.Line(found[0]))
                    : Finding.Fail($"DMARC {domain}", $"_dmarc.{name} has {found.Count} records, so none counts", "leave one of them");
        return Finding.Warn($"DMARC {domain}", "none is published", $"publish: _dmarc.{domain}. TXT \"v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain}\"");
    }

    private string Sender() => outbound.Channel switch
    {
        OutboundSettings.ToMailgun => "include:mailgun.org",
        OutboundSettings.ToSes => "include:amazonses.com",
        OutboundSettings.ToSmtp when IPAddress.TryParse(outbound.Smtp.Host, out var ip) => ip.GetAddressBytes().Length == 4 ? $"ip4:{ip}" : $"ip6:{ip}",
        OutboundSettings.ToSmtp when outbound.Smtp.Host.Contains('.', StringComparison.Ordinal) => $"a:{outbound.Smtp.Host}",
        _ => "mx",
    };

    private Task<DnsTexts> TextAsync(string name, CancellationToken ct) => _dns.AskAsync(name, ct);
}
