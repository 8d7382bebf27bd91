using ReplyMint.Audit;
using ReplyMint.Mail;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>What came through.</summary>
/// <param name="Content">The mail as it may be stored.</param>
/// <param name="Attachments">What is to be said of its attachments where bytes were taken, or a scanner was asked; else null.</param>
internal sealed record PassedMail(ReadOnlyMemory<byte> Content, IReadOnlyList<AttachmentInfo>? Attachments = null);

/// <summary>
/// The one way by which bytes of attachments come into the store (ASVS V5.4.3): only where the tenant asks for them, or a mail can't be had
/// without, and only what the scanner passed. What it could not look at counts as what it refused. The mail itself always comes in.
/// </summary>
internal sealed class AttachmentGate(AttachmentSettings settings, Clamd scanner, Alerts alerts, TimeProvider time) : IDisposable
{
    // Who attaches more wants to keep the scanner busy.
    private const int MostScanned = 50;

    private readonly SemaphoreSlim _turns = new(settings.Concurrency);

    /// <summary>Lets in of a mail what may be stored.</summary>
    /// <param name="raw">The mail as it came.</param>
    /// <param name="mail">What was read of it.</param>
    /// <param name="asked">The tenant wants attachments kept.</param>
    /// <param name="infected">Who handed it over found a virus in it.</param>
    /// <param name="ct">Calls it off.</param>
    public async ValueTask<PassedMail> PassAsync(ReadOnlyMemory<byte> raw, InboundMail mail, bool asked, bool infected, CancellationToken ct)
    {
        if (mail.Attachments.Count == 0)
            return new(raw);
        if (!asked && AttachmentRemoval.Without(raw, mail) is { } less)
            return new(less, mail.Attachments);
        var parts = AttachmentRemoval.Parts(raw);
        if (infected || !settings.MayKeep)
            return new(AttachmentRemoval.Emptied(raw, parts.Where(AttachmentRemoval.IsContent)), mail.Attachments);
        return settings.IsScanned ? await ScanAsync(raw, mail, parts, ct) : new(raw);
    }

    public void Dispose() => _turns.Dispose();

    private async Task<PassedMail> ScanAsync(ReadOnlyMemory<byte> raw, InboundMail mail, IReadOnlyList<MimeNode> parts, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(settings.TimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var said = mail.Attachments.ToArray();
        var refused = new List<MimeNode>();
        for (var i = 0; i < parts.Count; i++)
            if (parts[i].BodyEnd > parts[i].BodyStart)
                Judge(i, i < MostScanned ? await AskAsync(() => TextDecoding.Content(raw[parts[i].BodyStart..parts[i].BodyEnd], parts[i].TransferEncoding), either.Token, ct) : new(ScanResult.TooMany));
        var content = refused.Count == 0 ? raw : AttachmentRemoval.Emptied(raw, refused);
        // Others may read a part otherwise than we do, and find files in what is none: the scanner reads mails, too.
        if (Array.Exists(said, one => one.Scan == ScanResult.Clean) && await AskAsync(() => content, either.Token, ct) is { Result: not ScanResult.Clean } whole)
        {
            for (var i = 0; i < parts.Count; i++)
                if (said[i].Scan == ScanResult.Clean)
                    Judge(i, whole);
            content = AttachmentRemoval.Emptied(raw, refused);
            // It lies in none of them, so nobody can say where; what a person needs is in the header, and what was read of the mail stays.
            if (whole.Result == ScanResult.Found && await AskAsync(() => content, either.Token, ct) is { Result: not ScanResult.Clean })
                content = AttachmentRemoval.Header(raw);
        }
        foreach (var one in said)
            if (one.Scan is { } result)
                Measures.AttachmentScans.Add(result);
        if (Array.Exists(said, one => one.Scan is ScanResult.Away or ScanResult.Late or ScanResult.Odd))
            await alerts.RaiseAsync("scanner-away", KeyRing.Installation, "The scanner of inbound.attachments.scanner gave no answer that counts, or none in time; attachments that it did not pass are not kept. See `replymint doctor`.", ct);
        return new(content, said);

        void Judge(int i, ScanAnswer answer)
        {
            said[i] = said[i] with { Scan = answer.Result, Malware = answer.Malware };
            if (answer.Result != ScanResult.Clean)
                refused.Add(parts[i]);
        }
    }

    /// <param name="content">Asked when it is its turn, since what is decoded lies in memory once more.</param>
    /// <param name="limited">Ends with the mail's time, too.</param>
    /// <param name="ct">Calls all of it off.</param>
    private async Task<ScanAnswer> AskAsync(Func<ReadOnlyMemory<byte>> content, CancellationToken limited, CancellationToken ct)
    {
        try
        {
            await _turns.WaitAsync(limited);
            try
            {
                return await scanner.ScanAsync(content(), limited);
            }
            finally
            {
                _turns.Release();
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new(ScanResult.Late);
        }
    }
}
