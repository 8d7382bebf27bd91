using System.Net;
using ReplyMint.Aws;
using ReplyMint.Storage;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>The adapter of S3 does what every adapter has to do, in lists of three names, and is not put off by what passes.</summary>
public sealed class S3BlobsTests : BlobConformance
{
    private readonly Faults _faults = new();
    private HttpClient? _http;
    private CredentialSource? _credentials;

    private protected override async ValueTask<IBlobStore> OpenAsync()
    {
        var bucket = new Uri(await NodeStandIn.Fauxqs, $"test-{Guid.NewGuid():N}/");
        _http = new(_faults);
        _credentials = new(_http, static name => name is "AWS_ACCESS_KEY_ID" or "AWS_SECRET_ACCESS_KEY" ? "local" : null, TimeProvider.System);
        var client = new AwsClient(_http, _credentials, new("eu-central-1", "s3", bucket), TimeProvider.System);
        Assert.Null((await client.SendAsync(HttpMethod.Put, bucket.AbsolutePath.TrimEnd('/'), default, [], TimeSpan.FromSeconds(30), Ct)).Error);
        return new S3Blobs(client, new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30)), TimeProvider.System, page: 3);
    }

    public override ValueTask DisposeAsync()
    {
        _credentials?.Dispose();
        _http?.Dispose();
        _faults.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_passes_is_tried_again_and_what_stays_is_told()
    {
        _faults.Next.Enqueue(HttpStatusCode.ServiceUnavailable);
        _faults.Next.Enqueue(null);
        _faults.Next.Enqueue(HttpStatusCode.TooManyRequests);
        await Blobs.WriteAsync("t1", "a", "x"u8.ToArray(), Ct);
        Assert.Empty(_faults.Next);
        _faults.Next.Enqueue(HttpStatusCode.InternalServerError);
        Assert.Equal("x"u8.ToArray(), await Blobs.ReadAsync("t1", "a", Ct));

        // That it may not be read is not that it is not there.
        _faults.Next.Enqueue(HttpStatusCode.Forbidden);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Blobs.ReadAsync("t1", "a", Ct));
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_is_told()
    {
        var client = new AwsClient(_http!, _credentials!, new("eu-central-1", "s3", new(await NodeStandIn.Fauxqs, "no-such-bucket/")), TimeProvider.System);
        var nowhere = new S3Blobs(client, AwsPatience.Usual, TimeProvider.System);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => nowhere.WriteAsync("t1", "a", "x"u8.ToArray(), Ct));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => nowhere.DeleteAllAsync("t1", Ct));
    }

    /// <summary>Answers the next calls instead of the server; null is a connection that breaks after the call was carried out.</summary>
    private sealed class Faults() : DelegatingHandler(new SocketsHttpHandler())
    {
        public Queue<HttpStatusCode?> Next { get; } = new();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!Next.TryDequeue(out var fault))
                return await base.SendAsync(request, cancellationToken);
            if (fault is { } status)
                return new(status) { Content = new StringContent("<html>no XML of S3</html>") };
            (await base.SendAsync(request, cancellationToken)).Dispose();
            throw new HttpRequestException(HttpRequestError.ResponseEnded);
        }
    }
}
