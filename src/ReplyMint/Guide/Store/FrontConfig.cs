using System.Globalization;
using System.Net;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>What the settings say of the HTTP front and its limits.</summary>
internal static class FrontConfig
{
    // So many times the usual is no bound any more.
    public const int Times = 10;

    // HTTPS, IMAP and submission of mail: what webhooks, pages and accounts are for.
    private static readonly int[] Usual = [443, 993, 143, 465, 587];
    private static readonly IPAddress[] Metadata = [IPAddress.Parse("169.254.169.254"), IPAddress.Parse("169.254.170.2"), IPAddress.Parse("fd00:ec2::254")];

    /// <summary>NET-1.</summary>
    public static Outcome Hosts(StoreLook look)
    {
        var http = look.Settings.Http;
        var (environment, hosts) = (http.Environment.Name(), http.EffectiveHosts());
        if (look.Settings.IsDevelopment)
            return http.Urls.FirstOrDefault(url => ListenAddress.Parse(url) is not { } address || !DeploymentEnvironments.IsLoopback(address.Host)) is { } open
                ? Outcome.Fail($"environment: {environment}; urls: {open} is no loopback address")
                : Outcome.Pass($"environment: {environment}; urls: {string.Join(", ", http.Urls)}, on this machine only");
        if (hosts.Count == 0)
            return Outcome.Fail($"environment: {environment}; http.publicUrl and http.hosts name nothing, so every request is refused");
        return hosts.FirstOrDefault(host => DeploymentEnvironments.IsLoopback(host)) is { } local
            ? Outcome.Fail($"environment: {environment}; {local} is served, which a proxy or a page on this machine reaches")
            : http.PublicUrl is null ? Outcome.Warn($"environment: {environment}; http.hosts: {string.Join(", ", hosts)}, but no http.publicUrl: plain HTTP is refused instead of redirected")
            : Outcome.Pass($"environment: {environment}; served: {string.Join(", ", hosts)}");
    }

    /// <summary>NET-2.</summary>
    public static Outcome Proxies(StoreLook look)
    {
        var http = look.Settings.Http;
        if (http.Proxies.Count == 0)
            return look.Settings.IsDevelopment || http.Certificate is not null ? Outcome.Pass("http.proxies: none, so nobody is believed")
                : Outcome.Warn("http.proxies and http.certificate are empty: nothing arrives by HTTPS, so every request is refused");
        foreach (var proxy in http.Proxies)
            if (IPNetwork.TryParse(proxy, out var network) && network.PrefixLength < (network.BaseAddress.GetAddressBytes().Length == 4 ? 16 : 48))
                return Outcome.Warn($"http.proxies: {proxy} is wide; whoever sits in it chooses his own address");
        return Outcome.Pass($"http.proxies: {string.Join(", ", http.Proxies)}");
    }

    /// <summary>NET-4.</summary>
    public static Outcome Bounds(StoreLook look)
    {
        var (limits, usual) = (look.Settings.Http.Limits, new HttpLimits());
        (string Name, double Value, double Most)[] all =
        [
            ("maxBodyBytes", limits.MaxBodyBytes, usual.MaxBodyBytes * 10.0), ("maxMailBytes", limits.MaxMailBytes, usual.MaxMailBytes * 2.5), ("maxHeadBytes", limits.MaxHeadBytes, 65_536),
            ("maxRequestLineBytes", limits.MaxRequestLineBytes, 32_768), ("maxHeaders", limits.MaxHeaders, 200), ("headSeconds", limits.HeadSeconds, 30), ("keepAliveSeconds", limits.KeepAliveSeconds, 150),
            ("rateGraceSeconds", limits.RateGraceSeconds, 30), ("maxConnections", limits.MaxConnections, usual.MaxConnections * 10.0), ("maxConnectionsPerAddress", limits.MaxConnectionsPerAddress, limits.MaxConnections / 2.0),
        ];
        foreach (var (name, value, most) in all)
            if (value > most)
                return Outcome.Warn(string.Create(CultureInfo.InvariantCulture, $"http.limits.{name}: {value}; above {most} it bounds little"));
        return limits.MinBytesPerSecond < 100 ? Outcome.Warn($"http.limits.minBytesPerSecond: {limits.MinBytesPerSecond}; below 100 a slow client stays for long")
            : Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"head {limits.MaxHeadBytes} bytes, {limits.MaxHeaders} fields, {limits.HeadSeconds} s; body {limits.MaxBodyBytes} bytes, mails {limits.MaxMailBytes}, {limits.MinBytesPerSecond} bytes/s; connections {limits.MaxConnections}, {limits.MaxConnectionsPerAddress} of one address"));
    }

    /// <summary>AUTH-6.</summary>
    public static Outcome Limits(StoreLook look)
    {
        var (now, usual) = (look.Settings.Requests, new RequestLimitSettings());
        (string Name, RequestRate Now, RequestRate Usual)[] all =
        [
            ("read", now.Read, usual.Read), ("write", now.Write, usual.Write), ("costly", now.Costly, usual.Costly), ("signIn", now.SignIn, usual.SignIn), ("webhooks", now.Webhooks, usual.Webhooks),
            ("public", now.Public, usual.Public), ("unproved", now.Unproved, usual.Unproved),
        ];
        foreach (var (name, rate, normal) in all)
            if (rate.PerMinute > (long)normal.PerMinute * Times || rate.Burst > (long)normal.Burst * Times)
                return Outcome.Warn($"requests.{name}: {rate.PerMinute} a minute, {rate.Burst} at once; {normal.PerMinute} and {normal.Burst} are usual");
        if (look.Settings.SharedStore)
            return Outcome.Warn("the buckets lie in each process's memory: several servers on one store let through as many times as much");
        return Outcome.Pass($"a person or key reads {now.Read.PerMinute} and writes {now.Write.PerMinute} a minute, a tenant {now.TenantTimes} times as much; a stranger's network: {now.Public.PerMinute} public, {now.SignIn.PerMinute} sign-ins, {now.Unproved.PerMinute} unproved");
    }

    /// <summary>INPUT-6: the places that tenants may name, and the networks that these may lie in.</summary>
    public static Outcome Outside(StoreLook look)
    {
        var networks = look.Settings.Outside.Networks;
        foreach (var text in networks)
            if (IPNetwork.TryParse(text, out var network))
            {
                if (Metadata.Any(network.Contains))
                    return Outcome.Fail($"outside.networks: {text} holds a metadata service, which hands out the machine's credentials");
                if (network.PrefixLength < (network.BaseAddress.GetAddressBytes().Length == 4 ? 16 : 48))
                    return Outcome.Warn($"outside.networks: {text} is wide; each tenant reaches all of it");
            }
        var places = look.Settings.Outside.Allow;
        foreach (var text in places)
            if (OutsidePlace.Parse(text) is { } place && (place.IsAnyPort || (place.IsAnyHost && !Usual.Contains(place.Port))))
                return Outcome.Warn($"outside.allow: {text} is wide; each tenant reaches {(place.IsAnyPort ? "whatever listens on that host" : "that port of any host, which is none of HTTPS or of mail accounts")}");
        return Outcome.Pass($"outside.allow: {(places.Count == 0 ? "none, so no place that a tenant names is called" : string.Join(", ", places))}; outside.networks: {(networks.Count == 0 ? "none, so only public addresses" : string.Join(", ", networks))}");
    }
}
