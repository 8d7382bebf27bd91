using System.Net;
using ReplyMint.Aws;
using ReplyMint.Storage;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>The adapter of S3 does what every adapter has to do, in lists of three names, and is not put off by what passes.</summary>
public sealed class S3BlobsTests : BlobConformance
{
    private readonly Faults _faults = new();
    private S3Bench? _bench;

    private protected override async ValueTask<IBlobStore> OpenAsync() => (_bench = await S3Bench.OpenAsync(_faults, page: 3)).Blobs;

    public override ValueTask DisposeAsync()
    {
        _bench?.Dispose();
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
        var nowhere = new S3Blobs(_bench!.Client(new(await NodeStandIn.Fauxqs, "no-such-bucket/")), AwsPatience.Usual, TimeProvider.System);
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
