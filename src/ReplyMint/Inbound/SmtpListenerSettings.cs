using System.Net;

namespace ReplyMint.Inbound;

/// <summary>The built-in SMTP listener. It takes mail for our mailboxes and never relays.</summary>
internal sealed record SmtpListenerSettings
{
    public const string Relay = "relay";
    public const string Mx = "mx";
    public const string Required = "required";
    public const string Offered = "offered";

    public bool Enabled { get; init; } = true;

    /// <summary>0 to 65535; 0 takes any free port.</summary>
    public int Port { get; init; } = 2525;

    /// <summary>The address to listen on, such as "127.0.0.1", "0.0.0.0" or "::". Loopback in development, and until a mailbox domain exists.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>
    /// "relay": mail comes from the named <see cref="Networks"/>, and their server's word on the sender counts. "mx": mail comes from
    /// anybody, and what our own SPF, DKIM and DMARC find counts, and nobody's word.
    /// </summary>
    public string Mode { get; init; } = Relay;

    /// <summary>CIDR networks that may connect in mode "relay".</summary>
    public IReadOnlyList<string> Networks { get; init; } = ["127.0.0.0/8", "::1/128"];

    /// <summary>
    /// The authserv-id of the receiving server in front of us, whose Authentication-Results count (RFC 8601). That server
    /// must remove foreign fields of its own name. Empty: nobody's count, and answers are held (rule 11).
    /// </summary>
    public string AuthservId { get; init; } = "";

    /// <summary>Our name in the greeting; empty takes the machine's.</summary>
    public string HostName { get; init; } = "";

    /// <summary>Octets of one mail, 65,536 to 104,857,600.</summary>
    public int MaxMessageBytes { get; init; } = 26_214_400;

    /// <summary>Recipients of one mail, 1 to 1,000 (RFC 5321 4.5.3.1.8 asks for 100).</summary>
    public int MaxRecipients { get; init; } = 100;

    /// <summary>1 to 10,000.</summary>
    public int MaxConnections { get; init; } = 200;

    /// <summary>1 to <see cref="MaxConnections"/>.</summary>
    public int MaxConnectionsPerAddress { get; init; } = 20;

    /// <summary>How long a client may take for a command or for the next part of a mail, 10 to 3,600 (RFC 5321 4.5.3.2.7: 300).</summary>
    public int CommandTimeoutSeconds { get; init; } = 300;

    /// <summary>A PEM certificate (chain) for STARTTLS, re-read when it changes; one that can't be used ends the start. Empty offers none.</summary>
    public string CertificateFile { get; init; } = "";

    /// <summary>The PEM key, readable by nobody else; empty when it stands in <see cref="CertificateFile"/>.</summary>
    public string CertificateKeyFile { get; init; } = "";

    /// <summary>
    /// "required": no mail is taken before STARTTLS (RFC 3207 4). "offered": in the clear, too. Empty: in mode "relay" required of
    /// other machines than this one; in mode "mx" offered, since the world's mail servers need not have it.
    /// </summary>
    public string Tls { get; init; } = "";

    public bool TakesInTheClear(IPAddress client) => Tls switch
    {
        Required => false,
        Offered => true,
        _ => Mode == Mx || IPAddress.IsLoopback(client),
    };

    public IEnumerable<string> Problems()
    {
        if (Port is < 0 or > 65535)
            yield return "port: a number from 0 to 65535 (0 takes any free port)";
        if (!IPAddress.TryParse(Address, out _))
            yield return "address: an IP address such as 127.0.0.1, 0.0.0.0 or ::";
        if (Mode is not (Relay or Mx))
            yield return "mode: allowed: \"relay\", \"mx\"";
        if (Mode == Mx && AuthservId.Length > 0)
            yield return "authservId: in mode \"mx\" nobody's word on a sender counts; leave it empty";
        if (TrustedNetworks.TryParse(Networks, out var wrong) is null)
            yield return $"networks: \"{wrong}\" is no network in CIDR notation such as 192.0.2.0/24 or 2001:db8::/32";
        if (AuthservId.AsSpan().ContainsAny(" \t\r\n;"))
            yield return "authservId: a name without white space and semicolons, such as mx.example.com";
        if (HostName.AsSpan().ContainsAny(" \t\r\n") || HostName.Length > 255)
            yield return "hostName: a host name such as mail.example.com, or empty";
        if (MaxMessageBytes is < 65_536 or > 104_857_600)
            yield return "maxMessageBytes: a number from 65536 to 104857600";
        if (MaxRecipients is < 1 or > 1000)
            yield return "maxRecipients: a number from 1 to 1000";
        if (MaxConnections is < 1 or > 10_000)
            yield return "maxConnections: a number from 1 to 10000";
        if (MaxConnectionsPerAddress < 1 || MaxConnectionsPerAddress > MaxConnections)
            yield return "maxConnectionsPerAddress: a number from 1 to maxConnections";
        if (CommandTimeoutSeconds is < 10 or > 3600)
            yield return "commandTimeoutSeconds: a number from 10 to 3600";
        if (Tls is not ("" or Required or Offered))
            yield return "tls: allowed: \"required\", \"offered\", or empty";
        else if (CertificateFile.Length == 0 && Tls == Required)
            yield return "certificateFile: smtp.tls is \"required\", so name a certificate";
        else if (CertificateFile.Length == 0 && Tls.Length == 0 && Mode == Relay && Networks.FirstOrDefault(IsElsewhere) is { } network)
            yield return $"certificateFile: mail from {network} has to come over TLS, so name a certificate; or set smtp.tls to \"offered\" where nobody else is on the way";
        if (CertificateFile.Length == 0 && CertificateKeyFile.Length > 0)
            yield return "certificateKeyFile: needs certificateFile too";
    }

    private static bool IsElsewhere(string text) => IPNetwork.TryParse(text, out var network) && (!IPAddress.IsLoopback(network.BaseAddress) || network.PrefixLength < 8);
}
