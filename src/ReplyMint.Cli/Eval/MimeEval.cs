using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ReplyMint.Mail;

namespace ReplyMint.Cli.Eval;

/// <summary>Real and broken mails of public parsers' suites: each field as those suites expect it, and no mail that can't be read at all.</summary>
internal static class MimeEval
{
    private const string Set = "mime";
    private const double Asked = 45.0 / 53;

    public static async Task<IReadOnlyList<Figure>> RunAsync(string folder, Action<string> wrong, CancellationToken ct)
    {
        int right = 0, all = 0, parsed = 0, failed = 0;
        foreach (var file in Directory.GetFiles(folder, "*.eml").Order(StringComparer.Ordinal))
        {
            parsed++;
            InboundMail mail;
            try
            {
                mail = MailParser.Parse(await File.ReadAllBytesAsync(file, ct), new(null, null));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failed++;
                wrong($"{Set} {Path.GetFileName(file)}: {e.GetType().Name}");
                continue;
            }
            using var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.ChangeExtension(file, ".json"), ct));
            if (expected.RootElement.TryGetProperty("mustParse", out _))
                continue;
            all++;
            if (Differences(mail, expected.RootElement) is { Count: > 0 } differences)
                wrong($"{Set} {Path.GetFileNameWithoutExtension(file)}: {string.Join("; ", differences)}");
            else
                right++;
        }
        return [new(Set, "all fields", right, $"of {all}", Least: Math.Ceiling(all * Asked)), new(Set, "exceptions", failed, $"of {parsed}", Most: 0)];
    }

    /// <summary>In what a mail is read otherwise than its suite expects.</summary>
    public static List<string> Differences(InboundMail mail, JsonElement expected)
    {
        var differences = new List<string>();
        Compare("subject", Text(expected, "subject"), mail.Subject);
        foreach (var (name, got) in new[] { ("from", mail.From), ("to", mail.To), ("cc", mail.Cc), ("replyTo", mail.ReplyTo) })
            Compare(name, string.Join(", ", expected.GetProperty(name).EnumerateArray().Select(a => $"{Text(a, "name")}<{Text(a, "address")}>")), string.Join(", ", got.Select(a => $"{a.Name}<{a.Address}>")));
        Compare("messageId", Text(expected, "messageId"), mail.MessageId);
        Compare("inReplyTo", FirstOrEmpty(expected.GetProperty("inReplyTo")), mail.InReplyTo);
        DateTimeOffset? date = Text(expected, "date") is { Length: > 0 } written ? DateTimeOffset.Parse(written, CultureInfo.InvariantCulture) : null;
        if (mail.Date != date)
            differences.Add($"date {mail.Date:o}, not {date:o}");
        var body = expected.GetProperty("textBody").EnumerateArray().ToList();
        var text = string.Join("\n", body.Select(part => Text(part, "text")));
        // HTML is compared by its letters: how a rendering is laid out is a matter of taste.
        if (body.Any(part => Text(part, "type") == "html"))
            Compare("html text", Letters(WebUtility.HtmlDecode(WithoutTags(text))), Letters(mail.Text));
        else
            Compare("text", OneBlank(text), OneBlank(mail.Text));
        var attachments = expected.GetProperty("attachments").EnumerateArray().ToList();
        if (attachments.Count != mail.Attachments.Count)
            differences.Add($"{mail.Attachments.Count} attachments, not {attachments.Count}");
        else
            differences.AddRange(attachments.Zip(mail.Attachments).Where(pair => !Same(pair.First, pair.Second)).Select(pair => $"attachment {pair.Second}, not {pair.First.GetRawText()}"));
        return differences;

        void Compare(string name, string should, string did)
        {
            if (should != did)
                differences.Add($"{name} {did[..Math.Min(did.Length, 300)]}, not {should[..Math.Min(should.Length, 300)]}");
        }
    }

    private static bool Same(JsonElement should, AttachmentInfo did) =>
        Text(should, "fileName") == did.FileName
        && (Text(should, "contentType") is "" || Text(should, "contentType") == did.ContentType)
        && (should.GetProperty("size").ValueKind != JsonValueKind.Number || should.GetProperty("size").GetInt64() == did.Size)
        && (Text(should, "sha256") is "" || Text(should, "sha256") == did.Sha256);

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static string FirstOrEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array when value.GetArrayLength() > 0 => value[0].GetString()!,
        _ => "",
    };

    private static string Letters(string text) => string.Concat(text.Where(char.IsLetterOrDigit));

    private static string OneBlank(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>A title is no text of the page; a space that doesn't break is one that letters don't count.</summary>
    private static string WithoutTags(string html)
    {
        var text = new StringBuilder(html.Length);
        for (var i = 0; i < html.Length;)
        {
            if (html.AsSpan(i).StartsWith("<title>", StringComparison.OrdinalIgnoreCase) && html.IndexOf("</title>", i, StringComparison.OrdinalIgnoreCase) is var title and > 0)
                i = title + "</title>".Length;
            else if (html[i] == '<' && html.IndexOf('>', i) is var close and > 0)
                i = close + 1;
            else
                text.Append(html[i++]);
        }
        return text.ToString();
    }
}
