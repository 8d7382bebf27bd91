using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ReplyMint.Tests.Product;

/// <summary>`replymint serve` in a process of its own, so that it can be killed as a crash would, and measured alone.</summary>
internal sealed class ServerChild : IDisposable
{
    private readonly Process _process;

    private ServerChild(Process process, string url, int smtpPort)
    {
        _process = process;
        Url = new Uri(url);
        SmtpPort = smtpPort;
    }

    public Uri Url { get; }
    public int SmtpPort { get; }
    public int Id => _process.Id;

    /// <summary>Starts it on free ports and returns once it says that it serves.</summary>
    /// <param name="folder">Holds its data and config folders.</param>
    /// <param name="settings">NAME=VALUE each.</param>
    /// <param name="binary">A native binary; null runs the assembly beside this one.</param>
    /// <param name="variables">Beside those of this process.</param>
    public static async Task<ServerChild> StartAsync(string folder, IEnumerable<string> settings, string? binary = null, IReadOnlyDictionary<string, string>? variables = null, CancellationToken ct = default)
    {
        var info = Command(folder, binary, "serve", "--data", Path.Combine(folder, "data"), "--config", Path.Combine(folder, "config"), "--environment", "development", "--urls", "http://127.0.0.1:0", "--set", "smtp.port=0");
        foreach (var setting in settings)
        {
            info.ArgumentList.Add("--set");
            info.ArgumentList.Add(setting);
        }
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
            info.Environment[name] = value;
        var process = Process.Start(info)!;
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            while (await process.StandardOutput.ReadLineAsync(ct) is { } line)
                if (Read(process, line) is { } child)
                {
                    _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                    return child;
                }
        }
        catch
        {
            process.Kill();
            throw;
        }
        throw new InvalidOperationException($"The server did not start: {await errors}");
    }

    /// <summary>Any command as a process of its own.</summary>
    public static ProcessStartInfo Command(string folder, string? binary, params string[] arguments)
    {
        var info = new ProcessStartInfo(binary ?? Dotnet) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        if (binary is null)
            info.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "replymint.dll"));
        foreach (var argument in arguments)
            info.ArgumentList.Add(argument);
        // Settings of the machine stay out; the mark by which leftovers of a test run are found goes along, and the mutant whose turn it is.
        foreach (var name in info.Environment.Keys.Where(name => name.StartsWith("REPLYMINT_", StringComparison.Ordinal) && name is not ("REPLYMINT_TEST_RUN" or "REPLYMINT_TEST_MUTANT")).ToList())
            info.Environment.Remove(name);
        return info;
    }

    /// <summary>SIGKILL: nothing in the process gets to know.</summary>
    public async Task KillAsync()
    {
        if (_process.HasExited)
            throw new InvalidOperationException($"The server ended by itself with status {_process.ExitCode}.");
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>The host of the runtime that runs us, wherever it is installed.</summary>
    private static string Dotnet => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    // "ReplyMint VERSION serves URL, mail on port PORT (...)"
    private static ServerChild? Read(Process process, string line)
    {
        const string serves = " serves ", port = ", mail on port ";
        var (start, comma) = (line.IndexOf(serves, StringComparison.Ordinal), line.IndexOf(port, StringComparison.Ordinal));
        if (start < 0 || comma < start)
            return null;
        var number = line[(comma + port.Length)..].Split(' ')[0];
        return new ServerChild(process, line[(start + serves.Length)..comma], int.Parse(number, CultureInfo.InvariantCulture));
    }
}
