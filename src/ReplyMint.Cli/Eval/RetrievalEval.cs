using ReplyMint.Knowledge;

namespace ReplyMint.Cli.Eval;

/// <summary>How well questions find their answers, bare and inside a mail, and how well silence is kept where there is none.</summary>
internal static class RetrievalEval
{
    private const string Ending = ".docs.jsonl";

    /// <summary>A question as people send it, between sentences that ask nothing.</summary>
    private static readonly string[] Mails =
    [
        "Hello,\n\nI hope you are well. {0}\nI could not find anything about it.\n\nThank you in advance\nMaria",
        "Dear Sir or Madam,\n\nmy name is John and a friend told me about your page last week. {0}\n\nBest regards,\nJohn Smith",
        "Hi team,\nquick one from me today:\n\n{0}\n\nI would be glad about an answer before the weekend. Cheers, Tom",
    ];

    /// <summary>What was asked for: hit@1, hit@5, and how many of the answerable questions have to be answered.</summary>
    private static readonly Dictionary<string, (double First, double? Five, double Coverage)> Asked = new(StringComparer.Ordinal)
    {
        ["covid-faq"] = (0.62, 0.78, 0.2), ["stackfaq"] = (0.97, null, 0.6),
    };

    private sealed record Questions(string Name, IReadOnlyList<Passage> Passages, IReadOnlyList<EvalQuery> Queries, KnowledgeIndex Index);

    public static async Task<IReadOnlyList<Figure>> RunAsync(string folder, Action<string> wrong, CancellationToken ct)
    {
        var sets = new List<Questions>();
        foreach (var file in Directory.GetFiles(folder, "*" + Ending).Order(StringComparer.Ordinal))
        {
            var passages = (await PassageReader.ReadFileAsync(file, ct)).Passages;
            var (queries, _) = KnowledgeEval.ReadQueries(file, await File.ReadAllBytesAsync(file[..^Ending.Length] + ".queries.jsonl", ct));
            sets.Add(new(Path.GetFileName(file)[..^Ending.Length], passages, queries, KnowledgeIndex.Of(passages)));
        }
        var figures = new List<Figure>();
        foreach (var set in sets)
        {
            figures.AddRange(Found(set, wrong));
            figures.AddRange(Silent(set, sets.Where(other => other != set), wrong));
        }
        return figures;
    }

    private static IEnumerable<Figure> Found(Questions set, Action<string> wrong)
    {
        var asked = Asked.GetValueOrDefault(set.Name);
        var of = $"of {set.Queries.Count}";
        var bare = KnowledgeEval.Run(set.Index, set.Queries);
        foreach (var (result, query) in bare.Results.Zip(set.Queries))
            if (result.Ids.Count == 0 || !query.Relevant.Contains(result.Ids[0]))
                wrong($"{set.Name}: \"{query.Query}\" finds {string.Join(", ", result.Ids.Take(3))}, not {string.Join(", ", query.Relevant)}");
        var wrapped = Mails.Select(mail => KnowledgeEval.Run(set.Index, [.. set.Queries.Select(query => query with { Query = mail.Replace("{0}", query.Query, StringComparison.Ordinal) })])).ToList();
        return
        [
            new(set.Name, "hit@1", bare.HitAt1, of, Least: asked.First > 0 ? asked.First : null),
            new(set.Name, "hit@5", bare.HitAt5, of, Least: asked.Five),
            new(set.Name, "mrr@10", bare.Mrr, of),
            new(set.Name, "hit@1 lost inside a mail, at most", bare.HitAt1 - wrapped.Min(report => report.HitAt1), $"{Mails.Length} mails", Most: 0.03),
            new(set.Name, "hit@5 lost inside a mail, at most", bare.HitAt5 - wrapped.Min(report => report.HitAt5), $"{Mails.Length} mails", Most: 0.03),
        ];
    }

    /// <summary>At the default threshold, which decides before any model is asked: one that always answers changes nothing here.</summary>
    private static IEnumerable<Figure> Silent(Questions set, IEnumerable<Questions> others, Action<string> wrong)
    {
        int gone = 0, answered = 0, right = 0, foreign = 0, asked = 0;
        foreach (var query in set.Queries)
        {
            gone += Answers(KnowledgeIndex.Of(set.Passages.Where(passage => !query.Relevant.Contains(passage.Ref))), query.Query) is null ? 1 : 0;
            if (Answers(set.Index, query.Query) is not { } hit)
                continue;
            answered++;
            if (query.Relevant.Contains(hit.Passage.Ref))
                right++;
            else
                wrong($"{set.Name}: \"{query.Query}\" is answered by {hit.Passage.Ref} ({hit.Score:0.000}), not by {string.Join(", ", query.Relevant)}");
        }
        foreach (var query in others.SelectMany(other => other.Queries))
        {
            asked++;
            foreign += Answers(set.Index, query.Query) is null ? 1 : 0;
        }
        double n = set.Queries.Count;
        return
        [
            new(set.Name, "held, where the right entry is missing", gone / n, $"of {n:0}", Least: 0.95),
            new(set.Name, "held, of questions of other sets", asked == 0 ? 1 : foreign / (double)asked, $"of {asked}", Least: 0.95),
            new(set.Name, "right, of those answered", answered == 0 ? 0 : right / (double)answered, $"of {answered}", Least: 0.95),
            new(set.Name, "answered, of the answerable", answered / n, $"of {n:0}", Least: Asked.TryGetValue(set.Name, out var floor) ? floor.Coverage : null),
        ];
    }

    private static PassageHit? Answers(KnowledgeIndex index, string question) =>
        index.Search(question, 1) is [{ } hit, ..] && hit.Score >= new KnowledgeSettings().Threshold ? hit : null;
}
