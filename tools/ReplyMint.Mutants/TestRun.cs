using System.Diagnostics;
using System.Text.RegularExpressions;

namespace ReplyMint.Mutants;

internal enum Verdict { Killed, Survived, Stale, DoesNotCompile, NoTestRan }

/// <summary>A copy of the built tests in which libraries are exchanged.</summary>
internal sealed partial class TestRun
{
    // Longer than any class takes on a busy machine. A mutant that makes its tests hang was noticed.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _folder;
    private readonly Dictionary<string, byte[]> _inPlace = [];

    /// <param name="built">The tests' own folder.</param>
    /// <param name="folder">The copy's.</param>
    public TestRun(string built, string folder)
    {
        _folder = folder;
        Copy(built, folder);
    }

    public static void Copy(string built, string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        foreach (var file in Directory.EnumerateFiles(built, "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(folder, Path.GetRelativePath(built, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
    }

    /// <summary>Runs classes or methods until the first one fails.</summary>
    /// <returns>The verdict, and what the tests wrote.</returns>
    public async Task<(Verdict Verdict, string Log)> JudgeAsync(IReadOnlyDictionary<string, byte[]> libraries, string mutant, IReadOnlyList<string> tests, CancellationToken ct)
    {
        foreach (var (name, library) in libraries)
            if (!ReferenceEquals(library, _inPlace.GetValueOrDefault(name)))
            {
                await File.WriteAllBytesAsync(Path.Combine(_folder, name), library, ct);
                _inPlace[name] = library;
            }
        var methods = tests.Any(test => test.Contains('/', StringComparison.Ordinal));
        var start = new ProcessStartInfo(Path.Combine(_folder, "ReplyMint.Tests")) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (IEnumerable<string>)["--progress", "off", "--no-ansi", "--stop-on-fail", "on", methods ? "--filter-method" : "--filter-class", .. tests.Select(test => "*." + test.Replace('/', '.'))])
            start.ArgumentList.Add(argument);
        start.Environment[MutantSwitch.Variable] = mutant;
        // The short forms notice what is missing; the long ones would make hours of a thousand runs.
        start.Environment.Remove("REPLYMINT_TEST_FULL");
        // What a protection brings about does not come without it: the tests need not wait for it as long as on a loaded machine.
        start.Environment["REPLYMINT_TEST_PATIENCE"] = "10";
        using var process = Process.Start(start)!;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            ct.ThrowIfCancellationRequested();
            return (Verdict.Killed, await output + await error + "\nThe tests hung.\n");
        }
        var log = await output + await error;
        return (Failed().IsMatch(log) ? Verdict.Killed : process.ExitCode == 0 ? Verdict.Survived : Verdict.NoTestRan, log);
    }

    [GeneratedRegex(@"^ *failed: *[1-9]", RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Failed();
}
