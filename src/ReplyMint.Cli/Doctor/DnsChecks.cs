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
        var silent = Finding.Fail("dns", $"{server} does not answer", "check /etc/resolv.conf and the way out on port 53, or name a resolver with the setting dns.server");
        var findings = new List<Finding>();
        foreach (var domain in domains)
        {
            if (await new SendingRecords(_dns, outbound).ReadAsync(domain, ownServer: false, ct) is not { } records)
                return [silent];
            findings.AddRange(records.Select(record => Judge(domain, record)));
        }
        if (domains.Count == 0 && !(await _dns.AskAsync(DnsText.Root, ct)).Reached)
            return [silent];
        return [Finding.Ok("dns", $"{server} answers"), .. findings];
    }

    private static Finding Judge(string domain, SendingRecord record)
    {
        var (check, publish) = ($"{record.Check.ToUpperInvariant()} {domain}", $"publish: {record.Name}. TXT \"{record.Wanted}\"");
        return (record.Check, record.State) switch
        {
            ("dkim", RecordState.Good) => Finding.Ok(check, "a key is published"),
            ("dkim", _) => Finding.Warn(check, "no key is published, so answers can't be signed", $"make a key where your mail leaves (the sending server or Mailgun tells it) and {publish}"),
            (_, RecordState.Good) => Finding.Ok(check, Plain.Line(record.Found)),
            ("spf", RecordState.Missing) => Finding.Warn(check, "none is published, so answers look forged", publish),
            ("spf", RecordState.LetsEverybody) => Finding.Fail(check, "it lets everybody send (+all)", publish),
            ("spf", _) => Finding.Fail(check, $"{record.Count} records are published, which counts as an error (RFC 7208 4.5)", "merge them into one"),
            (_, RecordState.Missing) => Finding.Warn(check, "none is published", publish),
            _ => Finding.Fail(check, $"{record.Name} has {record.Count} records, so none counts", "leave one of them"),
        };
    }
}
