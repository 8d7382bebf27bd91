using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <summary>Makes sense of an answer.</summary>
internal delegate T ModelReading<T>(ReadOnlySpan<byte> json) where T : class;

/// <summary>
/// Plain HTTP to a model's server. Answers are bounded; redirects are not followed, so the key goes nowhere else. Whatever goes
/// wrong is a <see cref="ModelException"/> without a word of what was sent.
/// </summary>
internal sealed class ModelConnection : IDisposable
{
    // A server may name any time; a mail must not lie unseen for years since one did.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);

    private readonly HttpClient _http;
    private readonly Uri _address;
    private readonly string _header;
    private readonly string? _key;
    private readonly int _most;

    /// <param name="endpoint">The address before the protocol's own path.</param>
    /// <param name="path">The protocol's, with a slash.</param>
    /// <param name="header">"authorization" (Bearer) or "api-key".</param>
    /// <param name="key">Null or empty for a server that asks for none.</param>
    /// <param name="most">Octets of an answer.</param>
    public ModelConnection(string endpoint, string path, string header, string? key, int most)
    {
        _address = new Uri(endpoint.TrimEnd('/') + path);
        (_header, _key, _most) = (header, string.IsNullOrEmpty(key) ? null : key, most);
        var allowed = OutsideAddress.Named(_address);
        // The one client that takes the proxy of the environment, which is then called in the model's place.
        if (HttpClient.DefaultProxy.GetProxy(_address) is { } proxy)
            allowed.Add(proxy);
        var handler = OutsideHttp.Handler(allowed);
        handler.UseProxy = true;
        handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
        handler.ConnectTimeout = TimeSpan.FromSeconds(10);
        handler.MaxResponseHeadersLength = 64;
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public async Task<T> PostAsync<T>(byte[] json, ModelReading<T> read, CancellationToken ct) where T : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new ByteArrayContent(json) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (_key is not null && _header == "api-key")
            request.Headers.TryAddWithoutValidation("api-key", _key);
        else if (_key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            if (!response.IsSuccessStatusCode)
                throw Refused(response);
            var (bytes, length) = await ReadAsync(response.Content, ct);
            try
            {
                return read(bytes.AsSpan(0, length));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new ModelException($"the model's server can't be reached ({e.GetType().Name})", retryable: true, inner: e);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Only the status counts: an error's text may repeat what we sent, the key included.</summary>
    private static ModelException Refused(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        var retry = response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || status >= 500;
        var after = response.Headers.RetryAfter is { Delta: { } delta } ? (delta < LongestWait ? delta : LongestWait) : (TimeSpan?)null;
        return new ModelException($"the model's server answered {status}", retry, after);
    }

    private async Task<(byte[] Bytes, int Length)> ReadAsync(HttpContent content, CancellationToken ct)
    {
        if (content.Headers.ContentLength > _most)
            throw new ModelException("the model's answer is too large", retryable: false);
        await using var stream = await content.ReadAsStreamAsync(ct);
        var buffer = ArrayPool<byte>.Shared.Rent(8 * 1024);
        var length = 0;
        try
        {
            while (true)
            {
                var read = await stream.ReadAsync(buffer.AsMemory(length), ct);
                if (read == 0)
                    return (buffer, length);
                length += read;
                if (length > _most)
                    throw new ModelException("the model's answer is too large", retryable: false);
                if (length < buffer.Length)
                    continue;
                var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                buffer.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }
}
