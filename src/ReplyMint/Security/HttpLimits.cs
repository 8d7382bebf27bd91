using System.Globalization;

namespace ReplyMint.Security;

/// <summary>Bounds of a request and of the connections (NET-4). What goes over gets 413, 414, 431, 408 or a closed connection.</summary>
internal sealed record HttpLimits
{
    /// <summary>Bytes of a request's body, unless its route allows mails. 1 KB to 100 MB.</summary>
    public int MaxBodyBytes { get; set; } = 1024 * 1024;

    /// <summary>Bytes of a body that carries a mail (webhooks, mail API). 25 MB mails grow by their form encoding. 1 KB to 200 MB.</summary>
    public int MaxMailBytes { get; set; } = 40 * 1024 * 1024;

    /// <summary>Bytes of all header fields together. 1,024 to 131,072.</summary>
    public int MaxHeadBytes { get; set; } = 16 * 1024;

    /// <summary>Bytes of the request line. 256 to 65,536.</summary>
    public int MaxRequestLineBytes { get; set; } = 8 * 1024;

    /// <summary>Number of header fields. 8 to 500.</summary>
    public int MaxHeaders { get; set; } = 64;

    /// <summary>Seconds until the whole head must have arrived; 408 then. 0.5 to 120.</summary>
    public double HeadSeconds { get; set; } = 10;

    /// <summary>Seconds that a connection may wait for its next request. 0.5 to 600.</summary>
    public double KeepAliveSeconds { get; set; } = 15;

    /// <summary>Bytes a second that a body must bring and a reader must take, on average. 1 to 1,000,000.</summary>
    public int MinBytesPerSecond { get; set; } = 240;

    /// <summary>Seconds before the rate counts. 1.5 to 120.</summary>
    public double RateGraceSeconds { get; set; } = 5;

    /// <summary>Open connections altogether. 1 to 100,000.</summary>
    public int MaxConnections { get; set; } = 2_000;

    /// <summary>Open connections from one address (one /64 in IPv6), so that one client can't take them all; proxies are exempt. 1 to 100,000.</summary>
    public int MaxConnectionsPerAddress { get; set; } = 256;

    public IEnumerable<string> Problems() => new[]
    {
        Range("maxBodyBytes", MaxBodyBytes, 1024, 100 * 1024 * 1024),
        Range("maxMailBytes", MaxMailBytes, 1024, 200 * 1024 * 1024),
        Range("maxHeadBytes", MaxHeadBytes, 1024, 131_072),
        Range("maxRequestLineBytes", MaxRequestLineBytes, 256, 65_536),
        Range("maxHeaders", MaxHeaders, 8, 500),
        Range("headSeconds", HeadSeconds, 0.5, 120),
        Range("keepAliveSeconds", KeepAliveSeconds, 0.5, 600),
        Range("minBytesPerSecond", MinBytesPerSecond, 1, 1_000_000),
        Range("rateGraceSeconds", RateGraceSeconds, 1.5, 120),
        Range("maxConnections", MaxConnections, 1, 100_000),
        Range("maxConnectionsPerAddress", MaxConnectionsPerAddress, 1, 100_000),
    }.OfType<string>();

    private static string? Range(string member, double value, double least, double most) =>
        value >= least && value <= most ? null
            : string.Create(CultureInfo.InvariantCulture, $"http.limits.{member}: is {value}. Allowed: {least} to {most}.");
}
