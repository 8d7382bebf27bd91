using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>All entries of a chain, the oldest first.</summary>
internal static class AuditTrail
{
    public static async IAsyncEnumerable<AuditRecord> ReadAsync(IStore store, string chain, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var item in store.AllAsync(Table.Audit, chain, "entry/", ct))
            yield return JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.AuditRecord)!;
    }
}

/// <summary>
/// Takes what looks like a mail address out of a line of JSON. Nothing of ours writes one there, but people write notes. The machine's own
/// name stays.
/// </summary>
internal static class WithoutAddresses
{
    private const string Instead = "(address)";

    public static byte[] Of(byte[] json)
    {
        if (!json.AsSpan().Contains((byte)'@') && json.AsSpan().IndexOf("\\u0040"u8) < 0)
            return json;
        var text = Encoding.UTF8.GetString(json).Replace("\\u0040", "@", StringComparison.Ordinal);
        var kept = new StringBuilder(text.Length);
        var from = 0;
        for (var at = text.IndexOf('@', StringComparison.Ordinal); at >= 0; at = text.IndexOf('@', at + 1))
        {
            var (start, end) = (at, at + 1);
            while (start > from && IsPart(text[start - 1]))
                start--;
            while (end < text.Length && (IsPart(text[end]) || text[end] == '@'))
                end++;
            kept.Append(text, from, start - from).Append(text.AsSpan(start, end - start) is var found && found.SequenceEqual(Actor.Machine.Id) ? Actor.Machine.Id : Instead);
            from = end;
            at = end - 1;
        }
        return Encoding.UTF8.GetBytes(kept.Append(text, from, text.Length - from).ToString());
    }

    private static bool IsPart(char c) => !char.IsWhiteSpace(c) && c is not ('"' or '\\' or ',' or ';' or ':' or '<' or '>' or '(' or ')' or '[' or ']' or '{' or '}' or '@');
}
