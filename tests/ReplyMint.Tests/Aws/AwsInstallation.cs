using System.Collections.Concurrent;
using ReplyMint.Cli;
using ReplyMint.Privacy;
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

    public AwsInstallation() => _bucket = new(() => S3Bench.OpenAsync(_handler));

    public static bool IsAsked => Environment.GetEnvironmentVariable("REPLYMINT_TEST_STORE") == "aws";

    /// <summary>The same for each start on a data folder.</summary>
    public static AwsInstallation Of(string folder) => s_all.GetOrAdd(folder, static _ => new());

    public Task<DynamoBench> TablesAsync() => _tables.Value;

    public async Task<IBlobStore> BlobsAsync() => (await _bucket.Value).Blobs;

    /// <summary>Files that callers fetch from the bucket itself.</summary>
    public async Task<BucketFiles> FilesAsync() => AwsRooms.Files((await _bucket.Value).Files);

    /// <summary>As one process opens it; its own files lie in the data folder.</summary>
    public async Task<OpenStore> OpenAsync(DataFolder data, string config, TimeProvider time) =>
        await OpenStore.OpenAsync((await _tables.Value).Make(time), await BlobsAsync(), data, config, new MasterKeySettings(), time, default);

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
        if (_tables is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await _tables.Value).DisposeAsync();
        if (_bucket is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            (await _bucket.Value).Dispose();
        _handler.Dispose();
    }
}
