using System.Text.RegularExpressions;

namespace ReplyMint.Tests;

/// <summary>What strangers write meets no pattern that can run for long: each has a time-out or can't go back.</summary>
public sealed partial class RegexTests
{
    private static readonly string[] Folders = ["src", "tools", "bench"];

    [Fact]
    public void Every_pattern_of_the_product_ends()
    {
        var found = 0;
        var endless = new List<string>();
        foreach (var file in Folders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(HouseTests.Root, folder), "*.cs", SearchOption.AllDirectories)).Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)))
            foreach (var pattern in Patterns(File.ReadAllText(file)))
            {
                found++;
                if (!IsBounded(pattern))
                    endless.Add($"{Path.GetRelativePath(HouseTests.Root, file)}: {pattern}");
            }
        Assert.Empty(endless);
        Assert.True(found >= 2, $"Only {found} patterns were found.");
    }

    [Theory]
    [InlineData("""[GeneratedRegex("a+b")]""", false)]
    [InlineData("""[GeneratedRegex("a+b", RegexOptions.None, matchTimeoutMilliseconds: 500)]""", true)]
    [InlineData("""var regex = new Regex("(a+)+b", RegexOptions.NonBacktracking);""", true)]
    [InlineData("""if (Regex.IsMatch(text, "(a+)+b"))""", false)]
    [InlineData("""if (Regex.IsMatch(text, "(a+)+b", RegexOptions.None, TimeSpan.FromSeconds(1)))""", true)]
    [InlineData("""[RegularExpression("(a+)+b")]""", false)]
    public void A_pattern_without_an_end_is_seen(string line, bool bounded) => Assert.Equal(bounded, IsBounded(Assert.Single(Patterns(line))));

    /// <summary>Each place where a pattern is made or used, with the rest of its line: a pattern stands on one.</summary>
    private static IEnumerable<string> Patterns(string code) => Pattern().Matches(code).Select(match => match.Value);

    private static bool IsBounded(string pattern) =>
        pattern.Contains("RegexOptions.NonBacktracking", StringComparison.Ordinal) || pattern.Contains("matchTimeoutMilliseconds:", StringComparison.Ordinal) || pattern.Contains("TimeSpan.", StringComparison.Ordinal);

    [GeneratedRegex(@"(\[GeneratedRegex\(|\[RegularExpression\(|new Regex\(|\bRegex\.(IsMatch|Match|Matches|Replace|Split|Count|EnumerateMatches)\().*")]
    private static partial Regex Pattern();
}
