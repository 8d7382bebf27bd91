using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace ReplyMint.Security;

/// <summary>The API's description (OpenAPI 3.1), written once: the framework's own endpoint makes it anew for everybody who asks.</summary>
internal sealed class OpenApiDocuments([FromKeyedServices(OpenApiDocuments.Name)] IOpenApiDocumentProvider provider) : IDisposable
{
    public const string Name = "v1";

    private readonly SemaphoreSlim _one = new(1, 1);
    private byte[]? _document;

    public void Dispose() => _one.Dispose();

    public async Task WriteAsync(HttpContext context)
    {
        var document = _document ?? await MakeAsync(context.RequestAborted);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = document.Length;
        await context.Response.Body.WriteAsync(document, context.RequestAborted);
    }

    private async Task<byte[]> MakeAsync(CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            if (_document is null)
            {
                var document = await provider.GetOpenApiDocumentAsync(ct);
                using var stream = new MemoryStream();
                await document.SerializeAsJsonAsync(stream, OpenApiSpecVersion.OpenApi3_1, ct);
                _document = stream.ToArray();
            }
            return _document;
        }
        finally
        {
            _one.Release();
        }
    }
}
