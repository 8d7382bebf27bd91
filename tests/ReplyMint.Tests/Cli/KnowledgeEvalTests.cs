using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Cli;

public sealed class KnowledgeEvalTests : IDisposable
{
    private const string Docs = """
        {"id":"a","question":"When do you open?","answer":"We open at nine."}
        {"id":"b","question":"Do you ship to Switzerland?","answer":"We ship to Switzerland within a week."}
        """;

    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Files_are_measured_without_a_store()
    {
        _cli.Write("docs.jsonl", Docs);
        _cli.Write("queries.jsonl", """
            {"query":"do you deliver to switzerland","relevant":["b"]}
            {"query":"opening hours, when do you open","relevant":["b"]}
            """);
        var report = JsonNode.Parse(await _cli.OkAsync("knowledge", "eval", "--docs", "docs.jsonl", "--queries", "queries.jsonl", "--json"))!;
        Assert.Equal(0.5, (double)report["hit@1"]!);
        Assert.Equal(2, report["results"]!.AsArray().Count);
        Assert.Equal("b", (string?)report["results"]![0]!["ids"]![0]);
        Assert.Equal("do you deliver to switzerland", (string?)report["results"]![0]!["query"]);
        Assert.NotNull(report["hit@5"]);
        Assert.NotNull(report["mrr"]);
        Assert.StartsWith("2 questions: hit@1 0.500", await _cli.OkAsync("knowledge", "eval", "--docs", "docs.jsonl", "--queries", "queries.jsonl"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_cli.Folder, "data")));
    }

    [Fact]
    public async Task What_can_not_be_read_is_said()
    {
        _cli.Write("docs.jsonl", Docs);
        _cli.Write("bad.jsonl", "no object\n");
        Assert.Contains("there is no file", await _cli.FailsAsync("knowledge", "eval", "--docs", "none.jsonl", "--queries", "bad.jsonl"), StringComparison.Ordinal);
        Assert.Contains("bad.jsonl", await _cli.FailsAsync("knowledge", "eval", "--docs", "docs.jsonl", "--queries", "bad.jsonl"), StringComparison.Ordinal);
    }
}
