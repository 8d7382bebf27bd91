using System.Buffers;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ReplyMint.Aws;

/// <summary>An answer that is gathered whole, since Lambda takes it whole: at most 6 MB of JSON.</summary>
internal sealed class LambdaResponse : HttpResponseFeature, IHttpResponseBodyFeature
{
    public const int MaxBytes = 6 * 1024 * 1024;

    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly bool _isHead;
    private readonly ArrayBufferWriter<byte> _body = new(1024);
    private readonly Stack<(Func<object, Task> Callback, object State)> _starting = new();
    private readonly Stack<(Func<object, Task> Callback, object State)> _completed = new();
    private PipeWriter? _writer;
    private bool _started;

    /// <param name="method">Of the request: HEAD asks for no body.</param>
    public LambdaResponse(string method)
    {
        _isHead = HttpMethods.IsHead(method);
        Stream = new Gathering(this);
    }

    public override bool HasStarted => _started;

    public Stream Stream { get; }

    public PipeWriter Writer => _writer ??= PipeWriter.Create(Stream, new StreamPipeWriterOptions(leaveOpen: true));

    /// <summary>More was written than can be given.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>Ends the work on an answer that nobody will get.</summary>
    public Action Abort { get; set; } = static () => { };

    public override void OnStarting(Func<object, Task> callback, object state) => _starting.Push((callback, state));

    public override void OnCompleted(Func<object, Task> callback, object state) => _completed.Push((callback, state));

    public void DisableBuffering()
    {
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_started)
            return;
        while (_starting.TryPop(out var next))
            await next.Callback(next.State);
        _started = true;
    }

    public async Task CompleteAsync()
    {
        if (_writer is not null)
            await _writer.CompleteAsync();
        await StartAsync();
    }

    public async Task CompletedAsync()
    {
        while (_completed.TryPop(out var next))
            await next.Callback(next.State);
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("No file is served here.");

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_isHead || IsTooLarge)
            return;
        if (_body.WrittenCount + bytes.Length <= MaxBytes)
        {
            _body.Write(bytes);
            return;
        }
        IsTooLarge = true;
        _body.Clear();
        Abort();
    }

    /// <summary>As a REST API takes it; null when that is more than Lambda gives.</summary>
    public ReadOnlyMemory<byte>? Write()
    {
        var buffer = new ArrayBufferWriter<byte>(_body.WrittenCount + 2048);
        using var json = new Utf8JsonWriter(buffer, s_json);
        json.WriteStartObject();
        json.WriteNumber("statusCode", StatusCode);
        json.WriteStartObject("multiValueHeaders");
        foreach (var (name, values) in Headers)
        {
            json.WriteStartArray(name);
            foreach (var value in values)
                json.WriteStringValue(value);
            json.WriteEndArray();
        }
        json.WriteEndObject();
        var body = _body.WrittenSpan;
        var isText = IsText(Headers.ContentType.ToString()) && Utf8.IsValid(body);
        json.WriteBoolean("isBase64Encoded", !isText);
        if (isText)
            json.WriteString("body", body);
        else
            json.WriteBase64String("body", body);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenCount <= MaxBytes ? buffer.WrittenMemory : default(ReadOnlyMemory<byte>?);
    }

    /// <summary>Such bodies go as they are: a gateway gives them on without being told of binary types.</summary>
    private static bool IsText(string type) => type.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || type.Contains("json", StringComparison.OrdinalIgnoreCase) || type.Length == 0;

    private sealed class Gathering(LambdaResponse response) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await response.StartAsync(cancellationToken);
            response.Append(buffer.Span);
            cancellationToken.ThrowIfCancellationRequested();
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => response.StartAsync(cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => throw new InvalidOperationException("Answers are written asynchronously.");

        public override void Flush() => throw new InvalidOperationException("Answers are written asynchronously.");

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
