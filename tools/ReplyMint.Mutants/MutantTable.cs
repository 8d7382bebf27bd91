namespace ReplyMint.Mutants;

/// <summary>One text of one file that is put in place of another; an old text stands in its file exactly once.</summary>
/// <param name="File">Below src/.</param>
internal sealed record Edit(string File, string Old, string New);

/// <summary>A protection that is taken away, and the tests of which one has to notice.</summary>
/// <param name="Tests">Classes without the root namespace, or CLASS/METHOD.</param>
internal sealed record Mutant(string Name, string What, IReadOnlyList<Edit> Edits, IReadOnlyList<string> Tests)
{
    /// <summary>The folder below src/ of the project that is compiled with it.</summary>
    public string Project => Edits[0].File.Split('/')[0];
}

/// <summary>Reads table/*.txt; README.md shows the form.</summary>
internal static class MutantTable
{
    /// <exception cref="FormatException">Names the file and the line that is none of a table.</exception>
    public static IReadOnlyList<Mutant> Read(string folder)
    {
        var all = new List<Mutant>();
        foreach (var file in Directory.GetFiles(folder, "*.txt").Order(StringComparer.Ordinal))
            all.AddRange(ReadFile(file));
        if (all.GroupBy(mutant => mutant.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new FormatException($"The mutant {twice.Key} stands there twice.");
        return all;
    }

    /// <summary>What is wrong with a mutant where it meets the sources, or null.</summary>
    /// <param name="root">Of the repository.</param>
    public static string? Stale(Mutant mutant, string root)
    {
        if (mutant.Edits.Select(edit => edit.File.Split('/')[0]).Distinct().Count() > 1)
            return "its edits are of several projects";
        foreach (var edit in mutant.Edits)
        {
            var path = Path.Combine(root, "src", edit.File);
            if (!File.Exists(path))
                return $"there is no src/{edit.File}";
            var text = File.ReadAllText(path);
            var at = text.IndexOf(edit.Old, StringComparison.Ordinal);
            if (at < 0 || text.IndexOf(edit.Old, at + 1, StringComparison.Ordinal) >= 0)
                return $"src/{edit.File} does not hold exactly once: {edit.Old}";
        }
        return null;
    }

    private static IEnumerable<Mutant> ReadFile(string file)
    {
        var number = 0;
        string? head = null, path = null;
        List<string> old = [], now = [];
        var edits = new List<Edit>();
        foreach (var line in File.ReadLines(file).Append(""))
        {
            number++;
            // An edit ends with the first line that is none of its own.
            if (old.Count > 0 && !line.StartsWith("  +", StringComparison.Ordinal) && !(now.Count == 0 && line.StartsWith("  - ", StringComparison.Ordinal)))
            {
                edits.Add(new(path ?? throw Wrong("an edit without a file"), string.Join('\n', old), string.Join('\n', now)));
                (old, now) = ([], []);
            }
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (line.StartsWith("  in ", StringComparison.Ordinal))
                path = line[5..];
            else if (line.StartsWith("  - ", StringComparison.Ordinal))
                old.Add(line[4..]);
            else if (line == "  +" || line.StartsWith("  + ", StringComparison.Ordinal))
                now.Add(line.Length > 4 ? line[4..] : "");
            else if (line.StartsWith("  by ", StringComparison.Ordinal) && head is not null && edits.Count > 0)
            {
                var (name, what) = head.Split(": ", 2) is [var first, var rest] ? (first, rest) : throw Wrong("NAME: what it is");
                yield return new(name, what, [.. edits], line[5..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
                (head, path) = (null, null);
                edits.Clear();
            }
            else if (line[0] != ' ' && head is null)
                head = line;
            else
                throw Wrong("this is no line of a table here");
        }
        if (head is not null)
            throw Wrong($"{head} names no tests");

        FormatException Wrong(string why) => new($"{file}:{number}: {why}");
    }
}
