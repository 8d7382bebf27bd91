using System.Text;
using System.Threading.Channels;

namespace ReplyMint.Cli.Reach;

/// <summary>One command that runs for a client: its two writers, its question, and the watch for a client that leaves.</summary>
internal sealed class ControlSession : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly CancellationTokenSource _ending;
    private readonly Lock _writing = new();
    private readonly Channel<bool> _answers = Channel.CreateBounded<bool>(1);
    private readonly Task _listening;

    public ControlSession(Stream stream, CancellationTokenSource ending)
    {
        (_stream, _ending) = (stream, ending);
        Out = new FrameWriter(this, FrameKind.Out);
        Error = new FrameWriter(this, FrameKind.Error);
        _listening = ListenAsync();
    }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    public async Task<bool> AskAsync(string question, CancellationToken ct)
    {
        Out.Flush();
        Send(new(FrameKind.Ask) { Text = question });
        return await _answers.Reader.ReadAsync(ct);
    }

    /// <summary>Bytes for the file that the client keeps.</summary>
    public void Save(ReadOnlyMemory<byte> bytes) => Send(new(FrameKind.Save) { Bytes = bytes.ToArray() });

    public void Exit(int code)
    {
        Out.Flush();
        Error.Flush();
        Send(new(FrameKind.Exit) { Code = code });
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _listening;
    }

    private void Send(Frame frame)
    {
        lock (_writing)
            Frames.Write(_stream, frame);
    }

    /// <summary>The client only ever answers; when it leaves, the command is cancelled.</summary>
    private async Task ListenAsync()
    {
        try
        {
            while (await Frames.ReadAsync(_stream, _ending.Token) is { Kind: FrameKind.Answer } answer)
                await _answers.Writer.WriteAsync(answer.Code == 1, _ending.Token);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OperationCanceledException)
        {
            // Gone, as at the end of the stream.
        }
        _answers.Writer.TryComplete(new OperationCanceledException("The client left."));
        await _ending.CancelAsync();
    }

    /// <summary>Collects text and sends it line by line, at most 16,000 characters a frame.</summary>
    private sealed class FrameWriter(ControlSession session, FrameKind kind) : TextWriter
    {
        private const int MaxText = 16_000;
        private readonly StringBuilder _text = new();
        private readonly Lock _lock = new();

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value)
        {
            lock (_lock)
            {
                _text.Append(value);
                if (value == '\n' || _text.Length >= MaxText)
                    Flush();
            }
        }

        public override void Write(string? value)
        {
            if (value is null)
                return;
            lock (_lock)
                foreach (var piece in value.Chunk(MaxText))
                {
                    _text.Append(piece);
                    if (_text.Length >= MaxText || piece.Contains('\n'))
                        Flush();
                }
        }

        public override void WriteLine(string? value) => Write(value + "\n");

        public override void Flush()
        {
            lock (_lock)
            {
                if (_text.Length == 0)
                    return;
                session.Send(new(kind) { Text = _text.ToString() });
                _text.Clear();
            }
        }
    }
}
