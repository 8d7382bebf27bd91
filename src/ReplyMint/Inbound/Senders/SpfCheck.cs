using System.Net;
using System.Net.Sockets;
using DnsClient;
using ReplyMint.Mail;

namespace ReplyMint.Inbound;

/// <summary>
/// May this client send for that domain (RFC 7208)? One question of one mail: the bounds on what is asked for its sake (4.6.4) hold over all
/// records that it leads to, so that nobody has us ask the name system on his behalf.
/// </summary>
internal sealed class SpfCheck(NameQuestion ask, SpfWho who)
{
    private const int MostLookups = 10;
    private const int MostVoid = 2;
    private const int MostNames = 10;

    private int _lookups, _void;
    private AuthResult? _end;

    /// <param name="domain">Of the envelope's sender, or of the greeting.</param>
    public async Task<AuthResult> CheckAsync(string domain, CancellationToken ct) =>
        SenderDns.IsName(domain) && domain.Contains('.', StringComparison.Ordinal) ? await EvaluateAsync(domain, ct) : AuthResult.None;

    /// <summary>The network that an address lies in; .NET's own wants all further bits to be zero.</summary>
    public static IPNetwork Around(IPAddress address, int bits)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] &= (byte)((0xff << (8 - Math.Clamp(bits - i * 8, 0, 8))) & 0xff);
        return new IPNetwork(new IPAddress(bytes), bits);
    }

    private async Task<AuthResult> EvaluateAsync(string domain, CancellationToken ct)
    {
        var found = await ask(domain, QueryType.TXT, ct);
        if (!found.Reached)
            return AuthResult.TempError;
        var records = found.Values.Where(SpfRecord.Is).ToArray();
        if (records.Length == 0)
            return AuthResult.None;
        if (records.Length > 1 || SpfRecord.Parse(records[0]) is not { } record)
            return AuthResult.PermError;
        foreach (var term in record.Terms)
        {
            var matches = await MatchesAsync(term, domain, ct);
            if (_end is { } end)
                return end;
            if (matches)
                return term.Qualifier switch { '+' => AuthResult.Pass, '-' => AuthResult.Fail, '~' => AuthResult.SoftFail, _ => AuthResult.Neutral };
        }
        if (record.Redirect is not { } redirect)
            return AuthResult.Neutral;
        if (!Count())
            return AuthResult.PermError;
        return await EvaluateAsync(SpfMacro.Expand(redirect, who, domain), ct) is var result && result == AuthResult.None ? AuthResult.PermError : result;
    }

    private async Task<bool> MatchesAsync(SpfTerm term, string domain, CancellationToken ct)
    {
        if (term.Name is "all")
            return true;
        if (term.Network is { } network)
            return network.BaseAddress.AddressFamily == who.Client.AddressFamily && network.Contains(who.Client);
        if (!Count())
            return End(AuthResult.PermError);
        var target = term.Domain.Length == 0 ? domain : SpfMacro.Expand(term.Domain, who, domain);
        return term.Name switch
        {
            "include" => await EvaluateAsync(target, ct) switch
            {
                AuthResult.Pass => true,
                AuthResult.TempError => End(AuthResult.TempError),
                AuthResult.PermError or AuthResult.None => End(AuthResult.PermError),
                _ => false,
            },
            "exists" => (await AskAsync(target, QueryType.A, ct)).Count > 0,
            "a" => await HasAsync(target, term, ct),
            "mx" => await ExchangesAsync(target, term, ct),
            _ => await PointsAsync(target, ct),
        };
    }

    private async Task<bool> ExchangesAsync(string target, SpfTerm term, CancellationToken ct)
    {
        var exchanges = await AskAsync(target, QueryType.MX, ct);
        if (exchanges.Count > MostNames)
            return End(AuthResult.PermError);
        foreach (var exchange in exchanges)
            if (await HasAsync(exchange, term, ct) || _end is not null)
                return true;
        return false;
    }

    private async Task<bool> HasAsync(string name, SpfTerm term, CancellationToken ct)
    {
        var four = who.Client.AddressFamily == AddressFamily.InterNetwork;
        foreach (var text in await AskAsync(name, four ? QueryType.A : QueryType.AAAA, ct))
            if (IPAddress.TryParse(text, out var address) && address.AddressFamily == who.Client.AddressFamily && Around(address, four ? term.Bits4 : term.Bits6).Contains(who.Client))
                return true;
        return false;
    }

    /// <summary>What the client's address calls itself counts only if that name leads back to it. Failures match nothing (5.5).</summary>
    private async Task<bool> PointsAsync(string target, CancellationToken ct)
    {
        target = target.TrimEnd('.');
        var names = await ask(SenderDns.Reverse(who.Client), QueryType.PTR, ct);
        foreach (var name in names.Values.Take(MostNames).Select(name => name.TrimEnd('.')))
            if ((name.Equals(target, StringComparison.OrdinalIgnoreCase) || name.EndsWith("." + target, StringComparison.OrdinalIgnoreCase))
                && (await ask(name, who.Client.AddressFamily == AddressFamily.InterNetwork ? QueryType.A : QueryType.AAAA, ct)).Values.Any(text => IPAddress.TryParse(text, out var address) && address.Equals(who.Client)))
                return true;
        return false;
    }

    /// <summary>Nothing is found when it ends all.</summary>
    private async Task<IReadOnlyList<string>> AskAsync(string name, QueryType type, CancellationToken ct)
    {
        var found = await ask(name, type, ct);
        if (!found.Reached)
            End(AuthResult.TempError);
        else if (found.Values.Count == 0 && ++_void > MostVoid)
            End(AuthResult.PermError);
        return found.Values;
    }

    /// <summary>One more of the mechanisms that ask; false when they are too many.</summary>
    private bool Count() => ++_lookups <= MostLookups;

    /// <summary>The result is known, however deep in included records. No match, since nothing follows from one any more.</summary>
    private bool End(AuthResult result)
    {
        _end ??= result;
        return false;
    }
}
