using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>A file that pages load, from within the binary.</summary>
/// <param name="Path">Names its content, so that a browser may keep it for good.</param>
/// <param name="Integrity">What a page says of it (SRI): anything else is not run.</param>
internal sealed record Asset(string Name, string MediaType, byte[] Bytes, string Path, string Integrity)
{
    public static Asset Of(string name, string mediaType)
    {
        var bytes = Assets.Read(name);
        var hash = SHA256.HashData(bytes);
        return new(name, mediaType, bytes, $"{RouteGroups.PagesRoot}/assets/{Base64Url.EncodeToString(hash.AsSpan(0, 12))}/{name}", "sha256-" + Convert.ToBase64String(hash));
    }
}

/// <summary>The style, the script and the sign of the pages. Read when the first page is asked for.</summary>
internal static class Assets
{
    private static readonly Lazy<Asset[]> All = new(() =>
    [
        Asset.Of("console.css", "text/css; charset=utf-8"), Asset.Of("console.js", "text/javascript; charset=utf-8"), Asset.Of("icon.svg", "image/svg+xml"),
    ]);

    public static Asset Style => All.Value[0];
    public static Asset Script => All.Value[1];
    public static Asset Icon => All.Value[2];

    public static byte[] Read(string name)
    {
        using var stream = typeof(Assets).Assembly.GetManifestResourceStream("ReplyMint.Console." + name) ?? throw new InvalidOperationException($"The resource {name} is missing.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPublic().MapMethods(RouteGroups.PagesRoot + "/assets/{hash}/{name}", ["GET", "HEAD"], SendAsync).ExcludeFromDescription();

    private static Task SendAsync(HttpContext context)
    {
        if (Array.Find(All.Value, asset => asset.Path == context.Request.Path) is not { } asset)
            return Problem.NotFound.ExecuteAsync(context);
        var answer = context.Response;
        answer.ContentType = asset.MediaType;
        answer.ContentLength = asset.Bytes.Length;
        // The path names the content: there is nothing in it that could change, and nothing of anybody's.
        answer.Headers.CacheControl = "public, max-age=31536000, immutable";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : answer.Body.WriteAsync(asset.Bytes, context.RequestAborted).AsTask();
    }
}
