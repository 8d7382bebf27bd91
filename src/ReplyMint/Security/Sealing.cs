using System.Security.Cryptography;

namespace ReplyMint.Security;

/// <summary>How a value is sealed: the number that it begins with. Numbers are stored, and each of them can be opened for good.</summary>
internal enum SealedForm : byte { Aes256Gcm = 1, ChaCha20Poly1305 = 2 }

/// <summary>
/// Encryption at rest: AES-256-GCM (NIST SP 800-38D), or ChaCha20-Poly1305 (RFC 8439) should the first ever fall. A sealed value is: 1 byte
/// form, 12 bytes random nonce, ciphertext, 16 bytes tag. The form is authenticated along with the associated data, so a value can't be
/// passed off as one of another form.
/// </summary>
/// <remarks>
/// Random 96-bit nonces are safe up to about 2^32 values under one key; keys are per tenant or correspondent, far below that.
/// </remarks>
internal static class Sealing
{
    public const int KeyBytes = 32;
    public const int TagBytes = 16;
    public const int NonceBytes = 12;
    public const int Overhead = 1 + NonceBytes + TagBytes;

    private const int StackLimit = 512;

    private static readonly string[] Names = ["aes-256-gcm", "chacha20-poly1305"];

    /// <summary>As settings name it.</summary>
    public static string NameOf(SealedForm form) => Names[(int)form - 1];

    /// <summary>Null of a name that is none.</summary>
    public static SealedForm? Named(string name) => Array.IndexOf(Names, name) is >= 0 and var at ? (SealedForm)(at + 1) : null;

    /// <summary>The forms' names, for sentences.</summary>
    public static string AllNames => string.Join(" and ", Names);

    /// <param name="key">Exactly 32 bytes.</param>
    /// <param name="form">How.</param>
    /// <param name="plain">What nobody may read without the key.</param>
    /// <param name="aad">What the value belongs to (table, key, version); it opens only with the same.</param>
    public static byte[] Seal(byte[] key, SealedForm form, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> aad)
    {
        using var cipher = new SealingCipher(key);
        var result = GC.AllocateUninitializedArray<byte>(Overhead + plain.Length);
        Seal(cipher, form, plain, aad, result);
        return result;
    }

    /// <param name="cipher">Used by nobody else meanwhile.</param>
    /// <param name="form">As above.</param>
    /// <param name="plain">As above.</param>
    /// <param name="aad">As above.</param>
    /// <param name="into">As long as the plain bytes and <see cref="Overhead"/>.</param>
    public static void Seal(SealingCipher cipher, SealedForm form, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> aad, Span<byte> into)
    {
        into[0] = (byte)form;
        var nonce = into.Slice(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        Span<byte> stack = stackalloc byte[StackLimit];
        cipher.Encrypt(form, nonce, plain, into.Slice(1 + NonceBytes, plain.Length), into[^TagBytes..], WithForm(form, aad, stack));
    }

    /// <returns>The plain bytes, or null when the value was not sealed with this key and data, or was changed.</returns>
    public static byte[]? Open(byte[] key, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> aad)
    {
        using var cipher = new SealingCipher(key);
        return Open(cipher, sealedBytes, aad);
    }

    /// <param name="cipher">Used by nobody else meanwhile.</param>
    /// <param name="sealedBytes">As above.</param>
    /// <param name="aad">As above.</param>
    /// <returns>As above.</returns>
    public static byte[]? Open(SealingCipher cipher, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> aad)
    {
        if (sealedBytes.Length < Overhead || sealedBytes[0] == 0 || sealedBytes[0] > Names.Length)
            return null;
        var form = (SealedForm)sealedBytes[0];
        var plain = GC.AllocateUninitializedArray<byte>(sealedBytes.Length - Overhead);
        Span<byte> stack = stackalloc byte[StackLimit];
        try
        {
            cipher.Decrypt(
                form, sealedBytes.Slice(1, NonceBytes), sealedBytes[(1 + NonceBytes)..^TagBytes], sealedBytes[^TagBytes..], plain,
                WithForm(form, aad, stack));
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static ReadOnlySpan<byte> WithForm(SealedForm form, ReadOnlySpan<byte> aad, Span<byte> stack)
    {
        var buffer = aad.Length < stack.Length ? stack[..(aad.Length + 1)] : new byte[aad.Length + 1];
        buffer[0] = (byte)form;
        aad.CopyTo(buffer[1..]);
        return buffer;
    }
}

/// <summary>
/// What seals and opens with a key, in each form; made when a form is first asked for. Not for two threads at once. The second form has a key
/// of its own, derived, so that no key serves two algorithms.
/// </summary>
internal sealed class SealingCipher(byte[] key) : IDisposable
{
    private readonly byte[] _key = key.Length == Sealing.KeyBytes ? key : throw new ArgumentException($"A sealing key has {Sealing.KeyBytes} bytes.", nameof(key));
    private AesGcm? _aes;
    private ChaCha20Poly1305? _chaCha;

    /// <summary>
    /// False on a machine whose library has it not; such a one can neither seal nor open that form. Tried, since .NET looks for the name only,
    /// and an OpenSSL that is held to FIPS knows the name and refuses the work.
    /// </summary>
    public static bool HasChaCha => Works(static cipher => cipher.Encrypt(SealedForm.ChaCha20Poly1305, new byte[Sealing.NonceBytes], [], [], new byte[Sealing.TagBytes], []));

    /// <summary>Whether the machine does a piece of sealing.</summary>
    internal static bool Works(Action<SealingCipher> piece)
    {
        using var cipher = new SealingCipher(new byte[Sealing.KeyBytes]);
        try
        {
            piece(cipher);
            return true;
        }
        catch (Exception refusal) when (refusal is PlatformNotSupportedException or CryptographicException)
        {
            return false;
        }
    }

    private AesGcm First => _aes ??= new AesGcm(_key, Sealing.TagBytes);

    private ChaCha20Poly1305 Second => _chaCha ??= new ChaCha20Poly1305(KeyDerivation.Derive(_key, "sealing/2"));

    public void Encrypt(SealedForm form, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, Span<byte> into, Span<byte> tag, ReadOnlySpan<byte> aad)
    {
        if (form == SealedForm.Aes256Gcm)
            First.Encrypt(nonce, plain, into, tag, aad);
        else
            Second.Encrypt(nonce, plain, into, tag, aad);
    }

    /// <exception cref="AuthenticationTagMismatchException">It was changed, or is of another key.</exception>
    public void Decrypt(SealedForm form, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> tag, Span<byte> plain, ReadOnlySpan<byte> aad)
    {
        if (form == SealedForm.Aes256Gcm)
            First.Decrypt(nonce, sealedBytes, tag, plain, aad);
        else
            Second.Decrypt(nonce, sealedBytes, tag, plain, aad);
    }

    public void Dispose()
    {
        _aes?.Dispose();
        _chaCha?.Dispose();
    }
}
