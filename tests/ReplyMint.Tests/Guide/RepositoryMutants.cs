using System.Text;
using ReplyMint.Guide;
using Xunit;

namespace ReplyMint.Tests.Guide;

/// <summary>A copy of the project that lacks something.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Path">Of the file that is changed, or is new.</param>
/// <param name="Change">Null takes the file away.</param>
internal sealed record RepositoryMutant(string Control, string Name, string Path, Func<string, string?> Change)
{
    public RepositoryMutant(string control, string name, string path, string find, string replace) : this(control, name, path, text =>
    {
        Assert.True(text.Contains(find, StringComparison.Ordinal), $"{name}: {path} does not hold {find}");
        return text.Replace(find, replace, StringComparison.Ordinal);
    })
    {
    }

    public RepositoryFiles In(RepositoryFiles good)
    {
        var text = Change(good.Text(Path) ?? "");
        return new(good.Paths.Except([Path]).Concat(text is null ? [] : [Path]), path => path != Path ? good.Bytes(path) : text is null ? null : Encoding.UTF8.GetBytes(text));
    }
}

internal static class RepositoryMutants
{
    private const string Code = "src/ReplyMint/Storage/New.cs", Props = "Directory.Build.props", Ci = ".github/workflows/ci.yml", Release = ".github/workflows/release.yml", Updates = ".github/dependabot.yml";

    public const string HoldsKnown = "tests/ReplyMint.Tests/Api/MailboxRouteTests.cs";

    // Put together here, so that this file is none that the scan would have to know.
    private const string Random = "9aQ2xK7vT4bZ" + "1mR8cW3nY6dL5hJ0pF";

    public static IReadOnlyList<RepositoryMutant> All { get; } =
    [
        new("INPUT-2", "a query holds a hole", "src/ReplyMint/Storage/SqliteReaders.cs", "SELECT {Columns} FROM {table} WHERE p=$1 AND s=$2 AND", "SELECT {Columns} FROM {table} WHERE p='{key.Partition}' AND s=$2 AND"),
        New("INPUT-2", "a query is joined by a plus", Code, "var all = \"SELECT v FROM main WHERE p='\" + name;"),
        New("INPUT-2", "a query is joined by a plus before it", Code, "var all = first + \" ORDER BY s\";"),
        New("INPUT-2", "a raw query holds a hole", Code, "var all = $$\"\"\"\n    DELETE FROM main\n    WHERE p='{{asked}}'\n    \"\"\";"),
        New("INPUT-2", "a hole within a hole", Code, "var all = $\"{(many ? $\"DELETE FROM {asked}\" : \"\")}\";"),
        New("INPUT-2", "an expression is somebody's", "src/ReplyMint.Aws/New.cs", "json.WriteString(\"FilterExpression\", asked);"),
        New("INPUT-2", "a command is run", Code, "System.Diagnostics.Process.Start(\"sh\", asked);"),
        New("INPUT-2", "a rule about injection is off for a file", Code, "#pragma warning disable CA3001"),
        New("INPUT-2", "all rules are off for a file", Code, "#pragma warning disable"),
        New("INPUT-2", "a rule is suppressed", Code, "[SuppressMessage(\"Security\", \"CA2100\")]"),
        new("INPUT-2", "a rule about injection is off", ".editorconfig", "[*.cs]\n", "[*.cs]\ndotnet_diagnostic.CA2100.severity = none\n"),
        new("INPUT-2", "a rule about cryptography only suggests", ".editorconfig", "[src/ReplyMint.Cli/**.cs]\n", "[src/ReplyMint.Cli/**.cs]\ndotnet_diagnostic.CA5351.severity = suggestion\n"),
        New("INPUT-2", "code is said to be made by machines", "src/ReplyMint/.editorconfig", "[*.cs]\ngenerated_code = true\n"),
        new("INPUT-2", "few analyzers are on", Props, "<AnalysisMode>All</AnalysisMode>", "<AnalysisMode>Minimum</AnalysisMode>"),
        new("INPUT-2", "findings of analyzers are warnings", Props, "<TreatWarningsAsErrors>true</TreatWarningsAsErrors>", "<TreatWarningsAsErrors>false</TreatWarningsAsErrors>"),
        new("INPUT-2", "a project leaves rules out", "src/ReplyMint/ReplyMint.csproj", "<PropertyGroup>", "<PropertyGroup><NoWarn>CA2100</NoWarn>"),
        new("INPUT-2", "nobody runs the analyzers", "test.sh", "-p:RunAnalyzers=true", ""),
        new("INPUT-2", "an exception has no reason", CodeExceptions.File, "one of two texts that stand above it", ""),
        new("INPUT-2", "an exception outlived its place", CodeExceptions.File, t => t + "src/ReplyMint/Storage/StoreCopy.cs | waiting | a text that was here once\n"),
        New("AWS-2", "settings hold a secret", "infra/production.json", "{ \"signingKey\": \"" + Random + "\" }"),
        New("AWS-2", "code holds a key", Code, "const string Key = \"" + "ghp_" + Random + Random + "\";"),
        new("AWS-2", "a known one has no reason", KnownSecrets.File, "a made-up Mailgun key of MailboxRouteTests, which sees that it is not shown again", ""),
        new("SOC-4", "packages are not locked", Props, "<RestorePackagesWithLockFile>true<", "<RestorePackagesWithLockFile>false<"),
        new("SOC-4", "the lock is not held to", Props, "true</RestoreLockedMode>", "false</RestoreLockedMode>"),
        new("SOC-4", "the pipeline restores what it likes", ".ci/run", "CI=true", "CI="),
        new("SOC-4", "a project has no lock", "src/ReplyMint.Aws/packages.lock.json", _ => null),
        new("SOC-4", "a lock has no hash", "src/ReplyMint/packages.lock.json", "\"contentHash\"", "\"content\""),
        new("SOC-4", "a project chooses a version", "src/ReplyMint.Cli/ReplyMint.Cli.csproj", "Include=\"System.CommandLine\"", "Include=\"System.CommandLine\" VersionOverride=\"3.0.1\""),
        new("SOC-4", "a version floats", "Directory.Packages.props", "Version=\"4.18.2\"", "Version=\"4.*\""),
        new("SOC-4", "a tool has no lock", "tools/infra/package-lock.json", _ => null),
        new("SOC-4", "a tool's lock has no hash", "tools/openapi/package-lock.json", "\"integrity\"", "\"integer\""),
        new("SOC-4", "no list of parts is made", "src/ReplyMint.Cli/ReplyMint.Cli.csproj", "AfterTargets=\"Publish\"", ""),
        new("SOC-4", "no list of parts is handed out", Release, "replymint.cdx.json", "README.md"),
        new("SOC-4", "nothing is scanned", "test.sh", "ReplyMint.Supply.dll advisories", "ReplyMint.Supply.dll"),
        new("SOC-4", "a scan that says nothing is enough", Ci, "advisories --must", "advisories"),
        new("SOC-4", "a package has a hole", SupplyRepository.Scan, _ => RepositoryGuideTests.ScanOf(true, "MimeKit 1.0.0: High https://github.com/advisories/GHSA-0000-0000-0000")),
        new("SOC-6", "nobody asks for packages", Updates, "package-ecosystem: nuget", "package-ecosystem: cargo"),
        new("SOC-6", "a request is a remark", Updates, "  - package-ecosystem: docker", "  # - package-ecosystem: docker"),
        new("SOC-6", "it is asked each month", Updates, "interval: weekly", "interval: monthly"),
        new("SOC-6", "nobody asks for a tool", Updates, ", /tools/infra", ""),
        new("SOC-6", "an action floats", Ci, "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "@v6"),
        new("SOC-6", "an action's version is not said", Ci, " # v6.0.2", ""),
    ];

    private static RepositoryMutant New(string control, string name, string path, string text) => new(control, name, path, _ => text + "\n");
}
