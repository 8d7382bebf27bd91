using System.Text.Json;
using System.Text.Json.Nodes;

namespace ReplyMint;

/// <summary>Where settings come from; a later source wins: file, then environment, then command line.</summary>
/// <param name="File">The file that was named and must be there, or null.</param>
/// <param name="Candidates">Files that are read when none was named: the first that exists.</param>
/// <param name="CommandLine">Member path, text, and the option as the user wrote it.</param>
internal sealed record SettingsSources(
    string? File,
    IReadOnlyList<string> Candidates,
    IEnumerable<KeyValuePair<string, string>> Environment,
    IReadOnlyList<(string Path, string Text, string Option)> CommandLine);

/// <param name="Settings">Null when there is any problem: half-read settings are never used.</param>
/// <param name="File">The file that was read, or null.</param>
/// <param name="Problems">One sentence each, naming the member, what is allowed and where it was said.</param>
internal sealed record SettingsOutcome(ReplyMintSettings? Settings, string? File, IReadOnlyList<string> Problems);

/// <summary>Reads settings strictly: whatever is not understood is an error, because a misspelt limit is no limit.</summary>
internal sealed class SettingsReader
{
    public const string Prefix = "REPLYMINT_";
    public const string FileName = "replymint.json";

    /// <summary>Only tests read these.</summary>
    private const string TestPrefix = "REPLYMINT_TEST_";

    /// <summary>Said to the command itself, before there are settings.</summary>
    private static readonly string[] CommandVariables = [BaseVariable, FileVariable];

    /// <summary>The folder that holds data, data-demo and config (run.sh names its own).</summary>
    public const string BaseVariable = "REPLYMINT_BASE";

    /// <summary>The settings file.</summary>
    public const string FileVariable = "REPLYMINT_SETTINGS";

    private const int MaxFileBytes = 1024 * 1024;

    internal static JsonDocumentOptions Strict { get; } = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    private static readonly JsonDocumentOptions File = new()
    {
        MaxDepth = 16, AllowDuplicateProperties = false, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true,
    };

    private readonly List<string> _problems = [];
    private readonly Dictionary<string, string> _origins = [];
    private readonly JsonObject _merged = JsonSerializer.SerializeToNode(new ReplyMintSettings(), SettingsJson.Default.ReplyMintSettings)!.AsObject();

    private SettingsReader()
    {
    }

    public static SettingsOutcome Read(SettingsSources sources)
    {
        var reader = new SettingsReader();
        // AWS tells each function where it runs; whatever was said for us beats it.
        if (sources.Environment.FirstOrDefault(variable => variable.Key == "AWS_REGION") is { Key: { } origin, Value: { Length: > 0 } region })
            reader.Set("aws.region", region, origin);
        var file = reader.ReadFile(sources);
        reader.ReadEnvironment(sources.Environment);
        foreach (var (path, text, option) in sources.CommandLine)
            reader.Set(path, text, option);
        return new(reader.Finish(), file, reader._problems);
    }

    private string? ReadFile(SettingsSources sources)
    {
        var path = sources.File ?? sources.Candidates.FirstOrDefault(System.IO.File.Exists);
        if (path is null)
            return null;
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
                return Object($"{path} is larger than a settings file may be ({MaxFileBytes} bytes)");
            using var stream = System.IO.File.OpenRead(path);
            if (JsonNode.Parse(stream, documentOptions: File) is not JsonObject root)
                return Object($"{path} must hold one JSON object");
            Merge(SettingsShape.Root, root, _merged, Path.GetFileName(path));
            return Path.GetFullPath(path);
        }
        catch (JsonException e)
        {
            // A second member of the same name is found after reading, without a place.
            return Object(e.LineNumber is { } line
                ? $"{path} is not valid JSON: line {line + 1}, column {e.BytePositionInLine + 1}"
                : $"{path} names a member twice");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Object(e is FileNotFoundException or DirectoryNotFoundException
                ? $"there is no settings file {path}"
                : $"the settings file {path} can't be read; check its mode and owner");
        }
    }

    private void Merge(SettingsShape shape, JsonObject given, JsonObject target, string origin)
    {
        foreach (var (name, value) in given)
        {
            // The schema's address is for editors.
            if (shape.Path.Length == 0 && name == "$schema")
                continue;
            if (shape.Member(name) is not { } member)
            {
                var full = shape.Path.Length == 0 ? name : $"{shape.Path}.{name}";
                _problems.Add($"there is no setting {full}; {Nearest(full, shape.Members.Select(m => m.Path))} ({origin})");
            }
            else if (member.Objection(value) is { } objection)
            {
                _problems.Add($"{objection} ({origin})");
            }
            else if (value is JsonObject inner && member.Members.Any())
            {
                if (target[name] is not JsonObject)
                    target[name] = new JsonObject();
                Merge(member, inner, target[name]!.AsObject(), origin);
            }
            else
            {
                target[name] = value?.DeepClone();
                _origins[member.Path] = origin;
            }
        }
    }

    private void ReadEnvironment(IEnumerable<KeyValuePair<string, string>> environment)
    {
        var known = SettingsShape.Root.Leaves.ToDictionary(l => Key(l.Variable), StringComparer.Ordinal);
        foreach (var (name, text) in environment.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal) || name.StartsWith(TestPrefix, StringComparison.Ordinal)
                || CommandVariables.Contains(name))
                continue;
            if (known.TryGetValue(Key(name), out var leaf))
                Set(leaf, text, name);
            else
                _problems.Add($"there is no setting for the environment variable {name}; {Nearest(name, known.Values.Select(l => l.Variable))}");
        }
    }

    /// <summary>MASTER_KEY__FILE and MASTERKEY__FILE are the same member.</summary>
    private static string Key(string variable) =>
        string.Join("__", variable[Prefix.Length..].ToUpperInvariant().Split("__").Select(s => s.Replace("_", "", StringComparison.Ordinal)));

    private void Set(string path, string text, string option)
    {
        if (SettingsShape.Root.Leaves.FirstOrDefault(l => l.Path == path) is { } leaf)
            Set(leaf, text, option);
        else
            _problems.Add($"there is no setting {path}; {Nearest(path, SettingsShape.Root.Leaves.Select(l => l.Path))} ({option})");
    }

    private void Set(SettingsShape leaf, string text, string origin)
    {
        var value = leaf.FromText(text);
        var objection = value is null ? $"{leaf.Path} must be {leaf.Allowed}" : leaf.Objection(value);
        if (objection is not null)
        {
            _problems.Add($"{objection} ({origin})");
            return;
        }
        var target = _merged;
        var names = leaf.Path.Split('.');
        foreach (var name in names[..^1])
        {
            if (target[name] is not JsonObject)
                target[name] = new JsonObject();
            target = target[name]!.AsObject();
        }
        target[names[^1]] = value;
        _origins[leaf.Path] = origin;
    }

    private ReplyMintSettings? Finish()
    {
        if (_problems.Count > 0)
            return null;
        ReplyMintSettings settings;
        try
        {
            settings = _merged.Deserialize(SettingsJson.Default.ReplyMintSettings)!;
        }
        catch (JsonException e)
        {
            // An object that is absent by default and was given only in part.
            _problems.Add($"{e.Path?.TrimStart('$', '.')} is incomplete: all its required members must be given");
            return null;
        }
        _problems.AddRange(settings.Problems().Select(WithOrigin));
        return _problems.Count == 0 ? settings : null;
    }

    private string WithOrigin(string problem)
    {
        var named = _origins.Keys.Where(p => problem.StartsWith(p, StringComparison.Ordinal)).MaxBy(p => p.Length);
        return named is null ? problem : $"{problem} ({_origins[named]})";
    }

    private string? Object(string problem)
    {
        _problems.Add(problem);
        return null;
    }

    private static string Nearest(string wrong, IEnumerable<string> known)
    {
        var best = known.MinBy(k => Distance(wrong.ToUpperInvariant(), k.ToUpperInvariant()));
        return best is null ? "nothing can be set there" : $"the nearest is {best}";
    }

    /// <summary>Edits between two names (Levenshtein).</summary>
    internal static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
