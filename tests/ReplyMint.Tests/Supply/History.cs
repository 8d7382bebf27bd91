using System.Diagnostics;
using System.Text;

namespace ReplyMint.Tests.Supply;

/// <summary>All contents that a repository's history ever had.</summary>
internal static class History
{
    /// <summary>What git prints; null when it fails.</summary>
    public static string? Git(string folder, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        git.ErrorDataReceived += (_, _) => { };
        git.BeginErrorReadLine();
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return git.ExitCode == 0 ? output : null;
    }

    /// <summary>Each content once, with a path that it had. What was committed counts, also where a later commit removed it.</summary>
    public static IEnumerable<(string Path, byte[] Content)> Contents(string folder)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Git(folder, "rev-list", "--objects", "HEAD")!.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (line.Length > 41)
                paths.TryAdd(line[..40], line[41..]);
        using var git = Process.Start(new ProcessStartInfo("git", ["cat-file", "--batch"]) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var output = new BufferedStream(git.StandardOutput.BaseStream, 1 << 16);
        foreach (var (id, path) in paths)
        {
            git.StandardInput.WriteLine(id);
            git.StandardInput.Flush();
            var head = Line(output).Split(' ');
            var content = new byte[int.Parse(head[2], System.Globalization.CultureInfo.InvariantCulture)];
            output.ReadExactly(content);
            output.ReadByte();
            if (head[1] == "blob")
                yield return (path, content);
        }
        git.StandardInput.Close();
        git.WaitForExit();
    }

    private static string Line(Stream stream)
    {
        var line = new StringBuilder();
        for (var next = stream.ReadByte(); next is not ('\n' or -1); next = stream.ReadByte())
            line.Append((char)next);
        return line.ToString();
    }
}
