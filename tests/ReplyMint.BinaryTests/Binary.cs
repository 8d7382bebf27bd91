using System.Diagnostics;
using System.Text;

namespace ReplyMint.BinaryTests;

/// <param name="Seconds">From start to end.</param>
internal sealed record Ran(int Code, string Out, string Error, double Seconds);

/// <summary>The published native binary, run as a user runs it, in a folder and an environment of its own.</summary>
internal sealed class Binary : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly List<Process> _started = [];

    public Binary()
    {
        Path = Environment.GetEnvironmentVariable("REPLYMINT_TEST_BINARY") ?? "";
        if (!File.Exists(Path))
            Assert.Skip("REPLYMINT_TEST_BINARY names no binary; ./test.sh publishes one");
    }

    public string Path { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("replymint-binary-").FullName;

    public static string Root { get; } = FindRoot();

    /// <summary>Starts the program; it is killed at the end of the test if it still runs.</summary>
    public Process Start(IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        var info = new ProcessStartInfo(Path, arguments)
        {
            WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        // Nothing of the machine's settings reaches the test, but the mark by which test.sh finds leftovers does.
        foreach (var name in info.Environment.Keys.Where(k => k.StartsWith("REPLYMINT_", StringComparison.Ordinal) && k != "REPLYMINT_TEST_RUN").ToList())
            info.Environment.Remove(name);
        info.Environment["HOME"] = Folder;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            info.Environment[name] = value;
        var process = Process.Start(info)!;
        _started.Add(process);
        return process;
    }

    public Task<Ran> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    public async Task<Ran> RunAsync(IReadOnlyDictionary<string, string>? environment, string[] arguments)
    {
        var start = Stopwatch.GetTimestamp();
        var process = Start(environment, arguments);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        await process.WaitForExitAsync(limit.Token);
        return new(process.ExitCode, await output, await error, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Folder, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text, new UTF8Encoding(false));
        return path;
    }

    public void Dispose()
    {
        foreach (var process in _started)
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
        Directory.Delete(Folder, recursive: true);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "ReplyMint.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
