using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ReplyMint.Aws;

/// <summary>What the pipeline may ask of a request beside its head and its answer.</summary>
internal sealed class LambdaExchange(LambdaRequest request, CancellationTokenSource aborting, long maxBody)
    : IHttpRequestIdentifierFeature, IHttpRequestLifetimeFeature, IHttpMaxRequestBodySizeFeature, IHttpRequestBodyDetectionFeature
{
    public string TraceIdentifier { get; set; } = "";

    public CancellationToken RequestAborted { get; set; } = aborting.Token;

    public long? MaxRequestBodySize { get; set; } = maxBody;

    public bool IsReadOnly => false;

    public bool CanHaveBody => request.Content.Length > 0;

    public void Abort() => aborting.Cancel();

    public FeatureCollection Features(LambdaRequest asked, LambdaResponse answer)
    {
        asked.Body = new BoundedBody(asked.Content, () => MaxRequestBodySize);
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(asked);
        features.Set<IHttpResponseFeature>(answer);
        features.Set<IHttpResponseBodyFeature>(answer);
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { ConnectionId = "", RemoteIpAddress = asked.Client });
        features.Set<IHttpRequestIdentifierFeature>(this);
        features.Set<IHttpRequestLifetimeFeature>(this);
        features.Set<IHttpMaxRequestBodySizeFeature>(this);
        features.Set<IHttpRequestBodyDetectionFeature>(this);
        return features;
    }

    /// <summary>Which bound holds is known only when somebody reads: the route has its own.</summary>
    private sealed class BoundedBody(byte[] content, Func<long?> most) : MemoryStream(content, writable: false)
    {
        public override int Read(Span<byte> buffer)
        {
            Check();
            return base.Read(buffer);
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Check();
            return base.Read(buffer, offset, count);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            Check();
            return base.ReadAsync(buffer, offset, count, cancellationToken);
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Check();
            return base.ReadAsync(buffer, cancellationToken);
        }

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            Check();
            return base.CopyToAsync(destination, bufferSize, cancellationToken);
        }

        private void Check()
        {
            if (Length > most())
                throw new BadHttpRequestException("Request body too large.", StatusCodes.Status413PayloadTooLarge);
        }
    }
}
