using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>What others made is locked, listed with each build, and scanned for known holes (SOC-4).</summary>
internal static class SupplyRepository
{
    private static readonly SearchValues<char> VersionLetters = SearchValues.Create("0123456789.");

    /// <summary>What the last scan in this copy found; tools/ReplyMint.Supply writes it.</summary>
    public const string Scan = "artifacts/advisories.json";

    private const int MostScanDays = 7;
    private const string Props = "Directory.Build.props", Versions = "Directory.Packages.props", Bill = "replymint.cdx.json";

    private static readonly string[] Workflows = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

    public static Outcome Locked(RepositoryLook look)
    {
        List<string> problems = [.. Projects(look), .. Scripts(look), .. Listed(look), .. Scanned(look)];
        var (findings, unknown) = LastScan(look);
        problems.AddRange(findings);
        var locks = look.Files.Named("packages.lock.json").Concat(look.Files.Named("package-lock.json")).Count();
        return look.Wrong(problems) ?? (unknown is null ? Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"{look.Folder}: {locks} lock files with a hash for each package, restored as they are; each build lists its parts in {Bill}; the last scan knew the canary's advisory and found nothing"))
            : Outcome.NotChecked($"{look.Folder}: all is locked and listed, but {unknown}"));
    }

    private static IEnumerable<string> Projects(RepositoryLook look)
    {
        var props = look.Text(Props);
        foreach (var name in (string[])["RestorePackagesWithLockFile", "RestoreLockedMode"])
            if (RepositoryLook.Element(props, name) != "true")
                yield return $"{Props}: {name} is not true";
        if (!look.Says(".ci/run", "CI=true"))
            yield return ".ci/run restores more than what is locked: it does not say CI=true";
        var projects = look.Files.Ending(".csproj").ToList();
        if (projects.Count == 0)
            yield return "there is no project";
        foreach (var project in projects)
        {
            if (RepositoryLook.Tags(look.Text(project), "PackageReference").FirstOrDefault(one => one.Contains(" Version", StringComparison.Ordinal)) is { } own)
                yield return $"{project} chooses a version itself: {own}";
            var file = RepositoryFiles.Beside(project, "packages.lock.json");
            if (look.Json(file)?["dependencies"] is not JsonObject targets)
                yield return $"{project} has no lock file";
            else if (targets.Select(target => Unhashed(target.Value, "contentHash", one => (string?)one["type"] == "Project")).FirstOrDefault(name => name is not null) is { } unhashed)
                yield return $"{file}: {unhashed} has no hash";
        }
        foreach (var version in RepositoryLook.Tags(look.Text(Versions), "PackageVersion"))
            if (version.Split(" Version=\"") is not [_, var rest] || rest.Split('"')[0] is not { Length: > 0 } exact || exact.AsSpan().ContainsAnyExcept(VersionLetters))
                yield return $"{Versions}: {version} is no exact version";
    }

    private static IEnumerable<string> Scripts(RepositoryLook look)
    {
        foreach (var package in look.Files.Named("package.json"))
        {
            var file = RepositoryFiles.Beside(package, "package-lock.json");
            if (look.Json(file)?["packages"] is not { } packages)
                yield return $"{package} has no lock file";
            // What has no name is the folder itself.
            else if (Unhashed(packages, "integrity", one => one.GetPropertyName().Length == 0 || (bool?)one["link"] == true || (bool?)one["inBundle"] == true) is { } unhashed)
                yield return $"{file}: {unhashed} has no hash";
        }
    }

    private static string? Unhashed(JsonNode? packages, string hash, Func<JsonNode, bool> isOurs) =>
        (packages as JsonObject)?.FirstOrDefault(one => one.Value is JsonObject package && package[hash] is null && !isOurs(package)).Key;

    private static IEnumerable<string> Listed(RepositoryLook look)
    {
        const string Cli = "src/ReplyMint.Cli/ReplyMint.Cli.csproj";
        if (look.Text(Cli) is not { } project || !RepositoryLook.WithoutComments(project).Contains("tools/ReplyMint.Supply&quot; -c Release -v quiet -- sbom ", StringComparison.Ordinal) || !project.Contains("AfterTargets=\"Publish\"", StringComparison.Ordinal))
            yield return $"{Cli}: what is published gets no bill of materials";
        foreach (var workflow in Workflows)
            if (!look.Says(workflow, Bill))
                yield return $"{workflow} hands out no {Bill}";
    }

    private static IEnumerable<string> Scanned(RepositoryLook look)
    {
        if (!look.Says("test.sh", "ReplyMint.Supply.dll advisories"))
            yield return "test.sh scans for no known vulnerabilities";
        foreach (var workflow in Workflows)
            if (!look.Says(workflow, "advisories --must"))
                yield return $"{workflow} does not demand a scan for known vulnerabilities";
    }

    /// <summary>What it found, or why its silence means nothing.</summary>
    private static (IReadOnlyList<string> Findings, string? Unknown) LastScan(RepositoryLook look)
    {
        const string Make = "in its folder, run: dotnet run --project tools/ReplyMint.Supply -c Release -- advisories (it asks the package source, a minute or two, and writes artifacts/advisories.json), then the guide again";
        if (look.Files.Bytes(Scan) is not { } bytes)
            return ([], $"no scan for known vulnerabilities was made in this copy: {Make}");
        try
        {
            var scan = JsonNode.Parse(bytes)!;
            List<string> findings = [.. scan["findings"]!.AsArray().Select(one => $"known vulnerability: {(string?)one}")];
            var days = (look.Now - DateTimeOffset.Parse((string)scan["time"]!, CultureInfo.InvariantCulture)).TotalDays;
            return (findings, !(bool)scan["canaryReported"]! ? $"the package source that the last scan asked has no advisories (it does not know the canary's), so its silence says nothing: name one that has them (dotnet nuget list source shows yours; https://api.nuget.org/v3/index.json has them); {Make}"
                : days > MostScanDays ? string.Create(CultureInfo.InvariantCulture, $"the last scan for known vulnerabilities is {days:0} days old: {Make}") : null);
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or InvalidOperationException or FormatException)
        {
            return ([], $"{Scan} is not what the scan writes: {Make}");
        }
    }
}
