using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Tests.Aws;

/// <summary>
/// What a service of AWS does with a signature, written from AWS's manual apart from <see cref="ReplyMint.Aws.AwsSigner"/>: it builds the
/// canonical request of what came over the wire and compares.
/// </summary>
internal sealed class SignatureCheck(string accessKey, string secretKey, string region)
{
    /// <param name="target">Path and query as the request line has them.</param>
    /// <param name="header">Gives a field's value; null when there is none.</param>
    /// <returns>What is wrong, or null.</returns>
    public string? Problem(string method, string target, Func<string, string?> header, byte[] body, DateTimeOffset now)
    {
        const string Start = "AWS4-HMAC-SHA256 ";
        if (header("authorization") is not { } said || !said.StartsWith(Start, StringComparison.Ordinal))
            return "the request is not signed";
        var parts = said[Start.Length..].Split(", ").Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[1]);
        if (parts["Credential"].Split('/') is not [var key, var day, var where, var service, "aws4_request"] || key != accessKey || where != region)
            return "the credential's scope is another";
        var stamp = header("x-amz-date") ?? "";
        if (!DateTimeOffset.TryParseExact(stamp, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) || (at - now).Duration() > TimeSpan.FromMinutes(5) || stamp[..8] != day)
            return "the time is another";
        var names = parts["SignedHeaders"].Split(';');
        foreach (var needed in (string[])["host", "x-amz-date", .. header("x-amz-security-token") is null ? Array.Empty<string>() : ["x-amz-security-token"], .. header("x-amz-target") is null ? Array.Empty<string>() : ["x-amz-target"]])
            if (!names.Contains(needed))
                return $"{needed} is not signed";
        var hash = Hex(SHA256.HashData(body));
        if (header("x-amz-content-sha256") is { } told && told != hash)
            return "the body is another than its hash says";
        var (path, query) = target.Split('?', 2) is [var p, var q] ? (p, q) : (target, "");
        var sorted = string.Join('&', query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Contains('=', StringComparison.Ordinal) ? pair : pair + "=").Order(StringComparer.Ordinal));
        var canonical = new StringBuilder().Append(method).Append('\n').Append(path).Append('\n').Append(sorted).Append('\n');
        foreach (var name in names)
            canonical.Append(name).Append(':').Append(header(name)?.Trim()).Append('\n');
        canonical.Append('\n').Append(parts["SignedHeaders"]).Append('\n').Append(hash);
        var toSign = $"AWS4-HMAC-SHA256\n{stamp}\n{day}/{where}/{service}/aws4_request\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical.ToString())))}";
        var signing = Mac(Mac(Mac(Mac(Encoding.UTF8.GetBytes("AWS4" + secretKey), day), where), service), "aws4_request");
        return Hex(Mac(signing, toSign)) == parts["Signature"] ? null : "the signature does not fit";
    }

    /// <summary>The same of an address that holds its signature (S3's manual, "using query parameters").</summary>
    /// <param name="fields">Of the request's header.</param>
    public string? AddressProblem(string method, string target, string host, string? session, DateTimeOffset now, IEnumerable<(string Name, string Value)>? fields = null)
    {
        var sent = (fields ?? []).ToDictionary(field => field.Name.ToLowerInvariant(), field => field.Value.Trim());
        sent["host"] = host;
        var (path, query) = target.Split('?', 2) is [var p, var q] ? (p, q) : (target, "");
        var pairs = query.Split('&').Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair.ElementAtOrDefault(1) ?? "");
        string Of(string name) => Uri.UnescapeDataString(pairs.GetValueOrDefault(name, ""));
        if (Of("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" || Of("X-Amz-Security-Token") != (session ?? ""))
            return "the address is not signed as it must be";
        var names = Of("X-Amz-SignedHeaders").Split(';');
        if (!names.Contains("host") || sent.Keys.Any(name => name.StartsWith("x-amz-", StringComparison.Ordinal) && !names.Contains(name)))
            return "a field is not signed";
        if (Of("X-Amz-Credential").Split('/') is not [var key, var day, var where, var service, "aws4_request"] || key != accessKey || where != region)
            return "the credential's scope is another";
        var stamp = Of("X-Amz-Date");
        if (!DateTimeOffset.TryParseExact(stamp, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) || stamp[..8] != day
            || !int.TryParse(Of("X-Amz-Expires"), CultureInfo.InvariantCulture, out var seconds) || seconds is < 1 or > 604_800)
            return "the time is none";
        if (now > at.AddSeconds(seconds))
            return "the address is over";
        var sorted = string.Join('&', query.Split('&').Where(pair => !pair.StartsWith("X-Amz-Signature=", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        var canonical = $"{method}\n{path}\n{sorted}\n{string.Concat(names.Select(name => $"{name}:{sent.GetValueOrDefault(name)}\n"))}\n{string.Join(';', names)}\nUNSIGNED-PAYLOAD";
        var toSign = $"AWS4-HMAC-SHA256\n{stamp}\n{day}/{where}/{service}/aws4_request\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var signing = Mac(Mac(Mac(Mac(Encoding.UTF8.GetBytes("AWS4" + secretKey), day), where), service), "aws4_request");
        return Hex(Mac(signing, toSign)) == Of("X-Amz-Signature") ? null : "the signature does not fit";
    }

    private static byte[] Mac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
