using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Incidents;

/// <summary>A folder of backups, and the commands that an operator gives on it.</summary>
internal sealed class BackupFolder : IDisposable
{
    public const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private readonly CliRun _cli = new();

    public string Path => _cli.Folder;
    public string Out => _cli.Out;
    public string Error => _cli.Error;

    public string Sub(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The config folder of a host, which holds its master key.</summary>
    public static string Config(ProductHost host) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(host.DataFolder)!, "config");

    public Task<MadeBackup> CreateAsync(ProductHost host, bool data = true)
    {
        // Their names say of which moment they are.
        host.Time.Advance(TimeSpan.FromMilliseconds(1));
        return host.Get<Backups>().CreateAsync(Path, data, Actor.Machine, null, default);
    }

    public Task<int> RunAsync(params string[] arguments) => _cli.RunAsync(["backup", .. arguments]);

    public Task<int> VerifyAsync(string file, string config) => RunAsync("verify", file, "--config", config);

    public Task<int> RestoreAsync(string data, string keys, string into, string config) => RunAsync("restore", data, keys, "--into", into, "--config", config);

    /// <summary>A folder in which a host can be started: the restored data, and the config with the key.</summary>
    public static async Task<TemporaryFolder> RestoredAsync(MadeBackup made, string config, TimeProvider time)
    {
        var folder = new TemporaryFolder();
        CopyConfig(config, folder.Sub("config"));
        await Restore.RunAsync(new(made.Data!.Path, made.Keys!.Path, folder.Sub("data"), folder.Sub("config"), new()), time, default);
        return folder;
    }

    public static void CopyConfig(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = System.IO.Path.Combine(to, System.IO.Path.GetRelativePath(from, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    /// <summary>The rooms over a data folder, with nothing started.</summary>
    public static async Task<(OpenStore Store, ServiceProvider Services)> OpenAsync(TemporaryFolder folder, FakeTimeProvider time, Action<IServiceCollection>? change = null)
    {
        var open = await OpenStore.OpenAsync(DataFolder.Open(folder.Sub("data")), folder.Sub("config"), new(), time, default);
        var services = new ServiceCollection().AddLogging(log => log.SetMinimumLevel(LogLevel.None)).AddSingleton<TimeProvider>(time);
        services.AddReplyMint(new ReplyMintSettings(), open);
        change?.Invoke(services);
        return (open, services.BuildServiceProvider());
    }

    public void Dispose() => _cli.Dispose();
}
