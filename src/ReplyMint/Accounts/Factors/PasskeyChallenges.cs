using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>
/// Challenges that prove themselves: time, randomness and our MAC over both and whom it is for. Nobody can fill the store by asking
/// for them; only one that was used leaves an item, so that it is not used again.
/// </summary>
internal sealed class PasskeyChallenges(KeyRing keys, TimeProvider time)
{
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private const int RandomBytes = 16;
    private const int HeadBytes = 8 + RandomBytes;

    /// <param name="subject">What it is good for, such as "create\nUSER\nSESSION": it serves nothing else.</param>
    public async Task<string> NewAsync(string subject, CancellationToken ct)
    {
        var challenge = new byte[HeadBytes + HMACSHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64BigEndian(challenge, (time.GetUtcNow() + Life).ToUnixTimeMilliseconds());
        RandomNumberGenerator.Fill(challenge.AsSpan(8, RandomBytes));
        (await MacAsync(challenge.AsMemory(0, HeadBytes), subject, ct)).CopyTo(challenge.AsSpan(HeadBytes));
        return Base64Url.EncodeToString(challenge);
    }

    /// <summary>Adds to a commit that the challenge was used; the commit fails when it was used before. False when it is not ours, of another subject, or too old.</summary>
    public async Task<bool> SpendAsync(Commit commit, byte[] challenge, string subject, CancellationToken ct)
    {
        if (challenge.Length != HeadBytes + HMACSHA256.HashSizeInBytes)
            return false;
        var mac = await MacAsync(challenge.AsMemory(0, HeadBytes), subject, ct);
        if (!CryptographicOperations.FixedTimeEquals(challenge.AsSpan(HeadBytes), mac))
            return false;
        var until = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(challenge));
        if (until <= time.GetUtcNow())
            return false;
        commit.Put(KeyOf(challenge), "{\"v\":1}"u8.ToArray(), Condition.Absent, expires: until);
        return true;
    }

    public static ItemKey KeyOf(byte[] challenge) => ItemKey.Main(KeyRing.Installation, "passkey-spent/" + Base64Url.EncodeToString(challenge.AsSpan(8, RandomBytes)));

    private async Task<byte[]> MacAsync(ReadOnlyMemory<byte> head, string subject, CancellationToken ct)
    {
        var key = (await keys.RequireAsync(KeyRing.Installation, ct)).Derive("passkey challenges");
        return HMACSHA256.HashData(key, (byte[])[.. head.Span, .. Encoding.UTF8.GetBytes(subject)]);
    }
}
