using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace ReplyMint.Security;

/// <summary>What the look at SNS's certificates rests on.</summary>
/// <param name="Http">Calls out, to public addresses only, without redirects.</param>
/// <param name="Anchors">Roots that count instead of the machine's: for tests with an authority of their own. No setting leads here.</param>
internal sealed record SnsTrust(HttpClient Http, X509Certificate2Collection? Anchors)
{
    // What is asked of SNS itself is asked by https (SnsAddresses). Amazon's authorities give their own certificates by plain http only.
    public static SnsTrust OfMachine() => 
        new(OutsideHttp.Create(OutsideAddress.Public("*.amazonaws.com:443", "*.amazonaws.com.cn:443", "*.amazontrust.com:80", "*.amazontrust.com:443"), needsHttps: false), null);
}

/// <summary>A key that SNS signs with, or why there is none.</summary>
/// <param name="Retry">It could not be fetched just now; otherwise it is refused.</param>
internal sealed record SnsKey(RSAParameters? Key, bool Retry)
{
    public static SnsKey Refused { get; } = new(null, false);
    public static SnsKey Unreachable { get; } = new(null, true);
}

/// <summary>
/// Fetches the certificates that SNS signs with, verifies their chain to a trusted root and their name, and keeps their keys
/// for a day. Bounded in number and in calls a minute, because anybody can name one.
/// </summary>
internal sealed partial class SnsCertificates(SnsTrust trust, TimeProvider time, ILogger<SnsCertificates> logger) : IDisposable
{
    private const int MaxKept = 32;
    private const int MaxCallsAMinute = 12;
    // SNS has one certificate at a time; a second comes with a rotation.
    private const int MaxCallsOfChannel = 3;
    private const int MinKeyBits = 2048;
    private const int MaxInPem = 6;
    private static readonly TimeSpan Fresh = TimeSpan.FromHours(24);
    private static readonly TimeSpan RefusedFor = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Entry> _kept = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _fetching = new(1);
    private DateTimeOffset _minute = DateTimeOffset.MinValue;
    private readonly Dictionary<string, int> _callsOf = new(StringComparer.Ordinal);
    private int _calls;

    /// <param name="Key">What was found.</param>
    /// <param name="From">From when it counts.</param>
    /// <param name="Until">Until when nobody is asked again.</param>
    /// <param name="Holds">Until when a good key counts while nobody can be asked.</param>
    private sealed record Entry(SnsKey Key, DateTimeOffset From, DateTimeOffset Until, DateTimeOffset Holds);

    /// <param name="channel">Who asks. Each has a part of the calls, or one that names ever new addresses would use up the others'.</param>
    /// <param name="topic">One that is believed: its region decides which host is asked.</param>
    /// <param name="url">As the message names it.</param>
    public async ValueTask<SnsKey> FindAsync(string channel, SnsTopic topic, string url, CancellationToken ct)
    {
        if (SnsAddresses.OfCertificate(topic, url) is not { } address)
            return SnsKey.Refused;
        if (Kept(url) is { } kept)
            return kept;
        await _fetching.WaitAsync(ct);
        try
        {
            if (Kept(url) is { } meanwhile)
                return meanwhile;
            var now = time.GetUtcNow();
            if (!MayCall(channel, now) || await FetchAsync(topic, address, now, ct) is not { } entry)
                return Kept(url, whileUnreachable: true) ?? SnsKey.Unreachable;
            lock (_kept)
            {
                if (_kept.Count >= MaxKept)
                    _kept.Remove(_kept.MinBy(pair => pair.Value.Until).Key);
                _kept[url] = entry;
            }
            return entry.Key;
        }
        finally
        {
            _fetching.Release();
        }
    }

    public void Dispose() => _fetching.Dispose();

    private bool MayCall(string channel, DateTimeOffset now)
    {
        if (now - _minute >= TimeSpan.FromMinutes(1))
        {
            (_minute, _calls) = (now, 0);
            _callsOf.Clear();
        }
        var own = _callsOf.GetValueOrDefault(channel);
        if (own == MaxCallsOfChannel || _calls == MaxCallsAMinute)
            return false;
        _callsOf[channel] = own + 1;
        _calls++;
        return true;
    }

    private SnsKey? Kept(string url, bool whileUnreachable = false)
    {
        lock (_kept)
        {
            var now = time.GetUtcNow();
            return _kept.TryGetValue(url, out var entry) && entry.From <= now && now < (whileUnreachable ? entry.Holds : entry.Until) ? entry.Key : null;
        }
    }

    /// <summary>Null when nobody could be asked.</summary>
    private async Task<Entry?> FetchAsync(SnsTopic topic, Uri address, DateTimeOffset now, CancellationToken ct)
    {
        var chain = new X509Certificate2Collection();
        try
        {
            if (await GetAsync(address, ct) is not { } pem)
                return null;
            // Perhaps it is not there yet: SNS comes again, and Amazon is not asked each time.
            if (pem.Length == 0)
                return new(SnsKey.Unreachable, now, now + RefusedFor, now);
            chain.ImportFromPem(System.Text.Encoding.ASCII.GetString(pem));
            if (chain.Count is 0 or > MaxInPem || !HasName(chain[0], topic.CertificateNames) || chain[0].GetRSAPublicKey() is not { } rsa || rsa.KeySize < MinKeyBits)
                return Refuse("it is no certificate of SNS");
            if (await IsTrustedAsync(chain, now, ct) is not { } trusted)
                return null;
            if (!trusted)
                return Refuse("its chain does not lead to a trusted root");
            var until = new DateTimeOffset(chain[0].NotAfter.ToUniversalTime());
            return new(new(rsa.ExportParameters(false), false), new(chain[0].NotBefore.ToUniversalTime()), until < now + Fresh ? until : now + Fresh, until);
        }
        catch (CryptographicException)
        {
            return Refuse("it can't be read");
        }
        finally
        {
            foreach (var certificate in chain)
                certificate.Dispose();
        }

        Entry Refuse(string why)
        {
            LogRefused(logger, why);
            return new(SnsKey.Refused, now, now + RefusedFor, now);
        }
    }

    /// <summary>SNS serves its own certificate alone, so what stands between it and the root is fetched from the authority that it names. Null: it could not be fetched.</summary>
    private async Task<bool?> IsTrustedAsync(X509Certificate2Collection chain, DateTimeOffset now, CancellationToken ct)
    {
        var missing = chain[0];
        for (var fetched = 0; ; fetched++)
        {
            if (Builds(chain, now))
                return true;
            if (fetched == 2 || AmazonIssuer.AddressOf(missing) is not { } address)
                return false;
            if (await GetAsync(address, ct) is not { Length: > 0 } bytes)
                return null;
            missing = X509CertificateLoader.LoadCertificate(bytes);
            chain.Add(missing);
        }
    }

    private bool Builds(X509Certificate2Collection chain, DateTimeOffset now)
    {
        using var built = new X509Chain();
        var policy = built.ChainPolicy;
        policy.VerificationTime = now.UtcDateTime;
        policy.VerificationTimeIgnored = false;
        // Lists of revoked ones would be one more call out, to an address that the certificate names.
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.ExtraStore.AddRange(chain);
        if (trust.Anchors is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(trust.Anchors);
        }
        return built.Build(chain[0]);
    }

    /// <summary>The exact name: a wildcard would fit hosts of Amazon's customers too.</summary>
    private static bool HasName(X509Certificate2 certificate, IReadOnlyList<string> names)
    {
        var alternative = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return alternative is not null
            ? alternative.EnumerateDnsNames().Any(name => names.Contains(name, StringComparer.OrdinalIgnoreCase))
            : names.Contains(certificate.GetNameInfo(X509NameType.SimpleName, false), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Empty when it is not there (403, 404); null when it can't be had, or what came is no plain success: redirects are not followed.</summary>
    private async Task<byte[]?> GetAsync(Uri address, CancellationToken ct)
    {
        try
        {
            using var answer = await trust.Http.GetAsync(address, ct);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => await answer.Content.ReadAsByteArrayAsync(ct),
                HttpStatusCode.Forbidden or HttpStatusCode.NotFound => [],
                _ => null,
            };
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            LogUnreachable(logger, e.GetType().Name);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A certificate that a message of SNS names was refused: {why}")]
    private static partial void LogRefused(ILogger logger, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A certificate of SNS could not be fetched: {kind}")]
    private static partial void LogUnreachable(ILogger logger, string kind);
}

/// <summary>Where a certificate says that its issuer's lies, if that is Amazon's own authority.</summary>
internal static class AmazonIssuer
{
    private const string Authority = ".amazontrust.com";

    public static Uri? AddressOf(X509Certificate2 certificate)
    {
        foreach (var extension in certificate.Extensions.OfType<X509AuthorityInformationAccessExtension>())
            foreach (var text in extension.EnumerateCAIssuersUris())
                // By http, as authorities do: what comes is proved by its signature.
                if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
                    && uri.IdnHost.EndsWith(Authority, StringComparison.Ordinal) && uri.IsDefaultPort && uri.UserInfo.Length == 0)
                    return uri;
        return null;
    }
}
