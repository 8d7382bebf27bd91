using System.Net;
using System.Text.RegularExpressions;
using ReplyMint.Console;
using ReplyMint.Guide;
using ReplyMint.Security;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>A German reader reads German: on each page that another one leads to, with all its data.</summary>
public sealed partial class ConsoleGermanTests
{
    [Fact]
    public async Task No_page_says_anything_in_English_that_does_not_say_so()
    {
        await using var host = await ConsoleMatrixTests.StartAsync(new SeenStore());
        await ConsoleGuideTests.LookAsync(host);
        using var reader = await ConsoleMatrixTests.ReaderAsync(host);
        reader.Cookies[Speech.Cookie] = "de:";
        var english = File.ReadLines(Path.Combine(HouseTests.Root, "src", "ReplyMint", "Console", "Assets", "Words.txt")).Where(line => line.Length > 0)
            .Select(line => line.Split(" = ", 2)[1].Split(" | ")).Where(both => both[0] != both[1] && both[0].Contains(' ', StringComparison.Ordinal) && !both[0].Contains("{0}", StringComparison.Ordinal)).Select(both => both[0]).ToList();
        Assert.True(english.Count > 400);
        var (left, shown) = (new List<string>(), 0);
        foreach (var (path, html) in await ConsoleMatrixTests.CrawlAsync(reader))
        {
            if (html.Length == 0)
                continue;
            Assert.Contains("<html lang=\"de\"", html, StringComparison.Ordinal);
            var text = Own(html);
            shown += text.Length;
            left.AddRange(english.Where(sentence => text.Contains(sentence, StringComparison.Ordinal)).Select(sentence => $"{path}: {sentence}"));
            left.AddRange(EnglishWord().Matches(text).Select(match => $"{path}: {match.Value}"));
        }
        Assert.Equal([], left.Distinct());
        Assert.True(shown > 50_000, $"{shown}");
    }

    /// <summary>What the server may show of the guide stands there in German, and names the same settings and commands.</summary>
    [Fact]
    public void The_guide_is_there_in_German_as_far_as_the_server_looks()
    {
        var looked = Catalogue.All.Where(control => control.Checks.Any(check => check.Look is Look.Config or Look.Record && check.Missing is null)).ToList();
        var lines = File.ReadLines(Path.Combine(HouseTests.Root, "src", "ReplyMint", "Console", "Assets", "GuideGerman.txt")).Where(line => line.Length > 0).ToDictionary(line => line.Split(" = ", 2)[0], line => line.Split(" = ", 2)[1].Split(" | "), StringComparer.Ordinal);
        Assert.Equal(looked.Select(control => control.Id).Order(StringComparer.Ordinal), lines.Keys.Order(StringComparer.Ordinal));
        Assert.All(looked, control =>
        {
            var said = lines[control.Id];
            Assert.Equal(3, said.Length);
            Assert.DoesNotContain(said, string.IsNullOrWhiteSpace);
            Assert.Equal(Names(control.Remedy), Names(said[2]));
        });
    }

    [Fact]
    public async Task The_guides_page_says_what_fails_in_German()
    {
        await using var host = await ProductHost.StartAsync();
        var (holds, fails) = await ConsoleGuideTests.LookAsync(host);
        using var reader = await ConsoleClient.SignedInAsync(host, Role.Auditor);
        reader.Cookies[Speech.Cookie] = "de:";
        var page = WebUtility.HtmlDecode((await reader.GetAsync("/console/guide")).Expect(200).Html);
        foreach (var control in (Control[])[holds, fails])
            Assert.DoesNotContain(control.Title, page, StringComparison.Ordinal);
        Assert.DoesNotContain(fails.Remedy, page, StringComparison.Ordinal);
        Assert.Contains("<div lang=\"de\"><h2>", page, StringComparison.Ordinal);
    }

    /// <summary>Settings, commands and files, which are the same in every language.</summary>
    private static IEnumerable<string> Names(string text) => Name().Matches(text).Select(match => match.Value.TrimEnd('.')).Distinct().Order(StringComparer.Ordinal);

    /// <summary>What the page itself says: without marks, and without what is somebody else's text, a name, or says that it is English.</summary>
    private static string Own(string html) => WebUtility.HtmlDecode(Mark().Replace(Foreign().Replace(html, " "), " "));

    [GeneratedRegex(@"<(bdi|code|pre|textarea|script|title|option)\b.*?</\1>|<(div|p|ul|span|td|article)\b[^>]*\blang=""en""[^>]*>.*?</\2>|<div class=""(text|letter)[^>]*>.*?</div>", RegexOptions.Singleline)]
    private static partial Regex Foreign();

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Mark();

    [GeneratedRegex(@"[^.<>\n]{0,40}\b(the|and|is|are|of|to|with|not|no|you|your|it|by)\b[^.<>\n]{0,40}")]
    private static partial Regex EnglishWord();

    [GeneratedRegex(@"\b[a-z]+\.[a-zA-Z]+[a-zA-Z.]*|replymint [a-z-]+( [a-z-]+)?|[A-Z][a-zA-Z-]+\.md|X-[A-Za-z-]+|--[a-z-]+")]
    private static partial Regex Name();
}
