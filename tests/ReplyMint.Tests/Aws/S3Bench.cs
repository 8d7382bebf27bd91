using ReplyMint.Aws;

namespace ReplyMint.Tests.Aws;

/// <summary>A bucket of one test on the stand-in.</summary>
internal sealed class S3Bench : IDisposable
{
    private readonly HttpClient _http;
    private readonly CredentialSource _credentials;

    private S3Bench(HttpMessageHandler handler)
    {
        _http = new(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        _credentials = new(_http, static name => name is "AWS_ACCESS_KEY_ID" or "AWS_SECRET_ACCESS_KEY" ? "local" : null, TimeProvider.System);
    }

    public S3Blobs Blobs { get; private set; } = null!;

    public S3Files Files { get; private set; } = null!;

    public string Name { get; private set; } = "";

    public static async Task<S3Bench> OpenAsync(HttpMessageHandler handler, int page = 1_000)
    {
        var bench = new S3Bench(handler);
        bench.Name = $"test-{Guid.NewGuid():N}";
        var bucket = new Uri(await NodeStandIn.Fauxqs, bench.Name + "/");
        Assert.Null((await bench.Client(bucket).SendAsync(HttpMethod.Put, bucket.AbsolutePath.TrimEnd('/'), default, [], TimeSpan.FromSeconds(30), CancellationToken.None)).Error);
        bench.Blobs = new(bench.Client(bucket), new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30)), TimeProvider.System, page);
        bench.Files = new(bench.Client(bucket), new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30)), TimeProvider.System);
        return bench;
    }

    public AwsClient Client(Uri bucket) => new(_http, _credentials, new("eu-central-1", "s3", bucket), TimeProvider.System);

    public void Dispose()
    {
        _credentials.Dispose();
        _http.Dispose();
    }
}
