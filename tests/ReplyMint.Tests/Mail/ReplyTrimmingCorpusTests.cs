using System.Text;
using System.Text.Json;
using ReplyMint.Mail;
using Xunit;

namespace ReplyMint.Tests.Mail;

/// <summary>What four public reply parsers expect of their own examples, each by its own rule.</summary>
public sealed class ReplyTrimmingCorpusTests(ITestOutputHelper output)
{
    private const int Least = 95;

    [Fact]
    public void Most_examples_of_four_suites_are_read_as_they_expect()
    {
        var folder = SharedData.Folder("reply-trimming");
        using var index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "index.json")));
        int right = 0, all = 0;
        foreach (var example in index.RootElement.EnumerateArray())
        {
            all++;
            var id = example.GetProperty("id").GetString()!;
            var expected = File.ReadAllText(Path.Combine(folder, id, "expected.txt"));
            var input = File.ReadAllBytes(Path.Combine(folder, id, example.GetProperty("input").GetString()!));
            var (reply, signature, quoted) = Read(input, example.GetProperty("kind").GetString()!);
            var noBlanks = example.GetProperty("compare").GetString() == "no-whitespace";
            var answers = example.GetProperty("strips").GetString() switch
            {
                "quotes" => [Together(reply, signature), reply + "\n" + signature],
                "signature" => [Together(reply, quoted)],
                _ => new[] { reply },
            };
            if (answers.Any(a => Normal(a, noBlanks) == Normal(expected, noBlanks)))
                right++;
            else
                output.WriteLine($"=== {id}\n{Normal(answers[0], false)}\n--- expected\n{Normal(expected, false)}\n--- sig\n{signature}");
        }
        output.WriteLine($"{right} of {all}");
        Assert.True(right >= Least, $"Only {right} of {all} examples are right.");
    }

    private static (string Reply, string Signature, string Quoted) Read(byte[] input, string kind)
    {
        if (kind == "eml")
        {
            var mail = MailParser.Parse(input, new(null, null));
            return (mail.Reply, mail.Signature, mail.Quoted);
        }
        var text = Encoding.UTF8.GetString(input);
        if (kind == "html")
            text = HtmlText.Render(text, []);
        var parts = ReplyTrimmer.Trim(text.Trim());
        return (parts.Reply, parts.Signature, parts.Quoted);
    }

    private static string Together(string first, string second) => second.Length == 0 ? first : first + "\n\n" + second;

    private static string Normal(string text, bool noBlanks) => noBlanks
        ? string.Concat(text.Where(c => !char.IsWhiteSpace(c)))
        : string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(l => l.TrimEnd())).Trim();
}
