using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReplyMint.Knowledge;

/// <summary>A question with the ids of the entries that answer it; none when that isn't known.</summary>
internal sealed record EvalQuery(string Query, IReadOnlyList<string> Relevant);

/// <summary>Whom a question found, best first.</summary>
internal sealed record EvalResult(string Query, IReadOnlyList<string> Ids);

/// <summary>How well an index finds what it should: shares of 0 to 1, over the questions whose answer is known.</summary>
internal sealed record EvalReport(
    [property: JsonPropertyName("hit@1")] double HitAt1,
    [property: JsonPropertyName("hit@5")] double HitAt5,
    [property: JsonPropertyName("mrr")] double Mrr,
    [property: JsonPropertyName("results")] IReadOnlyList<EvalResult> Results)
{
    public string ToJson() => JsonSerializer.Serialize(this, KnowledgeJson.Default.EvalReport);
}

/// <summary>Measures an index by questions: hit@1, hit@5 and the mean reciprocal rank within the first ten.</summary>
internal static class KnowledgeEval
{
    private const int Depth = 10;

    /// <summary>An entry is found once, in however many parts it lies; so a few more are asked for.</summary>
    public const int Asked = 50;

    public static EvalReport Run(KnowledgeIndex index, IReadOnlyList<EvalQuery> queries) => Run(queries, [.. queries.Select(query => index.Search(query.Query, Asked))]);

    /// <param name="queries">What was asked.</param>
    /// <param name="found">Whom each of them found, best first.</param>
    public static EvalReport Run(IReadOnlyList<EvalQuery> queries, IReadOnlyList<IReadOnlyList<PassageHit>> found)
    {
        var results = new List<EvalResult>(queries.Count);
        int judged = 0, first = 0, five = 0;
        var reciprocal = 0.0;
        foreach (var (query, hits) in queries.Zip(found))
        {
            var ids = hits.Select(hit => Id(hit.Passage)).Distinct(StringComparer.Ordinal).Take(Depth).ToArray();
            results.Add(new EvalResult(query.Query, ids));
            if (query.Relevant.Count == 0)
                continue;
            judged++;
            var rank = Array.FindIndex(ids, query.Relevant.Contains);
            if (rank < 0)
                continue;
            first += rank == 0 ? 1 : 0;
            five += rank < 5 ? 1 : 0;
            reciprocal += 1.0 / (rank + 1);
        }
        double Share(double sum) => judged == 0 ? 0 : Math.Round(sum / judged, 4);
        return new EvalReport(Share(first), Share(five), Share(reciprocal), results);
    }

    /// <summary>Reads lines of {"query": text, "relevant": [ids]}; "question" and "id" are taken too. A line that is none becomes a problem.</summary>
    public static (IReadOnlyList<EvalQuery> Queries, IReadOnlyList<ReadProblem> Problems) ReadQueries(string name, ReadOnlyMemory<byte> file)
    {
        var queries = new List<EvalQuery>();
        var problems = new List<ReadProblem>();
        foreach (var (line, entry) in JsonLines.Read(name, TextDecoder.Decode(file.Span, name, problems) ?? "", problems))
        {
            using (entry)
            {
                var query = JsonLines.Text(entry.RootElement, "query", "question", "text");
                if (query.Length == 0)
                {
                    problems.Add(new ReadProblem(name, line, "has no \"query\"."));
                    continue;
                }
                queries.Add(new EvalQuery(query, JsonLines.Texts(entry.RootElement, "relevant", "ids", "id")));
            }
        }
        return (queries, problems);
    }

    private static string Id(Passage passage) => passage.Ref.Length > 0 ? passage.Ref : passage.Id;
}
