using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>Mails by each way in.</summary>
internal sealed partial class RehearsalAct
{
    /// <summary>A mail as a person's program writes it.</summary>
    public static string Raw(string from, string to, string subject, params string[] more) => string.Join("\r\n",
    [
        $"From: A guest <{from}>", $"To: <{to}>", $"Subject: {subject}", $"Message-ID: <{Ids.Secret(20)}@guests.invalid>", "Date: Tue, 24 Nov 2026 11:59:00 +0000", .. more, "", "When are you open on Saturday?", "",
    ]);

    /// <summary>A mail as it is, taken by the API; its message.</summary>
    public async Task<string> TakenAsync(string key, string from, string mail, CancellationToken ct)
    {
        var reply = await RawMailAsync(key, from, mail, ct);
        return reply.Status == 202 ? Text(reply, "id") : throw Fail($"a mail is handed over: POST /api/v1/messages -> {reply.Shown}, not 202");
    }

    public async Task<int> CountAsync(CancellationToken ct) => (await Get<Messages>().ListAsync(Own.Id, 1000, null, ct)).Messages.Count;

    /// <summary>A channel of Mailgun's of the tenant's own.</summary>
    public Task<Channel> MailgunAsync(CancellationToken ct) => Get<Channels>().AddAsync(Own.Id, Channel.Mailgun, Ids.Secret(32), Actor.Machine, ct);

    /// <summary>Posts a mail as Mailgun does.</summary>
    /// <param name="token">50 characters; null takes new ones.</param>
    /// <param name="age">How old the signature is.</param>
    public Task<Reply> PostMailgunAsync(Channel channel, string mail, string recipient, string sender, CancellationToken ct, string? secret = null, string? token = null, TimeSpan age = default)
    {
        var timestamp = (Get<TimeProvider>().GetUtcNow() - age).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        token ??= Ids.Secret(50);
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.ASCII.GetBytes(secret ?? channel.Secret), Encoding.ASCII.GetBytes(timestamp + token)));
        (string Name, string Value)[] fields = [("recipient", recipient), ("sender", sender), ("body-mime", mail.ReplaceLineEndings("\r\n")), ("timestamp", timestamp), ("token", token), ("signature", signature)];
        return SendAsync("POST", $"/webhooks/mailgun/{channel.Id}/inbound", [], string.Join('&', fields.Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value)}")), "application/x-www-form-urlencoded", ct);
    }

    /// <summary>The last reply of a dialogue with the SMTP listener; null when there is none for this machine.</summary>
    public Task<string?> SmtpAsync(string from, string to, string mail, CancellationToken ct) =>
        SmtpBytesAsync(from, to, mail.ReplaceLineEndings("\r\n").Replace("\r\n.", "\r\n..", StringComparison.Ordinal), ct);

    /// <summary>The same of bytes as they are, whatever dots and line ends stand in them.</summary>
    public async Task<string?> SmtpBytesAsync(string from, string to, string bytes, CancellationToken ct)
    {
        if (look.Http.Target.Smtp is null)
            return null;
        look.Http.Count();
        await using var talk = new SmtpDialogue(look.Http.Target);
        if (!(await talk.OpenAsync(ct)).StartsWith("220", StringComparison.Ordinal))
            return null;
        var reply = "";
        foreach (var line in (string[])["EHLO guide.replymint.invalid", $"MAIL FROM:<{from}>", $"RCPT TO:<{to}>", "DATA", bytes + "\r\n."])
            if ((reply = await talk.AskAsync(line, ct)) is not ['2' or '3', ..])
                break;
        return reply;
    }

    /// <summary>Whom a finished mail names as its recipients, in whatever field.</summary>
    public static IReadOnlyList<string> RecipientsOf(OutboundMail mail)
    {
        var parsed = MailParser.Parse(MimeWriter.Write(mail), new(mail.ReversePath, mail.To));
        return [.. parsed.To.Concat(parsed.Cc).Select(one => one.Address), .. parsed.Headers.Where(header => header.Name.Equals("Bcc", StringComparison.OrdinalIgnoreCase)).Select(header => header.Value)];
    }

    public static string Short(string reply) => reply.Length == 0 ? "closed" : reply.Length <= 80 ? reply : reply[..80];
}
