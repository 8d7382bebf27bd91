using System.Text.Json;

namespace ReplyMint.Supply;

/// <summary>A package as a lock file names it.</summary>
/// <param name="ContentHash">SHA-512 of what is in it, base64.</param>
internal sealed record LockedPackage(string Name, string Version, string ContentHash, IReadOnlyList<string> Needs)
{
    /// <summary>Works while the binary is built, and nothing of it is in there.</summary>
    public bool IsBuildTool => Name is "Microsoft.DotNet.ILCompiler" or "Microsoft.NET.ILLink.Tasks" || Name.EndsWith(".Microsoft.DotNet.ILCompiler", StringComparison.Ordinal);
}

/// <summary>Reads packages.lock.json.</summary>
internal static class LockFile
{
    /// <summary>All packages of all targets, each once, by name.</summary>
    public static IReadOnlyList<LockedPackage> Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        var packages = new SortedDictionary<string, LockedPackage>(StringComparer.OrdinalIgnoreCase);
        foreach (var target in document.RootElement.GetProperty("dependencies").EnumerateObject())
            foreach (var entry in target.Value.EnumerateObject())
            {
                if (entry.Value.GetProperty("type").GetString() == "Project")
                    continue;
                var needs = entry.Value.TryGetProperty("dependencies", out var list) ? list.EnumerateObject().Select(one => one.Name).ToList() : [];
                // The second target names what it adds to the first.
                if (packages.TryGetValue(entry.Name, out var known))
                    needs = [.. needs.Union(known.Needs, StringComparer.OrdinalIgnoreCase)];
                packages[entry.Name] = new(entry.Name, entry.Value.GetProperty("resolved").GetString()!, entry.Value.GetProperty("contentHash").GetString()!, needs);
            }
        return [.. packages.Values];
    }
}
