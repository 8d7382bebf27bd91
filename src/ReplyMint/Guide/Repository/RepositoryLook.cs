using System.Text.Json;
using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>A copy of the project, and what checks ask of its files.</summary>
/// <param name="Folder">As the user named it.</param>
internal sealed record RepositoryLook(string Folder, RepositoryFiles Files, DateTimeOffset Now)
{
    private const int MostShown = 5;

    public string? Text(string path) => Files.Text(path);

    public bool Says(string path, string what) => Text(path)?.Contains(what, StringComparison.Ordinal) == true;

    /// <summary>Null when it is not there or no JSON.</summary>
    public JsonNode? Json(string path)
    {
        try
        {
            return Files.Bytes(path) is { } bytes ? JsonNode.Parse(bytes) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What stands between an element's tags, of the last that is no comment. Without a reader of XML, which the binary has no other use for.</summary>
    public static string? Element(string? xml, string name)
    {
        if (xml is null)
            return null;
        xml = WithoutComments(xml);
        for (var at = xml.LastIndexOf("<" + name, StringComparison.Ordinal); at >= 0; at = at == 0 ? -1 : xml.LastIndexOf("<" + name, at - 1, StringComparison.Ordinal))
            if (xml.IndexOf('>', at) is var open and >= 0 && xml[at + 1 + name.Length] is '>' or ' ' && xml[open - 1] != '/')
                return xml.IndexOf('<', open) is var close and >= 0 ? xml[(open + 1)..close].Trim() : null;
        return null;
    }

    public static bool HasElement(string? xml, string name) => xml is not null && WithoutComments(xml) is var bare
        && ((string[])[">", " ", "/"]).Any(end => bare.Contains($"<{name}{end}", StringComparison.Ordinal));

    /// <summary>What stands in each tag of an element, behind its name.</summary>
    public static IEnumerable<string> Tags(string? xml, string name)
    {
        foreach (var part in WithoutComments(xml ?? "").Split($"<{name} ").Skip(1))
            yield return part.Split('>')[0].TrimEnd('/', ' ');
    }

    /// <summary>Of YAML.</summary>
    public static string WithoutRemarks(string yaml) => string.Concat(yaml.Split('\n').Where(line => line.AsSpan().TrimStart() is not ['#', ..]).Select(line => line.TrimEnd() + "\n"));

    public static string WithoutComments(string xml)
    {
        for (var at = xml.IndexOf("<!--", StringComparison.Ordinal); at >= 0; at = xml.IndexOf("<!--", at, StringComparison.Ordinal))
            xml = xml.IndexOf("-->", at, StringComparison.Ordinal) is var end and >= 0 ? xml.Remove(at, end + 3 - at) : xml[..at];
        return xml;
    }

    /// <summary>Null when nothing is wrong.</summary>
    public Outcome? Wrong(IEnumerable<string> problems)
    {
        var all = problems.ToList();
        return all.Count == 0 ? null : Outcome.Fail($"{Folder}: {string.Join("; ", all.Take(MostShown))}{(all.Count > MostShown ? $"; and {all.Count - MostShown} more" : "")}");
    }
}
