using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace ReplyMint.Mutants;

/// <summary>
/// Compiles libraries to machine code before they run (ReadyToRun). A mutant is a process of its own, and the half of its time would go into
/// compiling the same methods once more.
/// </summary>
internal static class AheadOfTime
{
    /// <summary>Compiles all libraries of a folder in place, so many at once. One that can't be, such as one that is compiled already, stays as it is.</summary>
    /// <returns>How many were compiled, and what the compiler wrote of the others.</returns>
    public static async Task<(int Compiled, IReadOnlyDictionary<string, string> Others)> CompileAsync(string folder, int jobs)
    {
        var others = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var (work, compiled) = (Directory.CreateDirectory(folder + ".ready").FullName, new List<string>());
        // The largest first, so that no core is left with it alone.
        var libraries = new DirectoryInfo(folder).EnumerateFiles("*.dll").OrderByDescending(file => file.Length).ToList();
        await Parallel.ForEachAsync(libraries, new ParallelOptions { MaxDegreeOfParallelism = jobs }, async (library, ct) =>
        {
            var (code, said) = await RunAsync(library.FullName, folder, Path.Combine(work, library.Name), ct);
            lock (others)
                if (code == 0)
                    compiled.Add(library.Name);
                else
                    others[library.Name] = said;
        });
        // Until all are done they are what the others are compiled against.
        foreach (var name in compiled)
            File.Move(Path.Combine(work, name), Path.Combine(folder, name), overwrite: true);
        Directory.Delete(work, recursive: true);
        return (compiled.Count, others);
    }

    private static async Task<(int Code, string Said)> RunAsync(string library, string folder, string to, CancellationToken ct)
    {
        var compiler = typeof(AheadOfTime).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(one => one.Key == "Crossgen").Value!;
        var start = new ProcessStartInfo(compiler) { RedirectStandardOutput = true, RedirectStandardError = true };
        var runtime = RuntimeEnvironment.GetRuntimeDirectory().TrimEnd('/');
        var web = Path.Combine(runtime, "..", "..", "Microsoft.AspNetCore.App", Path.GetFileName(runtime));
        foreach (var argument in (string[])[library, "-o", to, "-r", $"{runtime}/*.dll", "-r", $"{Path.GetFullPath(web)}/*.dll", "-r", $"{folder}/*.dll", "--targetos", "linux", "--targetarch", RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64", "-O"])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        await process.WaitForExitAsync(ct);
        return (process.ExitCode, await output + await error);
    }
}
