using System.Security.Cryptography;
using System.Text;
using ReplyMint.Security;

namespace ReplyMint.Tests.Security;

public sealed class SealingTests
{
    private static readonly byte[] Key = SHA256.HashData("a key of the tests"u8);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 10)]
    [InlineData(300, 511)]
    [InlineData(300, 512)]
    [InlineData(256 * 1024, 2000)]
    public void What_was_sealed_opens_with_the_same_key_and_data(int size, int aadSize)
    {
        var plain = RandomNumberGenerator.GetBytes(size);
        var aad = RandomNumberGenerator.GetBytes(aadSize);
        var closed = Sealing.Seal(Key, SealedForm.Aes256Gcm, plain, aad);
        Assert.Equal(size + Sealing.Overhead, closed.Length);
        Assert.Equal(plain, Sealing.Open(Key, closed, aad));
    }

    [Fact]
    public void What_the_machine_lacks_or_refuses_counts_as_not_there()
    {
        Assert.True(SealingCipher.HasChaCha);
        Assert.False(SealingCipher.Works(_ => throw new PlatformNotSupportedException()));
        Assert.False(SealingCipher.Works(_ => throw new CryptographicException("error:0308010C:digital envelope routines::unsupported")));
    }

    [Fact]
    public void Any_changed_bit_and_any_cut_is_found()
    {
        var closed = Sealing.Seal(Key, SealedForm.Aes256Gcm, "Dear Ada"u8, "main/1"u8);
        for (var bit = 0; bit < closed.Length * 8; bit++)
        {
            var forged = (byte[])closed.Clone();
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(Sealing.Open(Key, forged, "main/1"u8));
        }
        for (var length = 0; length < closed.Length; length++)
            Assert.Null(Sealing.Open(Key, closed.AsSpan(0, length), "main/1"u8));
    }

    [Fact]
    public void Another_key_or_another_place_does_not_open_it()
    {
        var closed = Sealing.Seal(Key, SealedForm.Aes256Gcm, "Dear Ada"u8, "main/1"u8);
        Assert.Null(Sealing.Open(SHA256.HashData(Key), closed, "main/1"u8));
        Assert.Null(Sealing.Open(Key, closed, "main/2"u8));
        Assert.Null(Sealing.Open(Key, closed, ""u8));
    }

    [Fact]
    public void The_same_text_never_looks_the_same_twice()
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < 1_000; i++)
            Assert.True(seen.Add(Convert.ToHexString(Sealing.Seal(Key, SealedForm.Aes256Gcm, "same"u8, default).AsSpan(1, 12))));
    }

    [Fact]
    public void The_format_is_AES_256_GCM_with_the_version_authenticated()
    {
        var closed = Sealing.Seal(Key, SealedForm.Aes256Gcm, "Dear Ada"u8, "main/1"u8);
        Assert.Equal(1, closed[0]);
        var plain = new byte[8];
        using var aes = new AesGcm(Key, 16);
        aes.Decrypt(closed.AsSpan(1, 12), closed.AsSpan(13, 8), closed.AsSpan(21, 16), plain, "\u0001main/1"u8);
        Assert.Equal("Dear Ada", Encoding.UTF8.GetString(plain));
    }

    [Fact]
    public void The_second_form_is_ChaCha20_Poly1305_under_a_key_of_its_own()
    {
        var closed = Sealing.Seal(Key, SealedForm.ChaCha20Poly1305, "Dear Ada"u8, "main/1"u8);
        Assert.Equal(2, closed[0]);
        var plain = new byte[8];
        using var cipher = new ChaCha20Poly1305(KeyDerivation.Derive(Key, "sealing/2"));
        cipher.Decrypt(closed.AsSpan(1, 12), closed.AsSpan(13, 8), closed.AsSpan(21, 16), plain, "\u0002main/1"u8);
        Assert.Equal("Dear Ada", Encoding.UTF8.GetString(plain));
        Assert.Equal("Dear Ada", Encoding.UTF8.GetString(Sealing.Open(Key, closed, "main/1"u8)!));
        Assert.Equal("kept", Encoding.UTF8.GetString(Sealing.Open(Convert.FromHexString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"), Convert.FromHexString(SealedSecond), "main/1"u8)!));
        for (var form = 0; form < 256; form++)
        {
            closed[0] = (byte)form;
            Assert.Equal(form == 2, Sealing.Open(Key, closed, "main/1"u8) is not null);
        }
    }

    [Fact]
    public void A_key_of_another_length_is_a_mistake_of_ours()
    {
        Assert.Throws<ArgumentException>(() => Sealing.Seal(new byte[16], SealedForm.Aes256Gcm, "x"u8, default));
        Assert.Throws<ArgumentException>(() => Sealing.Open(new byte[16], new byte[64], default));
        Assert.Throws<ArgumentException>(() => KeyDerivation.Derive(new byte[16], "x"));
        Assert.Throws<ArgumentException>(() => LookupHash.Of([], "x"));
    }

    [Fact]
    public void Derived_keys_differ_by_purpose_and_stay_the_same()
    {
        var one = KeyDerivation.Derive(Key, "tenant/lookup");
        Assert.Equal(32, one.Length);
        Assert.Equal(one, KeyDerivation.Derive(Key, "tenant/lookup"));
        Assert.NotEqual(one, KeyDerivation.Derive(Key, "tenant/seal"));
        Assert.NotEqual(one, KeyDerivation.Derive(SHA256.HashData(Key), "tenant/lookup"));
    }

    [Fact]
    public void Stored_forms_never_change()
    {
        // Fixed values: a change here makes every existing store unreadable.
        var key = Convert.FromHexString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        Assert.Equal(Derived, Convert.ToHexStringLower(KeyDerivation.Derive(key, "lookup")));
        Assert.Equal(Hashed, LookupHash.Of(key, "ada@example.org"));
        Assert.Equal("kept", Encoding.UTF8.GetString(Sealing.Open(key, Convert.FromHexString(Sealed), "main/1"u8)!));
    }

    [Fact]
    public void A_look_up_hash_is_the_same_for_the_same_value_only()
    {
        var hash = LookupHash.Of(Key, "ada@example.org");
        Assert.Matches("^[A-Za-z0-9_-]{22}$", hash);
        Assert.Equal(hash, LookupHash.Of(Key, "ada@example.org"));
        Assert.NotEqual(hash, LookupHash.Of(Key, "ada@example.com"));
        Assert.NotEqual(hash, LookupHash.Of(SHA256.HashData(Key), "ada@example.org"));
        var longValue = new string('é', 5_000);
        Assert.NotEqual(LookupHash.Of(Key, longValue), LookupHash.Of(Key, longValue + "a"));
    }

    private const string Derived = "ce7af104f9bc201fa15d521f155fd71358af6174bfa91fc5c0efa7a53aa7a740";
    private const string Hashed = "wsqFJOqz5UDhPU4jl74zOg";
    private const string SealedSecond = "026465666768696a6b6c6d6e6f8af566646a13d39b772ceba039ec61d955ac6f9d";
    private const string Sealed = "016465666768696a6b6c6d6e6f237eae128fca9ca78b401a4665b3ffcce6e427c2";
}
