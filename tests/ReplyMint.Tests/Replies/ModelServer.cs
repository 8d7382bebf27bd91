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

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
