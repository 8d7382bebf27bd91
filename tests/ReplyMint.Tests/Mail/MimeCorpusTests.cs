using System.Text.Json;
using System.Text.RegularExpressions;
using ReplyMint.Mail;
using Xunit;

namespace ReplyMint.Tests.Mail;

/// <summary>Real and broken mails of public parsers' test suites, with the fields that a person's mail program shows.</summary>
public sealed partial class MimeCorpusTests(ITestOutputHelper output)
{
    /// <summary>Where that suite's parser reads a mail in another way, and why ours is kept.</summary>
    private static readonly Dictionary<string, string> s_readOtherwise = new()
    {
        ["0b0ef03b9a"] = "no delimiter line fits; guessed ones still give the text",
        ["2c3185bd07"] = "the mail is cut short: what there is of the text is shown, not put among the attachments",
        ["2c6342fe9c"] = "the same",
        ["ca8c9649ca"] = "the same",
        ["49ceb16582"] = "an empty text is no attachment",
        ["306aa4333c"] = "three attached messages, though the last one has no end",
        ["5afc5be3b6"] = "the file name is found in a broken disposition",
        ["1da629ee5e"] = "x-uuencode is decoded",
        ["b3b58f3e35"] = "Latin-1 that calls itself UTF-8 is read as Latin-1",
        ["e74d350e85"] = "Latin-1 in header fields is read as Latin-1, not as question marks",
        ["f9bc0bd5cf"] = "the same",
        ["fe9bfcf301"] = "the same",
        ["c073a0076e"] = "an attached text has the size of its bytes, not of a conversion to UTF-8",
        ["f3067414f3"] = "the same",
        ["3567a1753f"] = "random damage; the text is shown, not dropped",
    };

    [Fact]
    public void All_fields_are_right_where_the_suite_reads_as_a_mail_program_does()
    {
        int right = 0, wrong = 0;
        foreach (var file in Directory.GetFiles(SharedData.Folder("mime"), "stalwart-*.eml").Order())
        {
            using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(file, ".json")));
            if (expected.RootElement.TryGetProperty("mustParse", out _))
                continue;
            var mail = MailParser.Parse(File.ReadAllBytes(file), new(null, null));
            var differences = Wrong(mail, expected.RootElement).ToList();
            var id = Path.GetFileNameWithoutExtension(file)["stalwart-".Length..];
            if (differences.Count == 0)
                right++;
            else if (!s_readOtherwise.ContainsKey(id))
            {
                wrong++;
                output.WriteLine($"{id}: {string.Join("; ", differences)}");
            }
        }
        output.WriteLine($"{right} right, {wrong} wrong");
        Assert.True(right > 0 && wrong == 0, $"{wrong} mails are read wrongly.");
    }

    [Theory]
    [InlineData("mime")]
    [InlineData("autoreply")]
    public void Every_mail_parses(string set)
    {
        var files = Directory.GetFiles(SharedData.Folder(set), "*.eml");
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var mail = MailParser.Parse(File.ReadAllBytes(file), new(null, null));
            Assert.DoesNotContain(mail.Headers, h => h.Value.Any(char.IsControl));
        }
    }

    private static IEnumerable<string> Wrong(InboundMail mail, JsonElement expected)
    {
        var subject = expected.GetProperty("subject").GetString() ?? "";
        if (mail.Subject != subject)
            yield return $"subject '{mail.Subject}', not '{subject}'";
        foreach (var (name, got) in new[] { ("from", mail.From), ("to", mail.To), ("cc", mail.Cc), ("replyTo", mail.ReplyTo) })
        {
            var should = expected.GetProperty(name).EnumerateArray().Select(a => $"{a.GetProperty("name").GetString()}<{a.GetProperty("address").GetString()}>");
            var did = string.Join(", ", got.Select(a => $"{a.Name}<{a.Address}>"));
            if (did != string.Join(", ", should))
                yield return $"{name} {did}, not {string.Join(", ", should)}";
        }
        if (mail.MessageId != (expected.GetProperty("messageId").GetString() ?? ""))
            yield return $"messageId {mail.MessageId}";
        if (mail.InReplyTo != (FirstOrEmpty(expected.GetProperty("inReplyTo"))))
            yield return $"inReplyTo {mail.InReplyTo}, not {FirstOrEmpty(expected.GetProperty("inReplyTo"))}";
        DateTimeOffset? date = expected.GetProperty("date").GetString() is { } d ? DateTimeOffset.Parse(d) : null;
        if (mail.Date != date)
            yield return $"date {mail.Date:o}, not {date:o}";
        var body = expected.GetProperty("textBody").EnumerateArray().ToList();
        var html = body.Any(p => p.GetProperty("type").GetString() == "html");
        var text = string.Join("\n", body.Select(p => p.GetProperty("text").GetString() ?? ""));
        if (html)
        {
            // HTML is compared by its letters: how a rendering is laid out is a matter of taste.
            text = System.Net.WebUtility.HtmlDecode(Tags().Replace(Title().Replace(text, ""), ""));
            if (Letters(text) != Letters(mail.Text))
                yield return $"html text {Letters(mail.Text)}, not {Letters(text)}";
        }
        else if (Blank().Replace(mail.Text, " ").Trim() != Blank().Replace(text, " ").Trim())
            yield return $"text {Short(mail.Text)}, not {Short(text)}";
        var attachments = expected.GetProperty("attachments").EnumerateArray().Select(Expected).ToList();
        if (attachments.Count != mail.Attachments.Count)
            yield return $"attachments {string.Join(", ", mail.Attachments)}, not {attachments.Count}";
        else
            foreach (var (should, did) in attachments.Zip(mail.Attachments))
            {
                if (should.Name != did.FileName || (should.Type is not null && should.Type != did.ContentType)
                    || (should.Size is { } size && size != did.Size) || (should.Hash is { } hash && hash != did.Sha256))
                    yield return $"attachment {did}, not {should}";
            }
    }

    private static (string Name, string? Type, long? Size, string? Hash) Expected(JsonElement a) => (
        a.GetProperty("fileName").GetString() ?? "",
        a.GetProperty("contentType").GetString(),
        a.GetProperty("size").ValueKind == JsonValueKind.Number ? a.GetProperty("size").GetInt64() : null,
        a.GetProperty("sha256").GetString());

    private static string FirstOrEmpty(JsonElement e) => e.ValueKind switch
    {
        JsonValueKind.String => e.GetString()!,
        JsonValueKind.Array when e.GetArrayLength() > 0 => e[0].GetString()!,
        _ => "",
    };

    private static string Letters(string text) => string.Concat(text.Where(char.IsLetterOrDigit));

    private static string Short(string text) => text.Length > 300 ? text[..300] : text;

    [GeneratedRegex("<title>.*?</title>", RegexOptions.Singleline | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Title();

    [GeneratedRegex("<[^>]*>|&nbsp;", RegexOptions.None, 1000)]
    private static partial Regex Tags();

    [GeneratedRegex(@"\s+", RegexOptions.None, 1000)]
    private static partial Regex Blank();
}
