using ReplyMint.Security;
using Xunit;

namespace ReplyMint.Tests.Security;

public sealed class KeyedCacheTests
{
    [Fact]
    public void What_is_taken_is_nobody_elses_until_it_is_returned_and_never_another_keys()
    {
        var cache = new KeyedCache<Thing>(key => new Thing(key), 1);
        byte[] one = [1], other = [1];
        var first = cache.Take(one);
        var meanwhile = cache.Take(one);
        Assert.NotSame(first.Value, meanwhile.Value);
        cache.Return(first);
        Assert.Same(first.Value, cache.Take(one).Value);
        cache.Return(first);

        // Of equal content, but another key's.
        var others = cache.Take(other);
        Assert.Same(other, others.Value.Key);
        Assert.True(first.Value.Disposed);
        cache.Return(others);
        cache.Return(meanwhile);
        Assert.True(others.Value.Disposed);
    }

    [Fact]
    public void Many_threads_that_seal_and_hash_with_few_keys_spoil_nothing()
    {
        var keys = Enumerable.Range(0, 3).Select(i => KeyDerivation.Derive(new byte[32], $"key {i}")).ToArray();
        var hashes = keys.Select(key => LookupHash.Of(key, "somebody@example.com")).ToArray();
        var cache = new KeyedCache<SealingCipher>(key => new SealingCipher(key), 2);
        Parallel.For(0, 2_000, i =>
        {
            var key = keys[i % keys.Length];
            Assert.Equal(hashes[i % keys.Length], LookupHash.Of(key, "somebody@example.com"));
            var plain = BitConverter.GetBytes(i);
            var into = new byte[Sealing.Overhead + plain.Length];
            var cipher = cache.Take(key);
            Sealing.Seal(cipher.Value, SealedForm.Aes256Gcm, plain, [], into);
            cache.Return(cipher);
            Assert.Equal(plain, Sealing.Open(key, into, []));
        });
        Assert.Equal(3, hashes.Distinct().Count());
    }

    private sealed class Thing(byte[] key) : IDisposable
    {
        public byte[] Key => key;
        public bool Disposed { get; private set; }
        public void Dispose() => Disposed = true;
    }
}
