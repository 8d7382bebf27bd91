using System.Net;
using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>
/// Who wrote a mail that came straight from the internet: SPF, DKIM and DMARC of our own, for the listener as the domain's mail exchanger. What can't be
/// found out in time is no pass, and rule 11 holds the mail.
/// </summary>
internal sealed class SenderCheck(NameQuestion ask, TimeProvider time)
{
    /// <summary>Whose word the results are.</summary>
    public const string Source = "replymint";

    // RFC 7208 4.6.4 asks for at least 20 s; a client waits minutes for its reply.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Nobody could say.</summary>
    public static readonly SenderAuthentication NotKnown = new(Source, AuthResult.TempError, AuthResult.TempError, AuthResult.TempError);

    /// <param name="content">The mail as it came.</param>
    /// <param name="client">Who handed it over.</param>
    /// <param name="helo">What he called himself.</param>
    /// <param name="reversePath">The envelope's sender; empty is the null path.</param>
    public async Task<SenderAuthentication> CheckAsync(ReadOnlyMemory<byte> content, IPAddress client, string helo, string? reversePath, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            return await FindAsync(content, client.Plain(), helo, reversePath ?? "", either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return NotKnown;
        }
    }

    private async Task<SenderAuthentication> FindAsync(ReadOnlyMemory<byte> content, IPAddress client, string helo, string reversePath, CancellationToken ct)
    {
        // A bounce has no sender, so its server answers for it (RFC 7208 2.4).
        var sender = reversePath.Length > 0 ? reversePath : "postmaster@" + helo;
        var envelope = AddressRules.Normalize(sender) is { } normalized ? AddressRules.Domain(normalized) : "";
        var spf = new SpfCheck(ask, new SpfWho(client, sender, helo)).CheckAsync(envelope, ct);
        var dkim = new DkimCheck(ask, time).CheckAsync(content, ct);
        await Task.WhenAll(spf, dkim);
        var (bySpf, byDkim) = (await spf, await dkim);
        if (AuthorDomain(content) is not { } author)
            return new(Source, bySpf, byDkim.Result, AuthResult.Fail);
        var dmarc = await new DmarcCheck(ask).CheckAsync(author, bySpf == AuthResult.Pass ? envelope : null, byDkim.Domains, ct);
        // What might have held is no failure, and no pass.
        if (dmarc == AuthResult.Fail && (bySpf == AuthResult.TempError || byDkim.Result == AuthResult.TempError))
            dmarc = AuthResult.TempError;
        return new(Source, bySpf, byDkim.Result, dmarc);
    }

    /// <summary>The domain of the one author; null where nobody can say who that is.</summary>
    private static string? AuthorDomain(ReadOnlyMemory<byte> content)
    {
        var end = content.Span.IndexOf("\r\n\r\n"u8);
        var mail = MailParser.Parse(end < 0 ? content : content[..(end + 4)], new Envelope(null, null));
        return mail.Headers.Count(header => header.Name.Equals("From", StringComparison.OrdinalIgnoreCase)) == 1 && mail.From is [var from] && AddressRules.Normalize(from.Address) is { } address
            ? AddressRules.Domain(address) : null;
    }
}
