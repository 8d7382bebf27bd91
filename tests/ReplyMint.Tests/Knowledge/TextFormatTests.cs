using System.Text;
using ReplyMint.Knowledge;
using ReplyMint.Tests.Api;
using Xunit;

namespace ReplyMint.Tests.Knowledge;

/// <summary>What is uploaded is of the format that its name's end says, or is refused with what it is.</summary>
public sealed class TextFormatTests
{
    private const string Page = "\n<!DOCTYPE html><html><body><h1>When do you open?</h1><p>At nine.</p></body></html>";
    private const string Json = "{\"question\": \"When do you open?\",\n \"answer\": \"At nine.\"}";
    private const string Lines = "{\"question\":\"When?\",\"answer\":\"At nine.\"}\n{\"question\":\"Where?\",\"answer\":\"Here.\"}\n";

    private static SourceReading Read(string name, string text) => PassageReader.Read(name, Encoding.UTF8.GetBytes(text));

    [Theory]
    [InlineData("faq.csv", Page, "is HTML, though its name ends in .csv. Name it .html.")]
    [InlineData("faq.txt", Page, "is HTML, though its name ends in .txt. Name it .html.")]
    [InlineData("faq.MD", "<HTML lang=en><p>Hello</p>", "is HTML, though its name ends in .MD. Name it .html.")]
    [InlineData("faq.csv", Json, "is JSON, though its name ends in .csv. Name it .jsonl, with one object a line.")]
    [InlineData("faq.tsv", "[1, 2]", "is JSON, though its name ends in .tsv. Name it .jsonl, with one object a line.")]
    [InlineData("faq.txt", Lines, "is JSON, though its name ends in .txt. Name it .jsonl, with one object a line.")]
    [InlineData("faq.html", Json, "is JSON, though its name ends in .html. Name it .jsonl, with one object a line.")]
    [InlineData("faq.txt", "{\\rtf1 Hello}", "is RTF, though its name ends in .txt. Save it as plain text.")]
    [InlineData("faq.markdown", "<?xml version=\"1.0\"?><faq/>", "is XML, though its name ends in .markdown. Take its text out.")]
    public void What_is_something_else_is_refused_whole(string name, string text, string problem)
    {
        var reading = Read(name, text);
        Assert.Empty(reading.Passages);
        Assert.Equal(problem, Assert.Single(reading.Problems).What);
    }

    [Theory]
    [InlineData("faq.md", "[Our hours](https://shop.example/hours) are on the page.")]
    [InlineData("faq.md", "<h1 align=center>Hours</h1>\n\nWe open at nine.")]
    [InlineData("faq.md", "# Hours\n\n```json\n{\"open\": 9}\n```\n")]
    [InlineData("faq.txt", "{name}, thank you for asking. We open at nine.")]
    [InlineData("faq.txt", "[1] We open at nine.")]
    [InlineData("faq.txt", "<headers> are words, too.")]
    [InlineData("faq.csv", "question,answer\n<html>?,a tag")]
    [InlineData("faq.html", "<?xml version=\"1.0\"?><!DOCTYPE html><html><body><h1>When?</h1><p>At nine.</p></body></html>")]
    [InlineData("faq.html", "<h1>When?</h1><p>At nine.</p>")]
    [InlineData("faq.html", Page)]
    [InlineData("faq.jsonl", Lines)]
    public void What_may_be_what_its_name_says_is_read(string name, string text) => Assert.NotEmpty(Read(name, text).Passages);

    [Fact]
    public async Task Over_the_API_it_is_told_and_nothing_is_taken()
    {
        await using var api = await ApiHost.StartAsync();
        var told = (await api.PostAsync("admin", "knowledge", new { name = "hours.csv", text = Page })).Expect(422);
        Assert.Contains("is HTML, though its name ends in .csv", told["errors"]!["text"]!.ToJsonString(), StringComparison.Ordinal);
        // JSON lines are told by their numbers.
        var lines = (await api.PostAsync("admin", "knowledge", new { name = "hours.jsonl", text = "When do you open?\nAt nine.\n" })).Expect(422)["errors"]!["text"]!.ToJsonString();
        Assert.Contains("line 1: is not a JSON object.", lines, StringComparison.Ordinal);
        Assert.Contains("line 2: is not a JSON object.", lines, StringComparison.Ordinal);
        Assert.Empty((await api.GetAsync("admin", "knowledge")).Expect(200)["items"]!.AsArray());
    }
}
