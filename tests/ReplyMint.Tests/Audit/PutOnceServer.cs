using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ReplyMint.Tests.Audit;

/// <summary>A web server that takes documents by PUT as object stores do, on loopback.</summary>
internal sealed class PutOnceServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PutOnceServer(WebApplication app) => _app = app;

    public ConcurrentDictionary<string, byte[]> Documents { get; } = new();
    public ConcurrentQueue<string> Authorizations { get; } = new();
    /// <summary>What it answers to everything, when it is not well.</summary>
    public int? Status { get; set; }
    /// <summary>What it answers to whoever asks for a name with which it is not well.</summary>
    public Func<string, int?> StatusOf { get; set; } = _ => null;
    public string? RedirectTo { get; set; }
    /// <summary>What it answers to whoever asks for anything, as a server with a page for all that it does not have.</summary>
    public Func<string, string>? Page { get; set; }
    /// <summary>What it answers is held back until this ends.</summary>
    public Task Held { get; set; } = Task.CompletedTask;
    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/log";

    public static async Task<PutOnceServer> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.None);
        var server = new PutOnceServer(builder.Build());
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync();
        return server;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        Authorizations.Enqueue(context.Request.Headers.Authorization.ToString());
        var name = context.Request.Path.Value!["/log/".Length..];
        await Held;
        if (RedirectTo is { } elsewhere)
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = elsewhere + "/" + name;
        }
        else if ((Status ?? StatusOf(name)) is { } status)
        {
            context.Response.StatusCode = status;
        }
        else if (Page is { } page && (context.Request.Method == "GET" ? !Documents.ContainsKey(name) : name.StartsWith("index/", StringComparison.Ordinal)))
        {
            context.Response.StatusCode = context.Request.Method == "GET" ? 200 : 412;
            await context.Response.WriteAsync(page(name));
        }
        else if (context.Request.Method == "PUT")
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            // Without the condition it would write over what is there: the caller has to ask for it.
            var taken = context.Request.Headers.IfNoneMatch == "*" ? !Documents.TryAdd(name, body.ToArray()) : (Documents[name] = body.ToArray()) is null;
            context.Response.StatusCode = taken ? 412 : 201;
        }
        else if (Documents.TryGetValue(name, out var document))
        {
            await context.Response.Body.WriteAsync(document);
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
