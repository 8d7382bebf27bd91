using System.Net.Mime;
using Microsoft.AspNetCore.Http;
using ReplyMint.Security;

namespace ReplyMint.Limits;

/// <summary>
/// Bounds how many large answers are held in memory for readers at once, and for how long: a reader may take them slowly,
/// and many of them at once would take all memory.
/// </summary>
internal sealed class DownloadGate(TimeProvider time)
{
    private const int AtOnce = 8;
    private const int OfOne = 2;
    private const int Piece = 64 * 1024;

    /// <summary>For the whole of an answer; then the connection is closed.</summary>
    public static readonly TimeSpan MostTime = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);
    private int _all;

    /// <param name="caller">Whose it is.</param>
    /// <param name="read">Reads it once there is a place; null is no longer there.</param>
    /// <param name="type">The media type.</param>
    /// <param name="name">Of the file.</param>
    /// <param name="gone">The answer when there is nothing to read.</param>
    public IResult Send(string caller, Func<CancellationToken, Task<ReadOnlyMemory<byte>?>> read, string type, string name, IResult gone) => new Download(this, caller, read, type, name, gone);

    /// <summary>A file that is read while it is sent, so that its size takes no memory. Who is too slow goes on with a part (Range).</summary>
    /// <param name="caller">Whose it is.</param>
    /// <param name="status">200 or 206.</param>
    /// <param name="type">The media type.</param>
    /// <param name="length">Bytes that follow.</param>
    /// <param name="read">Sends them piece by piece; false when they can't be read, which breaks the answer off.</param>
    public IResult Stream(string caller, int status, string type, long length, Func<Func<ReadOnlyMemory<byte>, Task>, CancellationToken, Task<bool>> read) => new Streamed(this, caller, status, type, length, read);

    private bool Enter(string caller)
    {
        lock (_lock)
        {
            var own = _open.GetValueOrDefault(caller);
            if (_all >= AtOnce || own >= OfOne)
                return false;
            _all++;
            _open[caller] = own + 1;
            return true;
        }
    }

    private void Leave(string caller)
    {
        lock (_lock)
        {
            _all--;
            if (--_open[caller] == 0)
                _open.Remove(caller);
        }
    }

    /// <summary>Writes an answer while there is a place, and for so long as it may take.</summary>
    private async Task WriteAsync(HttpContext http, string caller, Func<CancellationToken, Task> write)
    {
        if (!Enter(caller))
        {
            await new TooMany(TimeSpan.FromSeconds(5), "Too many downloads are running. Let one end, then ask again.").ExecuteAsync(http);
            return;
        }
        using var patience = new CancellationTokenSource(MostTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, http.RequestAborted);
        try
        {
            await write(either.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            http.Abort();
        }
        finally
        {
            Leave(caller);
        }
    }

    private sealed class Streamed(DownloadGate gate, string caller, int status, string type, long length, Func<Func<ReadOnlyMemory<byte>, Task>, CancellationToken, Task<bool>> read) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => gate.WriteAsync(httpContext, caller, async ct =>
        {
            var answer = httpContext.Response;
            (answer.StatusCode, answer.ContentType, answer.ContentLength) = (status, type, length);
            if (!await read(bytes => answer.Body.WriteAsync(bytes, ct).AsTask(), ct))
                httpContext.Abort();
        });
    }

    private sealed class Download(DownloadGate gate, string caller, Func<CancellationToken, Task<ReadOnlyMemory<byte>?>> read, string type, string name, IResult gone) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => gate.WriteAsync(httpContext, caller, async ct =>
        {
            if (await read(ct) is not { } bytes)
            {
                await gone.ExecuteAsync(httpContext);
                return;
            }
            httpContext.Response.ContentType = type;
            httpContext.Response.ContentLength = bytes.Length;
            httpContext.Response.Headers.ContentDisposition = new ContentDisposition { FileName = name }.ToString();
            for (var at = 0; at < bytes.Length; at += Piece)
                await httpContext.Response.Body.WriteAsync(bytes.Slice(at, Math.Min(Piece, bytes.Length - at)), ct);
        });
    }
}
