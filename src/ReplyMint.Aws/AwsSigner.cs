using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Aws;

/// <summary>
/// AWS's signature version 4 in the Authorization header: HMAC-SHA256 over the request, under a key of the day, region and service.
/// Every header field of the request is signed, the host and the body's hash too. For paths that need no escaping.
/// </summary>
internal static class AwsSigner
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>Adds X-Amz-Date, with a session's credentials X-Amz-Security-Token, and Authorization; nothing may change after it.</summary>
    /// <param name="body">What <see cref="HttpRequestMessage.Content"/> will send.</param>
    public static void Sign(HttpRequestMessage request, ReadOnlySpan<byte> body, AwsCredentials credentials, string region, string service, DateTimeOffset now)
    {
        var stamp = Stamp(now);
        var scope = $"{stamp[..8]}/{region}/{service}/aws4_request";
        request.Headers.TryAddWithoutValidation("X-Amz-Date", stamp);
        if (credentials.SessionToken is { } session)
            request.Headers.TryAddWithoutValidation("X-Amz-Security-Token", session);

        var uri = request.RequestUri!;
        var fields = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["host"] = HostOf(uri) };
        foreach (var (name, values) in request.Headers.NonValidated.Concat(request.Content?.Headers.NonValidated ?? default))
            fields[name.ToLowerInvariant()] = string.Join(',', values.Select(value => value.Trim()));
        var signed = string.Join(';', fields.Keys);
        var canonical = string.Join('\n', request.Method.Method, uri.AbsolutePath, Query(uri), string.Concat(fields.Select(field => $"{field.Key}:{field.Value}\n")), signed, Hex(SHA256.HashData(body)));
        var signature = Signature(canonical, stamp, scope, credentials, region, service);
        request.Headers.TryAddWithoutValidation("Authorization", $"{Algorithm} Credential={credentials.AccessKey}/{scope}, SignedHeaders={signed}, Signature={signature}");
    }

    /// <summary>S3's form of it in the query, for a caller without credentials: this one call of this one object with these fields, for so long.</summary>
    public static Uri Address(HttpMethod method, Uri uri, IEnumerable<KeyValuePair<string, string>> fields, AwsCredentials credentials, string region, string service, DateTimeOffset now, TimeSpan life)
    {
        var stamp = Stamp(now);
        var scope = $"{stamp[..8]}/{region}/{service}/aws4_request";
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["host"] = HostOf(uri) };
        foreach (var (name, value) in fields)
            all[name.ToLowerInvariant()] = value;
        var signed = string.Join(';', all.Keys);
        var given = $"X-Amz-Algorithm={Algorithm}&X-Amz-Credential={Uri.EscapeDataString($"{credentials.AccessKey}/{scope}")}&X-Amz-Date={stamp}&X-Amz-Expires={((long)life.TotalSeconds).ToString(CultureInfo.InvariantCulture)}"
            + $"{(credentials.SessionToken is { } session ? $"&X-Amz-Security-Token={Uri.EscapeDataString(session)}" : "")}&X-Amz-SignedHeaders={Uri.EscapeDataString(signed)}";
        var query = Query(new Uri(uri, $"{uri.AbsolutePath}?{(uri.Query.Length > 1 ? uri.Query[1..] + "&" : "")}{given}"));
        var canonical = string.Join('\n', method.Method, uri.AbsolutePath, query, string.Concat(all.Select(field => $"{field.Key}:{field.Value}\n")), signed, "UNSIGNED-PAYLOAD");
        return new(uri, $"{uri.AbsolutePath}?{query}&X-Amz-Signature={Signature(canonical, stamp, scope, credentials, region, service)}");
    }

    private static string Stamp(DateTimeOffset now) => now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    private static string HostOf(Uri uri) => uri.IsDefaultPort ? uri.IdnHost : $"{uri.IdnHost}:{uri.Port}";

    private static string Signature(string canonical, string stamp, string scope, AwsCredentials credentials, string region, string service) =>
        Hex(HMACSHA256.HashData(KeyOf(credentials, stamp[..8], region, service), Encoding.UTF8.GetBytes($"{Algorithm}\n{stamp}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}")));

    private static byte[] KeyOf(AwsCredentials credentials, string day, string region, string service)
    {
        var key = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretKey);
        foreach (var part in (string[])[day, region, service, "aws4_request"])
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        return key;
    }

    private static string Query(Uri uri) => string.Join('&', uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(part => part.Split('=', 2)).Select(part => (Name: Escaped(part[0]), Value: part.Length > 1 ? Escaped(part[1]) : ""))
        .OrderBy(part => part.Name, StringComparer.Ordinal).ThenBy(part => part.Value, StringComparer.Ordinal).Select(part => $"{part.Name}={part.Value}"));

    // RFC 3986's unreserved characters stay, whatever the caller had escaped.
    private static string Escaped(string part) => Uri.EscapeDataString(Uri.UnescapeDataString(part));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
