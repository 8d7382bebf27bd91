using DnsClient;
using ReplyMint.Inbound;

namespace ReplyMint.Tests.Inbound.Senders;

/// <summary>Names in memory: a line is "name TYPE value", and a name of type FAIL has nobody who answers.</summary>
internal sealed class Zone(string lines)
{
    private readonly (string Name, string Type, string Value)[] _records =
        [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => line.Split(' ', 3)).Select(parts => (parts[0], parts[1], parts is [_, _, var value] ? value : ""))];

    public int Asked { get; private set; }

    public Task<NamesFound> AskAsync(string name, QueryType type, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Asked++;
        name = name.TrimEnd('.');
        var all = _records.Where(record => record.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).ToArray();
        return Task.FromResult(!SenderDns.IsName(name) ? NamesFound.Nothing
            : all.Any(record => record.Type == "FAIL") ? NamesFound.Nobody
            : new NamesFound(true, [.. all.Where(record => record.Type == type.ToString()).Select(record => record.Value)]));
    }
}
