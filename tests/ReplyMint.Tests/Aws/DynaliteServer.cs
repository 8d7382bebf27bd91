using System.Diagnostics;
using System.Globalization;

namespace ReplyMint.Tests.Aws;

/// <summary>
/// A stand-in for DynamoDB without transactions, started once for all tests (tools/stand-ins). It ends with this process, whatever
/// happens to it, since its standard input ends then.
/// </summary>
internal static class DynaliteServer
{
    private static readonly Lazy<Task<Uri>> s_started = new(StartAsync);

    public static Task<Uri> AddressAsync() => s_started.Value;

    private static async Task<Uri> StartAsync()
    {
        var folder = Folder();
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "dynalite")))
            Assert.Skip("dynalite is not installed: run 'npm ci' in tools/stand-ins, or ./test.sh, or name an endpoint in REPLYMINT_TEST_DYNAMODB.");
        using var process = Process.Start(new ProcessStartInfo("node", "dynalite.js") { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        // The pipe must stay open for as long as this process lives.
        s_pipe = process.StandardInput;
        var port = await process.StandardOutput.ReadLineAsync();
        return new($"http://127.0.0.1:{int.Parse(port!, CultureInfo.InvariantCulture)}/");
    }

    private static StreamWriter? s_pipe;

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "ReplyMint.slnx")))
                return Path.Combine(folder.FullName, "tools", "stand-ins");
        throw new InvalidOperationException("The tests don't run inside of the repository.");
    }
}
