using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ReplyMint.Supply;

const string Usage = """
    What the binary is made of, and whether it can be trusted:
      sbom FOLDER           writes FOLDER/replymint.cdx.json (CycloneDX 1.6) for the binary that was published there, and SHA256SUMS
      licences              prints the page docs/third-party.md
      advisories [--must]   asks the package source for known vulnerabilities; its answer counts only if it knows the canary's. 0: none; 1: some; 0, or with --must 2: not checked
      compare FOLDER FOLDER says where two builds differ; 0: they don't
    """;

var root = Root(AppContext.BaseDirectory) ?? Root(Environment.CurrentDirectory) ?? throw new InvalidOperationException("This tool runs inside of the repository.");
switch (args)
{
    case ["sbom", var folder]:
        var parts = Parts.Read(root, PackageFolder.Usual);
        if (Parts.Forbidden(parts).ToList() is { Count: > 0 } forbidden)
            return Fail(string.Join('\n', forbidden.Select(part => $"{part.Name} {part.Version}: its licence is {part.Licence}, which is not on the list of tools/ReplyMint.Supply/Parts.cs")));
        CopyNotices(folder);
        var shipped = ((string[])["replymint", "libe_sqlite3.so"]).Where(name => File.Exists(Path.Combine(folder, name))).Select(name => (name, Sha256(Path.Combine(folder, name)))).ToList();
        if (shipped.Count == 0)
            return Fail($"there is no binary in {folder}");
        File.WriteAllBytes(Path.Combine(folder, "replymint.cdx.json"), Sbom.Write(Version(), CommitTime(), shipped, parts));
        var handed = shipped.Select(file => file.name).Concat(["replymint.cdx.json"]).Concat(Directory.GetFiles(folder, "THIRD-PARTY*").Select(file => Path.GetFileName(file))).Order(StringComparer.Ordinal);
        var sums = handed.Select(name => $"{Sha256(Path.Combine(folder, name))}  {name}\n");
        File.WriteAllText(Path.Combine(folder, "SHA256SUMS"), string.Concat(sums));
        Console.WriteLine($"{Path.Combine(folder, "replymint.cdx.json")}: {parts.Count} parts");
        return 0;
    case ["licences"]:
        Console.OutputEncoding = Encoding.UTF8;
        Console.Write(ThirdParty.Write(Parts.Read(root, PackageFolder.Usual)));
        return 0;
    case ["advisories", .. var rest] when rest is [] or ["--must"]:
        var scan = Advisories.Run(root);
        Directory.CreateDirectory(Path.Combine(root, "artifacts"));
        File.WriteAllBytes(Path.Combine(root, "artifacts", "advisories.json"), Advisories.Write(scan, TimeProvider.System.GetUtcNow()));
        foreach (var finding in scan.Findings)
            Console.WriteLine(finding);
        Console.WriteLine(scan.Verdict);
        return scan.Findings.Count > 0 ? 1 : scan.CanaryReported || rest is [] ? 0 : 2;
    case ["compare", var first, var second]:
        var built = Directory.GetFiles(first, "*", SearchOption.AllDirectories);
        if (built.Length == 0)
            return Fail($"there is nothing in {first}");
        foreach (var file in built.Order(StringComparer.Ordinal))
            Console.WriteLine($"{Sha256(file)}  {Path.GetRelativePath(first, file)}");
        var differences = Elf.Compare(first, second);
        foreach (var line in differences)
            Console.WriteLine(line);
        Console.WriteLine(differences.Count == 0 ? "The two builds are the same, byte by byte." : $"{differences.Count} differences.");
        return differences.Count == 0 ? 0 : 1;
    default:
        Console.Error.WriteLine(Usage);
        return 2;
}

static int Fail(string why)
{
    Console.Error.WriteLine(why);
    return 1;
}

static string Sha256(string file)
{
    using var stream = File.OpenRead(file);
    return Convert.ToHexStringLower(SHA256.HashData(stream));
}

static string? Root(string start)
{
    for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        if (File.Exists(Path.Combine(folder.FullName, "ReplyMint.slnx")))
            return folder.FullName;
    return null;
}

string Version()
{
    var props = File.ReadAllText(Path.Combine(root, "Directory.Build.props"));
    var at = props.IndexOf("<Version>", StringComparison.Ordinal) + "<Version>".Length;
    return props[at..props.IndexOf('<', at)];
}

// What the build was given, else the last commit's; where neither is there, a time that nobody takes for one.
DateTimeOffset CommitTime()
{
    var said = Environment.GetEnvironmentVariable("REPLYMINT_COMMIT_TIME");
    if (string.IsNullOrEmpty(said))
    {
        var start = new ProcessStartInfo("git", ["log", "-1", "--format=%ct"]) { WorkingDirectory = root, RedirectStandardOutput = true, RedirectStandardError = true };
        using var git = Process.Start(start)!;
        said = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
    }
    return DateTimeOffset.FromUnixTimeSeconds(long.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0);
}

// The runtime asks for its notices to come along.
void CopyNotices(string folder)
{
    var version = LockFile.Read(Path.Combine(root, "src", "ReplyMint.Cli", "packages.lock.json")).First(package => package.Name == "Microsoft.DotNet.ILCompiler").Version;
    foreach (var (package, name) in ((string, string)[])[("microsoft.netcore.app.runtime.nativeaot.linux-x64", "runtime"), ("microsoft.aspnetcore.app.runtime.linux-x64", "aspnetcore")])
        File.Copy(Path.Combine(PackageFolder.Usual.Root, package, version, "THIRD-PARTY-NOTICES.TXT"), Path.Combine(folder, $"THIRD-PARTY-NOTICES.{name}.txt"), overwrite: true);
    File.WriteAllText(Path.Combine(folder, "THIRD-PARTY.md"), ThirdParty.Write(Parts.Read(root, PackageFolder.Usual)));
}
