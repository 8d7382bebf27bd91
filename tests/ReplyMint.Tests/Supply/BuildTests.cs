using System.Text.RegularExpressions;
using ReplyMint.Supply;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace ReplyMint.Tests.Supply;

/// <summary>How the product is built: on GitHub with few rights, and scanned by something that would find something. Locks, analyzers and requests for updates are judged by the guide (RepositoryGuideTests).</summary>
public sealed class BuildTests
{
    private static string Text(string file) => File.ReadAllText(Path.Combine(HouseTests.Root, file));

    [Fact]
    public void Workflows_have_few_rights()
    {
        var workflows = Directory.GetFiles(Path.Combine(HouseTests.Root, ".github", "workflows"), "*.yml");
        Assert.True(workflows.Length >= 2);
        foreach (var file in workflows)
        {
            var text = File.ReadAllText(file);
            Assert.Contains("uses:", text, StringComparison.Ordinal);
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

    [Fact]
    public void Two_folders_are_the_same_only_with_the_same_files_of_the_same_bytes()
    {
        var work = Directory.CreateTempSubdirectory("replymint-twice-").FullName;
        try
        {
            var (first, second) = (Path.Combine(work, "first"), Path.Combine(work, "second"));
            foreach (var folder in (string[])[first, second])
            {
                Directory.CreateDirectory(Path.Combine(folder, "assemblies"));
                File.WriteAllBytes(Path.Combine(folder, "assemblies", "ReplyMint.Core.dll"), [1, 2, 3]);
            }
            Assert.Empty(Elf.Compare(first, second));
            File.WriteAllBytes(Path.Combine(second, "assemblies", "ReplyMint.Core.dll"), [1, 2, 4]);
            Assert.Equal(["assemblies/ReplyMint.Core.dll: 3 and 3 bytes, 1 of them differ, the first at 2"], Elf.Compare(first, second));
            File.WriteAllBytes(Path.Combine(second, "replymint"), []);
            Assert.Contains("replymint: is in one of the two only", Elf.Compare(first, second));
        }
        finally
        {
            Directory.Delete(work, true);
        }
    }

    /// <summary>Only with one thread, in a compiler of its own, do generators write in the same order each time.</summary>
    [Fact]
    public void What_is_handed_out_is_compiled_so_that_it_can_be_built_again()
    {
        Assert.Equal("/parallel-", Text(".ci/one-thread.rsp").Trim());
        var props = Text("Directory.Build.props");
        foreach (var line in (string[])["<Deterministic>true</Deterministic>", ">$(MSBuildThisFileDirectory)=/replymint/</PathMap>", "'$(_IsPublishing)' == 'true'\">true</Reproducible>",
            "<CompilerResponseFile Condition=\"'$(Reproducible)' == 'true'\">$(MSBuildThisFileDirectory).ci/one-thread.rsp</CompilerResponseFile>", "<UseSharedCompilation Condition=\"'$(Reproducible)' == 'true'\">false</UseSharedCompilation>"])
            Assert.Contains(line, props, StringComparison.Ordinal);
        Assert.Contains("tools/twice.sh --managed", Text("test.sh"), StringComparison.Ordinal);
        // Checked against their sums before they are handed out, and the sums along with them.
        var release = Text(".github/workflows/release.yml");
        Assert.Matches(@"(?s)tools/twice\.sh.*sha256sum --check SHA256SUMS.*gh release create .* SHA256SUMS", release);
    }
}
