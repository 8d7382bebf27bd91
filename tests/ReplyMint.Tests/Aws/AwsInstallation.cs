using System.Collections.Concurrent;
using ReplyMint.Aws;
using ReplyMint.Cli;
using ReplyMint.Storage;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>
/// Tables and a bucket of one installation on the stand-ins. With REPLYMINT_TEST_STORE=aws each test of the product runs on them,
/// as it is.
/// </summary>
internal sealed class AwsInstallation : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<string, AwsInstallation> s_all = new();
    private readonly SocketsHttpHandler _handler = new();
    private readonly Lazy<Task<DynamoBench>> _tables = new(static () => DynamoBench.OpenAsync(TimeProvider.System, stores: 0));
    private readonly Lazy<Task<S3Bench>> _bucket;
    private AwsFront? _front;
    private AwsServices? _services;

    public AwsInstallation() => _bucket = new(() => S3Bench.OpenAsync(_handler));

    public static bool IsAsked => Environment.GetEnvironmentVariable("REPLYMINT_TEST_STORE") == "aws";

    /// <summary>For tests that look into the data folder's own files, or start processes that keep their store there.</summary>
    public static void NeedsDataFolder() => Assert.SkipWhen(IsAsked, "It looks into files of the data folder, where a store on AWS has none.");

    /// <summary>The same for each start on a data folder.</summary>
    public static AwsInstallation Of(string folder) => s_all.GetOrAdd(folder, static _ => new());

    public Task<DynamoBench> TablesAsync() => _tables.Value;

    public async Task<IBlobStore> BlobsAsync() => (await _bucket.Value).Blobs;

    /// <summary>Files that callers fetch from the bucket itself.</summary>
    public async Task<BucketFiles> FilesAsync() => AwsRooms.Files((await _bucket.Value).Files);

    /// <summary>
    /// Puts the services at one address for processes of their own, before the store is made: its master key is wrapped by KMS then. Returns
    /// their settings and their variables.
    /// </summary>
    public async Task<(IReadOnlyList<string> Settings, IReadOnlyDictionary<string, string> Variables)> ServeAsync()
    {
        var tables = await _tables.Value;
        _front = await AwsFront.StartAsync(tables);
        var settings = new AwsSettings
        {
            Region = AwsFront.Region, Endpoint = _front.Address.ToString(), TablePrefix = tables.Prefix, Bucket = (await _bucket.Value).Name, Key = new KmsDouble(_front).NewKey(),
        };
        _services = new(settings, _front.Environment.GetValueOrDefault, TimeProvider.System);
        return (["store=aws", $"aws.endpoint={settings.Endpoint}", $"aws.tablePrefix={settings.TablePrefix}", $"aws.bucket={settings.Bucket}", $"aws.key={settings.Key}"], _front.Environment);
    }

    /// <summary>As one process opens it; its own files lie in the data folder.</summary>
    public async Task<OpenStore> OpenAsync(DataFolder data, string config, TimeProvider time)
    {
        var store = (await _tables.Value).Make(time);
        return _services is { } services ? await OpenStore.OpenAsync(store, await BlobsAsync(), data, id => services.Vault(store, id), time, default)
            : await OpenStore.OpenAsync(store, await BlobsAsync(), data, config, new MasterKeySettings(), time, default);
    }

    /// <summary>The folder of one more process of an installation: its own, and under the same master key.</summary>
    public static TemporaryFolder Beside(TemporaryFolder first)
    {
        var second = new TemporaryFolder();
        foreach (var key in Directory.EnumerateFiles(first.Sub("config"), "*.key", SearchOption.AllDirectories))
        {
            var to = Path.Combine(second.Sub("config"), Path.GetRelativePath(first.Sub("config"), key));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.Copy(key, to);
        }
        return second;
    }

    public async ValueTask DisposeAsync()
    {
        _services?.Dispose();
        if (_front is not null)
            await _front.DisposeAsync();
        if (_tables is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await _tables.Value).DisposeAsync();
        if (_bucket is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            (await _bucket.Value).Dispose();
        _handler.Dispose();
    }
}
