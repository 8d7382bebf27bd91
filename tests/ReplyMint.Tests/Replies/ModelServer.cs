using System.Text;
using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ReplyMint.Tests.Replies;

/// <summary>A local server of the chat-completions protocol; each test says how it answers.</summary>
internal sealed class ModelServer : IAsyncDisposable
{
    /// <summary>Names the request's text among the items of the context that <see cref="Answer"/> is given.</summary>
    public const string Asked = "asked";

    private readonly WebApplication _app;

    private ModelServer(WebApplication app) => _app = app;

    public string Endpoint => _app.Urls.Single() + "/v1";
    public List<(IHeaderDictionary Headers, JsonElement Body)> Requests { get; } = [];
    public Func<HttpContext, Task> Answer { get; set; } = context => Say(context, "We open at nine.");

    /// <summary>The texts of each request for embeddings.</summary>
    public List<IReadOnlyList<string>> Embedded { get; } = [];
    public Func<HttpContext, IReadOnlyList<string>, Task> Embed { get; set; } = (context, texts) => Mean(context, [.. texts.Select(_ => new float[] { 1, 0 })]);

    public static async Task<ModelServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new ModelServer(builder.Build());
        server._app.MapPost("/v1/chat/completions", async context =>
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body);
            context.Items[Asked] = body.RootElement.GetRawText();
            lock (server.Requests)
                server.Requests.Add((new HeaderDictionary(context.Request.Headers.ToDictionary(h => h.Key, h => h.Value)), body.RootElement.Clone()));
            await server.Answer(context);
        });
        server._app.MapPost("/v1/embeddings", async context =>
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body);
            string[] texts = [.. body.RootElement.GetProperty("input").EnumerateArray().Select(text => text.GetString()!)];
            lock (server.Embedded)
                server.Embedded.Add(texts);
            await server.Embed(context, texts);
        });
        await server._app.StartAsync();
        return server;
    }

    public static async Task Say(HttpContext context, string text, string finish = "stop", bool usage = true)
    {
        context.Response.ContentType = "application/json";
        var counted = usage ? ",\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":200,\"total_tokens\":1200}" : "";
        await context.Response.WriteAsync(
            $"{{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":{JsonSerializer.Serialize(text)}}},\"logprobs\":null,\"finish_reason\":\"{finish}\"}}]{counted}}}", Encoding.UTF8);
    }

    /// <summary>Vectors as such a server gives them, 100 tokens a text, in any order.</summary>
    public static async Task Mean(HttpContext context, IReadOnlyList<float[]> vectors)
    {
        context.Response.ContentType = "application/json";
        var data = vectors.Select((vector, i) => $"{{\"object\":\"embedding\",\"index\":{i},\"embedding\":{JsonSerializer.Serialize(vector)}}}").Reverse();
        await context.Response.WriteAsync($"{{\"object\":\"list\",\"model\":\"e\",\"data\":[{string.Join(',', data)}],\"usage\":{{\"prompt_tokens\":{100 * vectors.Count},\"total_tokens\":{100 * vectors.Count}}}}}", Encoding.UTF8);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
