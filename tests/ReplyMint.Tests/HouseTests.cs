using System.Globalization;
using System.Text.RegularExpressions;
using ReplyMint.Mutants;

namespace ReplyMint.Tests;

/// <summary>The rules of the house that a reviewer would otherwise have to watch: floors, sizes, links.</summary>
public sealed partial class HouseTests
{
    private const int MostLines = 350;
    private const int MostReadmeLines = 60;

    /// <summary>A room may look down, never up and never at its neighbours (docs/architecture.md shows this table).</summary>
    private static readonly string[][] Floors =
    [
        ["Telemetry"], ["Mail", "Security"], ["Storage"], ["Audit", "Jobs", "Limits"], ["Knowledge", "Outbound"], ["Accounts"],
        ["Billing", "Inbound", "Secrets"], ["Replies"], ["Privacy"], ["Incidents"], ["Monitoring"], ["Guide"], ["Console"],
    ];

    internal static readonly string Root = FindRoot();
    private static readonly string Product = Path.Combine(Root, "src", "ReplyMint");

    /// <summary>Who is woken by an alert finds in the operator's page what it asks for.</summary>
    [Fact]
    public void Each_alert_is_told_of_in_the_operators_page()
    {
        var page = File.ReadAllText(Path.Combine(Root, "docs", "operations.md"));
        var kinds = Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => RaisedAlert().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        Assert.True(kinds.Count > 15, string.Join(' ', kinds));
        var told = page[page.IndexOf("## What an alert asks for", StringComparison.Ordinal)..];
        Assert.All(kinds, kind => Assert.Contains($"`{kind}`", told, StringComparison.Ordinal));
    }

    [GeneratedRegex("""\bRaise(?:Async)?\("([a-z-]+)",""")]
    private static partial Regex RaisedAlert();

    [Fact]
    public void Rooms_look_down_only()
    {
        var types = Rooms().ToDictionary(room => room, TypesOf);
        var outside = DeclaredIn(Directory.EnumerateFiles(Product, "*.cs"));
        Assert.Contains("ReplyMintApp", outside);
        var wrong = new List<string>();
        var edges = 0;
        foreach (var room in types.Keys)
            foreach (var file in FilesOf(room))
            {
                var code = CodeOf(file);
                foreach (var other in types.Keys.Where(other => other != room && LooksAt(code, other, types[other])))
                {
                    edges++;
                    if (FloorOf(other) >= FloorOf(room))
                        wrong.Add($"{Short(file)} looks at {other}, which is not below {room}");
                }
                wrong.AddRange(outside.Where(name => Regex.IsMatch(code, $@"(?<![\w.]){name}\b")).Select(name => $"{Short(file)} looks at {name}, which is outside of all rooms"));
            }
        Assert.Empty(wrong);
        // The line through the product alone makes more; fewer means that the search finds nothing any more.
        Assert.True(edges > 50, $"Only {edges} edges were found.");
    }

    /// <summary>An adapter knows the ports that it stands behind, and no room that uses them.</summary>
    [Fact]
    public void Adapters_for_AWS_look_at_storage_jobs_and_security_only()
    {
        var types = Rooms().ToDictionary(room => room, TypesOf);
        var files = Directory.EnumerateFiles(Path.Combine(Root, "src", "ReplyMint.Aws"), "*.cs", SearchOption.AllDirectories).Where(file => !IsBuilt(file)).ToList();
        Assert.Contains(files, file => LooksAt(CodeOf(file), "Storage", types["Storage"]));
        Assert.Empty(files.SelectMany(file => types.Keys.Where(room => room is not ("Storage" or "Jobs" or "Security") && LooksAt(CodeOf(file), room, types[room])).Select(room => $"{Short(file)} looks at {room}")));
    }

    [Fact]
    public void Each_room_has_a_floor() => Assert.All(Rooms(), room => Assert.True(FloorOf(room) >= 0, $"{room} stands on no floor"));

    [Theory]
    [InlineData("using ReplyMint.Replies;", true)]
    [InlineData("using static ReplyMint.Replies.ReplyPolicy;", true)]
    [InlineData("var verdict = Replies.ReplyPolicy.Decide(facts);", true)]
    [InlineData("ReplyMint.Replies.Verdict verdict;", true)]
    [InlineData("allowance.Replies.ToString();", false)]
    [InlineData("// see Replies.ReplyPolicy and ReplyMint.Replies", false)]
    public void An_edge_is_recognised(string line, bool expected) =>
        Assert.Equal(expected, LooksAt(WithoutComments(line), "Replies", ["ReplyPolicy", "Verdict"]));

    [Fact]
    public void Files_are_one_idea() => Assert.Empty(
        Sources().Where(file => Short(file).StartsWith("src/", StringComparison.Ordinal)).Select(file => (file, lines: File.ReadLines(file).Count())).Where(f => f.lines > MostLines && !IsGenerated(f.file))
            .Select(f => string.Create(CultureInfo.InvariantCulture, $"{Short(f.file)} has {f.lines} lines; at most {MostLines}")));

    [Fact]
    public void Readme_is_short() => Assert.InRange(File.ReadLines(Path.Combine(Root, "README.md")).Count(), 20, MostReadmeLines);

    [Fact]
    public void Links_lead_somewhere()
    {
        var links = 0;
        var broken = new List<string>();
        foreach (var page in Pages())
            foreach (Match link in Link().Matches(WithoutFences(File.ReadAllText(page))))
            {
                var target = link.Groups["target"].Value;
                if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal))
                    continue;
                links++;
                var (path, anchor) = target.Split('#', 2) is [var p, var a] ? (p, a) : (target, "");
                var file = path.Length == 0 ? page : Path.GetFullPath(path, Path.GetDirectoryName(page)!);
                if (!Path.Exists(file))
                    broken.Add($"{Short(page)}: {target} is not there");
                else if (anchor.Length > 0 && !Anchors(file).Contains(anchor))
                    broken.Add($"{Short(page)}: {target} has no such heading");
            }
        Assert.Empty(broken);
        Assert.True(links > 0, "No link was found.");
    }

    /// <summary>What names the home of one machine's user works nowhere else.</summary>
    [Fact]
    public void No_file_names_a_folder_of_one_machine()
    {
        var here = Path.GetDirectoryName(Root)!;
        Assert.Empty(Sources().Concat(Pages()).Concat(Directory.EnumerateFiles(Root, "*.sh"))
            .Where(file => File.ReadAllText(file) is var text && (MachineFolder().IsMatch(text) || (here.Length > 5 && text.Contains(here + "/", StringComparison.Ordinal))))
            .Select(Short));
    }

    /// <summary>Each protection that is taken away to see a test fail is still where the table looks for it, and so are the tests.</summary>
    [Fact]
    public void Every_mutant_finds_what_it_takes_away()
    {
        var table = MutantTable.Read(Path.Combine(Root, "tools", "ReplyMint.Mutants", "table"));
        var classes = typeof(HouseTests).Assembly.GetTypes().ToDictionary(type => type.FullName!, StringComparer.Ordinal);
        Assert.True(table.Count > 100, $"Only {table.Count} mutants were found.");
        Assert.Empty(table.Select(mutant => (mutant.Name, Stale: MutantTable.Stale(mutant, Root))).Where(one => one.Stale is not null)
            .Select(one => $"{one.Name}: {one.Stale} (write into tools/ReplyMint.Mutants/table how the protection is taken away now)"));
        Assert.Empty(table.SelectMany(mutant => mutant.Tests.Select(test => (mutant.Name, Parts: test.Split('/'))))
            .Where(one => !classes.TryGetValue("ReplyMint.Tests." + one.Parts[0], out var tests) || (one.Parts.Length > 1 && tests.GetMethod(one.Parts[1]) is null))
            .Select(one => $"{one.Name}: there is no test {string.Join('/', one.Parts)}"));
    }

    private static bool LooksAt(string code, string room, IEnumerable<string> types) =>
        Regex.IsMatch(code, $@"\bReplyMint\.{room}\b") || types.Any(type => Regex.IsMatch(code, $@"(?<![\w.]){room}\.{type}\b"));

    private static IReadOnlyList<string> Rooms() =>
        [.. Directory.EnumerateDirectories(Product).Select(folder => Path.GetFileName(folder)!).Where(name => name is not ("bin" or "obj"))];

    private static IEnumerable<string> FilesOf(string room) => Directory.EnumerateFiles(Path.Combine(Product, room), "*.cs", SearchOption.AllDirectories);

    private static HashSet<string> TypesOf(string room) => DeclaredIn(FilesOf(room));

    private static HashSet<string> DeclaredIn(IEnumerable<string> files) =>
        [.. files.SelectMany(file => Declaration().Matches(CodeOf(file)).Select(m => m.Groups["name"].Value))];

    private static int FloorOf(string room) => Array.FindIndex(Floors, floor => floor.Contains(room));

    private static IEnumerable<string> Sources() =>
        new[] { "src", "tests" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)).Where(file => !IsBuilt(file));

    private static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories));

    private static bool IsBuilt(string file) => file.Contains("/bin/", StringComparison.Ordinal) || file.Contains("/obj/", StringComparison.Ordinal);

    private static bool IsGenerated(string file) => File.ReadLines(file).First().StartsWith("// Generated by", StringComparison.Ordinal);

    private static string CodeOf(string file) => WithoutComments(File.ReadAllText(file));

    private static string WithoutComments(string code) => Comment().Replace(code, "");

    private static string WithoutFences(string page) => Fence().Replace(page, "");

    private static IEnumerable<string> Anchors(string page) => Heading().Matches(WithoutFences(File.ReadAllText(page)))
        .Select(m => NoAnchor().Replace(m.Groups["title"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    private static string Short(string file) => Path.GetRelativePath(Root, file);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "ReplyMint.slnx")))
                return folder.FullName;
        throw new InvalidOperationException("The tests don't run inside of the repository.");
    }

    [GeneratedRegex(@"^\s*//.*$|\s//\s.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\b(?:class|struct|record|interface|enum)\s+(?<name>[A-Z]\w*)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^#+ (?<title>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchor();

    [GeneratedRegex(@"(?<![\w.:/])/(?:home|Users)/[a-z]\w*/")]
    private static partial Regex MachineFolder();
}
