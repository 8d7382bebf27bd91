using System.Security.Cryptography;
using System.Text;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>
/// Keyed hashes of secrets that were given away (API keys, refresh tokens): without the installation's key a copy of the
/// store does not even allow guessing. Secrets are random and long, so one round is enough.
/// </summary>
internal sealed class Pepper
{
    /// <summary>Stored with each hash, so that a later version can be brought in while old hashes still work.</summary>
    public const int Current = 1;

    private readonly byte[] _keys;
    private readonly byte[] _refresh;

    public Pepper(TenantKeys installation) => (_keys, _refresh) = (installation.Derive("api-key/1"), installation.Derive("refresh-token/1"));

    public byte[] OfKey(string text) => Hash(_keys, text);

    public byte[] OfRefreshToken(string text) => Hash(_refresh, text);

    private static byte[] Hash(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
}
