using System.Buffers;
namespace ReplyMint.Guide;

/// <summary>Somebody asks for updates wherever something is pinned, and what builds is pinned (SOC-6).</summary>
internal static class UpdateRepository
{
    private static readonly SearchValues<char> VersionLetters = SearchValues.Create("0123456789.");

    private const string Requests = ".github/dependabot.yml";

    public static Outcome Asked(RepositoryLook look)
    {
        List<string> problems = [.. Unasked(look), .. Unpinned(look)];
        return look.Wrong(problems) ?? Outcome.Pass($"{look.Folder}: {Requests} asks each week for updates of packages, tools, actions, SDK and image; each action is pinned by its commit, with its version beside it");
    }

    private static IEnumerable<string> Unasked(RepositoryLook look)
    {
        var asks = RepositoryLook.WithoutRemarks(look.Text(Requests) ?? "");
        foreach (var ecosystem in (string[])["nuget", "npm", "github-actions", "dotnet-sdk", "docker"])
            if (!asks.Contains($"package-ecosystem: {ecosystem}\n", StringComparison.Ordinal))
                yield return $"{Requests} asks for no updates of {ecosystem}";
        if (asks.Split("package-ecosystem:").Skip(1).FirstOrDefault(part => !part.Contains("interval: daily", StringComparison.Ordinal) && !part.Contains("interval: weekly", StringComparison.Ordinal)) is { } rare)
            yield return $"{Requests} asks for {rare.Split('\n')[0].Trim()} less than weekly";
        foreach (var folder in look.Files.Named("package-lock.json").Select(RepositoryFiles.FolderOf))
            if (!asks.Contains($"/{folder}", StringComparison.Ordinal))
                yield return $"{Requests} asks for no updates of /{folder}";
    }

    private static IEnumerable<string> Unpinned(RepositoryLook look)
    {
        var workflows = look.Files.Ending(".yml", ".github/workflows/").Concat(look.Files.Ending(".yaml", ".github/workflows/")).ToList();
        if (workflows.Count == 0)
            yield return "there is no workflow that builds each change";
        foreach (var path in workflows)
        {
            var number = 0;
            foreach (var line in look.Text(path)!.Split('\n'))
            {
                number++;
                if (line.TrimStart(' ', '-') is var step && step.StartsWith("uses:", StringComparison.Ordinal) && !IsPinned(step["uses:".Length..]))
                    yield return $"{path}:{number}: {step.Trim()} is not pinned by a commit with its version beside it";
            }
        }
    }

    /// <summary>NAME@COMMIT # VERSION</summary>
    private static bool IsPinned(string action) => action.Split('#', 2, StringSplitOptions.TrimEntries) is [var use, ['v', .. var version]] && version.Length > 0 && !version.AsSpan().ContainsAnyExcept(VersionLetters)
        && use.Split('@') is [{ Length: > 0 }, { Length: 40 } commit] && commit.All(char.IsAsciiHexDigitLower);
}
