using DnsClient;
using ReplyMint.Mail;

namespace ReplyMint.Inbound;

/// <summary>What of a domain's record decides whether a mail is its author's (RFC 9989 4.7). What is to become of others is our own policy's business.</summary>
/// <param name="StrictDkim">The signature must be of the very domain.</param>
/// <param name="StrictSpf">So must the envelope.</param>
/// <param name="Psd">'y': names below it are others'; 'n': it is an organisation's own; 'u': it does not say.</param>
internal sealed record DmarcRecord(bool StrictDkim, bool StrictSpf, char Psd)
{
    /// <summary>Null: it is none.</summary>
    public static DmarcRecord? Parse(string text)
    {
        var tags = text.Split(';', StringSplitOptions.TrimEntries);
        if (Tag(tags[0]) is not ("v", "DMARC1"))
            return null;
        var (dkim, spf, psd) = (false, false, 'u');
        foreach (var part in tags.AsSpan(1))
            switch (Tag(part))
            {
                case ("adkim", var value): dkim = value.Equals("s", StringComparison.OrdinalIgnoreCase); break;
                case ("aspf", var value): spf = value.Equals("s", StringComparison.OrdinalIgnoreCase); break;
                case ("psd", "y" or "Y"): psd = 'y'; break;
                case ("psd", "n" or "N"): psd = 'n'; break;
                default: break;
            }
        return new(dkim, spf, psd);
    }

    private static (string Name, string Value) Tag(string part) =>
        part.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals ? (part[..equals].TrimEnd().ToLowerInvariant(), part[(equals + 1)..].TrimStart()) : ("", "");
}

/// <summary>
/// Is the mail of the domain that its author's address names (RFC 9989)? Where an organisation's names end is asked of the name system itself, by the walk up
/// the tree (4.10), instead of a list of suffixes, which would be a copy of somebody's, and old.
/// </summary>
internal sealed class DmarcCheck(NameQuestion ask)
{
    private const int MostLabels = 8;

    private readonly Dictionary<string, DmarcRecord?> _read = new(StringComparer.Ordinal);

    /// <param name="author">The domain of From.</param>
    /// <param name="spf">The domain that SPF passed for, or null.</param>
    /// <param name="dkim">The domains that signatures passed for.</param>
    /// <param name="ct">Ends the asking.</param>
    /// <returns>None when nobody publishes anything for the domain.</returns>
    public async Task<AuthResult> CheckAsync(string author, string? spf, IReadOnlyCollection<string> dkim, CancellationToken ct)
    {
        if (await WalkAsync(author, ct) is not { } walk)
            return AuthResult.TempError;
        var (organisation, policy) = walk;
        if (policy is null)
            return AuthResult.None;
        var unsure = false;
        foreach (var (domain, strict) in dkim.Select(domain => (domain, policy.StrictDkim)).Concat(spf is null ? [] : [(spf, policy.StrictSpf)]))
        {
            if (domain.Equals(author, StringComparison.OrdinalIgnoreCase))
                return AuthResult.Pass;
            // Only names below the same organisation can be of it, so nobody has us ask for others.
            if (strict || !IsWithin(domain, organisation))
                continue;
            if (await WalkAsync(domain, ct) is not { } other)
                unsure = true;
            else if (other.Organisation == organisation)
                return AuthResult.Pass;
        }
        return unsure ? AuthResult.TempError : AuthResult.Fail;
    }

    private static bool IsWithin(string domain, string organisation) =>
        domain.Equals(organisation, StringComparison.OrdinalIgnoreCase) || domain.EndsWith("." + organisation, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whose a name is, and the record that holds for it; null when somebody does not answer.</summary>
    private async Task<(string Organisation, DmarcRecord? Policy)?> WalkAsync(string domain, CancellationToken ct)
    {
        domain = domain.ToLowerInvariant();
        var found = new List<(string Name, DmarcRecord Record)>();
        foreach (var name in Names(domain))
        {
            if (await ReadAsync(name, ct) is not (true, var record))
                return null;
            if (record is not null)
                found.Add((name, record));
            if (record is { Psd: not 'u' })
                break;
        }
        if (found.Count == 0)
            return (domain, null);
        var (last, shortest) = found[^1];
        // Names below a suffix that says so are each an organisation's; else the shortest name with a record is.
        var organisation = shortest.Psd == 'y' && last != domain ? OneBelow(last, domain) : last;
        var policy = found[0].Name == domain ? found[0].Record : found.Find(one => one.Name == organisation).Record ?? shortest;
        return (organisation, policy);
    }

    private static string OneBelow(string suffix, string domain)
    {
        var rest = domain[..^(suffix.Length + 1)];
        return domain[(rest.LastIndexOf('.') + 1)..];
    }

    private async Task<(bool Reached, DmarcRecord? Record)> ReadAsync(string name, CancellationToken ct)
    {
        if (_read.TryGetValue(name, out var known))
            return (true, known);
        var found = await ask("_dmarc." + name, QueryType.TXT, ct);
        if (!found.Reached)
            return (false, null);
        var records = found.Values.Select(DmarcRecord.Parse).OfType<DmarcRecord>().ToArray();
        // Two of them are none (4.10). Below the top of the tree all names are others', whether that says so or not.
        return (true, _read[name] = records is not [var record] ? null : name.Contains('.', StringComparison.Ordinal) ? record : record with { Psd = 'y' });
    }

    /// <summary>The domain and those above it: at most eight, the longest first.</summary>
    private static IEnumerable<string> Names(string domain)
    {
        yield return domain;
        var labels = domain.Split('.');
        for (var i = Math.Max(1, labels.Length - MostLabels + 1); i < labels.Length; i++)
            yield return string.Join('.', labels[i..]);
    }
}
