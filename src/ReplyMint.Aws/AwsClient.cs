using System.Net;
using System.Text;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>Which service, where.</summary>
/// <param name="Service">As signatures name it, such as "dynamodb".</param>
/// <param name="Endpoint">Usually <see cref="Of"/>'s; another one for stand-ins and private endpoints.</param>
internal sealed record AwsPlace(string Region, string Service, Uri Endpoint)
{
    public static AwsPlace Of(string region, string service) =>
        new(region, service, new($"https://{service}.{region}.amazonaws.com{(region.StartsWith("cn-", StringComparison.Ordinal) ? ".cn" : "")}/"));
}

/// <summary>What a call brought.</summary>
/// <param name="Status">Of HTTP; 0 when no whole answer came: then nobody can tell whether the call had its effect.</param>
/// <param name="Error">AWS's word for what went wrong, such as "ThrottlingException"; null when all went well.</param>
internal readonly record struct AwsAnswer(int Status, string? Error, byte[] Body)
{
    /// <summary>The whole request went to the connection: should no answer come, the call may have had its effect.</summary>
    public bool HandedOver { get; init; }

    /// <summary>S3's mark of what was stored.</summary>
    public string? Tag { get; init; }

    /// <summary>The same call may go well in a moment.</summary>
    public bool IsPassing => Status is 0 or >= 500 || Error is
        "ProvisionedThroughputExceededException" or "ThrottlingException" or "Throttling" or "TooManyRequestsException" or "RequestLimitExceeded" or "RequestThrottled"
        or "TransactionInProgressException" or "TransactionConflictException" or AwsClient.Expired or "ExpiredToken" or "RequestTimeout";
}

/// <summary>One service of AWS: signed calls, one try each.</summary>
/// <param name="http">Without a limit of its own (<see cref="HttpClient.Timeout"/>): each call has one, which grows with its bytes.</param>
internal sealed class AwsClient(HttpClient http, CredentialSource credentials, AwsPlace place, TimeProvider time)
{
    public const string Expired = "ExpiredTokenException";
    /// <summary>Ours, for an answer that has more bytes than the caller takes.</summary>
    public const string TooLarge = "TooLarge";
    private const string NoCredentials = "NoCredentials";

    /// <summary>For services that speak JSON (DynamoDB, SQS, SSM, KMS).</summary>
    /// <param name="version">Of the JSON protocol, "1.0" or "1.1".</param>
    /// <param name="target">The service's name for the call, such as "DynamoDB_20120810.GetItem".</param>
    /// <param name="patience">How long it may take, beside the time that its bytes need (<see cref="AwsPatience.ForBytes"/>).</param>
    public Task<AwsAnswer> PostAsync(string version, string target, ReadOnlyMemory<byte> body, TimeSpan patience, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, "", body, [("Content-Type", $"application/x-amz-json-{version}"), ("X-Amz-Target", target)], patience, ct);

    /// <param name="path">Below the endpoint, with its query; must need no escaping.</param>
    /// <param name="fields">Of the request's header.</param>
    /// <param name="most">Bytes of an answer that are taken.</param>
    public async Task<AwsAnswer> SendAsync(HttpMethod method, string path, ReadOnlyMemory<byte> body, IEnumerable<(string Name, string Value)> fields, TimeSpan patience, CancellationToken ct, long most = long.MaxValue)
    {
        using var content = new WatchedBody(body);
        using var late = new CancellationTokenSource(patience + AwsPatience.ForBytes(body.Length), time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        try
        {
            var signer = await credentials.GetAsync(limit.Token);
            using var request = new HttpRequestMessage(method, new Uri(place.Endpoint, path));
            if (method == HttpMethod.Post || method == HttpMethod.Put)
                request.Content = content;
            foreach (var (name, value) in fields)
                if (!request.Headers.TryAddWithoutValidation(name, value))
                    request.Content?.Headers.TryAddWithoutValidation(name, value);
            AwsSigner.Sign(request, body.Span, signer, place.Region, place.Service, time.GetUtcNow());
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            // How much comes is known only now.
            late.CancelAfter(patience + AwsPatience.ForBytes(response.Content.Headers.ContentLength ?? 0));
            if (response.IsSuccessStatusCode && (response.Content.Headers.ContentLength ?? long.MaxValue) > most)
                return new((int)response.StatusCode, TooLarge, []);
            var answer = await response.Content.ReadAsByteArrayAsync(limit.Token);
            var error = response.IsSuccessStatusCode ? null : ErrorOf(answer) ?? ErrorOf(response) ?? $"HTTP {(int)response.StatusCode}";
            if (error is Expired or "ExpiredToken")
                credentials.Forget(signer);
            return new((int)response.StatusCode, error, answer) { HandedOver = true, Tag = response.Headers.ETag?.ToString() };
        }
        catch (NoCredentialsException none)
        {
            return new(403, $"{NoCredentials}: {none.Message}", []);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new(0, "no answer in time", []) { HandedOver = content.Sent };
        }
        catch (HttpRequestException lost)
        {
            return new(0, $"no answer ({lost.HttpRequestError})", []) { HandedOver = content.Sent };
        }
        catch (IOException)
        {
            return new(0, "no whole answer", []) { HandedOver = content.Sent };
        }
    }

    /// <summary>Scheme, host and port of the endpoint.</summary>
    public string Origin => place.Endpoint.GetLeftPart(UriPartial.Authority);

    /// <summary>An address by which whoever has it makes this one call as this role may, until <paramref name="life"/> is over.</summary>
    /// <param name="path">Below the endpoint, with its query; must need no escaping.</param>
    /// <param name="fields">Of the request's header, which must come as they are here.</param>
    /// <exception cref="StoreUnavailableException">There are no credentials to sign it with.</exception>
    public async Task<Uri> AddressAsync(HttpMethod method, string path, IEnumerable<KeyValuePair<string, string>> fields, TimeSpan life, CancellationToken ct)
    {
        try
        {
            return AwsSigner.Address(method, new Uri(place.Endpoint, path), fields, await credentials.GetAsync(ct), place.Region, place.Service, time.GetUtcNow(), life);
        }
        catch (NoCredentialsException none)
        {
            throw new StoreUnavailableException($"No address can be signed: {none.Message}");
        }
    }

    /// <summary>Services with addresses of their own for each call say it in a field of the header, such as "MessageRejected:http://...".</summary>
    private static string? ErrorOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("x-amzn-ErrorType", out var said) && said.FirstOrDefault()?.Split(':')[0] is { Length: > 0 and <= 100 } word ? word : null;

    /// <summary>In JSON "com.amazonaws.dynamodb.v20120810#ThrottlingException" is a ThrottlingException; S3 answers in XML.</summary>
    private static string? ErrorOf(byte[] content)
    {
        if (content.AsSpan().IndexOf("<Code>"u8) is >= 0 and var start && content.AsSpan(start).IndexOf("</Code>"u8) is > 0 and var length)
            return Encoding.UTF8.GetString(content.AsSpan(start + "<Code>".Length, length - "<Code>".Length));
        try
        {
            using var document = JsonDocument.Parse(content);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("__type", out var type) && type.GetString() is { } text
                ? text[(text.LastIndexOf('#') + 1)..]
                : null;
        }
        catch (JsonException)
        {
            // A proxy's page, for example.
            return null;
        }
    }

    /// <summary>Knows whether all of it went to the connection.</summary>
    private sealed class WatchedBody(ReadOnlyMemory<byte> body) : HttpContent
    {
        public bool Sent { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            Sent = false;
            await stream.WriteAsync(body, cancellationToken);
            // The last bytes may still lie in the client's buffer; counting them as sent errs to the safe side.
            Sent = true;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = body.Length;
            return true;
        }
    }
}
