using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ReplyMint.Tests.Aws;

/// <summary>
/// All services of AWS at one address, as aws.endpoint names it: the tables of a bench, buckets and queues of fauxqs, and whatever doubles a
/// test adds. A call whose signature does not fit is refused as AWS does.
/// </summary>
internal sealed class AwsFront : IAsyncDisposable
{
    public const string Region = "eu-central-1", AccessKey = "ASIAEXAMPLEROLE00001", SecretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken = "session/of+a+role==";

    private readonly WebApplication _app;
    private readonly HttpClient _http = new();
    private readonly SignatureCheck _check = new(AccessKey, SecretKey, Region);
    private readonly Uri? _tables, _fauxqs;

    private AwsFront(WebApplication app, Uri? tables, Uri? fauxqs) => (_app, _tables, _fauxqs) = (app, tables, fauxqs);

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Services that answer here, by what X-Amz-Target or the path begins with.</summary>
    public ConcurrentDictionary<string, Func<AwsCall, Task<AwsReply>>> Doubles { get; } = new(StringComparer.Ordinal);

    /// <summary>X-Amz-Target, or method and path, of all calls that were let in.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>By which an address that holds a signature is over.</summary>
    public Func<DateTimeOffset> Now { get; set; } = static () => DateTimeOffset.UtcNow;

    /// <summary>Whose scripts may put files with the two fields that the template's rule of the bucket names; null is nobody's.</summary>
    public string? Pages { get; set; }

    /// <summary>Why calls were refused.</summary>
    public ConcurrentQueue<string> Refused { get; } = new();

    /// <param name="tables">Null: only doubles answer, unless buckets are asked for.</param>
    /// <param name="buckets">Buckets and queues without tables.</param>
    public static async Task<AwsFront> StartAsync(DynamoBench? tables, bool buckets = false)
    {
        var fauxqs = tables is null && !buckets ? null : await NodeStandIn.Fauxqs;
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.None);
        var front = new AwsFront(builder.Build(), tables?.Endpoint, fauxqs);
        front._app.Run(front.AnswerAsync);
        await front._app.StartAsync();
        return front;
    }

    /// <summary>What a process under the role gets.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>
    {
        ["AWS_REGION"] = Region, ["AWS_ACCESS_KEY_ID"] = AccessKey, ["AWS_SECRET_ACCESS_KEY"] = SecretKey, ["AWS_SESSION_TOKEN"] = SessionToken,
    };

    /// <summary>The same, and the settings that lead here.</summary>
    public IEnumerable<KeyValuePair<string, string>> Variables(DynamoBench tables, string bucket) =>
    [
        .. Environment,
        new("REPLYMINT_AWS__ENDPOINT", Address.ToString()), new("REPLYMINT_AWS__TABLE_PREFIX", tables.Prefix), new("REPLYMINT_AWS__BUCKET", bucket),
    ];

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        if (Pages is { } pages && request.Headers.Origin == pages)
        {
            context.Response.Headers.AccessControlAllowOrigin = pages;
            (context.Response.Headers.AccessControlAllowMethods, context.Response.Headers.AccessControlAllowHeaders) = ("PUT", "Content-Type, X-Amz-Checksum-Sha256");
            if (request.Method == "OPTIONS")
                return;
        }
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer);
        var (body, target, name) = (buffer.ToArray(), context.Features.Get<IHttpRequestFeature>()!.RawTarget, request.Headers["X-Amz-Target"].ToString());
        var call = name.Length > 0 ? name : $"{request.Method} {target.Split('?')[0]}";
        var problem = target.Contains("X-Amz-Signature=", StringComparison.Ordinal) ? _check.AddressProblem(request.Method, target, request.Host.Value!, SessionToken, Now(), request.Headers.Select(field => (field.Key, field.Value.ToString())))
            : request.Headers["X-Amz-Security-Token"] != SessionToken ? "another session" : _check.Problem(request.Method, target, field => request.Headers.TryGetValue(field, out var value) ? value.ToString() : null, body, DateTimeOffset.UtcNow);
        // S3 asks the hash of what comes, which the stand-in behind this does not.
        if (problem is null && request.Headers["x-amz-checksum-sha256"].ToString() is { Length: > 0 } said && said != Convert.ToBase64String(SHA256.HashData(body)))
            problem = "the hash is another";
        AwsReply reply;
        if (problem is not null)
        {
            Refused.Enqueue($"{call}: {problem}");
            reply = AwsReply.Error("InvalidSignatureException");
        }
        else
        {
            Calls.Enqueue(call);
            var service = Doubles.FirstOrDefault(one => call.StartsWith(one.Key, StringComparison.Ordinal)).Value;
            reply = service is not null ? await service(new(name, target, body)) : await PassOnAsync((name.StartsWith("DynamoDB_", StringComparison.Ordinal) ? _tables : _fauxqs)!, request, target, body);
        }
        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.ContentType;
        foreach (var (field, value) in reply.Fields ?? [])
            context.Response.Headers[field] = value;
        // As AWS does, which always says how much comes.
        if (reply.Body.Length > 0)
            context.Response.ContentLength = reply.Body.Length;
        await context.Response.Body.WriteAsync(reply.Body);
    }

    private async Task<AwsReply> PassOnAsync(Uri to, HttpRequest request, string target, byte[] body)
    {
        using var passed = new HttpRequestMessage(new(request.Method), new Uri(to, target));
        if (body.Length > 0 || request.Method is "POST" or "PUT")
            passed.Content = new ByteArrayContent(body);
        foreach (var (field, value) in request.Headers.Where(field => field.Key is not ("Host" or "Content-Length")))
            if (!passed.Headers.TryAddWithoutValidation(field, value.ToString()))
                passed.Content?.Headers.TryAddWithoutValidation(field, value.ToString());
        using var answer = await _http.SendAsync(passed);
        return new((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(), answer.Content.Headers.ContentType?.ToString() ?? "application/octet-stream")
        {
            Fields = [.. answer.Headers.Concat(answer.Content.Headers).Where(field => field.Key is "ETag" or "Content-Range" or "Content-Disposition").Select(field => (field.Key, string.Join(',', field.Value)))],
        };
    }
}

/// <param name="Name">X-Amz-Target, or empty.</param>
/// <param name="Target">Path and query.</param>
internal sealed record AwsCall(string Name, string Target, byte[] Body)
{
    public JsonNode Json => JsonNode.Parse(Body)!;
}

internal sealed record AwsReply(int Status, byte[] Body, string ContentType = "application/x-amz-json-1.1")
{
    public IReadOnlyList<(string Name, string Value)>? Fields { get; init; }

    public static AwsReply Ok(JsonNode json) => new(200, Encoding.UTF8.GetBytes(json.ToJsonString()));

    public static AwsReply Error(string code, int status = 400) => new(status, Encoding.UTF8.GetBytes(new JsonObject { ["__type"] = code, ["message"] = "As told." }.ToJsonString()));
}
