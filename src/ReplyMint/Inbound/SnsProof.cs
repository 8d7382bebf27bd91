using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>Why a message of SNS is not believed.</summary>
internal enum SnsVerdict
{
    /// <summary>There is no such channel, or it does not believe that topic.</summary>
    Topic,
    /// <summary>Older than SNS repeats a message, or from the future.</summary>
    Stale,
    /// <summary>Signed by SHA-1, as topics do that were left as Amazon makes them.</summary>
    Old,
    /// <summary>The certificate or the signature does not hold.</summary>
    Forged,
    /// <summary>The certificate can't be fetched just now.</summary>
    Later,
    Genuine,
}

/// <summary>
/// That Amazon SNS signed a message lately, for a topic that a channel believes. The signature covers all that is used of it. Or that the
/// message came by a queue of ours, to which nobody may send but such a topic.
/// </summary>
internal sealed class SnsProof
{
    private static readonly TimeSpan Remembered = SnsSignature.Late + SnsSignature.Early + TimeSpan.FromMinutes(10);

    private SnsProof(Channel channel, SnsMessage message) => (Channel, Message) = (channel, message);

    public Channel Channel { get; }

    public SnsMessage Message { get; }

    /// <summary>Null unless the verdict is <see cref="SnsVerdict.Genuine"/>. Nothing is fetched for a topic that nobody believes, for an old message or an old signature.</summary>
    public static async ValueTask<(SnsProof? Proof, SnsVerdict Verdict)> FromAsync(Channel? channel, SnsMessage message, SnsCertificates certificates, DateTimeOffset now, CancellationToken ct)
    {
        if (!Believes(channel, message))
            return (null, SnsVerdict.Topic);
        if (!SnsSignature.IsTimely(message, now))
            return (null, SnsVerdict.Stale);
        if (!message.IsSha256)
            return (null, SnsVerdict.Old);
        var found = await certificates.FindAsync(channel!.Id, message.Topic, message.CertificateUrl, ct);
        if (found.Key is not { } key)
            return (null, found.Retry ? SnsVerdict.Later : SnsVerdict.Forged);
        return SnsSignature.Verify(message, key) ? (new(channel, message), SnsVerdict.Genuine) : (null, SnsVerdict.Forged);
    }

    /// <summary>Null for a topic that the channel does not believe.</summary>
    public static SnsProof? OfQueue(Channel? channel, SnsMessage message) => Believes(channel, message) ? new(channel!, message) : null;

    public static bool Believes(Channel? channel, SnsMessage message) =>
        channel is { Kind: Channel.Ses, Topics: { } topics } && topics.Contains(message.Topic.Arn, StringComparer.Ordinal);

    /// <summary>SNS repeats a message under its id, with the same content; the id with another content is nobody's but a forger's.</summary>
    public SpentToken Spend() => SpentToken.For($"ses/{Channel.Id}", Message.Id, SpentToken.FingerprintOf(Message.Signed()), Remembered);
}
