using System.Net;
using DnsClient;
using DnsClient.Protocol;

namespace ReplyMint.Security;

internal sealed record DnsSettings
{
    /// <summary>The resolver to ask, address and port; null is the system's.</summary>
    public string? Server { get; init; }

    public IEnumerable<string> Problems()
    {
        if (Server is { } server && !IPEndPoint.TryParse(server, out _))
            yield return "dns.server must be an IP address, with or without a port, such as 9.9.9.9 or 127.0.0.1:5353";
    }
}

/// <summary>What a name's TXT records say.</summary>
/// <param name="Reached">False when no resolver answered, or none that knows: nothing is proved then, and nothing disproved.</param>
/// <param name="Exists">The name exists, with or without texts.</param>
/// <param name="Texts">Each record's strings put together (RFC 7208 3.3).</param>
internal sealed record DnsTexts(bool Reached, bool Exists, IReadOnlyList<string> Texts);

/// <summary>Asks for TXT records, past every cache of our own.</summary>
internal sealed class DnsText(DnsSettings settings)
{
    /// <summary>The root, whose name servers every resolver knows: asks only whether it answers.</summary>
    public const string Root = ".";

    private LookupClient? _client;

    public async Task<DnsTexts> AskAsync(string name, CancellationToken ct)
    {
        try
        {
            // Late: without a network the system's resolvers can't be listed, and that must not end a start.
            _client ??= Client(settings);
            var response = await _client.QueryAsync(name, name == Root ? QueryType.NS : QueryType.TXT, cancellationToken: ct);
            var known = response.Header.ResponseCode is DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain;
            return new(known, response.Header.ResponseCode == DnsHeaderResponseCode.NoError, [.. response.Answers.OfType<TxtRecord>().Select(t => string.Concat(t.Text))]);
        }
        catch (Exception e) when (IsSilence(e))
        {
            return new(false, false, []);
        }
    }

    /// <summary>Asks the resolver that settings name, without a cache, and gives up soon.</summary>
    internal static LookupClient Client(DnsSettings settings) => new(Options(settings));

    /// <summary>Nobody answered; or nobody could be asked: where the machine has no network the library finds that its list of resolvers is empty, and complains of it as of an argument.</summary>
    internal static bool IsSilence(Exception failure) => failure is DnsResponseException or ArgumentOutOfRangeException { ParamName: "servers" };

    private static LookupClientOptions Options(DnsSettings settings)
    {
        LookupClientOptions options;
        if (settings.Server is { } named)
        {
            var server = IPEndPoint.Parse(named);
            options = new(new IPEndPoint(server.Address, server.Port == 0 ? 53 : server.Port));
        }
        else
        {
            options = new();
        }
        options.Timeout = TimeSpan.FromSeconds(3);
        options.Retries = 1;
        options.ThrowDnsErrors = false;
        options.UseCache = false;
        return options;
    }
}
