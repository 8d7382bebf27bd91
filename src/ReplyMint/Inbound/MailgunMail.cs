using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ReplyMint.Mail;

namespace ReplyMint.Inbound;

/// <summary>What Mailgun posted of one mail, as the mail that it was. Parsed forms are put together again, so that one parser reads all channels.</summary>
internal sealed class MailgunMail
{
    private const int MaxRecipients = 100;
    private static readonly string[] Decisive = ["recipient", "sender", "message-headers", "body-mime", "timestamp", "token", "signature"];

    private MailgunMail(ReadOnlyMemory<byte> content, string? reversePath, IReadOnlyList<string> recipients, SenderAuthentication verdict)
    {
        Content = content;
        ReversePath = reversePath;
        Recipients = recipients;
        Verdict = verdict;
    }

    public ReadOnlyMemory<byte> Content { get; }

    public string? ReversePath { get; }

    public IReadOnlyList<string> Recipients { get; }

    public SenderAuthentication Verdict { get; }

    /// <summary>Of the mail and whom it is for: what a signature is spent on.</summary>
    public string Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{string.Join(',', Recipients)}\n{ReversePath}\n"));
        hash.AppendData(Content.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Null, with the reason, when the form lacks what every form of Mailgun has.</summary>
    public static MailgunMail? TryRead(FormFields form, out string? problem)
    {
        if (Contradiction(form) is { } twice)
        {
            problem = $"The field \"{twice}\" stands there twice, with two values.";
            return null;
        }
        var recipients = (form.First("recipient") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (recipients.Length is 0 or > MaxRecipients)
        {
            problem = "The field \"recipient\" must name 1 to 100 addresses.";
            return null;
        }
        var raw = form.All.FirstOrDefault(field => field.Name == "body-mime");
        // Mailgun posts a mail's header fields beside its own: one that is called "body-mime" would stand for a whole mail,
        // with verdicts in it. No person's program writes such a field.
        if (raw.Name is not null && form.All.Any(field => field.Name == "message-headers" && field.Value.Span.IndexOf("\"body-mime\""u8) >= 0))
        {
            problem = "A header field of the mail is called \"body-mime\".";
            return null;
        }
        var headers = raw.Name is not null ? RawHeaders(raw.Value.Span) : Headers(form);
        if (headers is null)
        {
            problem = "The field \"message-headers\" must be a JSON array of pairs.";
            return null;
        }
        var content = raw.Name is not null ? raw.Value : MailgunMime.Build(form, headers);
        problem = null;
        return new(content, ReversePathOf(form, headers), recipients, VerdictOf(headers));
    }

    /// <summary>
    /// Whom a mail is for, from, and what proves it, must not depend on which of two fields somebody reads. Header fields of the
    /// mail are posted beside Mailgun's own, so a mail can bring a second one along; no honest one says something else.
    /// </summary>
    private static string? Contradiction(FormFields form)
    {
        foreach (var name in Decisive)
        {
            FormField? first = null;
            foreach (var field in form.All)
                if (field.Name == name)
                {
                    if (first is { } before && !before.Value.Span.SequenceEqual(field.Value.Span))
                        return name;
                    first ??= field;
                }
        }
        return null;
    }

    /// <summary>Empty (a bounce) when any of the sources says so: an answer to a machine is worse than none.</summary>
    private static string? ReversePathOf(FormFields form, IReadOnlyList<HeaderField> headers)
    {
        var sender = form.First("sender");
        if (sender is not null && sender.Trim().Trim('<', '>').Length == 0)
            return "";
        foreach (var header in headers)
            if ((Is(header, "X-Envelope-From") || Is(header, "Return-Path")) && header.Value.Trim() == "<>")
                return "";
        return sender?.Trim().Trim('<', '>');
    }

    /// <summary>The header fields that Mailgun adds with its verdicts. A sender may have put in some of his own: the worst one counts.</summary>
    private static SenderAuthentication VerdictOf(IReadOnlyList<HeaderField> headers)
    {
        AuthResult? spf = null, dkim = null;
        bool? spam = null;
        foreach (var header in headers)
            if (Is(header, "X-Mailgun-Spf"))
                spf = Worse(spf, header.Value);
            else if (Is(header, "X-Mailgun-Dkim-Check-Result"))
                dkim = Worse(dkim, header.Value);
            else if (Is(header, "X-Mailgun-Sflag"))
                spam = spam == true || header.Value.Trim().Equals("yes", StringComparison.OrdinalIgnoreCase);
        return spf is null && dkim is null && spam is null ? SenderAuthentication.Unknown
            : new("mailgun", spf ?? AuthResult.None, dkim ?? AuthResult.None, AuthResult.None, spam);
    }

    private static AuthResult Worse(AuthResult? before, string value)
    {
        var now = value.Trim().ToLowerInvariant() switch
        {
            "pass" => AuthResult.Pass,
            "fail" => AuthResult.Fail,
            "softfail" => AuthResult.SoftFail,
            "neutral" => AuthResult.Neutral,
            "temperror" => AuthResult.TempError,
            "permerror" => AuthResult.PermError,
            _ => AuthResult.None,
        };
        return before is null || before == AuthResult.Pass || now == AuthResult.Fail ? now : before.Value;
    }

    private static bool Is(HeaderField header, string name) => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static List<HeaderField>? Headers(FormFields form)
    {
        var json = form.All.FirstOrDefault(field => field.Name == "message-headers");
        if (json.Name is null)
            return FieldHeaders(form);
        try
        {
            var headers = new List<HeaderField>();
            var reader = new Utf8JsonReader(json.Value.Span, new JsonReaderOptions { MaxDepth = 4 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
            {
                if (!reader.Read() || reader.TokenType != JsonTokenType.String)
                    return null;
                var name = reader.GetString()!;
                if (!reader.Read() || reader.TokenType != JsonTokenType.String)
                    return null;
                headers.Add(new(name, reader.GetString()!));
                if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
                    return null;
            }
            return reader.TokenType == JsonTokenType.EndArray ? headers : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Each header field is also posted as a field of its own; Mailgun's own fields are in lower case.</summary>
    private static List<HeaderField> FieldHeaders(FormFields form)
    {
        var headers = new List<HeaderField>();
        foreach (var field in form.All)
            if (field.FileName is null && field.Name.Length > 0 && char.IsAsciiLetterUpper(field.Name[0]))
                headers.Add(new(field.Name, field.Text));
        foreach (var (name, fallback) in new[] { ("From", "from"), ("Subject", "subject"), ("To", "recipient") })
            if (!headers.Exists(header => Is(header, name)) && form.First(fallback) is { } value)
                headers.Add(new(name, value));
        return headers;
    }

    /// <summary>The top-level fields of a raw mail, for the verdicts only; the mail itself is parsed later.</summary>
    private static List<HeaderField> RawHeaders(ReadOnlySpan<byte> mail)
    {
        var headers = new List<HeaderField>();
        while (mail.Length > 0)
        {
            var end = mail.IndexOf((byte)'\n');
            var line = (end < 0 ? mail : mail[..end]).TrimEnd((byte)'\r');
            mail = end < 0 ? default : mail[(end + 1)..];
            if (line.Length == 0)
                break;
            var colon = line.IndexOf((byte)':');
            if (colon > 0 && line[0] is not ((byte)' ' or (byte)'\t'))
                headers.Add(new(Encoding.Latin1.GetString(line[..colon]).TrimEnd(), Encoding.Latin1.GetString(line[(colon + 1)..]).Trim()));
        }
        return headers;
    }

    /// <summary>The verdict as far as it counts.</summary>
    public SenderAuthentication Believed(bool verdicts) => verdicts ? Verdict : SenderAuthentication.Unknown;
}
