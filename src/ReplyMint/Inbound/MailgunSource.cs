using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>Mailgun's webhooks for the operator's own routes. Tenants' channels carry their key in the store.</summary>
internal sealed record MailgunWebhookSettings
{
    /// <summary>Where the webhook signing key lies (not the API key): "file:/absolute/path" or "credential:NAME"; empty takes no webhooks.</summary>
    public string SigningKey { get; init; } = "";

    /// <summary>During a rotation, where the key before lies; it counts as well.</summary>
    public string PreviousSigningKey { get; init; } = "";

    /// <summary>
    /// True says that Mailgun's spam filter is on for the domains of the operator's routes, so that it adds its own X-Mailgun-Spf,
    /// -Dkim-Check-Result and -Sflag. Where it is off such fields can only come from the sender; therefore nobody is believed
    /// until this is said, and such mail waits for a person (rule 11). A channel says it for itself (channel add --verdicts).
    /// </summary>
    public bool Verdicts { get; init; }

    public IEnumerable<string> Problems()
    {
        if (SigningKey.Length > 0 && SecretSource.Problem("mailgun.signingKey", SigningKey) is { } problem)
            yield return problem;
        if (PreviousSigningKey.Length > 0 && SecretSource.Problem("mailgun.previousSigningKey", PreviousSigningKey) is { } previous)
            yield return previous;
    }
}

/// <summary>Who posts to a webhook: the channel, whose mailboxes it may name, and the keys that count at present.</summary>
/// <param name="Verdicts">Its domains' spam filter is on, so that what it says of senders counts.</param>
internal sealed record MailgunSource(string Id, string Owner, IReadOnlyList<string> Keys, bool Verdicts)
{
    public override string ToString() => $"source {Id}";
}

/// <summary>Finds the keys of a webhook's channel.</summary>
internal sealed class MailgunSources(MailgunWebhookSettings settings, SecretSource secrets, Func<string, CancellationToken, ValueTask<Channel?>> find, TimeProvider time)
{
    private readonly RotatingKeys _operator = new(secrets, time, new NamedSecret("mailgun.signingKey", settings.SigningKey), new NamedSecret("mailgun.previousSigningKey", settings.PreviousSigningKey));

    /// <param name="channel">Null: the operator's own. An unknown one has no keys, so that nothing of it verifies.</param>
    public async ValueTask<MailgunSource> FindAsync(string? channel, CancellationToken ct)
    {
        if (channel is null)
            return new(Channel.Mailgun, Channel.Operator, _operator.Read(), settings.Verdicts);
        return await find(channel, ct) is { Kind: Channel.Mailgun, Secret.Length: > 0 } found
            ? new(found.Id, found.Owner, found.SecretsAt(time.GetUtcNow()), found.Verdicts)
            : new(Channel.Mailgun, Channel.Operator, [], false);
    }
}

/// <summary>That Mailgun spoke lately, by a signature whose token is yet to be spent. It does not cover the body.</summary>
internal sealed class MailgunProof
{
    // Twice the window, since a timestamp may lie in the future as far as in the past, and a little more.
    private static readonly TimeSpan Remembered = 2 * MailgunSignature.Window + TimeSpan.FromMinutes(1);

    private readonly string _token;

    private MailgunProof(MailgunSource source, string token) => (Source, _token) = (source, token);

    public MailgunSource Source { get; }

    /// <summary>Null unless the verdict is <see cref="SignatureVerdict.Genuine"/>.</summary>
    public static MailgunProof? From(MailgunSource source, string? timestamp, string? token, string? signature, DateTimeOffset now, out SignatureVerdict verdict)
    {
        verdict = MailgunSignature.Verify(source.Keys, timestamp, token, signature, now);
        return verdict == SignatureVerdict.Genuine ? new(source, token!) : null;
    }

    /// <param name="fingerprint">Of all that was sent under this signature.</param>
    public SpentToken Spend(string fingerprint) => SpentToken.For($"mailgun/{Source.Id}", _token, fingerprint, Remembered);
}
