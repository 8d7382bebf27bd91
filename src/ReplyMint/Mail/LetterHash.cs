using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace ReplyMint.Mail;

/// <summary>SHA-256 over the letters and digits of texts, in their order: what is left of a text however its lines are wrapped and its encoding is changed on the way.</summary>
internal sealed class LetterHash : IDisposable
{
    private const int Piece = 512;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public void Append(ReadOnlySpan<char> text)
    {
        Span<char> letters = stackalloc char[Piece];
        var count = 0;
        foreach (var c in text)
        {
            if (!char.IsLetterOrDigit(c))
                continue;
            letters[count++] = c;
            if (count == Piece)
            {
                _hash.AppendData(MemoryMarshal.AsBytes(letters));
                count = 0;
            }
        }
        _hash.AppendData(MemoryMarshal.AsBytes(letters[..count]));
    }

    /// <summary>Lower-case hex.</summary>
    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();
}
