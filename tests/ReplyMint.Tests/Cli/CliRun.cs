using System.CommandLine;
using ReplyMint.Cli;

namespace ReplyMint.Tests.Cli;

/// <summary>A command line run in this process, as a user would type it, in a folder and an environment of its own.</summary>
internal sealed class CliRun : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("replymint-cli-").FullName;
    public Dictionary<string, string> Environment { get; } = [];
    public string Input { get; set; } = "";
    public bool Interactive { get; set; }
    public Func<ReplyMintSettings, CancellationToken, Task<OpenedStore>>? Open { get; set; }
    public string Out { get; private set; } = "";
    public string Error { get; private set; } = "";

    public CliRun()
    {
        Environment["HOME"] = Folder;
    }

    public CommandHost Host(TextWriter output, TextWriter error) => new()
    {
        Out = output, Error = error, In = new StringReader(Input), Interactive = Interactive, Environment = Environment, Directory = Folder,
        Open = Open ?? ((_, _) => throw new RefusedException("there is no store in this test")),
    };

    public async Task<int> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        // A server that should have been refused would stay up for ever.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        var code = await CommandLine.RunAsync(arguments, Host(output, error), patience.Token);
        (Out, Error) = (output.ToString(), error.ToString());
        return code;
    }

    public string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
