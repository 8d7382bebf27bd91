using System.Text.Json;
using System.Xml.Linq;

namespace ReplyMint.Supply;

/// <summary>What a restored package says of itself.</summary>
/// <param name="Licence">An SPDX expression, or the first words of its licence file.</param>
/// <param name="IsExpression">It is an SPDX expression.</param>
/// <param name="Sha512">Of the package's file, hexadecimal.</param>
internal sealed record PackageFacts(string Licence, bool IsExpression, string Sha512, string? Repository, string Copyright);

/// <summary>The folder into which packages are restored.</summary>
internal sealed class PackageFolder(string root)
{
    public static PackageFolder Usual { get; } = new(Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
        ? named : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"));

    public string Root => root;

    /// <exception cref="InvalidDataException">It is not there, or is another one than the lock file names.</exception>
    public PackageFacts Read(string name, string version, string? contentHash)
    {
        var id = name.ToLowerInvariant();
        var folder = Path.Combine(root, id, version.ToLowerInvariant());
        var nuspec = Path.Combine(folder, id + ".nuspec");
        if (!File.Exists(nuspec))
            throw new InvalidDataException($"{name} {version} is not restored: there is no {nuspec}");
        using (var metadata = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, ".nupkg.metadata"))))
            if (contentHash is not null && metadata.RootElement.GetProperty("contentHash").GetString() != contentHash)
                throw new InvalidDataException($"{name} {version} in {folder} is not the one that the lock file names");
        var about = XDocument.Load(nuspec).Root!.Elements().First(element => element.Name.LocalName == "metadata").Elements().ToList();
        string? Text(string element) => about.FirstOrDefault(one => one.Name.LocalName == element)?.Value.Trim();
        var licence = about.FirstOrDefault(one => one.Name.LocalName == "license");
        var isExpression = licence?.Attribute("type")?.Value == "expression";
        var words = licence is null ? "none is said" : isExpression ? licence.Value.Trim() : FirstWords(Path.Combine(folder, licence.Value.Trim().Replace('\\', '/')));
        var sha512 = Convert.ToHexStringLower(Convert.FromBase64String(File.ReadAllText(Path.Combine(folder, $"{id}.{version.ToLowerInvariant()}.nupkg.sha512")).Trim()));
        return new(words, isExpression, sha512, about.FirstOrDefault(one => one.Name.LocalName == "repository")?.Attribute("url")?.Value ?? Text("projectUrl"), Text("copyright") ?? Text("authors") ?? "");
    }

    private static string FirstWords(string file) => File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.Trim().Length > 0)?.Trim() ?? "an empty file" : "a file that is missing";
}
