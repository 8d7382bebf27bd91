using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using ReplyMint.Mail;

namespace ReplyMint.Inbound;

/// <summary>What the scanner said of some bytes.</summary>
/// <param name="Result">One of <see cref="ScanResult"/>.</param>
/// <param name="Malware">The signature's name, where one fits.</param>
internal sealed record ScanAnswer(string Result, string? Malware = null);

/// <summary>
/// Asks ClamAV's clamd, by the commands that end with a zero: one connection a question. Bytes go over in chunks with their length before
/// them, and an empty one at the end. Whatever is not plainly "OK" is no pass.
/// </summary>
internal sealed class Clamd(AttachmentSettings settings)
{
    private const int ChunkBytes = 64 * 1024;
    // Answers are a line; the longest names of signatures are far shorter.
    private const int MaxAnswer = 1024;
    private const int MaxName = 100;

    public async Task<ScanAnswer> ScanAsync(ReadOnlyMemory<byte> content, CancellationToken ct) =>
        await AskAsync("zINSTREAM\0"u8.ToArray(), content, ct) is { } said ? Read(said) : new(ScanResult.Away);

    /// <summary>What it is, such as "ClamAV 1.4.3/27500/..."; null when nobody answers.</summary>
    public Task<string?> VersionAsync(CancellationToken ct) => AskAsync("zVERSION\0"u8.ToArray(), null, ct);

    private static ScanAnswer Read(string said)
    {
        const string Of = "stream: ", Found = " FOUND";
        if (said == "stream: OK")
            return new(ScanResult.Clean);
        if (said.StartsWith(Of, StringComparison.Ordinal) && said.EndsWith(Found, StringComparison.Ordinal) && said.Length > Of.Length + Found.Length)
            return new(ScanResult.Found, HeaderText.OneLine(said[Of.Length..Math.Min(said.Length - Found.Length, Of.Length + MaxName)]));
        return new(said == "INSTREAM size limit exceeded. ERROR" ? ScanResult.TooLarge : ScanResult.Odd);
    }

    /// <summary>The answer without its zero; null when there is none, or not a whole one.</summary>
    private async Task<string?> AskAsync(ReadOnlyMemory<byte> command, ReadOnlyMemory<byte>? content, CancellationToken ct)
    {
        if (settings.Address is not { } address)
            return null;
        try
        {
            using var socket = address is UnixDomainSocketEndPoint ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(address, ct);
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync(command, ct);
            if (content is { } bytes)
                await SendAsync(stream, bytes, ct);
            return await AnswerAsync(stream, ct);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return null;
        }
    }

    private static async Task SendAsync(NetworkStream stream, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        var length = new byte[sizeof(uint)];
        try
        {
            for (; !content.IsEmpty; content = content[Math.Min(content.Length, ChunkBytes)..])
            {
                var chunk = content[..Math.Min(content.Length, ChunkBytes)];
                BinaryPrimitives.WriteInt32BigEndian(length, chunk.Length);
                await stream.WriteAsync(length, ct);
                await stream.WriteAsync(chunk, ct);
            }
            BinaryPrimitives.WriteInt32BigEndian(length, 0);
            await stream.WriteAsync(length, ct);
        }
        catch (IOException)
        {
            // To what is too much it hangs up in the middle; what it said before can be read all the same.
        }
    }

    private static async Task<string?> AnswerAsync(NetworkStream stream, CancellationToken ct)
    {
        var answer = new byte[MaxAnswer];
        for (var used = 0; used < answer.Length;)
        {
            var more = await stream.ReadAsync(answer.AsMemory(used), ct);
            if (more == 0)
                return null;
            used += more;
            if (answer.AsSpan(0, used).IndexOf((byte)0) is >= 0 and var end)
                return Encoding.UTF8.GetString(answer, 0, end);
        }
        return null;
    }
}
