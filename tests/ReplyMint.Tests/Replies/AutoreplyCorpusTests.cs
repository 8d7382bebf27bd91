using System.Text.Json;

using ReplyMint.Mail;
using ReplyMint.Replies;

namespace ReplyMint.Tests.Replies;

/// <summary>
/// The shared corpus of machines' and persons' mails, read with the real parser. A machine's mail is right when it is
/// ignored or held, a person's when it is answered or held; a person's mail is never ignored. The floors are what was
/// measured; they may rise, not fall.
/// </summary>
public class AutoreplyCorpusTests(ITestOutputHelper output)
{
    private sealed record Case(string File, bool Answerable, string Category, Verdict Verdict);

    private static List<Case> Read()
    {
        var folder = SharedData.Folder("autoreply");
        using var labels = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "labels.json")));
        var cases = new List<Case>();
        foreach (var label in labels.RootElement.EnumerateArray())
        {
            var file = label.GetProperty("file").GetString()!;
            var mail = MailParser.Parse(File.ReadAllBytes(Path.Combine(folder, file)), new Envelope(null, null));
            cases.Add(new(file, label.GetProperty("answerable").GetBoolean(), label.GetProperty("category").GetString()!, ReplyPolicy.Decide(new PolicyFacts { Mail = mail })));
        }
        return cases;
    }

    private static bool Right(Case c) => c.Verdict.Result == Decision.Hold || c.Verdict.Result == (c.Answerable ? Decision.Answer : Decision.Ignore);

    [Fact]
    public void Machines_get_no_answer_and_persons_are_not_ignored()
    {
        var cases = Read();
        foreach (var c in cases.Where(c => !Right(c) || c.Answerable && c.Verdict.Result != Decision.Answer))
            output.WriteLine($"{(Right(c) ? "held" : "WRONG")} {c.Category} {c.File}: {c.Verdict.Result} {string.Join(", ", c.Verdict.Reasons)}");
        var rates = cases.GroupBy(c => c.Category).ToDictionary(g => g.Key, g => g.Count(Right) / (double)g.Count());
        foreach (var (category, rate) in rates)
            output.WriteLine($"{category}: {rate:P1}");
        var real = rates.Where(r => !r.Key.StartsWith("variant-", StringComparison.Ordinal)).ToList();
        output.WriteLine($"mean of {real.Count}: {real.Average(r => r.Value):P2}");

        Assert.Equal(9, real.Count);
        Assert.InRange(real.Average(r => r.Value), 0.95, 1);
        Assert.All(cases.Where(c => c.Category.StartsWith("variant-", StringComparison.Ordinal)), c => Assert.True(Right(c), c.File));
        var persons = cases.Where(c => c.Answerable).ToList();
        Assert.All(persons, c => Assert.NotEqual(Decision.Ignore, c.Verdict.Result));
        Assert.InRange(persons.Count(c => c.Verdict.Result == Decision.Hold) / (double)persons.Count, 0, 0.03);
    }
}
