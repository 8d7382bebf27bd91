using System.Net;
using DnsClient;
using DnsClient.Protocol;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>What the name system says of a name.</summary>
/// <param name="Reached">False: nobody could say now, so nothing is proved and nothing disproved.</param>
/// <param name="Values">Texts, addresses or names, by the question; none when there are none.</param>
internal sealed record NamesFound(bool Reached, IReadOnlyList<string> Values)
{
    public static NamesFound Nothing { get; } = new(true, []);
    public static NamesFound Nobody { get; } = new(false, []);
}

/// <summary>Asks for records of one kind: TXT, A, AAAA, MX, or PTR of an address's own name.</summary>
internal delegate Task<NamesFound> NameQuestion(string name, QueryType type, CancellationToken ct);

/// <summary>Asks the operator's or the system's resolver. What it says is not kept here: that is a resolver's work, and strangers choose the names.</summary>
internal sealed class SenderDns(DnsSettings settings)
{
    private LookupClient? _client;

    public async Task<NamesFound> AskAsync(string name, QueryType type, CancellationToken ct)
    {
        if (!IsName(name))
            return NamesFound.Nothing;
        try
        {
            _client ??= DnsText.Client(settings);
            var response = await _client.QueryAsync(name, type, cancellationToken: ct);
            if (response.Header.ResponseCode is not (DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain))
                return NamesFound.Nobody;
            var values = new List<string>();
            foreach (var record in response.Answers)
                if (record.RecordType == (ResourceRecordType)type)
                    values.Add(Value(record));
            return new(true, values);
        }
        catch (Exception e) when (DnsText.IsSilence(e))
        {
            return NamesFound.Nobody;
        }
    }

    /// <summary>The name under which an address tells its own (RFC 1035 3.5, RFC 3596 2.5).</summary>
    public static string Reverse(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return bytes.Length == 4 ? $"{bytes[3]}.{bytes[2]}.{bytes[1]}.{bytes[0]}.in-addr.arpa"
            : string.Join('.', bytes.Reverse().SelectMany(part => new[] { part & 15, part >> 4 }).Select(nibble => nibble.ToString("x", System.Globalization.CultureInfo.InvariantCulture))) + ".ip6.arpa";
    }

    /// <summary>What can be asked for at all (RFC 1035 2.3.4). Strangers write names of any form.</summary>
    public static bool IsName(string name)
    {
        var text = name.EndsWith('.') ? name.AsSpan(0, name.Length - 1) : name;
        if (text.Length is 0 or > 253)
            return false;
        foreach (var range in text.Split('.'))
            if (text[range] is not { Length: > 0 and <= 63 } label || label.ContainsAnyExceptInRange('!', '~') || label.Contains('\\'))
                return false;
        return true;
    }

    private static string Value(DnsResourceRecord record) => record switch
    {
        // Each record's strings put together (RFC 7208 3.3).
        TxtRecord text => string.Concat(text.Text),
        AddressRecord address => address.Address.ToString(),
        MxRecord exchange => exchange.Exchange.Value,
        PtrRecord pointer => pointer.PtrDomainName.Value,
        _ => "",
    };
}
