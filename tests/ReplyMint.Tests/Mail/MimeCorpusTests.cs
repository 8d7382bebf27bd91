using System.Text.Json;
using ReplyMint.Cli.Eval;
using ReplyMint.Mail;
using Xunit;

namespace ReplyMint.Tests.Mail;

/// <summary>Real and broken mails of public parsers' test suites, with the fields that a person's mail program shows.</summary>
public sealed class MimeCorpusTests(ITestOutputHelper output)
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
        ["f3067414f3"] = "Latin-1 in a file's name is read as Latin-1, not as question marks",
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
            var differences = MimeEval.Differences(mail, expected.RootElement);
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
}
