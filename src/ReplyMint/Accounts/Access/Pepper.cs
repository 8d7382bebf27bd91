using System.Text;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>
/// Keyed hashes of secrets that were given away (API keys, refresh tokens): without the installation's key a copy of the
/// store does not even allow guessing. Secrets are random and long, so one round is enough.
/// </summary>
internal sealed class Pepper(TenantKeys installation)
{
    /// <summary>Stored with each hash, so that a later version can be brought in while old hashes still work.</summary>
    public const int Current = 1;

    private readonly byte[] _keys = installation.Derive("api-key/1");
    private readonly byte[] _refresh = installation.Derive("refresh-token/1");

    public byte[] OfKey(string text) => Mac.Of(_keys, Encoding.ASCII.GetBytes(text));

    /// <summary>Whether a text is the one that was hashed so; of a version that is not known, none is.</summary>
    public bool IsKey(string text, ApiKeySecret secret) => secret.Pepper == Current && Mac.IsRight(_keys, Encoding.ASCII.GetBytes(text), secret.Hash);

    public byte[] OfRefreshToken(string text) => Mac.Of(_refresh, Encoding.ASCII.GetBytes(text));
}
