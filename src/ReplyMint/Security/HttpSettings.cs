using System.Text.Json.Serialization;

namespace ReplyMint.Security;

/// <summary>How ReplyMint is reached over HTTP. Every default is the closed one.</summary>
internal sealed record HttpSettings
{
    /// <summary>production (the default), staging or development. Given by the installation's settings, because it rules every listener.</summary>
    [JsonIgnore]
    public DeploymentEnvironment Environment { get; set; } = DeploymentEnvironment.Production;

    /// <summary>Where to listen: http://ADDRESS:PORT or https://ADDRESS:PORT. Given by the installation's settings.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Urls { get; set; } = ["http://localhost:8080"];

    /// <summary>The API's own public address, such as https://api.example.com. Its host is served, and plain HTTP is redirected to it.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>Further host names that are served, without scheme and port.</summary>
    public IReadOnlyList<string> Hosts { get; set; } = [];

    /// <summary>Origins whose pages may call the API (CORS); null means the environment's own console, an empty list means nobody.</summary>
    public IReadOnlyList<string>? Origins { get; set; }

    /// <summary>Addresses or networks (10.0.0.0/8) of reverse proxies whose X-Forwarded-* headers are believed.</summary>
    public IReadOnlyList<string> Proxies { get; set; } = [];

    /// <summary>Certificate files for https:// listeners.</summary>
    public CertificateSettings? Certificate { get; set; }

    public HttpLimits Limits { get; set; } = new();

    /// <summary>What /.well-known/security.txt says.</summary>
    public SecurityTextSettings SecurityText { get; set; } = new();

    public IReadOnlyList<string> EffectiveOrigins() => Origins ?? Environment.DefaultOrigins();

    /// <summary>Names that are served: the public one, the configured ones, and on a developer's machine its own.</summary>
    public IReadOnlyList<string> EffectiveHosts()
    {
        List<string> hosts = [.. Hosts];
        if (PublicUrl is not null && Uri.TryCreate(PublicUrl, UriKind.Absolute, out var url))
            hosts.Add(url.Host);
        if (Environment == DeploymentEnvironment.Development)
            hosts.AddRange(["localhost", "127.0.0.1", "[::1]"]);
        return hosts;
    }

    /// <summary>What stands in the way of starting; each names the member and what is allowed.</summary>
    public IEnumerable<string> Problems()
    {
        if (!Enum.IsDefined(Environment))
            yield return $"environment: is none of {DeploymentEnvironments.Names}.";
        if (Urls.Count == 0)
            yield return $"urls: names no address to listen on. Allowed: {ListenAddress.Form}.";
        foreach (var url in Urls)
        {
            var address = ListenAddress.Parse(url);
            if (address is null)
                yield return $"urls: \"{url}\" is no address to listen on. Allowed: {ListenAddress.Form}.";
            else if (Environment.ListenProblem("urls", address.Host) is { } exposed)
                yield return exposed;
            else if (address.Https && Certificate is null)
                yield return $"urls: {url} needs http.certificate with certificateFile and keyFile.";
        }
        if (PublicUrl is not null && !IsOrigin(PublicUrl.TrimEnd('/'), Environment.NeedsHttps()))
            yield return $"http.publicUrl: \"{PublicUrl}\" must be {OriginForm(Environment.NeedsHttps())}.";
        foreach (var host in Hosts)
            if (!HostName.IsPlain(host))
                yield return $"http.hosts: \"{host}\" is no host name. Allowed: a name such as api.example.com or an IP address, without scheme, port, wildcard or trailing dot.";
        foreach (var origin in Origins ?? [])
            if (!IsOrigin(origin, Environment.NeedsHttps()))
                yield return $"http.origins: \"{origin}\" must be {OriginForm(Environment.NeedsHttps())}. \"*\" and \"null\" are never allowed.";
        foreach (var proxy in Proxies)
            if (TrustedProxies.ParseNetwork(proxy) is null)
                yield return $"http.proxies: \"{proxy}\" is neither an IP address nor a network such as 10.0.0.0/8 (at least /8, or /32 for IPv6).";
        foreach (var problem in Certificate?.Problems() ?? [])
            yield return problem;
        foreach (var problem in Limits.Problems())
            yield return problem;
        foreach (var problem in SecurityText.Problems())
            yield return problem;
    }

    /// <summary>What makes no sense but harms nobody: said at the start, because every request would be refused.</summary>
    public IEnumerable<string> Warnings()
    {
        if (!Environment.NeedsHttps())
            yield break;
        if (EffectiveHosts().Count == 0)
            yield return "http.publicUrl and http.hosts are empty: in this environment every request gets 400 until they name the public host.";
        if (Certificate is null && Proxies.Count == 0)
            yield return "http.certificate and http.proxies are empty: in this environment every request is refused, because nothing arrives by HTTPS.";
    }

    private static string OriginForm(bool https) =>
        $"a scheme, a host and, unless it is the default, a port, in lower case, without a path, such as {(https ? "https://app.example.com" : "http://localhost:3000")}";

    /// <summary>Exactly as a browser would write it (RFC 6454 6.2), because it is compared byte by byte.</summary>
    private static bool IsOrigin(string text, bool https) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (!https && uri.Scheme == Uri.UriSchemeHttp))
        && uri.GetLeftPart(UriPartial.Authority) == text && uri.UserInfo.Length == 0 && HostName.IsPlain(uri.Host);
}

/// <summary>A certificate in PEM files, as ACME clients write them. Both files are read again when they change.</summary>
internal sealed record CertificateSettings
{
    /// <summary>Absolute path: the certificate, and behind it the intermediate ones.</summary>
    public string CertificateFile { get; set; } = "";

    /// <summary>Absolute path: the private key, unencrypted, readable by nobody else.</summary>
    public string KeyFile { get; set; } = "";

    public IEnumerable<string> Problems()
    {
        if (!Path.IsPathFullyQualified(CertificateFile))
            yield return "http.certificate.certificateFile: must be the absolute path of a PEM file.";
        if (!Path.IsPathFullyQualified(KeyFile))
            yield return "http.certificate.keyFile: must be the absolute path of a PEM file.";
    }
}
