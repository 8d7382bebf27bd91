using System.Text.Json;

using ReplyMint.Accounts;
using ReplyMint.Knowledge;
using ReplyMint.Replies;

namespace ReplyMint.Tests.Replies;

/// <summary>The shared questions and answers: what the extractive drafter writes from a passage says nothing that the passage doesn't, so the guard lets it pass.</summary>
public class GuardCorpusTests(ITestOutputHelper output)
{
    [Fact]
    public void An_answer_from_a_passage_passes_the_guard()
    {
        const string file = "covid-faq.docs.jsonl";
        var folder = SharedData.Folder("retrieval");
        int drafts = 0, held = 0, all = 0;
        foreach (var line in File.ReadLines(Path.Combine(folder, file)))
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            var passage = new Passage("p", file, root.GetProperty("question").GetString()!, root.GetProperty("answer").GetString()!);
            var box = new Mailbox { Id = "m", TenantId = "t", Address = Mails.Mailbox, DisplayName = "The Shop", MaxLength = 1_000 };
            var mail = Mails.Person(passage.Question);
            all++;
            if (ExtractiveDrafter.Draft(new DraftRequest(mail, box, [new PassageHit(passage, 1)], 0.5)) is not DraftOutcome.Draft draft)
                continue;
            drafts++;
            var outcome = ApprovedDraft.From(new GuardInput { Text = draft.Text, Mail = mail, Mailbox = box, Passages = draft.Passages, Language = draft.Language });
            if (outcome.Draft is not null)
                continue;
            held++;
            output.WriteLine(string.Join("; ", outcome.Findings) + " | " + passage.Question);
        }
        output.WriteLine($"{all} passages, {drafts} drafts, {held} held");
        Assert.True(drafts > all * 0.9, $"{drafts} of {all}");
        Assert.InRange(held / (double)drafts, 0, 0.01);
    }

    /// <summary>Rule 17 must not hold what people write: harmless mails of the injection set, read as text alone.</summary>
    [Fact]
    public void Harmless_texts_are_not_taken_for_circulars()
    {
        var folder = SharedData.Folder("injection");
        int all = 0, held = 0;
        foreach (var line in File.ReadLines(Path.Combine(folder, "benign.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            var category = json.RootElement.GetProperty("category").GetString()!;
            if (!category.StartsWith("llmail-benign", StringComparison.Ordinal) && !category.StartsWith("notinject", StringComparison.Ordinal))
                continue;
            all++;
            var answer = BodySigns.Ask(Mails.Person(json.RootElement.GetProperty("text").GetString()!));
            if (answer.Outcome == RuleOutcome.Pass)
                continue;
            held++;
            output.WriteLine($"{answer.Saw}: {json.RootElement.GetProperty("text").GetString()}");
        }
        output.WriteLine($"{held} of {all} held");
        Assert.True(all > 200);
        Assert.InRange(held / (double)all, 0, 0.01);
    }
}
