using System.Globalization;

namespace ReplyMint.Guide;

/// <summary>MAIL-8 from outside: greeting, STARTTLS, sizes and limits. Nothing is sent past RCPT.</summary>
internal static class SmtpChecks
{
    // Errors that a dialogue may hold at the most; whoever allows more lets strangers guess for ever.
    private const int MostErrors = 40;
    private const long MostBytes = 200_000_000;

    /// <summary>A listener that takes nobody in any more was asked nothing: its silence would pass for a refusal.</summary>
    private static readonly (string?, string) s_full = ("the SMTP listener takes no further connection from here, so not all was asked; look again in some minutes", "");

    public static async Task<Outcome> BoundsAsync(LiveLook look, CancellationToken ct)
    {
        if (look.Target.Smtp is null)
            return Outcome.NotChecked("no SMTP listener is known; name it with --smtp HOST:PORT");
        var told = new List<string>();
        foreach (var question in (Func<LiveLook, CancellationToken, Task<(string? Wrong, string Told)>>[])[GreetingAsync, SizesAsync, LinesAsync, ErrorsAsync, SecureAsync])
        {
            var (wrong, seen) = await question(look, ct);
            if (wrong is not null)
                return seen.Length == 0 ? Outcome.NotChecked(wrong) : Outcome.Fail($"{wrong}: {seen}");
            told.Add(seen);
        }
        return Outcome.Pass(string.Join("; ", told));
    }

    private static async Task<(string?, string)> GreetingAsync(LiveLook look, CancellationToken ct)
    {
        await using var talk = new SmtpDialogue(look.Target);
        var greeting = await talk.OpenAsync(ct);
        if (!IsOpen(greeting))
            return ($"the SMTP listener at {look.Target.Smtp} does not take this machine's connection ({Shown(greeting)})", "");
        var early = await talk.AskAsync("MAIL FROM:<guide@replymint.invalid>", ct);
        return early.StartsWith('5') ? (null, Shown(greeting)) : ("it takes a mail from a client that never greeted", Shown(early));
    }

    /// <summary>Offered sizes hold, and who is unknown is refused: nothing is relayed.</summary>
    private static async Task<(string?, string)> SizesAsync(LiveLook look, CancellationToken ct)
    {
        await using var talk = new SmtpDialogue(look.Target);
        if (!IsOpen(await talk.OpenAsync(ct)))
            return s_full;
        var hello = await talk.AskAsync("EHLO guide.replymint.invalid", ct);
        if (hello.Split('|').FirstOrDefault(line => line.Length > 8 && line.AsSpan(4).StartsWith("SIZE ", StringComparison.OrdinalIgnoreCase)) is not { } size
            || !long.TryParse(size.AsSpan(9), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) || bytes is 0 or > MostBytes)
            return ("it names no size that a mail may have", Shown(hello));
        // What is refused for want of TLS says nothing of sizes and recipients.
        if ((await talk.AskAsync("MAIL FROM:<>", ct)).StartsWith("530", StringComparison.Ordinal))
        {
            if (await talk.AskAsync("STARTTLS", ct) is var ready && !ready.StartsWith("220", StringComparison.Ordinal))
                return ("it wants TLS and gives none", Shown(ready));
            await talk.SecureAsync(ct);
            await talk.AskAsync("EHLO guide.replymint.invalid", ct);
        }
        await talk.AskAsync("RSET", ct);
        var large = await talk.AskAsync(string.Create(CultureInfo.InvariantCulture, $"MAIL FROM:<guide@replymint.invalid> SIZE={bytes + 1}"), ct);
        if (!large.StartsWith('5'))
            return ($"it takes a mail larger than the {bytes} bytes it names", Shown(large));
        if (await talk.AskAsync("MAIL FROM:<>", ct) is var taken && !taken.StartsWith("250", StringComparison.Ordinal))
            return ($"it takes no mail of an empty reverse-path, so its recipients can't be looked at ({Shown(taken)})", "");
        var foreign = await talk.AskAsync("RCPT TO:<nobody@stranger.invalid>", ct);
        if (!foreign.StartsWith('5'))
            return ("it takes a recipient of elsewhere", Shown(foreign));
        return (null, $"SIZE {bytes}; larger: {large[..3]}; a stranger's recipient: {foreign[..3]}");
    }

    private static async Task<(string?, string)> LinesAsync(LiveLook look, CancellationToken ct)
    {
        await using (var talk = new SmtpDialogue(look.Target))
        {
            if (!IsOpen(await talk.OpenAsync(ct)))
                return s_full;
            var bare = await talk.AskAsync("EHLO guide\nMAIL FROM:<guide@replymint.invalid>", ct);
            if (!bare.StartsWith('5'))
                return ("a bare LF ends a line", Shown(bare));
        }
        await using var endless = new SmtpDialogue(look.Target);
        if (!IsOpen(await endless.OpenAsync(ct)))
            return s_full;
        var reply = await endless.AskAsync("NOOP " + new string('x', 20_000), ct);
        return reply.Length == 0 || reply[0] is '5' or '4' ? (null, $"a bare LF: 5xx; a line of 20 KB: {Shown(reply)}") : ("it takes a line of 20 KB", Shown(reply));
    }

    private static async Task<(string?, string)> ErrorsAsync(LiveLook look, CancellationToken ct)
    {
        await using var talk = new SmtpDialogue(look.Target);
        if (!IsOpen(await talk.OpenAsync(ct)))
            return s_full;
        for (var tries = 1; tries <= MostErrors; tries++)
            if (await talk.AskAsync("REPLYMINT-GUIDE", ct) is "" or ['4', '2', '1', ..])
                return (null, $"closed after {tries} errors");
        return ($"{MostErrors} errors did not end the dialogue", "still open");
    }

    /// <summary>What stands behind STARTTLS in the same packet was said in the clear, and must not count as said under TLS (RFC 3207 4.2).</summary>
    private static async Task<(string?, string)> SecureAsync(LiveLook look, CancellationToken ct)
    {
        await using var talk = new SmtpDialogue(look.Target);
        if (!IsOpen(await talk.OpenAsync(ct)))
            return s_full;
        var hello = await talk.AskAsync("EHLO guide.replymint.invalid", ct);
        if (!hello.Split('|').Any(line => line.Length >= 4 && line.AsSpan(4).Trim().Equals("STARTTLS", StringComparison.OrdinalIgnoreCase)))
            return look.Target.SmtpOffersTls || !System.Net.IPAddress.IsLoopback(look.Target.Smtp!.Address) ? ("it offers no STARTTLS", Shown(hello)) : (null, "no STARTTLS, on a loopback address");
        var reply = await talk.AskAsync("STARTTLS\r\nNOOP", ct);
        if (reply.StartsWith('5'))
            return (null, $"STARTTLS with a command behind it: {reply[..3]}");
        if (!reply.StartsWith("220", StringComparison.Ordinal) || talk.HasMore)
            return ("a command behind STARTTLS was carried out", Shown(reply));
        await talk.SecureAsync(ct);
        // The answer to our EHLO must be the next one; a NOOP of before would answer first.
        var next = await talk.AskAsync("EHLO guide.replymint.invalid", ct);
        return next.Contains('|', StringComparison.Ordinal) ? (null, "STARTTLS forgets what came before it") : ("what was said before STARTTLS counts after it", Shown(next));
    }

    private static bool IsOpen(string greeting) => greeting.StartsWith("220", StringComparison.Ordinal);

    private static string Shown(string reply) => reply.Length == 0 ? "closed" : reply.Length <= 120 ? reply : reply[..120] + "...";
}
