using System.Net;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Aws;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Aws;

/// <summary>A large mail on a slow link takes its time and arrives; on one that carries next to nothing a call ends.</summary>
public sealed class SlowLinkTests : IDisposable
{
    private const int Large = 26 * 1024 * 1024;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly Link _link;
    private readonly HttpClient _http;
    private readonly CredentialSource _credentials;

    public SlowLinkTests()
    {
        _link = new(_time);
        _http = new(_link) { Timeout = Timeout.InfiniteTimeSpan };
        _credentials = new(_http, static name => name is "AWS_ACCESS_KEY_ID" or "AWS_SECRET_ACCESS_KEY" ? "local" : null, _time);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _credentials.Dispose();
        _http.Dispose();
        _link.Dispose();
    }

    [Fact]
    public async Task A_large_mail_is_stored_and_read()
    {
        var blobs = Blobs(AwsPatience.Usual);
        await blobs.WriteAsync("t1", "a", new byte[Large], Ct);
        Assert.Equal(Large, _link.Stored);
        Assert.Equal(Large, (await blobs.ReadAsync("t1", "a", Ct))!.Length);
        Assert.Equal(2, _link.Calls);
    }

    [Fact]
    public async Task One_that_was_lost_at_its_end_is_sent_again()
    {
        _link.Losses = 1;
        await Blobs(AwsPatience.Usual).WriteAsync("t1", "a", new byte[Large], Ct);
        Assert.Equal((2, Large), (_link.Calls, _link.Stored));
    }

    [Fact]
    public async Task What_stands_still_ends()
    {
        _link.BytesASecond = 10_000;
        // One try each.
        var blobs = Blobs(new(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3)));
        var began = _time.GetUtcNow();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => blobs.WriteAsync("t1", "a", new byte[Large], Ct));
        Assert.InRange(_time.GetUtcNow() - began, TimeSpan.FromSeconds(100), TimeSpan.FromSeconds(120));

        _link.Stored = Large;
        began = _time.GetUtcNow();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => blobs.ReadAsync("t1", "a", Ct));
        Assert.InRange(_time.GetUtcNow() - began, TimeSpan.FromSeconds(100), TimeSpan.FromSeconds(120));
    }

    private S3Blobs Blobs(AwsPatience patience) =>
        new(new AwsClient(_http, _credentials, new("eu-central-1", "s3", new("http://127.0.0.1/bucket/")), _time), patience, new Clock(_time));

    /// <summary>Tells the link's time; the short pauses between tries are real.</summary>
    private sealed class Clock(FakeTimeProvider link) : TimeProvider
    {
        public override long TimestampFrequency => link.TimestampFrequency;

        public override long GetTimestamp() => link.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => link.GetUtcNow();
    }

    /// <summary>A bucket behind a link, on which each piece takes its part of a second.</summary>
    private sealed class Link(FakeTimeProvider time) : HttpMessageHandler
    {
        public int BytesASecond { get; set; } = 300_000;
        public int Calls { get; private set; }
        /// <summary>So many connections break once all was carried.</summary>
        public int Losses { get; set; }
        public int Stored { get; set; }

        public void Carry(int bytes, CancellationToken ct)
        {
            time.Advance(TimeSpan.FromSeconds((double)bytes / BytesASecond));
            ct.ThrowIfCancellationRequested();
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Calls++;
            if (request.Content is null)
                return new(HttpStatusCode.OK) { Content = new StreamContent(new Carried(this, Stored)) };
            using var body = await request.Content.ReadAsStreamAsync(cancellationToken);
            var (piece, whole) = (new byte[64 * 1024], 0);
            while (await body.ReadAsync(piece, cancellationToken) is > 0 and var read)
            {
                Carry(read, cancellationToken);
                whole += read;
            }
            if (Losses-- > 0)
                throw new HttpRequestException(HttpRequestError.ResponseEnded);
            Stored = whole;
            return new(HttpStatusCode.OK);
        }
    }

    private sealed class Carried(Link link, int length) : MemoryStream(new byte[length], writable: false)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = Read(buffer.Span[..Math.Min(buffer.Length, 64 * 1024)]);
            link.Carry(read, cancellationToken);
            return ValueTask.FromResult(read);
        }

        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            var piece = new byte[64 * 1024];
            while (await ReadAsync(piece, cancellationToken) is > 0 and var read)
                await destination.WriteAsync(piece.AsMemory(0, read), cancellationToken);
        }
    }
}
