using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ReplyMint.Supply;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace ReplyMint.Tests.Supply;

/// <summary>How the product is built: locked, judged by analyzers, on GitHub with few rights, and scanned by something that would find something.</summary>
public sealed partial class BuildTests
{
    private static string Text(string file) => File.ReadAllText(Path.Combine(HouseTests.Root, file));

    private static string? Property(string name) => XDocument.Parse(Text("Directory.Build.props")).Descendants(name).FirstOrDefault()?.Value;

    private static IReadOnlyList<string> Projects() => [.. Tracked("*.csproj").Where(file => !file.Contains("/artifacts/", StringComparison.Ordinal))];

    private static IEnumerable<string> Tracked(string pattern) => ((string[])["src", "tests", "tools", "bench"]).SelectMany(folder => Directory.EnumerateFiles(Path.Combine(HouseTests.Root, folder), pattern, SearchOption.AllDirectories))
        .Where(file => !file.Contains("/node_modules/", StringComparison.Ordinal) && !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    [Fact]
    public void Each_project_has_a_lock_file_that_the_pipeline_holds_to()
    {
        Assert.True(Projects().Count > 6);
        Assert.DoesNotContain(Projects(), project => !File.Exists(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json")));
        Assert.Equal(("true", "true"), (Property("RestorePackagesWithLockFile"), Property("RestoreLockedMode")));
        Assert.Contains("CI=true exec", Text(".ci/run"), StringComparison.Ordinal);
        Assert.DoesNotContain(Tracked("package.json"), file => !File.Exists(Path.Combine(Path.GetDirectoryName(file)!, "package-lock.json")));
        // Versions stand in one place, and each is one version.
        Assert.DoesNotContain(Projects(), project => XDocument.Load(project).Descendants("PackageReference").Any(one => one.Attribute("Version") is not null || one.Attribute("VersionOverride") is not null));
        Assert.All(XDocument.Parse(Text("Directory.Packages.props")).Descendants("PackageVersion"), one => Assert.Matches(@"^\d+(\.\d+)+$", one.Attribute("Version")!.Value));
    }

    /// <summary>Rules about injection, cryptography and unsafe readers are on as all others are, and what is found is an error.</summary>
    [Fact]
    public void Security_analyzers_are_errors()
    {
        Assert.Equal(("All", "true"), (Property("AnalysisMode"), Property("TreatWarningsAsErrors")));
        Assert.Null(Property("NoWarn"));
        Assert.Null(Property("WarningsNotAsErrors"));
        Assert.Contains("-p:RunAnalyzers=true", Text("test.sh"), StringComparison.Ordinal);
        // For the tests some of them are off; for the product only what is about jitter.
        var (section, off) = ("", new List<string>());
        foreach (var line in File.ReadLines(Path.Combine(HouseTests.Root, ".editorconfig")))
            if (line.StartsWith('['))
                section = line;
            else if (SecurityRule().Match(line) is { Success: true } rule && !section.StartsWith("[tests/", StringComparison.Ordinal))
                off.Add(rule.Groups[1].Value);
        Assert.Equal(["CA5394"], off);
        foreach (var project in Projects().Where(project => project.Contains("/src/", StringComparison.Ordinal)))
            Assert.DoesNotContain(XDocument.Load(project).Descendants(), one => one.Name.LocalName is "NoWarn" or "RunAnalyzers" or "AnalysisMode" or "WarningsNotAsErrors" or "TreatWarningsAsErrors");
    }

    [GeneratedRegex(@"^dotnet_diagnostic\.(CA2100|CA23\d\d|CA3\d\d\d|CA5\d\d\d)\.severity\s*=\s*(?!error|warning)")]
    private static partial Regex SecurityRule();

    [Fact]
    public void Workflows_pin_what_they_run_and_have_few_rights()
    {
        var workflows = Directory.GetFiles(Path.Combine(HouseTests.Root, ".github", "workflows"), "*.yml");
        Assert.True(workflows.Length >= 2);
        foreach (var file in workflows)
        {
            var text = File.ReadAllText(file);
            var uses = text.Split('\n').Where(line => line.Contains("uses:", StringComparison.Ordinal)).ToList();
            Assert.NotEmpty(uses);
            Assert.All(uses, line => Assert.Matches(@"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line.TrimEnd()));
            Assert.DoesNotContain("pull_request_target", text, StringComparison.Ordinal);
            Assert.DoesNotContain("secrets.", text, StringComparison.Ordinal);
            Assert.DoesNotContain("${{ github.event", text, StringComparison.Ordinal);
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            var root = (YamlMappingNode)yaml.Documents[0].RootNode;
            // The top says what every job may: read. A job that needs more says so itself.
            var rights = Assert.Single(((YamlMappingNode)root["permissions"]).Children);
            Assert.Equal(("contents", "read"), (rights.Key.ToString(), rights.Value.ToString()));
            foreach (var (name, job) in ((YamlMappingNode)root["jobs"]).Children)
            {
                Assert.True(((YamlMappingNode)job).Children.ContainsKey("timeout-minutes"), $"{name} may run for ever");
                // What others may send a change to gets no more than the top.
                if (text.Contains("pull_request:", StringComparison.Ordinal))
                    Assert.False(((YamlMappingNode)job).Children.ContainsKey("permissions"), $"{name}");
            }
            foreach (var checkout in Regex.Split(text, @"(?=- uses: )").Where(part => part.StartsWith("- uses: actions/checkout@", StringComparison.Ordinal)))
                Assert.Contains("persist-credentials: false", checkout, StringComparison.Ordinal);
            // A script that holds what a stranger named would run it.
            Assert.DoesNotMatch(@"run:[^\n]*\$\{\{", text);
        }
        var ci = Text(".github/workflows/ci.yml");
        foreach (var step in (string[])[".ci/run", "replymint.cdx.json", "advisories --must"])
            Assert.Contains(step, ci, StringComparison.Ordinal);
        foreach (var step in (string[])["tools/twice.sh", "SHA256SUMS", "attest-build-provenance", "attest-sbom", "replymint.cdx.json", "advisories --must"])
            Assert.Contains(step, Text(".github/workflows/release.yml"), StringComparison.Ordinal);
    }

    [Fact]
    public void Updates_are_asked_for_wherever_something_is_locked()
    {
        var dependabot = Text(".github/dependabot.yml");
        foreach (var ecosystem in (string[])["nuget", "npm", "github-actions", "dotnet-sdk", "docker"])
            Assert.Contains($"package-ecosystem: {ecosystem}", dependabot, StringComparison.Ordinal);
        Assert.DoesNotContain(Tracked("package-lock.json").Select(file => "/" + Path.GetRelativePath(HouseTests.Root, Path.GetDirectoryName(file)!)), folder => !dependabot.Contains(folder, StringComparison.Ordinal));
    }

    /// <summary>What the SDK printed for a package with an advisory, and for one without.</summary>
    [Fact]
    public void A_scan_counts_only_when_its_source_knows_the_canary()
    {
        const string Known = """
            {"version":1,"parameters":"--vulnerable","projects":[{"path":"/canary/Canary.csproj","frameworks":[{"framework":"net10.0","topLevelPackages":[{"id":"Newtonsoft.Json","requestedVersion":"12.0.1","resolvedVersion":"12.0.1",
            "vulnerabilities":[{"severity":"High","advisoryurl":"https://github.com/advisories/GHSA-5crp-9r3c-p9vr"}]}]}]}]}
            """;
        Assert.Equal(["Newtonsoft.Json 12.0.1: High https://github.com/advisories/GHSA-5crp-9r3c-p9vr"], Advisories.Read(Known));
        Assert.Empty(Advisories.Read("""{"version":1,"parameters":"--vulnerable","projects":[{"path":"/canary/Canary.csproj"}]}"""));
        Assert.Equal("no package has a known vulnerability", new Scan(true, []).Verdict);
        Assert.Equal("1 packages have known vulnerabilities", new Scan(true, ["a"]).Verdict);
        Assert.StartsWith("not checked", new Scan(false, []).Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_builds_that_differ_are_told_apart_by_section()
    {
        var file = Environment.ProcessPath!;
        var binary = File.ReadAllBytes(file);
        Assert.Empty(Elf.Compare(binary, binary));
        var other = (byte[])binary.Clone();
        // The first byte that runs is in the code.
        var entry = BitConverter.ToInt64(binary, 0x18);
        other[entry] ^= 0xFF;
        var line = Assert.Single(Elf.Compare(binary, other));
        Assert.StartsWith("section .text: ", line, StringComparison.Ordinal);
        Assert.Contains(" bytes, 1 of them differ, ", line, StringComparison.Ordinal);
        Assert.StartsWith("5 and 4 bytes", Assert.Single(Elf.Compare("hello"u8, "hell"u8)), StringComparison.Ordinal);
    }
}
