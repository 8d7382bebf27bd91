using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>What is asked before attachments of strangers are kept for a tenant that wants them (ASVS V5.4.3).</summary>
internal sealed record AttachmentSettings
{
    /// <summary>No scanner is there, and attachments are kept all the same: the operator's word, since silence keeps none.</summary>
    public const string None = "none";

    private const string UnixPrefix = "unix:";
    // The system's bound for the name of a socket, with the zero at its end.
    private const int MaxPath = 107;

    /// <summary>ClamAV's clamd on this machine: "unix:/run/clamav/clamd.ctl" or "127.0.0.1:3310"; "none" to keep attachments unscanned. Empty: none are kept.</summary>
    public string Scanner { get; init; } = "";

    /// <summary>Seconds that the scans of one mail may take, 1 to 60. What was not scanned by then is not kept.</summary>
    public int TimeoutSeconds { get; init; } = 10;

    /// <summary>Scans at one moment, 1 to 64.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>The operator said what scans attachments, or that nothing does.</summary>
    [JsonIgnore]
    public bool MayKeep => Scanner.Length > 0;

    [JsonIgnore]
    public bool IsScanned => MayKeep && Scanner != None;

    public IEnumerable<string> Problems()
    {
        // The protocol has no encryption, so bytes of strangers stay on the machine.
        if (IsScanned && Address is null)
            yield return "inbound.attachments.scanner is none of \"none\", \"unix:/path\" and \"HOST:PORT\" of this machine, such as \"127.0.0.1:3310\".";
        if (TimeoutSeconds is < 1 or > 60)
            yield return $"inbound.attachments.timeoutSeconds is {TimeoutSeconds}; allowed are 1 to 60.";
        if (Concurrency is < 1 or > 64)
            yield return $"inbound.attachments.concurrency is {Concurrency}; allowed are 1 to 64.";
    }

    /// <summary>Where the scanner listens; null when none is named, or not in a form that is understood.</summary>
    [JsonIgnore]
    public EndPoint? Address
    {
        get
        {
            if (Scanner.StartsWith(UnixPrefix, StringComparison.Ordinal))
                return Scanner[UnixPrefix.Length..] is ['/', ..] path && Encoding.UTF8.GetByteCount(path) <= MaxPath ? new UnixDomainSocketEndPoint(path) : null;
            var colon = Scanner.LastIndexOf(':');
            if (colon <= 0 || !ushort.TryParse(Scanner.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
                return null;
            var host = Scanner[..colon];
            return !DeploymentEnvironments.IsLoopback(host) ? null : IPAddress.TryParse(host.Trim('[', ']'), out var address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);
        }
    }
}
