using System.CommandLine;
using ReplyMint.Cli;
using ReplyMint.Security;

namespace ReplyMint.Tests.Cli;

/// <summary>A command line run in this process, as a user would type it, in a folder and an environment of its own.</summary>
internal sealed class CliRun : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("replymint-cli-").FullName;
    public Dictionary<string, string> Environment { get; } = [];
    public string Input { get; set; } = "";
    public bool Interactive { get; set; }
    public Func<ReplyMintSettings, CancellationToken, Task<OpenedStore>>? Open { get; set; }

    /// <summary>What the kernel is taken to say of the clock; null asks it.</summary>
    public ClockReading? Clock { get; set; }

    /// <summary>A server that should have been refused would stay up for ever.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(20);
    public string Out { get; private set; } = "";
    public string Error { get; private set; } = "";

    public CliRun()
    {
        Environment["HOME"] = Folder;
    }

    /// <summary>With a store of its own, opened by each command.</summary>
    public static CliRun OnStore()
    {
        var run = new CliRun();
        run.Environment["REPLYMINT_BASE"] = run.Folder;
        run.Environment["REPLYMINT_ENVIRONMENT"] = "development";
        run.Environment["REPLYMINT_OUTSIDE__ALLOW"] = Places.Usual;
        run.Open = (settings, ct) => Installation.OpenForCommandAsync(settings, run.Host(TextWriter.Null, TextWriter.Null), ct);
        return run;
    }

    /// <summary>Settings of the store's server, on ports of its own.</summary>
    public ReplyMintSettings OfServer => new()
    {
        Data = Path.Combine(Folder, "data"), Config = Path.Combine(Folder, "config"), Urls = ["http://localhost:0"], Environment = DeploymentEnvironment.Development, Smtp = new() { Port = 0 },
    };

    /// <summary>What a command prints that has to succeed.</summary>
    public async Task<string> OkAsync(params string[] arguments)
    {
        var code = await RunAsync(arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {code} {Error} {Out}");
        return Out;
    }

    /// <summary>What a command says that has to fail.</summary>
    public async Task<string> FailsAsync(params string[] arguments)
    {
        var code = await RunAsync(arguments);
        Assert.True(code == 1, $"{string.Join(' ', arguments)}: {code}");
        return Out + Error;
    }

    /// <summary>What happens on the store between two commands.</summary>
    public async Task<T> InStoreAsync<T>(Func<IServiceProvider, Task<T>> work)
    {
        await using var opened = await Open!(OfServer, TestContext.Current.CancellationToken);
        return await work(opened.Services);
    }

    public CommandHost Host(TextWriter output, TextWriter error) => new()
    {
        Out = output, Error = error, In = new StringReader(Input), Interactive = Interactive, Environment = Environment, Directory = Folder,
        Open = Open ?? ((_, _) => throw new RefusedException("there is no store in this test")), Clock = () => Clock ?? KernelClock.Read(),
    };

    public async Task<int> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
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
