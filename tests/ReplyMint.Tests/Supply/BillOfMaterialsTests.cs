using System.Text.Json;
using ReplyMint.Supply;
using Xunit;

namespace ReplyMint.Tests.Supply;

/// <summary>What is in the binary is listed, whole and right, and nothing in it asks for more than to be named.</summary>
public sealed class BillOfMaterialsTests
{
    private static readonly Lazy<IReadOnlyList<Part>> All = new(() => Parts.Read(HouseTests.Root, PackageFolder.Usual));
    private static readonly (string, string)[] Files = [("replymint", new string('a', 64))];

    [Fact]
    public void The_bill_of_materials_says_what_CycloneDX_asks_for()
    {
        using var bill = JsonDocument.Parse(Sbom.Write("0.1.0", DateTimeOffset.UnixEpoch, Files, All.Value));
        var root = bill.RootElement;
        Assert.Equal(("CycloneDX", "1.6", 1), (root.GetProperty("bomFormat").GetString(), root.GetProperty("specVersion").GetString(), root.GetProperty("version").GetInt32()));
        Assert.Matches("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", root.GetProperty("serialNumber").GetString());
        Assert.Equal("1970-01-01T00:00:00Z", root.GetProperty("metadata").GetProperty("timestamp").GetString());
        var product = root.GetProperty("metadata").GetProperty("component");
        Assert.Equal(("application", "replymint", "pkg:generic/replymint@0.1.0"), (product.GetProperty("type").GetString(), product.GetProperty("name").GetString(), product.GetProperty("purl").GetString()));
        Assert.Equal(new string('a', 64), product.GetProperty("components")[0].GetProperty("hashes")[0].GetProperty("content").GetString());
        var references = new HashSet<string>(StringComparer.Ordinal) { product.GetProperty("bom-ref").GetString()! };
        foreach (var component in root.GetProperty("components").EnumerateArray())
        {
            Assert.Contains(component.GetProperty("type").GetString(), (string[])["library", "framework", "data"]);
            Assert.Contains(component.GetProperty("scope").GetString(), (string[])["required", "excluded"]);
            Assert.NotEqual("", component.GetProperty("name").GetString());
            var version = component.GetProperty("version").GetString()!;
            Assert.True(references.Add(component.GetProperty("bom-ref").GetString()!));
            if (component.TryGetProperty("purl", out var purl))
                Assert.Matches($"^pkg:nuget/[A-Za-z0-9._-]+@{System.Text.RegularExpressions.Regex.Escape(version)}$", purl.GetString());
            var hash = component.GetProperty("hashes")[0];
            Assert.Matches(hash.GetProperty("alg").GetString() == "SHA-512" ? "^[0-9a-f]{128}$" : "^[0-9a-f]{64}$", hash.GetProperty("content").GetString());
            var licence = component.GetProperty("licenses")[0].GetProperty("license");
            Assert.NotEqual("", (licence.TryGetProperty("id", out var id) ? id : licence.GetProperty("name")).GetString());
        }
        // Each line of the graph leads from something listed to something listed, and all that is in the binary is reached.
        var graph = root.GetProperty("dependencies").EnumerateArray().ToDictionary(line => line.GetProperty("ref").GetString()!, line => line.GetProperty("dependsOn").EnumerateArray().Select(one => one.GetString()!).ToList(), StringComparer.Ordinal);
        Assert.All(graph.Keys.Concat(graph.Values.SelectMany(needs => needs)), reference => Assert.Contains(reference, references));
        var reached = new HashSet<string>(StringComparer.Ordinal);
        void Reach(string reference)
        {
            if (reached.Add(reference))
                graph.GetValueOrDefault(reference, []).ForEach(Reach);
        }
        Reach(product.GetProperty("bom-ref").GetString()!);
        Assert.DoesNotContain(All.Value, part => !part.IsBuildTool && !reached.Contains(part.Reference));
    }

    [Fact]
    public void The_same_parts_give_the_same_bytes()
    {
        Assert.Equal(Sbom.Write("0.1.0", DateTimeOffset.UnixEpoch, Files, All.Value), Sbom.Write("0.1.0", DateTimeOffset.UnixEpoch, Files, All.Value));
        Assert.NotEqual(Serial("0.1.0"), Serial("0.1.1"));

        static string? Serial(string version)
        {
            using var bill = JsonDocument.Parse(Sbom.Write(version, DateTimeOffset.UnixEpoch, Files, All.Value));
            return bill.RootElement.GetProperty("serialNumber").GetString();
        }
    }

    /// <summary>Packages of the lock file, the runtime that is compiled in, and what lies in the sources.</summary>
    [Fact]
    public void Everything_that_others_made_is_listed()
    {
        var names = All.Value.Select(part => part.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.DoesNotContain(LockFile.Read(Path.Combine(HouseTests.Root, "src", "ReplyMint.Cli", "packages.lock.json")).Select(package => package.Name), name => !names.Contains(name));
        foreach (var name in (string[])["MimeKit", "SQLite", "Microsoft.NETCore.App.Runtime.NativeAOT.linux-x64", "Microsoft.AspNetCore.App.Runtime.linux-x64", "Unicode Character Database"])
            Assert.False(All.Value.Single(part => part.Name == name).IsBuildTool, name);
        Assert.StartsWith(ReplyMint.Mail.Unicode.NormalizationTables.UnicodeVersion, All.Value.Single(part => part.Purl is null).Version, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_in_the_product_asks_for_more_than_to_be_named() => Assert.Empty(Parts.Forbidden(All.Value).Select(part => $"{part.Name}: {part.Licence}"));

    [Theory]
    [InlineData("GPL-3.0-only")]
    [InlineData("AGPL-3.0-or-later")]
    [InlineData("MIT AND LGPL-2.1-only")]
    [InlineData("MPL-2.0")]
    [InlineData("none is said")]
    public void A_licence_that_asks_for_more_is_found(string licence) => Assert.Single(Parts.Forbidden([All.Value[0] with { Licence = licence }]));

    [Theory]
    [InlineData("MIT")]
    [InlineData("(MIT OR GPL-2.0-only)")]
    [InlineData("Apache-2.0 AND MIT")]
    public void A_licence_that_does_not_is_none(string licence) => Assert.Empty(Parts.Forbidden([All.Value[0] with { Licence = licence }]));

    /// <summary>What lies in the folder of packages must be what was locked.</summary>
    [Fact]
    public void A_package_with_another_content_is_refused()
    {
        var locked = LockFile.Read(Path.Combine(HouseTests.Root, "src", "ReplyMint.Cli", "packages.lock.json"))[0];
        PackageFolder.Usual.Read(locked.Name, locked.Version, locked.ContentHash);
        Assert.Throws<InvalidDataException>(() => PackageFolder.Usual.Read(locked.Name, locked.Version, "AAAA"));
    }

    [Fact]
    public void The_page_of_licences_is_what_the_tool_writes() =>
        Assert.True(File.ReadAllText(Path.Combine(HouseTests.Root, "docs", "third-party.md")) == ThirdParty.Write(All.Value), "docs/third-party.md is stale: dotnet run --project tools/ReplyMint.Supply -- licences > docs/third-party.md");
}
