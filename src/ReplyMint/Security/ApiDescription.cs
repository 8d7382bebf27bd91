using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ReplyMint.Security;

/// <summary>
/// The API's description (OpenAPI 3.1). It is made of the routes and their records when the product is built, where a test holds it
/// to them, so that nothing that could make one has to be in the binary. Only the server's address is this installation's own.
/// </summary>
internal sealed class ApiDescription(HttpSettings settings)
{
    public const string Path = "/openapi/v1.json";

    private byte[]? _document;

    public async Task WriteAsync(HttpContext context)
    {
        var document = _document ??= WithServer(Written(), settings);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = document.Length;
        await context.Response.Body.WriteAsync(document, context.RequestAborted);
    }

    private static byte[] Written()
    {
        using var stream = typeof(ApiDescription).Assembly.GetManifestResourceStream("ReplyMint.openapi.json")!;
        var document = new byte[stream.Length];
        stream.ReadExactly(document);
        return document;
    }

    /// <summary>Never the name that the first caller happened to use: without a public address, none is said.</summary>
    private static byte[] WithServer(ReadOnlySpan<byte> document, HttpSettings settings)
    {
        if (settings.PublicUrl is null)
            return document.ToArray();
        var buffer = new ArrayBufferWriter<byte>(document.Length + 300);
        var start = document.IndexOf("\"paths\":"u8);
        buffer.Write(document[..start]);
        buffer.Write("\"servers\": ["u8);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("url", settings.PublicUrl);
            json.WriteString("description", settings.Environment == DeploymentEnvironment.Development ? "local development" : settings.Environment.Name());
            json.WriteBoolean("x-internal", false);
            json.WriteEndObject();
        }
        buffer.Write("],\n"u8);
        buffer.Write(document[start..]);
        return buffer.WrittenSpan.ToArray();
    }
}
