using System.Globalization;
using System.Runtime.InteropServices;
using MimeKit;
using MimeKit.Cryptography;
using ReplyMint.Mail;

namespace ReplyMint.Inbound;

/// <summary>What the signatures of a mail say.</summary>
/// <param name="Result">Pass when one holds.</param>
/// <param name="Domains">Whose hold.</param>
internal sealed record DkimFound(AuthResult Result, IReadOnlyList<string> Domains);

/// <summary>
/// Which domains signed the mail as it is (RFC 6376)? MimeKit compares, and sees that the author's field is signed and i= of the
/// domain; what it leaves to its caller is asked here: that the signature covers all of the text, and that its time is not over.
/// </summary>
internal sealed class DkimCheck(NameQuestion ask, TimeProvider time)
{
    // Each costs a look-up, and another reading of all of the mail.
    private const int MostSignatures = 5;
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    public async Task<DkimFound> CheckAsync(ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        try
        {
            return await ReadAsync(content, ct);
        }
        catch (FormatException)
        {
            // MimeKit refuses heads that our own parser shows. Nobody signed one that no verifier reads.
            return new(AuthResult.PermError, []);
        }
    }

    private async Task<DkimFound> ReadAsync(ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        using var stream = MemoryMarshal.TryGetArray(content, out var array) ? new MemoryStream(array.Array!, array.Offset, array.Count, false) : new MemoryStream(content.ToArray(), false);
        using var mail = await MimeMessage.LoadAsync(ParserOptions.Default, stream, persistent: true, ct);
        var signatures = mail.Headers.Where(header => header.Id == HeaderId.DkimSignature).Take(MostSignatures).ToArray();
        var (domains, worst) = (new List<string>(), signatures.Length == 0 ? AuthResult.None : AuthResult.Fail);
        // Which of two authors was signed, and which is shown, nobody can say.
        if (mail.Headers.Count(header => header.Id == HeaderId.From) != 1)
            return new(worst, []);
        foreach (var signature in signatures)
        {
            var (result, domain) = await CheckAsync(mail, signature, ct);
            if (result == AuthResult.Pass)
                domains.Add(domain);
            // It might have held.
            else if (result == AuthResult.TempError)
                worst = AuthResult.TempError;
        }
        return new(domains.Count > 0 ? AuthResult.Pass : worst, domains);
    }

    private async Task<(AuthResult Result, string Domain)> CheckAsync(MimeMessage mail, Header signature, CancellationToken ct)
    {
        if (DkimTags.Parse(signature.Value) is not { } tags || !tags.TryGetValue("d", out var domain) || !tags.TryGetValue("s", out var selector) || !IsWhole(tags, domain, out var identity))
            return (AuthResult.PermError, "");
        var kind = tags.GetValueOrDefault("a", "").StartsWith("ed25519-", StringComparison.OrdinalIgnoreCase) ? "ed25519" : "rsa";
        var (key, otherwise) = await new DkimKeys(ask).FindAsync(domain, selector, identity, kind, ct);
        if (key is null)
            return (otherwise, domain);
        try
        {
            return (await new DkimVerifier(new DkimKey(key)).VerifyAsync(mail, signature, ct) ? AuthResult.Pass : AuthResult.Fail, domain.ToLowerInvariant());
        }
        catch (FormatException)
        {
            return (AuthResult.PermError, domain);
        }
    }

    private bool IsWhole(Dictionary<string, string> tags, string domain, out string identity)
    {
        var i = tags.GetValueOrDefault("i", domain);
        identity = i[(i.LastIndexOf('@') + 1)..];
        // Part of the text only: whoever holds such a mail writes on behind it.
        return !tags.ContainsKey("l") && Before(tags, "x", -ClockSkew, later: true) && Before(tags, "t", ClockSkew, later: false);
    }

    /// <summary>A moment that is not named is as it should be; one that can't be read is not.</summary>
    private bool Before(Dictionary<string, string> tags, string name, TimeSpan skew, bool later)
    {
        if (!tags.TryGetValue(name, out var text))
            return true;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return false;
        var limit = (time.GetUtcNow() + skew).ToUnixTimeSeconds();
        return later ? seconds >= limit : seconds <= limit;
    }
}
