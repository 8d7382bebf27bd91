using System.Diagnostics;
using System.Globalization;

namespace ReplyMint.Tests.Aws;

/// <summary>
/// Stand-ins for services of AWS (tools/stand-ins), each started once for all tests. They end with this process, whatever happens to
/// it, since their standard input ends then.
/// </summary>
internal static class NodeStandIn
{
    private static readonly Lazy<Task<Uri>> s_dynalite = new(() => StartAsync("dynalite", "dynalite.js", ", or name an endpoint in REPLYMINT_TEST_DYNAMODB"));
    private static readonly Lazy<Task<Uri>> s_fauxqs = new(() => StartAsync("fauxqs", "fauxqs.mjs", ""));
    // The pipes must stay open for as long as this process lives.
    private static readonly List<StreamWriter> s_pipes = [];

    /// <summary>DynamoDB without transactions.</summary>
    public static Task<Uri> Dynalite => s_dynalite.Value;

    /// <summary>S3, SQS and SNS.</summary>
    public static Task<Uri> Fauxqs => s_fauxqs.Value;

    private static async Task<Uri> StartAsync(string package, string script, string or)
    {
        var folder = Folder();
        if (!Directory.Exists(Path.Combine(folder, "node_modules", package)))
            Assert.Skip($"{package} is not installed: run 'npm ci' in tools/stand-ins, or ./test.sh{or}.");
        using var process = Process.Start(new ProcessStartInfo("node", script) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        lock (s_pipes)
            s_pipes.Add(process.StandardInput);
        var port = await process.StandardOutput.ReadLineAsync();
        return new($"http://127.0.0.1:{int.Parse(port!, CultureInfo.InvariantCulture)}/");
    }

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "ReplyMint.slnx")))
                return Path.Combine(folder.FullName, "tools", "stand-ins");
        throw new InvalidOperationException("The tests don't run inside of the repository.");
    }
}
