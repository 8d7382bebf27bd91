using System.Text.Json;
using System.Text.RegularExpressions;
using ReplyMint.Guide;
using ReplyMint.Mutants;
using ReplyMint.Tests.Infra;
using Xunit;

namespace ReplyMint.Tests.Guide;

/// <summary>The pages that map others' lists to what shows that they hold claim nothing that there is not.</summary>
public sealed partial class MappingTests
{
    private sealed record Row(string Id, string State, string By, string Words);

    private static readonly string[] States = ["tested", "test without a mutant", "document", "not applicable", "departure", "not yet"];

    private static readonly List<Row> Asvs = RowsOf(Page("asvs"));

    private static readonly HashSet<string> Classes = typeof(MappingTests).Assembly.GetTypes().Where(type => type.Name.EndsWith("Tests", StringComparison.Ordinal))
        .Select(type => type.FullName!["ReplyMint.Tests.".Length..]).ToHashSet(StringComparer.Ordinal);

    private static readonly Dictionary<string, IReadOnlyList<string>> Table = MutantTable.Read(Path.Combine(HouseTests.Root, "tools", "ReplyMint.Mutants", "table"))
        .ToDictionary(mutant => mutant.Name, mutant => (IReadOnlyList<string>)[.. mutant.Tests.Select(test => test.Split('/')[0])], StringComparer.Ordinal);

    /// <summary>Which controls the guide's own mutants are of, by the tests that take them away.</summary>
    private static readonly Dictionary<string, HashSet<string>> GuideTable = new(StringComparer.Ordinal)
    {
        ["Guide.LiveGuideTests"] = [.. LiveMutants.All.SelectMany(mutant => mutant.Controls)],
        ["Guide.StoreGuideTests"] = [.. StoreMutants.All.SelectMany(mutant => mutant.Controls)],
        ["Guide.RepositoryGuideTests"] = [.. RepositoryMutants.All.Select(mutant => mutant.Control)],
        ["Infra.TemplateMutantTests"] = [.. TemplateMutants.All.SelectMany(mutant => mutant.Controls)],
    };

    private static List<Row> RowsOf(IEnumerable<string> page) => [.. page.Select(line => Requirement().Match(line)).Where(match => match.Success)
        .Select(match => new Row(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value.Trim(), match.Groups[4].Value.Trim()))];

    private static string[] Page(string name) => File.ReadAllLines(Path.Combine(HouseTests.Root, "docs", "mappings", name + ".md"));

    [Fact]
    public async Task Each_requirement_of_levels_1_and_2_is_there_once_and_no_other()
    {
        await using var file = File.OpenRead(Path.Combine(SharedData.Folder("vectors/asvs"), "asvs-5.0.0.flat.json"));
        using var list = await JsonDocument.ParseAsync(file, cancellationToken: TestContext.Current.CancellationToken);
        var asked = list.RootElement.GetProperty("requirements").EnumerateArray().Where(one => one.GetProperty("L").GetString() is "1" or "2").Select(one => one.GetProperty("req_id").GetString());
        Assert.Equal(asked, Asvs.Select(row => row.Id));
    }

    [Fact]
    public void Nothing_on_the_page_is_claimed_that_there_is_not()
    {
        Assert.Contains(Asvs, row => row.State == "tested");
        Assert.Empty(Problems(Page("asvs"), Classes, Table));
    }

    /// <summary>Whoever renames or removes a test or a mutant, or turns a row without counting anew, is told.</summary>
    [Theory]
    [InlineData("`Secrets.SecretMintTests`: `secret-source`", "`Secrets.SecretMindTests`: `secret-source`", "V11.5.1: there is no test Secrets.SecretMindTests")]
    [InlineData("`Secrets.SecretMintTests`: `secret-source`", "`Secrets.SecretMintTests`: `secret-sauce`", "V11.5.1: there is no mutant secret-sauce")]
    [InlineData("`Secrets.SecretMintTests`: `secret-source`", "`Secrets.SecretMintTests`: `json-twice`", "V11.5.1: Secrets.SecretMintTests does not have to fail by json-twice")]
    [InlineData("`Secrets.SecretMintTests`: `secret-source`", "`Secrets.SecretMintTests`: `NET-99`", "V11.5.1: there is no control NET-99")]
    [InlineData("`Secrets.SecretMintTests`: `secret-source`", "by hand", "V11.5.1: \"by hand, `secret-bits`, `link-bits`, `code-bits`, `prompt-mark`\" is not `TEST`: `MUTANT`, `CONTROL`")]
    [InlineData("| V11.5.1 | tested |", "| V11.5.1 | fine |", "V11.5.1: fine is no state")]
    [InlineData("| V11.5.1 | tested |", "| V11.5.1 | not yet |", "V11.5.1: not yet is not shown by")]
    [InlineData("| V11.5.1 | tested |", "| V11.5.1 | not yet |", "docs/mappings/asvs.md has to say: Of")]
    [InlineData("[departures](departures.md#v1131)", "", "V11.3.1: departure is not shown by")]
    [InlineData("| V16.1.1 | document | [logs](../logs.md#of-the-program) |", "| V16.1.1 | document | |", "V16.1.1: document is not shown by")]
    public void A_page_that_claims_more_is_noticed(string find, string replace, string problem)
    {
        var page = string.Join('\n', Page("asvs"));
        Assert.Contains(find, page, StringComparison.Ordinal);
        Assert.Contains(Problems(page.Replace(find, replace, StringComparison.Ordinal).Split('\n'), Classes, Table), found => found.StartsWith(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void A_test_or_mutant_that_is_gone_from_the_code_is_noticed()
    {
        Assert.Contains("V11.5.1: there is no test Secrets.SecretMintTests", Problems(Page("asvs"), Classes.Where(name => name != "Secrets.SecretMintTests").ToHashSet(StringComparer.Ordinal), Table));
        Assert.Contains("V11.5.1: there is no mutant link-bits", Problems(Page("asvs"), Classes, Table.Where(one => one.Key != "link-bits").ToDictionary(StringComparer.Ordinal)));
    }

    private static List<string> Problems(string[] page, HashSet<string> classes, Dictionary<string, IReadOnlyList<string>> table)
    {
        var rows = RowsOf(page);
        int Of(string state) => rows.Count(row => row.State == state);
        var line = $"Of {rows.Count} requirements {Of("tested")} are tested, {Of("test without a mutant")} have a test without a mutant, {Of("document")} have a document, {Of("not applicable")} are not applicable, {Of("departure")} are not met on purpose, {Of("not yet")} are not yet met or not yet shown.";
        var problems = page.Contains(line) ? new List<string>() : [$"docs/mappings/asvs.md has to say: {line}"];
        problems.AddRange(rows.SelectMany(row => Named(row, classes, table).Concat(row.State == "tested" ? Untested(row, table) : []).Concat(Unshown(row, classes)).Select(problem => $"{row.Id}: {problem}")));
        return problems;
    }

    /// <summary>A row says "tested" only where a test is demanded to fail when the protection is taken away.</summary>
    private static IEnumerable<string> Untested(Row row, Dictionary<string, IReadOnlyList<string>> table)
    {
        foreach (var shown in row.By.Split("; "))
        {
            var match = Shown().Match(shown);
            if (!match.Success)
                yield return $"\"{shown}\" is not `TEST`: `MUTANT`, `CONTROL`";
            var test = match.Groups[1].Value;
            foreach (var name in match.Groups[2].Captures.Select(capture => capture.Value))
                if (!(table.TryGetValue(name, out var by) ? by.Contains(test) : GuideTable.TryGetValue(test, out var controls) && controls.Contains(name)))
                    yield return $"{test} does not have to fail by {name}";
        }
    }

    private static IEnumerable<string> Named(Row row, HashSet<string> classes, Dictionary<string, IReadOnlyList<string>> table)
    {
        foreach (var name in Quoted().Matches(row.By + row.Words).Select(match => match.Groups[1].Value))
            if (TestName().IsMatch(name) && !classes.Contains(name))
                yield return $"there is no test {name}";
            else if (MutantName().IsMatch(name) && !table.ContainsKey(name))
                yield return $"there is no mutant {name}";
            else if (ControlName().IsMatch(name) && Catalogue.Find(name) is null)
                yield return $"there is no control {name}";
    }

    private static IEnumerable<string> Unshown(Row row, HashSet<string> classes)
    {
        if (!States.Contains(row.State))
            yield return $"{row.State} is no state";
        // That a link leads to a heading is held for all pages by HouseTests.
        var isShown = row.State switch
        {
            "departure" => row.By == $"[departures](departures.md#{row.Id.Replace(".", "", StringComparison.Ordinal).ToLowerInvariant()})",
            "document" => row.By.StartsWith('[') && row.By.Contains("](", StringComparison.Ordinal),
            "test without a mutant" => Quoted().Matches(row.By) is { Count: > 0 } tests && tests.All(test => classes.Contains(test.Groups[1].Value)),
            "not applicable" or "not yet" => row.By.Length == 0 && row.Words.Length > 0,
            _ => true,
        };
        if (!isShown)
            yield return $"{row.State} is not shown by \"{row.By}\" and \"{row.Words}\"";
    }

    /// <summary>What is not met on purpose says what is asked, what stands instead, why, what holds against the risk, and what would end it.</summary>
    [Fact]
    public void Each_departure_is_accounted_for_and_nothing_else_is_excused()
    {
        var page = string.Join('\n', Page("departures"));
        var sections = page.Split("\n## ")[1..].ToDictionary(section => section[..section.IndexOf('\n', StringComparison.Ordinal)], StringComparer.Ordinal);
        Assert.Equal(Asvs.Where(row => row.State == "departure").Select(row => row.Id), sections.Keys);
        foreach (var (id, section) in sections)
        {
            Assert.Equal(["Asked", "Instead", "Why", "Against the risk", "Until"], Part().Matches(section).Select(part => part.Groups[1].Value));
            var against = section[section.IndexOf("**Against", StringComparison.Ordinal)..section.IndexOf("**Until", StringComparison.Ordinal)];
            Assert.Empty(Named(new(id, "departure", section, ""), Classes, Table));
            Assert.Contains(Quoted().Matches(against), name => Table.ContainsKey(name.Groups[1].Value) || Classes.Contains(name.Groups[1].Value));
        }
    }

    /// <summary>The lists of which the page has to hold every entry that there is.</summary>
    private static readonly Dictionary<string, string[]> Whole = new(StringComparer.Ordinal)
    {
        ["OWASP Top 10 2021"] = [.. Enumerable.Range(1, 10).Select(n => $"A{n:D2}")],
        ["OWASP Top 10 2025"] = [.. Enumerable.Range(1, 10).Select(n => $"A{n:D2}")],
        ["API Top 10 2023"] = [.. Enumerable.Range(1, 10).Select(n => $"API{n}")],
        ["LLM Top 10 2025"] = [.. Enumerable.Range(1, 10).Select(n => $"LLM{n:D2}")],
    };

    [Fact]
    public void The_page_of_the_Top_10_lists_says_what_the_controls_say_of_themselves()
    {
        var lists = new Dictionary<string, List<(string Entry, string Controls, string Words)>>(StringComparer.Ordinal);
        var list = "";
        foreach (var line in Page("top10"))
            if (line.StartsWith("## ", StringComparison.Ordinal))
                lists[list = line[3..]] = [];
            else if (Entry().Match(line) is { Success: true } row && row.Groups[1].Value is not ("entry" or "---"))
                lists[list].Add((row.Groups[1].Value, row.Groups[2].Value.Trim(), row.Groups[3].Value.Trim()));
        foreach (var (name, entries) in Whole)
            Assert.Equal(entries, lists[name].Select(row => row.Entry));
        foreach (var (name, rows) in lists)
        {
            var named = Catalogue.All.SelectMany(control => EntriesOf(control, name)).ToHashSet(StringComparer.Ordinal);
            Assert.Empty(named.Except(rows.Select(row => row.Entry)));
            foreach (var (entry, controls, words) in rows)
            {
                // The list of 2025 goes by the entries of 2021 that it names.
                var earlier = Earlier().Match(words);
                var asked = earlier.Success ? earlier.Groups[1].Value.Split(", ") : [entry];
                var from = earlier.Success ? "OWASP Top 10 2021" : name;
                var right = string.Join(", ", Catalogue.All.Where(control => EntriesOf(control, from).Intersect(asked).Any()).Select(control => $"`{control.Id}`"));
                Assert.True(controls == right, $"docs/mappings/top10.md, {name}: | {entry} | {right} | {words} |");
                Assert.True(right.Length > 0 || words.Length > 0, $"{name} {entry}: no control, and no word why");
            }
        }
    }

    private static IEnumerable<string> EntriesOf(Control control, string list) => control.Sources.Split("; ")
        .Where(source => source.StartsWith(list + " ", StringComparison.Ordinal) || source.StartsWith(list + ":", StringComparison.Ordinal))
        .SelectMany(source => source[list.Length..].TrimStart(':', ' ').Split(", "));

    [GeneratedRegex(@"^\| (V\d+\.\d+\.\d+) \| ([^|]*) \|([^|]*)\|([^|]*)\|$")]
    private static partial Regex Requirement();

    [GeneratedRegex(@"^\| ([^|]+) \|([^|]*)\|([^|]*)\|$")]
    private static partial Regex Entry();

    [GeneratedRegex("^`([A-Za-z.]+)`: (?:`([A-Za-z0-9-]+)`(?:, )?)+$")]
    private static partial Regex Shown();

    [GeneratedRegex(@"^\*\*([^*]+)\*\*: ", RegexOptions.Multiline)]
    private static partial Regex Part();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^[A-Z]\w+\.\w+$")]
    private static partial Regex TestName();

    [GeneratedRegex("^[a-z0-9]+(?:-[a-z0-9]+)*$")]
    private static partial Regex MutantName();

    [GeneratedRegex(@"^[A-Z]+-\d+$")]
    private static partial Regex ControlName();

    [GeneratedRegex(@"^of 2021: ((?:A\d\d(?:, )?)+)")]
    private static partial Regex Earlier();
}
