using System.Text.Json;

namespace ReplyMint.Cli.Eval;

/// <summary>What public reply parsers expect of their own examples, each by its own rule: some keep a signature, some a quotation.</summary>
internal static class TrimmingEval
{
    private const string Set = "reply-trimming";

    // Of each 97, 90: as it was asked for.
    private const double Asked = 90.0 / 97;

    public static async Task<IReadOnlyList<Figure>> RunAsync(string folder, Action<string> wrong, CancellationToken ct)
    {
        int right = 0, all = 0;
        using var index = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "index.json"), ct));
        foreach (var example in index.RootElement.EnumerateArray())
        {
            all++;
            var id = example.GetProperty("id").GetString()!;
            var input = example.GetProperty("input").GetString()!;
            var expected = await File.ReadAllTextAsync(Path.Combine(folder, id, "expected.txt"), ct);
            var mail = ReadBody.Parse(input, await File.ReadAllBytesAsync(Path.Combine(folder, id, input), ct), null);
            string[] answers = example.GetProperty("strips").GetString() switch
            {
                "quotes" => [Together(mail.Reply, mail.Signature), mail.Reply + "\n" + mail.Signature],
                "signature" => [Together(mail.Reply, mail.Quoted)],
                _ => [mail.Reply],
            };
            var noBlanks = example.GetProperty("compare").GetString() == "no-whitespace";
            if (answers.Any(answer => Normal(answer, noBlanks) == Normal(expected, noBlanks)))
                right++;
            else
                wrong($"{Set} {id}: {Normal(answers[0], false)}\n--- expected\n{Normal(expected, false)}");
        }
        return [new(Set, "exact by the suite's own rule", right, $"of {all}", Least: Math.Ceiling(all * Asked))];
    }

    private static string Together(string first, string second) => second.Length == 0 ? first : first + "\n\n" + second;

    private static string Normal(string text, bool noBlanks) => noBlanks
        ? string.Concat(text.Where(c => !char.IsWhiteSpace(c)))
        : string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd())).Trim();
}
