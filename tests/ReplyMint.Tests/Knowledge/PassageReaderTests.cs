using System.Text;
using ReplyMint.Knowledge;
using Xunit;

namespace ReplyMint.Tests.Knowledge;

public sealed class PassageReaderTests
{
    private static SourceReading Read(string name, string text) => PassageReader.Read(name, Encoding.UTF8.GetBytes(text));

    private static (string Question, string Answer)[] Pairs(SourceReading reading) => [.. reading.Passages.Select(p => (p.Question, p.Answer))];

    [Fact]
    public void Markdown_headings_become_questions_and_keep_those_above_them()
    {
        var reading = Read("faq.md", """
            ---
            title: not knowledge
            ---
            # Shop handbook

            ## Delivery

            ### How long does it take? {#time}

            Two to **four** days,
            see [our page](https://shop.example/delivery "page").

            Opening
            -------
            We open at 9:00.

            ## Returns ##
            ```
            # not a heading
            ```
            """);
        Assert.Equal(
            [
                ("Delivery: How long does it take?", "Two to four days, see our page (https://shop.example/delivery)."),
                ("Opening", "We open at 9:00."),
                ("Returns", "# not a heading"),
            ],
            Pairs(reading));
        Assert.Empty(reading.Problems);
    }

    [Fact]
    public void Markdown_becomes_text_as_it_stands_in_a_mail()
    {
        var answer = Read("a.md", """
            # Contact
            * write to <help@shop.example> or [us][form]
            * use `code_1`, 2 * 3 and snake_case_name
            1. ![logo](logo.png) Tom &amp; Co<br>next

            > quoted <!-- hidden --> text \*kept\*

            [form]: https://shop.example/form
            """).Passages[0].Answer;
        Assert.Equal(
            "- write to help@shop.example or us (https://shop.example/form)\n- use code_1, 2 * 3 and snake_case_name\n1. logo Tom & Co\nnext\n\nquoted  text *kept*",
            answer);
    }

    [Fact]
    public void Text_is_read_as_pairs_sections_or_paragraphs()
    {
        Assert.Equal([("When do you open?", "At nine.\nOn Sundays not."), ("Where are you?", "Here.")],
            Pairs(Read("a.txt", "Q: When do you open?\nA: At nine.\nOn Sundays not.\n\nQ2: Where are you?\nA: Here.\n")));
        Assert.Equal([("Wann öffnen Sie?", "Um neun.")], Pairs(Read("a.txt", "Frage: Wann öffnen Sie?\nAntwort: Um neun.")));
        Assert.Equal([("Shipping", "We ship daily.\n\nAlso abroad."), ("Can I return it?", "Within 30 days.")],
            Pairs(Read("a.txt", "Shipping\n========\nWe ship daily.\n\nAlso abroad.\n\nCan I return it?\nWithin 30 days.")));
        Assert.Equal([("", "One paragraph."), ("", "Another one.")], Pairs(Read("a.txt", "One paragraph.\n\nAnother one.")));
    }

    [Fact]
    public void Csv_columns_are_found_by_their_names()
    {
        Assert.Equal([("Wann?", "Um \"neun\";\nimmer"), ("Wo?", "Hier")],
            Pairs(Read("a.csv", "Nr;Antwort;Frage\r\n1;\"Um \"\"neun\"\";\nimmer\";Wann?\r\n2;Hier;Wo?\r\n")));
        Assert.Equal([("When?", "At nine")], Pairs(Read("a.csv", "When?,At nine,ignored")));
        Assert.Equal([("When?", "At nine")], Pairs(Read("a.tsv", "question\tanswer\nWhen?\tAt nine\n")));
    }

    [Fact]
    public void A_broken_csv_line_costs_that_line_only()
    {
        var reading = Read("a.csv", "question,answer\nA?,a\nB?,\"never closed\nC?,c\nD?,\"d\"x\nE?,e");
        Assert.Equal([("A?", "a"), ("C?", "c"), ("E?", "e")], Pairs(reading));
        Assert.Equal([3, 5], reading.Problems.Select(problem => problem.Line));
    }

    [Fact]
    public void A_broken_json_line_costs_that_line_only()
    {
        var reading = Read("a.jsonl", "{\"id\":7,\"question\":\"A?\",\"answer\":\"a\"}\n{\"question\":\n[1]\n{\"other\":1}\n\n{\"Text\":\"only text\"}\n{\"question\":\"\\ud800\",\"answer\":\"x\"}");
        Assert.Equal([("A?", "a"), ("", "only text"), ("", "x")], Pairs(reading));
        Assert.Equal("7", reading.Passages[0].Ref);
        Assert.Equal([2, 3, 4], reading.Problems.Select(problem => problem.Line));
    }

    [Fact]
    public void Charsets_are_told_apart()
    {
        const string Text = "Größe\n=====\nFünf Euro €";
        foreach (var encoding in (Encoding[])[new UTF8Encoding(true), new UTF8Encoding(false), Encoding.Unicode, Encoding.BigEndianUnicode])
        {
            var reading = PassageReader.Read("a.txt", (byte[])[.. encoding.GetPreamble(), .. encoding.GetBytes(Text)]);
            Assert.Equal([("Größe", "Fünf Euro €")], Pairs(reading));
            Assert.Empty(reading.Problems);
        }
        var old = PassageReader.Read("a.txt", (byte[])[.. Encoding.Latin1.GetBytes("Größe\n=====\nFünf Euro "), 0x80]);
        Assert.Equal([("Größe", "Fünf Euro €")], Pairs(old));
        Assert.Contains("Windows-1252", Assert.Single(old.Problems).What, StringComparison.Ordinal);
        Assert.False(old.Problems[0].Lost);
    }

    [Theory]
    [InlineData("a.txt", "", "is empty.")]
    [InlineData("a.md", " \n\t\n", "is empty.")]
    [InlineData("a.txt", "ab\0cd", "is not a text file.")]
    [InlineData("a.txt", "%PDF-1.7 stream", TextDecoder.IsPdf)]
    [InlineData("a.PDF", "anything", TextDecoder.IsPdf)]
    [InlineData("a.docx", "text", "has no known format; known are .md, .markdown, .txt, .text, .csv, .tsv, .jsonl, .ndjson, .html, .htm.")]
    [InlineData("a.md", "# Only\n## Headings\n", "holds nothing that could be an answer.")]
    public void What_can_not_be_read_is_said(string name, string text, string problem)
    {
        var reading = Read(name, text);
        Assert.Empty(reading.Passages);
        Assert.Equal(problem, Assert.Single(reading.Problems).What);
        Assert.True(reading.Problems[0].Lost);
    }

    [Fact]
    public async Task Files_that_are_too_large_or_absent_are_said_without_reading_them()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".md");
        try
        {
            await using (var file = File.Create(path))
                file.SetLength(50 * 1024 * 1024);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var reading = await PassageReader.ReadFileAsync(path, CancellationToken.None);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
            Assert.StartsWith("has 50 MB; at most 10 MB are read.", Assert.Single(reading.Problems).What, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
        Assert.Equal("is not there.", Assert.Single((await PassageReader.ReadFileAsync(path, CancellationToken.None)).Problems).What);
    }

    [Fact]
    public void Long_entries_are_parted_where_a_reader_would()
    {
        var sentence = "This sentence is one of very many that together are too long. ";
        var text = string.Concat(Enumerable.Repeat(sentence, 200));
        var passages = Read("a.jsonl", $"{{\"id\":\"x\",\"question\":\"Long?\",\"answer\":\"{text}\"}}").Passages;
        Assert.Equal(4, passages.Count);
        Assert.All(passages, passage =>
        {
            Assert.InRange(passage.Answer.Length, 1, PassageReader.MostAnswer);
            Assert.EndsWith("too long.", passage.Answer, StringComparison.Ordinal);
            Assert.Equal(("Long?", "x"), (passage.Question, passage.Ref));
        });
        Assert.Equal(text.Trim(), string.Join(' ', passages.Select(passage => passage.Answer)));
        Assert.Equal(3, Read("b.txt", new string('x', 10_000)).Passages.Count);
    }

    [Fact]
    public void Ids_are_stable_and_languages_told()
    {
        const string Text = "# Rückgabe\nSie können die Ware innerhalb von 30 Tagen an uns zurückgeben.\n\n# Devolución\nPuede devolver el producto en un plazo de 30 días.";
        var (first, second) = (Read("a.md", Text).Passages, Read("a.md", Text).Passages);
        Assert.Equal(first, second);
        Assert.Equal(2, first.Select(passage => passage.Id).Distinct().Count());
        Assert.NotEqual(first[0].Id, Read("b.md", Text).Passages[0].Id);
        Assert.Equal(["de", "es"], first.Select(passage => passage.Language));
    }

    [Theory]
    [InlineData("a.md", "[")]
    [InlineData("a.md", "[a](")]
    [InlineData("a.md", "`")]
    [InlineData("a.md", "<!--")]
    [InlineData("a.md", "#\n")]
    [InlineData("a.md", "*_~")]
    [InlineData("a.csv", "\"a\"\"\n")]
    [InlineData("a.csv", "\"\n")]
    [InlineData("a.csv", "a,\"\"\"\"\n")]
    [InlineData("a.jsonl", "{\n")]
    [InlineData("a.txt", "Q:\n")]
    [InlineData("a.txt", "x\n\n")]
    public void Hostile_files_cost_linear_time(string name, string piece)
    {
        double Time(int size)
        {
            var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(piece, size / piece.Length)));
            var start = ThreadClock.Microseconds();
            PassageReader.Read(name, bytes);
            return ThreadClock.Microseconds() - start;
        }
        Time(20_000);
        // Eight times as much may cost sixteen times as long; a square would be sixty-four.
        var small = Enumerable.Range(0, 3).Min(_ => Time(50_000));
        var large = Enumerable.Range(0, 3).Min(_ => Time(400_000));
        Assert.True(large < (16 * small) + 60_000, $"{small:0} and {large:0} microseconds");
    }
}
