using System.Security.Cryptography;

namespace ReplyMint.Supply;

/// <summary>One part of the product that others made.</summary>
/// <param name="Licence">An SPDX expression when <paramref name="IsExpression"/>, else a name.</param>
/// <param name="Purl">Null for what no registry has.</param>
/// <param name="Algorithm">As CycloneDX names it.</param>
/// <param name="IsBuildTool">It is not in the binary.</param>
internal sealed record Part(string Name, string Version, string Licence, bool IsExpression, string? Purl, string Algorithm, string Hash, string? Repository, string Copyright, IReadOnlyList<string> Needs, bool IsBuildTool)
{
    public string Reference => Purl ?? $"vendored:{Name}@{Version}";
}

/// <summary>All parts of the native binary that others made: packages by the lock file, the runtime that is compiled in, and what lies in the sources.</summary>
internal static class Parts
{
    /// <summary>Licences that ask for no more than to be named. One that is not here needs a person's look before it gets in.</summary>
    public static IReadOnlySet<string> Allowed { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "Unicode-3.0", "SQLite is Public Domain",
    };

    public static IReadOnlyList<Part> Read(string root, PackageFolder folder, string rid = "linux-x64")
    {
        var locked = LockFile.Read(Path.Combine(root, "src", "ReplyMint.Cli", "packages.lock.json"));
        var parts = locked.Select(package => Of(folder, package.Name, package.Version, package.ContentHash, package.Needs, package.IsBuildTool)).ToList();
        // The compiler's version is the runtime's: the SDK chooses both, and no lock file names the runtime.
        var runtime = locked.First(package => package.Name == "Microsoft.DotNet.ILCompiler").Version;
        foreach (var name in (string[])[$"Microsoft.NETCore.App.Runtime.NativeAOT.{rid}", $"Microsoft.AspNetCore.App.Runtime.{rid}"])
            parts.Add(Of(folder, name, runtime, null, [], false));
        var tables = Path.Combine(root, "src", "ReplyMint", "Mail", "Unicode", "NormalizationTables.cs");
        parts.Add(new("Unicode Character Database", "17.0.0", "Unicode-3.0", true, null, "SHA-256", Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(tables))),
            "https://www.unicode.org/Public/17.0.0/ucd/", "Copyright © 1991-2025 Unicode, Inc.", [], false));
        return parts;
    }

    /// <summary>What may not be in the product.</summary>
    public static IEnumerable<Part> Forbidden(IEnumerable<Part> parts) => parts.Where(part => !part.IsBuildTool && !IsAllowed(part.Licence));

    // "A OR B" leaves the choice to us, "A AND B" does not.
    private static bool IsAllowed(string licence) => licence.Split(" OR ").Any(choice => choice.Trim('(', ')').Split(" AND ").All(one => Allowed.Contains(one.Trim())));

    private static Part Of(PackageFolder folder, string name, string version, string? contentHash, IReadOnlyList<string> needs, bool isBuildTool)
    {
        var facts = folder.Read(name, version, contentHash);
        return new(name, version, facts.Licence, facts.IsExpression, $"pkg:nuget/{Uri.EscapeDataString(name)}@{Uri.EscapeDataString(version)}", "SHA-512", facts.Sha512, facts.Repository, facts.Copyright, needs, isBuildTool);
    }
}
