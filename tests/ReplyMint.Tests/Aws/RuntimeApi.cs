using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace ReplyMint.Tests.Aws;

/// <param name="ErrorType">Null when the function answered.</param>
internal sealed record RuntimeAnswer(string Body, string? ErrorType);

/// <summary>Lambda's Runtime API on a real socket: gives events out one after another, and keeps what the function says of each.</summary>
internal sealed class RuntimeApi : IAsyncDisposable
{
    private const string Root = "/2018-06-01/runtime/";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<(string Id, string Body, string? Deadline)> _events = Channel.CreateUnbounded<(string, string, string?)>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<RuntimeAnswer>> _waiting = new();
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<RuntimeAnswer> _initError = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;
    private int _sent;

    public RuntimeApi()
    {
        _listener.Start();
        _running = Task.Run(AcceptAsync);
    }

    /// <summary>For AWS_LAMBDA_RUNTIME_API.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Until the function asks for its first event.</summary>
    public Task Asked => _asked.Task;

    public Task<RuntimeAnswer> InitError => _initError.Task;

    /// <summary>Calls that no Runtime API knows, or that came when nothing was asked.</summary>
    public ConcurrentQueue<string> Strange { get; } = [];

    /// <summary>The status that answers get; Lambda refuses those of events that it gave up.</summary>
    public string Taken { get; set; } = "202 Accepted";

    /// <param name="deadline">Of the function's own clock; null sends none.</param>
    public async Task<RuntimeAnswer> SendAsync(string body, DateTimeOffset? deadline)
    {
        var id = $"8476a536-e9f4-11e8-9739-{Interlocked.Increment(ref _sent):d12}";
        var answer = _waiting[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _events.Writer.WriteAsync((id, body, deadline?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
        // Its turn comes behind all events before, and behind the start of the function.
        return await answer.Task.WaitAsync(TimeSpan.FromMinutes(2));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _running;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
        await Task.WhenAll(connections);
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var owned = client;
        client.NoDelay = true;
        await using var stream = client.GetStream();
        try
        {
            while (await ReadAsync(stream) is { } request && await AnswerAsync(client.Client, request.Line, request.ErrorType, request.Body) is { } answer)
                await stream.WriteAsync(answer, _stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The function ended, or the test.
        }
    }

    /// <summary>Null when the function is gone that asked.</summary>
    private async Task<byte[]?> AnswerAsync(Socket socket, string line, string? errorType, string body)
    {
        if (line == $"GET {Root}invocation/next")
        {
            _asked.TrySetResult();
            if (await NextAsync(socket) is not var (id, content, deadline))
                return null;
            return Response("200 OK", content, $"Lambda-Runtime-Aws-Request-Id: {id}\r\n{(deadline is null ? "" : $"Lambda-Runtime-Deadline-Ms: {deadline}\r\n")}");
        }
        if (line == $"POST {Root}init/error")
        {
            _initError.TrySetResult(new(body, errorType));
            return Response("202 Accepted", "{}");
        }
        if (line.Split('/') is ["POST ", "2018-06-01", "runtime", "invocation", var of, "response" or "error"] && _waiting.TryRemove(of, out var waiting))
        {
            waiting.SetResult(new(body, line.EndsWith("error", StringComparison.Ordinal) ? errorType ?? "" : null));
            return Response(Taken, "{}");
        }
        Strange.Enqueue(line);
        return Response("400 Bad Request", "{}");
    }

    /// <summary>The next event, for who still is there when it comes: a function that is killed while it waits takes none with it.</summary>
    private async Task<(string Id, string Body, string? Deadline)?> NextAsync(Socket socket)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        // Who waits sends nothing, so all that can be seen is the end; and a look takes nothing away.
        var gone = socket.ReceiveAsync(new byte[1], SocketFlags.Peek, over.Token).AsTask();
        try
        {
            while (true)
            {
                var there = _events.Reader.WaitToReadAsync(over.Token).AsTask();
                await Task.WhenAny(gone, there);
                if (gone.IsCompleted || !await there)
                    return null;
                if (_events.Reader.TryRead(out var next))
                    return next;
            }
        }
        finally
        {
            await over.CancelAsync();
            await ((Task)gone).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static byte[] Response(string status, string body, string fields = "") =>
        Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{fields}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    private async Task<(string Line, string? ErrorType, string Body)?> ReadAsync(NetworkStream stream)
    {
        var buffer = new byte[64 * 1024];
        var length = 0;
        int end;
        while ((end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), _stop.Token);
            if (read == 0)
                return null;
            length += read;
        }
        var head = Encoding.ASCII.GetString(buffer, 0, end).Split("\r\n");
        string? Field(string name) => head.FirstOrDefault(field => field.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..];
        var body = new byte[int.Parse(Field("Content-Length") ?? "0", CultureInfo.InvariantCulture)];
        var already = buffer.AsSpan(end + 4, length - end - 4);
        already.CopyTo(body);
        await stream.ReadExactlyAsync(body.AsMemory(already.Length), _stop.Token);
        return (head[0][..head[0].LastIndexOf(' ')], Field("Lambda-Runtime-Function-Error-Type"), Encoding.UTF8.GetString(body));
    }
}
