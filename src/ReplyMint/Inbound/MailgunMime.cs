using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MimeKit;
using ReplyMint.Mail;

namespace ReplyMint.Inbound;

/// <summary>Puts a mail together again from the parts that Mailgun parsed it into: the original header fields, UTF-8 bodies, attachments.</summary>
internal static class MailgunMime
{
    // These describe the original's encoding, which is not that of the parts we got.
    private static readonly string[] Replaced = ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-Length", "MIME-Version"];

    public static ReadOnlyMemory<byte> Build(FormFields form, IReadOnlyList<HeaderField> headers)
    {
        var files = form.All.Where(field => field.FileName is not null || IsAttachment(field)).ToArray();
        var to = new ArrayBufferWriter<byte>(4096 + form.All.Sum(field => field.Value.Length));
        ContentType? original = null;
        foreach (var header in headers)
        {
            if (header.Name.Length == 0 || header.Name.AsSpan().ContainsAnyExceptInRange('!', '~') || header.Name.Contains(':', StringComparison.Ordinal))
                continue;
            if (header.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
                original = ContentType.TryParse(header.Value, out var parsed) ? parsed : null;
            else if (!Replaced.Contains(header.Name, StringComparer.OrdinalIgnoreCase))
                Line(to, $"{header.Name}: {OneLine(header.Value)}");
        }
        Line(to, "MIME-Version: 1.0");
        var boundary = Boundary(form);
        var outer = Outer(original);
        // Of a mail that was HTML alone Mailgun makes a plain text, in other words than we would; it is no part of the mail.
        var htmlOnly = original is { MediaType: var media, MediaSubtype: var sub } && media.Equals("text", StringComparison.OrdinalIgnoreCase) && sub.Equals("html", StringComparison.OrdinalIgnoreCase);
        if (files.Length == 0 && outer is null)
        {
            Bodies(to, form, boundary, htmlOnly);
            return to.WrittenMemory;
        }
        Line(to, $"Content-Type: {outer ?? "multipart/mixed"}; boundary=\"{boundary}\"");
        Line(to, "");
        Line(to, $"--{boundary}");
        Bodies(to, form, boundary + "-a", htmlOnly);
        var ids = ContentIds(form);
        foreach (var file in files)
        {
            Line(to, "");
            Line(to, $"--{boundary}");
            Attachment(to, file, ids.GetValueOrDefault(file.Name));
        }
        Line(to, "");
        Line(to, $"--{boundary}--");
        return to.WrittenMemory;
    }

    private static bool IsAttachment(FormField field) =>
        field.ContentType is not null && field.Name.StartsWith("attachment-", StringComparison.Ordinal) && field.Name != "attachment-count";

    /// <summary>The shapes that the policy must still recognise: reports of machines, encrypted and signed mail.</summary>
    private static string? Outer(ContentType? original)
    {
        if (original is null || !original.MediaType.Equals("multipart", StringComparison.OrdinalIgnoreCase)
            || original.MediaSubtype.ToLowerInvariant() is not ("report" or "encrypted" or "signed") and var subtype)
            return null;
        var type = "multipart/" + original.MediaSubtype.ToLowerInvariant();
        foreach (var name in new[] { "report-type", "protocol" })
            if (original.Parameters[name] is { Length: > 0 and < 100 } value && !value.AsSpan().ContainsAnyExceptInRange(' ', '~') && !value.AsSpan().ContainsAny('"', '\\'))
                type += $"; {name}=\"{value}\"";
        return type;
    }

    private static void Bodies(ArrayBufferWriter<byte> to, FormFields form, string boundary, bool htmlOnly)
    {
        var plain = form.All.FirstOrDefault(field => field.Name == "body-plain");
        var html = form.All.FirstOrDefault(field => field.Name == "body-html");
        if (html.Name is null || html.Value.Length == 0)
            Text(to, "plain", plain.Value);
        else if (plain.Value.Length == 0 || htmlOnly)
            Text(to, "html", html.Value);
        else
        {
            Line(to, $"Content-Type: multipart/alternative; boundary=\"{boundary}\"");
            Line(to, "");
            Line(to, $"--{boundary}");
            Text(to, "plain", plain.Value);
            Line(to, "");
            Line(to, $"--{boundary}");
            Text(to, "html", html.Value);
            Line(to, "");
            Line(to, $"--{boundary}--");
        }
    }

    private static void Text(ArrayBufferWriter<byte> to, string subtype, ReadOnlyMemory<byte> text)
    {
        Line(to, $"Content-Type: text/{subtype}; charset=utf-8");
        Line(to, "Content-Transfer-Encoding: 8bit");
        Line(to, "");
        to.Write(text.Span);
    }

    private static void Attachment(ArrayBufferWriter<byte> to, FormField file, string? contentId)
    {
        // A multipart would be entered by the parser, but what Mailgun posts as a file is one.
        var type = file.ContentType is not null && ContentType.TryParse(file.ContentType, out var parsed)
            && !parsed.MediaType.Equals("multipart", StringComparison.OrdinalIgnoreCase)
            ? $"{parsed.MediaType}/{parsed.MediaSubtype}".ToLowerInvariant() : "application/octet-stream";
        Line(to, $"Content-Type: {OneLine(type)}");
        Line(to, $"Content-Disposition: {(contentId is null ? "attachment" : "inline")}; filename*=utf-8''{Uri.EscapeDataString(file.FileName ?? file.Name)}");
        if (contentId is not null)
            Line(to, $"Content-ID: <{contentId}>");
        Line(to, "Content-Transfer-Encoding: binary");
        Line(to, "");
        to.Write(file.Value.Span);
    }

    /// <summary>Which attachment is which inline picture: {"&lt;id&gt;": "attachment-1"}.</summary>
    private static Dictionary<string, string> ContentIds(FormFields form)
    {
        var ids = new Dictionary<string, string>(StringComparer.Ordinal);
        if (form.First("content-id-map") is not { Length: > 0 } json)
            return ids;
        try
        {
            using var map = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 4 });
            if (map.RootElement.ValueKind != JsonValueKind.Object)
                return ids;
            foreach (var entry in map.RootElement.EnumerateObject())
                if (entry.Value.ValueKind == JsonValueKind.String && entry.Name.Trim('<', '>') is { Length: > 0 and < 500 } id
                    && !id.AsSpan().ContainsAnyExceptInRange('!', '~') && !id.AsSpan().ContainsAny('<', '>'))
                    ids[entry.Value.GetString()!] = id;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Which picture stands where matters to nobody here; the mail does.
        }
        return ids;
    }

    /// <summary>Made of the content, so that the same form gives the same mail, and no content can hold its own boundary.</summary>
    private static string Boundary(FormFields form)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var field in form.All)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(field.Name));
            hash.AppendData(field.Value.Span);
        }
        return "part-" + Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static string OneLine(string value) => value.ReplaceLineEndings(" ").Replace('\0', ' ').Trim();

    private static void Line(ArrayBufferWriter<byte> to, string line)
    {
        var span = to.GetSpan(Encoding.UTF8.GetMaxByteCount(line.Length) + 2);
        var length = Encoding.UTF8.GetBytes(line, span);
        "\r\n"u8.CopyTo(span[length..]);
        to.Advance(length + 2);
    }
}
