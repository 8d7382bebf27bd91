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

    private readonly TimeProvider _time = time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);
    private int _all;

    /// <param name="caller">Whose it is.</param>
    /// <param name="read">Reads it once there is a place; null is no longer there.</param>
    /// <param name="type">The media type.</param>
    /// <param name="name">Of the file.</param>
    /// <param name="gone">The answer when there is nothing to read.</param>
    public IResult Send(string caller, Func<CancellationToken, Task<ReadOnlyMemory<byte>?>> read, string type, string name, IResult gone) => new Download(this, caller, read, type, name, gone);

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

    private sealed class Download(DownloadGate gate, string caller, Func<CancellationToken, Task<ReadOnlyMemory<byte>?>> read, string type, string name, IResult gone) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            if (!gate.Enter(caller))
            {
                await new TooMany(TimeSpan.FromSeconds(5), "Too many downloads are running. Let one end, then ask again.").ExecuteAsync(httpContext);
                return;
            }
            try
            {
                await WriteAsync(httpContext);
            }
            finally
            {
                gate.Leave(caller);
            }
        }

        private async Task WriteAsync(HttpContext http)
        {
            using var patience = new CancellationTokenSource(MostTime, gate._time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, http.RequestAborted);
            if (await read(either.Token) is not { } bytes)
            {
                await gone.ExecuteAsync(http);
                return;
            }
            http.Response.ContentType = type;
            http.Response.ContentLength = bytes.Length;
            http.Response.Headers.ContentDisposition = new ContentDisposition { FileName = name }.ToString();
            try
            {
                for (var at = 0; at < bytes.Length; at += Piece)
                    await http.Response.Body.WriteAsync(bytes.Slice(at, Math.Min(Piece, bytes.Length - at)), either.Token);
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested)
            {
                http.Abort();
            }
        }
    }
}
