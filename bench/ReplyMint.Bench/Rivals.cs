using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Bench;

/// <summary>Servers to compare with or to lean on, each in a process of its own.</summary>
internal sealed class Rivals : IDisposable
{
    private static readonly byte[] Health = "{\"status\":\"ok\"}"u8.ToArray();

    private static readonly byte[] Completion = System.Text.Encoding.UTF8.GetBytes($$$"""
        {"id":"c1","object":"chat.completion","model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":"{{{Installations.Answer}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":400,"completion_tokens":12,"total_tokens":412}}
        """);

    private readonly Process _process;
    private readonly Task<string?> _url;

    private Rivals(Process process)
    {
        _process = process;
        _url = process.StandardOutput.ReadLineAsync();
    }

    public int Id => _process.Id;

    public static Rivals Start(params string[] arguments) =>
        new(Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true })!);

    public async Task<Uri> UrlAsync() => new(await _url ?? throw new InvalidOperationException("A rival did not start."));

    /// <summary>What makes the product use this one as its model.</summary>
    public async Task<string[]> SettingsAsync() => [$"model.endpoint={await UrlAsync()}v1", "model.model=bench"];

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>Kestrel with one answer and nothing around it.</summary>
    public static Task ServeBareAsync() => ServeAsync(async context =>
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = Health.Length;
        await context.Response.BodyWriter.WriteAsync(Health);
    });

    /// <summary>A model that speaks chat completions and thinks for so long.</summary>
    public static Task ServeModelAsync(TimeSpan delay) => ServeAsync(async context =>
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        if (delay > TimeSpan.Zero)
            await Task.Delay(delay);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = Completion.Length;
        await context.Response.BodyWriter.WriteAsync(Completion);
    });

    private static async Task ServeAsync(RequestDelegate handler)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.Run(handler);
        app.Lifetime.ApplicationStarted.Register(() => System.Console.WriteLine(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/"));
        await app.RunAsync();
    }
}
