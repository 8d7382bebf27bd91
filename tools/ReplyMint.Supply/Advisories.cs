using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ReplyMint.Supply;

/// <summary>What a scan for known vulnerabilities found.</summary>
/// <param name="CanaryReported">The source knows the advisory of a package that has one for sure. Where it does not, the rest of its answer is worth nothing.</param>
/// <param name="Findings">Of the product and everything around it.</param>
internal sealed record Scan(bool CanaryReported, IReadOnlyList<string> Findings)
{
    public string Verdict => !CanaryReported ? "not checked: the source has no advisories (it does not know the canary's)"
        : Findings.Count == 0 ? "no package has a known vulnerability" : $"{Findings.Count} packages have known vulnerabilities";
}

/// <summary>Asks the package source for known vulnerabilities, and first whether it knows any at all.</summary>
internal static class Advisories
{
    /// <summary>GHSA-5crp-9r3c-p9vr: of high severity since 2022.</summary>
    public const string Canary = "Newtonsoft.Json", CanaryVersion = "12.0.1";

    public static Scan Run(string root)
    {
        var folder = Directory.CreateTempSubdirectory("replymint-canary-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "Directory.Build.props"), "<Project />");
            File.WriteAllText(Path.Combine(folder, "Canary.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup><TargetFramework>net10.0</TargetFramework><NuGetAudit>false</NuGetAudit></PropertyGroup>
                  <ItemGroup><PackageReference Include="{Canary}" Version="{CanaryVersion}" /></ItemGroup>
                </Project>
                """);
            // Without its restore there is no answer, which is no answer of the source either.
            var canary = Dotnet(folder, "restore", "Canary.csproj") is null ? null : List(folder, "Canary.csproj");
            var findings = canary is null ? null : List(root, "ReplyMint.slnx");
            return new(canary is not null && Read(canary).Any(one => one.StartsWith(Canary + " ", StringComparison.Ordinal)) && findings is not null, findings is null ? [] : Read(findings));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Package, version and advisories, from what "dotnet list package --vulnerable --format json" prints.</summary>
    public static IReadOnlyList<string> Read(string json)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        using var document = JsonDocument.Parse(json);
        foreach (var project in Each(document.RootElement, "projects"))
            foreach (var framework in Each(project, "frameworks"))
                foreach (var package in Each(framework, "topLevelPackages").Concat(Each(framework, "transitivePackages")))
                    if (Each(package, "vulnerabilities").ToList() is { Count: > 0 } advisories)
                        found.Add($"{package.GetProperty("id").GetString()} {package.GetProperty("resolvedVersion").GetString()}: "
                            + string.Join(", ", advisories.Select(one => $"{one.GetProperty("severity").GetString()} {one.GetProperty("advisoryurl").GetString()}")));
        return [.. found];
    }

    /// <summary>For the guide, which reads it in artifacts/advisories.json.</summary>
    public static byte[] Write(Scan scan, DateTimeOffset now)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("time", now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            json.WriteBoolean("canaryReported", scan.CanaryReported);
            json.WriteStartArray("findings");
            foreach (var finding in scan.Findings)
                json.WriteStringValue(finding);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private static IEnumerable<JsonElement> Each(JsonElement element, string name) => element.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    private static string? List(string folder, string project) => Dotnet(folder, "list", project, "package", "--vulnerable", "--include-transitive", "--format", "json");

    private static string? Dotnet(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET") is { Length: > 0 } named ? named : "dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : null;
    }
}
