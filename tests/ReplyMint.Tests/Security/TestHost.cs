using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Tests.Limits;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Security;

/// <summary>The product's own pipeline on a free port, asked over real sockets.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    public const string PublicName = "api.example.com";

    private readonly WebApplication _app;

    private TestHost(WebApplication app, int port) => (_app, Port) = (app, port);

    public int Port { get; }

    public LogLines Log => _app.Services.GetRequiredService<LogLines>();

    public IServiceProvider Services => _app.Services;

    /// <summary>A developer's machine: plain HTTP on loopback.</summary>
    public static HttpSettings Development(Action<HttpSettings>? change = null) => Changed(new()
    {
        Environment = DeploymentEnvironment.Development, Urls = ["http://127.0.0.1:0"], Origins = ["https://app.example.com"],
    }, change);

    /// <summary>Production behind a proxy on this machine, which is what an answer needs to be served there.</summary>
    public static HttpSettings Production(Action<HttpSettings>? change = null) => Changed(new()
    {
        Urls = ["http://127.0.0.1:0"], PublicUrl = "https://" + PublicName, Proxies = ["127.0.0.1"],
    }, change);

    private static HttpSettings Changed(HttpSettings settings, Action<HttpSettings>? change)
    {
        change?.Invoke(settings);
        return settings;
    }

    public static async Task<TestHost> StartAsync(
        HttpSettings settings, Action<WebApplication>? routes = null, Action<IServiceCollection>? services = null)
    {
        var builder = ReplyMintApp.NewBuilder();
        var log = new LogLines();
        builder.Services.AddSingleton(log);
        builder.Logging.AddProvider(log);
        builder.Services.AddSecurity(settings);
        builder.Services.AddRequestLimits(Roomy.Limits, _ => (_, _, _, _) => Task.CompletedTask);
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseReplyMint();
        app.MapSecurity();
        routes?.Invoke(app);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new(app, new Uri(address.Replace("[::]", "127.0.0.1", StringComparison.Ordinal)).Port);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    /// <summary>A well-formed request with the given header lines, each without its line end.</summary>
    public Task<Answer> AskAsync(string method, string target, params string[] headers) => SendAsync(Head(method, target, headers));

    public string Head(string method, string target, params string[] headers)
    {
        var host = headers.Any(h => h.StartsWith("Host:", StringComparison.OrdinalIgnoreCase)) ? "" : $"Host: 127.0.0.1:{Port}\r\n";
        return $"{method} {target} HTTP/1.1\r\n{host}{string.Concat(headers.Select(h => h + "\r\n"))}Connection: close\r\n\r\n";
    }

    public async Task<Answer> PostAsync(string target, string body, params string[] headers) =>
        await SendAsync(Head("POST", target, [$"Content-Length: {Encoding.UTF8.GetByteCount(body)}", .. headers]) + body);

    /// <summary>Sends exactly these bytes and reads until the other side closes.</summary>
    public async Task<Answer> SendAsync(string raw)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Thrown out before the client knew that it was in: no answer, like a reset a moment later.
            return Answer.Parse([]);
        }
        return await ExchangeAsync(client.GetStream(), raw);
    }

    public async Task<Answer> SendTlsAsync(string raw, Action<SslStream>? afterHandshake = null)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = PublicName, RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        afterHandshake?.Invoke(tls);
        return await ExchangeAsync(tls, raw);
    }

    public static async Task<Answer> ExchangeAsync(Stream stream, string raw)
    {
        using var patience = new CancellationTokenSource(ProductHost.Patience);
        using var read = new MemoryStream();
        try
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(raw), patience.Token);
            await stream.CopyToAsync(read, patience.Token);
        }
        catch (IOException)
        {
            // A reset after the answer: what came before it counts.
        }
        return Answer.Parse(read.ToArray());
    }
}

/// <summary>One host for the tests of a class that only ask; it lives as long as the test run.</summary>
internal sealed class SharedHost(Func<Task<TestHost>> start)
{
    private readonly Lazy<Task<TestHost>> _host = new(start);

    public Task<TestHost> GetAsync() => _host.Value;
}

/// <summary>An answer as it came over the wire; status 0 when the connection was closed without one.</summary>
internal sealed record Answer(int Status, IReadOnlyList<(string Name, string Value)> Headers, string Body)
{
    public string? this[string name]
    {
        get
        {
            var values = Headers.Where(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value).ToArray();
            return values.Length == 0 ? null : string.Join(", ", values);
        }
    }

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public static Answer Parse(byte[] bytes)
    {
        // One character a byte until the chunks are off: their lengths count bytes.
        var text = Encoding.Latin1.GetString(bytes);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            return new(0, [], text);
        var lines = text[..end].Split("\r\n");
        var headers = lines.Skip(1).Select(l => (l[..l.IndexOf(':', StringComparison.Ordinal)], l[(l.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim())).ToArray();
        var answer = new Answer(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), headers, text[(end + 4)..]);
        var body = answer["Transfer-Encoding"] == "chunked" ? Unchunk(answer.Body) : answer.Body;
        return answer with { Body = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(body)) };
    }

    private static string Unchunk(string chunked)
    {
        var body = new StringBuilder();
        var at = 0;
        while (true)
        {
            var line = chunked.IndexOf("\r\n", at, StringComparison.Ordinal);
            var size = int.Parse(chunked.AsSpan(at, line - at), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size == 0)
                return body.ToString();
            body.Append(chunked, line + 2, size);
            at = line + 2 + size + 2;
        }
    }

    /// <summary>Every answer, whoever made it (HDR-1 to HDR-7, CORS-6).</summary>
    public Answer HasTheHeaders(bool https = false)
    {
        Assert.Equal("nosniff", this["X-Content-Type-Options"]);
        Assert.Equal("DENY", this["X-Frame-Options"]);
        Assert.Equal("1; mode=block", this["X-XSS-Protection"]);
        Assert.Equal("strict-origin-when-cross-origin", this["Referrer-Policy"]);
        foreach (var feature in new[] { "geolocation=()", "microphone=()", "camera=()" })
            Assert.Contains(feature, this["Permissions-Policy"], StringComparison.Ordinal);
        Assert.Equal("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", this["Content-Security-Policy"]);
        Assert.Equal("same-origin", this["Cross-Origin-Opener-Policy"]);
        Assert.Equal("same-origin", this["Cross-Origin-Resource-Policy"]);
        Assert.Equal("no-store", this["Cache-Control"]);
        Assert.Equal(https ? "max-age=31536000; includeSubDomains" : null, this["Strict-Transport-Security"]);
        Assert.Matches("^[0-9a-f]{32}$", this["X-Trace-Id"]);
        Assert.Equal("Origin", this["Vary"]);
        Assert.Null(this["Server"]);
        Assert.Null(this["X-Powered-By"]);
        Assert.Null(this["Access-Control-Allow-Credentials"]);
        Assert.NotEqual("*", this["Access-Control-Allow-Origin"]);
        return this;
    }

    /// <summary>RFC 9457, with the headers, with nothing internal.</summary>
    public Answer IsProblem(int status, bool https = false)
    {
        Assert.Equal(status, Status);
        HasTheHeaders(https);
        Assert.Equal("application/problem+json", this["Content-Type"]);
        Assert.Equal(Encoding.UTF8.GetByteCount(Body).ToString(CultureInfo.InvariantCulture), this["Content-Length"]);
        var json = Json;
        Assert.Equal(status, json.GetProperty("status").GetInt32());
        Assert.Equal("about:blank", json.GetProperty("type").GetString());
        Assert.NotEqual("", json.GetProperty("title").GetString());
        Assert.Equal(this["X-Trace-Id"], json.GetProperty("traceId").GetString());
        foreach (var inner in new[] { "Exception", "   at ", "Microsoft", "System.", "ReplyMint.", ".cs" })
            Assert.DoesNotContain(inner, Body, StringComparison.Ordinal);
        return this;
    }
}

/// <summary>What was logged, for tests that look for what must not be there.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> All
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_lines)
            _lines.Add($"{logLevel}: {formatter(state, exception)} {exception}");
    }

    public void Dispose()
    {
    }
}
